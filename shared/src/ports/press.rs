//! The press: spec → bytes. Pure and deterministic; its implementation is the `press` crate, wired in by the worker.

use async_trait::async_trait;
use bytes::Bytes;
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

/// An item of a bundle.
#[derive(Clone, Debug)]
pub struct PressItem {
    /// Folder inside the bundle.
    pub name: String,
    /// Pieces to print.
    pub quantity: u32,
    /// The design's hash.
    pub spec_hash: String,
    /// Who approved it, when and how, for the manifest.
    pub approval: serde_json::Value,
    /// One set per zone.
    pub files: Vec<PressFile>,
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

    /// Outlined SVG, PDF at true size and 300-dpi PNG of every zone: `<zone>.svg`, `<zone>.pdf`, `<zone>.png`.
    async fn zone_files(&self, canonical: &str, assets: AssetBytes) -> Result<Vec<PressFile>, PressError>;

    /// One ZIP with a manifest.
    async fn bundle(&self, reference: &str, items: Vec<PressItem>) -> Result<PressFile, PressError>;
}
