//! The press: spec → bytes. Pure and deterministic; its implementation is the `press` crate, wired in by the worker.

use async_trait::async_trait;
use bytes::Bytes;
use futures::channel::mpsc::Receiver;
use futures::stream::BoxStream;
use std::collections::BTreeMap;

/// Files by asset hash, as a spec names them.
pub type AssetBytes = BTreeMap<String, Bytes>;

/// Why nothing was rendered; always the spec's or an asset's fault, never a passing one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct PressError(pub String);

/// A rendered file.
#[derive(Clone, Debug)]
pub struct PressFile {
    /// Path inside its bundle, or a plain name.
    pub path: String,
    /// For the `Content-Type`.
    pub media_type: String,
    /// The same for the same spec and press version.
    pub bytes: Bytes,
}

/// Who prints a design, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Printer<'a> {
    /// The provider.
    pub provider: &'a str,
    /// Its product.
    pub uid: &'a str,
}

/// The print files of a design.
#[derive(Clone, Debug)]
pub struct PrintFiles {
    /// `<zone>.svg`, `<zone>.pdf`, `<zone>.png`, and `<zone>.dxf` where something is cut or engraved.
    pub files: Vec<PressFile>,
    /// What is true of each zone, for the manifest.
    pub zones: serde_json::Value,
}

/// An item of a bundle, as the manifest tells it.
#[derive(Clone, Debug)]
pub struct PressItem {
    /// Counted from 1.
    pub position: usize,
    /// The product's id.
    pub product: String,
    /// Pieces to print.
    pub quantity: u32,
    /// The design's hash.
    pub spec_hash: String,
    /// Who approved it, when and how.
    pub approval: serde_json::Value,
    /// As [`PrintFiles`] has it.
    pub zones: serde_json::Value,
}

/// What a bundle's manifest says besides its files.
#[derive(Clone, Debug)]
pub struct BundleHead {
    /// What the bundle is called.
    pub reference: String,
    /// Its items.
    pub items: Vec<PressItem>,
}

/// One file's place in a bundle.
#[derive(Clone, Debug)]
pub struct FileName<'a> {
    /// What the bundle is called.
    pub order: &'a str,
    /// The item's position, from 1.
    pub item: usize,
    /// The item's product.
    pub product: &'a str,
    /// Pieces to print.
    pub quantity: u32,
    /// The design's hash.
    pub hash: &'a str,
    /// The file as [`PrintFiles`] calls it.
    pub file: &'a str,
}

/// A bundle on its way in, piece by piece.
#[derive(Clone, Debug)]
pub enum Part {
    /// A file begins; files come sorted by their names.
    File(String),
    /// More of it.
    Bytes(Bytes),
    /// That was all. A bundle that ends without it is none.
    End,
}

/// A ZIP that lies in no memory.
pub struct Packed {
    /// Of the whole.
    pub sha256: String,
    /// Length.
    pub bytes: u64,
    /// The ZIP itself, once.
    pub chunks: BoxStream<'static, std::io::Result<Bytes>>,
}

/// Renders designs on its own bounded pool, so that callers may await it on the reactor.
#[async_trait]
pub trait Press: Send + Sync {
    /// Part of every artefact's key: bytes change only with it.
    fn version(&self) -> &'static str;

    /// Whether a design keeps the rules of its product's version and can be printed at all: what the API said when it was stored, asked
    /// again by who draws it.
    async fn judge(&self, canonical: &str, rules: &serde_json::Value) -> Result<(), PressError>;

    /// The files of a profile; the first is a picture that shows the design, the last `thumbnail.png` (200×200).
    async fn render(&self, profile: &str, canonical: &str, assets: AssetBytes) -> Result<Vec<PressFile>, PressError>;

    /// An uploaded picture as pages show it: `picture.webp` and `thumbnail.png`.
    async fn convert(&self, picture: Bytes) -> Result<Vec<PressFile>, PressError>;

    /// The print files of a design, in the inks that this printer takes.
    async fn print_files(
        &self,
        canonical: &str,
        assets: AssetBytes,
        printer: Printer<'_>,
    ) -> Result<PrintFiles, PressError>;

    /// Which of a zone's print files the printer is sent, as the ending of its name: `pdf` or `png`.
    fn sends(&self, printer: Printer<'_>) -> Result<&'static str, PressError>;

    /// Zones of a design whose finished print file the printer's rules refuse, each with a sentence; none when all may be sent. The bytes
    /// themselves are looked at, whoever made them.
    async fn refused(
        &self,
        canonical: &str,
        printer: Printer<'_>,
        files: Vec<(String, Bytes)>,
    ) -> Result<Vec<(String, String)>, PressError>;

    /// The path of a file inside a bundle, by a tenant's template or the usual one.
    fn file_name(&self, template: Option<&str>, file: &FileName<'_>) -> Result<String, PressError>;

    /// One ZIP of the files that come in, with a manifest; in memory there is a piece at a time.
    async fn pack(&self, head: BundleHead, parts: Receiver<Part>) -> Result<Packed, PressError>;
}
