//! The ZIP a printer downloads: every file of an order and a manifest that can prove each one.

use std::collections::BTreeSet;
use std::io::{Cursor, Seek, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::files::Printed;
use crate::PressError;
use crate::manifest::{Listed, MANIFEST, Manifest, check_head};
use crate::naming::{Named, Naming, is_path};
use crate::spec::{canonical_json, hex};

/// Most items in one bundle.
pub const ITEMS_MAX: usize = 1_000;
/// Most files in one bundle.
pub const FILES_MAX: usize = 20_000;
/// Most bytes of all files together.
pub const BUNDLE_BYTES_MAX: u64 = 3_000_000_000;
/// Deflate level of text files, whose longest parts are pictures in letters; part of the byte contract.
const LEVEL: i64 = 2;
/// What a file is written in; part of the byte contract too.
const PIECE: usize = 64 * 1024;

/// One line of an order.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// The product's id.
    pub product: &'a str,
    /// How many to print.
    pub quantity: u32,
    /// Hash of the design.
    pub spec_hash: &'a str,
    /// Who approved it, when and how, as the manifest repeats it.
    pub approval: Option<&'a Value>,
    /// Its files and facts, as [`crate::print_files`] made them.
    pub printed: Printed,
}

/// What a manifest says besides the files.
#[derive(Clone, Debug)]
pub struct Head {
    /// What the bundle is called: an order, an item, a work order.
    pub reference: String,
    /// One object per item.
    pub items: Vec<Value>,
}

/// A finished bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The ZIP.
    pub zip: Vec<u8>,
    /// What `manifest.json` inside it says.
    pub manifest: Value,
}

impl Head {
    /// The manifest's object of an item.
    pub fn item(position: usize, product: &str, quantity: u32, spec_hash: &str, zones: &Value) -> Value {
        json!({"item": position, "product": product, "quantity": quantity, "specHash": spec_hash, "zones": zones})
    }
}

/// Packs items whose files are in memory, counted from 1: the same bytes for the same input.
pub fn bundle(reference: &str, items: Vec<Item<'_>>, naming: &Naming) -> Result<Bundle, PressError> {
    let mut head = Head { reference: reference.to_owned(), items: Vec::new() };
    let mut files = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let position = index + 1;
        let mut line = Head::item(position, item.product, item.quantity, item.spec_hash, &item.printed.zones);
        if let Some(approval) = item.approval {
            line["approval"] = approval.clone();
        }
        head.items.push(line);
        for file in item.printed.files {
            let (zone, kind) = file.path.rsplit_once('.').unwrap_or((&file.path, ""));
            let (product, quantity, hash) = (item.product, item.quantity, item.spec_hash);
            let named = Named { order: reference, item: position, product, zone, quantity, hash, kind };
            files.push((naming.of(&named), file.bytes));
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    for (path, bytes) in &files {
        packer.begin(path)?;
        packer.write(bytes)?;
    }
    let (zip, manifest) = packer.finish(&head)?;
    Ok(Bundle { zip: zip.into_inner(), manifest })
}

/// Writes a ZIP file by file, holding none of them: `begin`, `write` as often as it takes, the next file, and `finish`.
///
/// Files come sorted by their paths, so that the same files are the same ZIP whoever packs them.
#[derive(Debug)]
pub struct Packer<W: Write + Seek> {
    zip: ZipWriter<W>,
    /// The file being written, its hash and its length so far.
    open: Option<(String, Sha256, u64)>,
    /// Bytes that wait to be written: how a file is compressed depends on the pieces it comes in, so those are always the same.
    held: Vec<u8>,
    /// Names in lower case: unpacked where case is folded, two names must still be two.
    seen: BTreeSet<String>,
    last: String,
    total: u64,
    files: Vec<Listed>,
}

impl<W: Write + Seek> Packer<W> {
    /// Begins a ZIP.
    pub fn new(to: W) -> Self {
        let (seen, last) = (BTreeSet::from([MANIFEST.to_owned()]), String::new());
        Self { zip: ZipWriter::new(to), open: None, held: Vec::new(), seen, last, total: 0, files: Vec::new() }
    }

    /// Begins a file.
    ///
    /// # Errors
    /// [`PressError::OutOfLimits`] for a path that leaves the folder, has been there, or comes out of order.
    pub fn begin(&mut self, path: &str) -> Result<(), PressError> {
        self.end()?;
        if !is_path(path) || !self.seen.insert(path.to_ascii_lowercase()) {
            return refuse("File paths are unique, relative, and made of plain names.");
        }
        if path <= self.last.as_str() {
            return Err(PressError::Defect("files of a bundle come sorted"));
        }
        if self.seen.len() > FILES_MAX {
            return refuse("A bundle holds at most 20000 files.");
        }
        path.clone_into(&mut self.last);
        self.zip.start_file(path, options(path)).map_err(|_| UNWRITTEN)?;
        self.open = Some((path.to_owned(), Sha256::new(), 0));
        Ok(())
    }

    /// More bytes of the file that was begun.
    ///
    /// # Errors
    /// [`PressError::OutOfLimits`] beyond [`BUNDLE_BYTES_MAX`]; a defect when the bytes cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), PressError> {
        let Some((_, hash, length)) = &mut self.open else { return Err(PressError::Defect("no file was begun")) };
        hash.update(bytes);
        *length += bytes.len() as u64;
        self.total += bytes.len() as u64;
        if self.total > BUNDLE_BYTES_MAX {
            return refuse("A bundle holds at most 3 GB.");
        }
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - self.held.len() % PIECE;
        for piece in self.held[..whole].chunks(PIECE) {
            self.zip.write_all(piece).map_err(|_| UNWRITTEN)?;
        }
        self.held.drain(..whole);
        Ok(())
    }

    fn end(&mut self) -> Result<(), PressError> {
        if let Some((path, hash, bytes)) = self.open.take() {
            self.zip.write_all(&std::mem::take(&mut self.held)).map_err(|_| UNWRITTEN)?;
            self.files.push(Listed { path, bytes, sha256: hex(&hash.finalize()) });
        }
        Ok(())
    }

    /// Ends the ZIP with its manifest; answers where it was written to, and what the manifest says.
    ///
    /// # Errors
    /// [`PressError::OutOfLimits`] for a reference or a number of items that no bundle has.
    pub fn finish(mut self, head: &Head) -> Result<(W, Value), PressError> {
        self.end()?;
        check_head(&head.reference, head.items.len())?;
        let manifest = json!(Manifest::new(&head.reference, &head.items, self.files));
        self.zip.start_file(MANIFEST, options(MANIFEST)).map_err(|_| UNWRITTEN)?;
        // Canonical: a plain writer's key order depends on how the JSON crate was built.
        self.zip.write_all(canonical_json(&manifest).as_bytes()).map_err(|_| UNWRITTEN)?;
        Ok((self.zip.finish().map_err(|_| UNWRITTEN)?, manifest))
    }
}

const UNWRITTEN: PressError = PressError::Defect("the ZIP could not be written");

fn refuse<T>(message: &str) -> Result<T, PressError> {
    Err(PressError::OutOfLimits(message.to_owned()))
}

/// What is packed already is stored; the rest is deflated.
fn options(path: &str) -> SimpleFileOptions {
    let base = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o644);
    if [".png", ".pdf", ".webp"].iter().any(|ending| path.ends_with(ending)) {
        base.compression_method(CompressionMethod::Stored)
    } else {
        base.compression_method(CompressionMethod::Deflated).compression_level(Some(LEVEL))
    }
}
