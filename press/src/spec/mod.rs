//! From a posted design to a checked spec, its canonical JSON and its hash.
//!
//! The wire form speaks millimetres with at most three decimals. The canonical form is RFC 8785 JSON over NFC text
//! with every default written out and every length an integer number of micrometres, so a hash never meets a float.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Problem;
use crate::problem::say;
use node::Node;
use reader::{Reader, Unit};

mod layers;
pub mod limits;
mod model;
pub(crate) mod node;
mod number;
mod read;
pub(crate) mod reader;
mod schema;

pub use model::{
    Align, Color, Content, Direction, Effect, EffectKind, Emoji, Fit, Frame, Image, Layer, More, Process, Shape,
    ShapeKind, Spec, Text, VERSIONS, Valign, Version, Zone,
};
#[cfg(feature = "text")]
pub(crate) use reader::{mm, mm_fr};
pub use schema::schema;

/// A spec that passed every check, with the two forms it is stored and named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The design itself.
    pub spec: Spec,
    /// Its canonical JSON.
    pub canonical: String,
    /// SHA-256 of the canonical JSON, lower-case hex: the design's name.
    pub hash: String,
}

/// Checks a parsed wire spec and reports everything wrong with it.
///
/// A parsed value has already lost repeated keys and the digits of its numbers; where the raw text is at hand, use
/// [`check_str`].
pub fn check(wire: &Value) -> Result<Checked, Vec<Problem>> {
    checked(&Node::from_value(wire, "", 0).map_err(|problem| vec![problem])?)
}

/// Checks a wire spec from its raw text: numbers keep their decimals, repeated keys are refused.
pub fn check_str(wire: &str) -> Result<Checked, Vec<Problem>> {
    checked(&Node::from_text(wire).map_err(|problem| vec![problem])?)
}

fn checked(node: &Node) -> Result<Checked, Vec<Problem>> {
    let mut reader = Reader::new(Unit::Millimetres);
    let spec = read::spec(&mut reader, node);
    Ok(Checked::from(reader.finish(spec)?))
}

impl From<Spec> for Checked {
    fn from(spec: Spec) -> Self {
        let canonical = spec.canonical();
        let hash = sha256_hex(canonical.as_bytes());
        Self { spec, canonical, hash }
    }
}

/// Reads a stored canonical spec back; anything but the exact canonical text is refused.
pub fn from_canonical(canonical: &str) -> Result<Spec, Problem> {
    let node = Node::from_text(canonical)?;
    let mut reader = Reader::new(Unit::Micrometres);
    let spec = read::spec(&mut reader, &node);
    let spec = reader.finish(spec).map_err(first)?;
    if spec.canonical() != canonical {
        let words = say!(
            "The stored spec is not in canonical form.",
            "La spécification enregistrée n'est pas sous forme canonique."
        );
        return Err(Problem::new("not_canonical", "", words));
    }
    Ok(spec)
}

fn first(problems: Vec<Problem>) -> Problem {
    problems.into_iter().next().unwrap_or_else(reader::unreadable)
}

/// Checks the zones of a product template (a JSON array, millimetres); pointers count from that array.
pub fn check_zones(wire: &Value) -> Result<Vec<Zone>, Vec<Problem>> {
    let node = Node::from_value(wire, "", 0).map_err(|problem| vec![problem])?;
    let mut reader = Reader::new(Unit::Millimetres);
    let zones = read::zones(&mut reader, &node, "");
    reader.finish(zones)
}

impl Spec {
    /// The canonical JSON of this spec.
    pub fn canonical(&self) -> String {
        canonical_json(self)
    }

    /// The spec hash: SHA-256 of the canonical JSON in lower-case hex.
    pub fn hash(&self) -> String {
        sha256_hex(self.canonical().as_bytes())
    }
}

/// RFC 8785 JSON of any value whose map keys are strings.
///
/// # Panics
/// Never for the types of this crate: only a map with non-string keys cannot be written.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    serde_json_canonicalizer::to_string(value).expect("every key is a string")
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
