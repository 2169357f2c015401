//! Will every letter print, and at which size? Cheap enough to ask on every keystroke.

use crate::Problem;
use crate::spec::{Content, Frame, Spec, Text, mm};

mod fit;
mod fonts;
mod rules;
mod shape;

pub use fonts::fonts;

#[cfg(feature = "full")]
pub(crate) use fit::Laid;
pub(crate) use fit::layout;
#[cfg(feature = "full")]
pub(crate) use fonts::{face_name, faces};
#[cfg(feature = "full")]
pub(crate) use shape::Line;

/// How one text layer came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    /// Index of the layer in the spec.
    pub layer: usize,
    /// Type size it will be printed at.
    pub size_um: i32,
    /// Its lines, top to bottom, in reading order.
    pub lines: Vec<String>,
}

/// Characters of one text layer that no font of its chain can draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Index of the layer in the spec.
    pub layer: usize,
    /// Whole visible characters, each once, in order.
    pub clusters: Vec<String>,
}

/// Why a text cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Rule(&'static str, &'static str),
    UnknownFont,
    Missing(Vec<String>),
    DoesNotFit { needed_um: i32, least_um: i32 },
}

/// Everything that keeps a spec's texts from being printed exactly as asked; empty when all is well.
pub fn check(spec: &Spec) -> Vec<Problem> {
    fit(spec).err().unwrap_or_default()
}

/// Sizes and lines of every text layer, for an editor to show.
pub fn fit(spec: &Spec) -> Result<Vec<Fitted>, Vec<Problem>> {
    let mut fitted = Vec::new();
    let mut problems = Vec::new();
    for (layer, text, frame) in texts(spec) {
        match layout(text, frame) {
            Ok(laid) => {
                let lines = laid.lines.into_iter().map(|line| line.text).collect();
                fitted.push(Fitted { layer, size_um: laid.size_um, lines });
            }
            Err(refusal) => problems.push(refusal.problem(layer)),
        }
    }
    if problems.is_empty() { Ok(fitted) } else { Err(problems) }
}

/// The characters that keep a spec from being printed, per layer; an editor marks them in place.
pub fn missing(spec: &Spec) -> Vec<Missing> {
    let of = |(layer, text, frame): (usize, &Text, Frame)| match layout(text, frame) {
        Err(Refusal::Missing(clusters)) => Some(Missing { layer, clusters }),
        _ => None,
    };
    texts(spec).filter_map(of).collect()
}

fn texts(spec: &Spec) -> impl Iterator<Item = (usize, &Text, Frame)> {
    spec.layers().iter().enumerate().filter_map(|(index, layer)| match &layer.content {
        Content::Text(text) => Some((index, text, layer.frame)),
        _ => None,
    })
}

impl Refusal {
    /// The refusal as a problem of the spec's layer.
    pub(crate) fn problem(self, layer: usize) -> Problem {
        let at = |field: &str| format!("/layers/{layer}/{field}");
        match self {
            Self::Rule(code, message) => Problem::new(code, at("text"), message),
            Self::UnknownFont => {
                Problem::new("unknown_font", at("font"), "There is no font of this name in the catalogue.")
            }
            Self::Missing(clusters) => Problem::new("missing_glyph", at("text"), missing_message(&clusters)),
            Self::DoesNotFit { needed_um, least_um } => {
                let message = if needed_um <= 0 {
                    "The text fits its box at no size.".to_owned()
                } else {
                    format!(
                        "The text fits its box at {} mm, below the smallest allowed size of {} mm.",
                        mm(needed_um),
                        mm(least_um)
                    )
                };
                Problem::new("does_not_fit", at("text"), message)
            }
        }
    }
}

/// Names missing characters by code point: the reader may have no font for them either.
fn missing_message(clusters: &[String]) -> String {
    const NAMED_MAX: usize = 5;
    let name =
        |cluster: &String| cluster.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect::<Vec<_>>().join(" ");
    let named: Vec<String> = clusters.iter().take(NAMED_MAX).map(name).collect();
    let more = if clusters.len() > NAMED_MAX { " and others" } else { "" };
    match named.len() {
        0 => "The shipped fonts cannot draw this text.".to_owned(),
        _ => format!("The shipped fonts cannot draw {}{more}.", named.join(", ")),
    }
}
