//! The ZIP a printer downloads: every file of an order and a manifest that can prove each one.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::files::File;
use crate::spec::{canonical_json, sha256_hex};
use crate::{PRESS_VERSION, PressError, text};

/// Most items in one bundle.
pub const ITEMS_MAX: usize = 200;
/// Most files in one bundle.
pub const FILES_MAX: usize = 4_000;
/// Most bytes of all files together.
pub const BUNDLE_BYTES_MAX: usize = 2_000_000_000;
/// Deflate level of text files; part of the byte contract.
const LEVEL: i64 = 6;

/// One line of an order.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Folder of its files; unique in the bundle.
    pub name: &'a str,
    /// How many to print.
    pub quantity: u32,
    /// Hash of the design.
    pub spec_hash: &'a str,
    /// Who approved it, when and how, as the manifest repeats it.
    pub approval: Option<&'a Value>,
    /// Its files, as [`crate::zone_files`] made them.
    pub files: Vec<File>,
}

/// A finished bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The ZIP.
    pub zip: Vec<u8>,
    /// What `manifest.json` inside it says.
    pub manifest: Value,
}

/// Packs an order: `items/{name}/{file}` and `manifest.json`, the same bytes for the same input.
pub fn bundle(reference: &str, items: Vec<Item<'_>>) -> Result<Bundle, PressError> {
    check_names(reference, &items)?;
    let lines: Vec<Value> = items
        .iter()
        .map(|item| {
            let mut line = json!({"name": item.name, "quantity": item.quantity, "specHash": item.spec_hash});
            if let Some(approval) = item.approval {
                line["approval"] = approval.clone();
            }
            line
        })
        .collect();
    let mut files: Vec<(String, Vec<u8>)> = items
        .into_iter()
        .flat_map(|item| {
            let folder = format!("items/{}/", item.name);
            item.files.into_iter().map(move |file| (format!("{folder}{}", file.path), file.bytes))
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let sums: Vec<Value> = files
        .iter()
        .map(|(path, bytes)| json!({"path": path, "bytes": bytes.len(), "sha256": sha256_hex(bytes)}))
        .collect();
    let fonts: Vec<Value> =
        text::fonts().iter().map(|(name, sha256)| json!({"name": name, "sha256": sha256})).collect();
    let manifest = json!({
        "reference": reference,
        "pressVersion": PRESS_VERSION,
        "fonts": fonts,
        "items": lines,
        "files": sums,
    });
    // Canonical: a plain writer's key order depends on how the JSON crate was built.
    files.push(("manifest.json".to_owned(), canonical_json(&manifest).into_bytes()));
    let zip = pack(&files).map_err(|_| PressError::Defect("the ZIP could not be written"))?;
    Ok(Bundle { zip, manifest })
}

fn check_names(reference: &str, items: &[Item<'_>]) -> Result<(), PressError> {
    let refuse = |message: &str| Err(PressError::OutOfLimits(message.to_owned()));
    if reference.is_empty() || reference.len() > 200 || reference.chars().any(char::is_control) {
        return refuse("A bundle's reference is 1 to 200 bytes without control characters.");
    }
    let files = || items.iter().flat_map(|item| &item.files);
    if items.is_empty() || items.len() > ITEMS_MAX || files().count() > FILES_MAX {
        return refuse("A bundle holds 1 to 200 items and at most 4000 files.");
    }
    if files().map(|file| file.bytes.len()).sum::<usize>() > BUNDLE_BYTES_MAX {
        return refuse("A bundle holds at most 2 GB.");
    }
    // Unpacked on a file system that folds case, two names must still be two.
    let mut seen = BTreeSet::new();
    for item in items {
        if !is_name(item.name) || !seen.insert(item.name.to_ascii_lowercase()) {
            return refuse("Item names are unique and 1 to 100 letters, digits, dots, dashes or underscores.");
        }
        let mut paths = BTreeSet::new();
        for file in &item.files {
            if !file.path.split('/').all(is_name) || !paths.insert(file.path.to_ascii_lowercase()) {
                return refuse("File paths are unique, relative, and made of plain names.");
            }
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=100).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.')
}

fn pack(files: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let base = SimpleFileOptions::default().last_modified_time(DateTime::default()).unix_permissions(0o644);
        let packed = [".png", ".pdf", ".webp"].iter().any(|ending| path.ends_with(ending));
        let options = if packed {
            base.compression_method(CompressionMethod::Stored)
        } else {
            base.compression_method(CompressionMethod::Deflated).compression_level(Some(LEVEL))
        };
        writer.start_file(path.as_str(), options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}
