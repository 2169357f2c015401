//! `manifest.json` of a bundle: what it says, and whether a bundle is what it says.
//!
//! It is read by people who did not write it, on machines that have nothing else of ours: what is wrong is told in sentences that name the file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::naming::is_path;
use crate::output::bundle::{BUNDLE_BYTES_MAX, FILES_MAX, ITEMS_MAX};
use crate::spec::hex;
use crate::{PRESS_VERSION, PressError, text};

/// What it is called in every bundle.
pub const MANIFEST: &str = "manifest.json";
/// Longest manifest that is read: that of a full bundle, several times over.
pub const MANIFEST_BYTES_MAX: u64 = 64_000_000;

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What the bundle is called: an order, an item, a work order.
    pub reference: String,
    /// [`PRESS_VERSION`] of the press that drew it.
    pub press_version: String,
    /// The fonts that the press had.
    pub fonts: Vec<Font>,
    /// One object per item: product, quantity, the design's hash, its approvals and zones.
    pub items: Vec<Value>,
    /// Every file but the manifest, sorted by path.
    pub files: Vec<Listed>,
}

/// A font of the press.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Font {
    /// Its name in designs.
    pub name: String,
    /// Of its file, in lower-case hex.
    pub sha256: String,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path in the bundle, `/` between names.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes, in lower-case hex.
    pub sha256: String,
}

fn bad(reason: impl Into<String>) -> PressError {
    PressError::BadManifest { reason: reason.into() }
}

impl Manifest {
    /// That of files which this press packed.
    pub(crate) fn new(reference: &str, items: &[Value], files: Vec<Listed>) -> Self {
        let fonts = text::fonts().into_iter().map(|(name, sha256)| Font { name: name.to_owned(), sha256 });
        Self {
            reference: reference.to_owned(),
            press_version: PRESS_VERSION.to_owned(),
            fonts: fonts.collect(),
            items: items.to_vec(),
            files,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`PressError::BadManifest`] for what no press wrote: no JSON, another text than its canonical form, fields that are missing, names that
    /// clash or leave the folder, sums that are none.
    pub fn read(json: &[u8]) -> Result<Self, PressError> {
        if json.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(bad("it is longer than any manifest."));
        }
        let value: Value = serde_json::from_slice(json).map_err(|_| bad("it is no JSON."))?;
        // Else two readers could read two manifests, as with a key that is there twice.
        if serde_json_canonicalizer::to_vec(&value).ok().as_deref() != Some(json) {
            return Err(bad("it is not in canonical form: it was written anew after the bundle was packed."));
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| {
            // It may repeat a value, whose length a stranger chose.
            bad(format!("{}.", error.to_string().chars().take(200).collect::<String>()))
        })?;
        manifest.sound()?;
        Ok(manifest)
    }

    fn sound(&self) -> Result<(), PressError> {
        check_head(&self.reference, self.items.len()).map_err(|error| bad(error.to_string()))?;
        if !self.items.iter().all(Value::is_object) {
            return Err(bad("an item of it is no object."));
        }
        if self.files.len() >= FILES_MAX {
            return Err(bad("it names more files than a bundle holds."));
        }
        let (mut names, mut last, mut total) = (BTreeSet::from([MANIFEST.to_owned()]), "", 0_u64);
        for (index, file) in self.files.iter().enumerate() {
            let at = |sentence: &str| bad(format!("file {}: {sentence}", index + 1));
            if !is_path(&file.path) {
                return Err(at("its path is not made of plain names."));
            }
            // Unpacked where case is folded, two names must still be two.
            if !names.insert(file.path.to_ascii_lowercase()) {
                return Err(at("its path is there twice."));
            }
            if file.path.as_str() <= last {
                return Err(at("its path is out of order."));
            }
            if !is_sha256(&file.sha256) {
                return Err(at("its SHA-256 is none."));
            }
            last = &file.path;
            total = total.saturating_add(file.bytes);
        }
        if !self.fonts.iter().all(|font| is_sha256(&font.sha256)) {
            return Err(bad("the SHA-256 of a font is none."));
        }
        if total > BUNDLE_BYTES_MAX {
            return Err(bad("its files are longer than a bundle may be."));
        }
        Ok(())
    }

    /// Begins to compare files with what the manifest says of them.
    pub fn compare(&self) -> Comparison<'_> {
        let waited = self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        Comparison { waited, met: BTreeSet::new(), faults: Vec::new() }
    }
}

/// What every bundle has: a name and its items.
pub(crate) fn check_head(reference: &str, items: usize) -> Result<(), PressError> {
    if reference.is_empty() || reference.len() > 200 || reference.chars().any(char::is_control) {
        return Err(PressError::OutOfLimits(
            "A bundle's reference is 1 to 200 bytes without control characters.".to_owned(),
        ));
    }
    if items == 0 || items > ITEMS_MAX {
        return Err(PressError::OutOfLimits("A bundle holds 1 to 1000 items.".to_owned()));
    }
    Ok(())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

/// Files as they are found one after the other, against those that a manifest names.
#[derive(Debug)]
pub struct Comparison<'m> {
    waited: BTreeMap<&'m str, &'m Listed>,
    met: BTreeSet<String>,
    faults: Vec<String>,
}

impl Comparison<'_> {
    /// A file that was found; at most one byte more is read of it than the manifest says.
    pub fn file(&mut self, path: &str, bytes: impl Read) {
        let fault = match self.waited.remove(path) {
            _ if !self.met.insert(path.to_owned()) => Some("is there twice"),
            None => Some("is not in the manifest: somebody added it"),
            Some(listed) => changed(listed, bytes),
        };
        if let Some(fault) = fault {
            self.fault(path, fault);
        }
    }

    /// Something that is wrong with what was found under this path.
    pub fn fault(&mut self, path: &str, what: &str) {
        // A stranger's name may hold what a terminal obeys.
        self.faults.push(format!("{} {what}.", path.escape_debug()));
    }

    /// What is wrong, a sentence each; nothing when every file was found as it was packed.
    pub fn finish(mut self) -> Vec<String> {
        for path in std::mem::take(&mut self.waited).into_keys() {
            self.fault(path, "is missing");
        }
        self.faults
    }
}

/// How a file differs from what was packed.
fn changed(listed: &Listed, bytes: impl Read) -> Option<&'static str> {
    let mut bytes = bytes.take(listed.bytes.saturating_add(1));
    let (mut hash, mut length, mut piece) = (Sha256::new(), 0_u64, vec![0; 64 * 1024]);
    loop {
        match bytes.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                hash.update(&piece[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Some("cannot be read to its end"),
        }
    }
    match length.cmp(&listed.bytes) {
        std::cmp::Ordering::Less => Some("is shorter than it was packed"),
        std::cmp::Ordering::Greater => Some("is longer than it was packed"),
        std::cmp::Ordering::Equal if hex(&hash.finalize()) != listed.sha256 => {
            Some("was changed: its SHA-256 is another")
        }
        std::cmp::Ordering::Equal => None,
    }
}

/// Reads a bundle's ZIP and compares it with its manifest; answers the manifest and what is wrong, a sentence each.
///
/// # Errors
/// [`PressError::BadManifest`] when it is no ZIP, or has no manifest that can be read.
pub fn check_zip(file: impl Read + Seek) -> Result<(Manifest, Vec<String>), PressError> {
    let mut zip = ZipArchive::new(file).map_err(|_| bad("the file is no ZIP, or it is damaged."))?;
    let mut json = Vec::new();
    zip.by_name(MANIFEST)
        .map_err(|_| bad("there is none: the file is no bundle."))?
        .take(MANIFEST_BYTES_MAX + 1)
        .read_to_end(&mut json)
        .map_err(|_| bad("it cannot be read to its end."))?;
    let manifest = Manifest::read(&json)?;
    let mut comparison = manifest.compare();
    for index in 0..zip.len() {
        let Ok(packed) = zip.by_index(index) else {
            comparison.fault(&format!("File {}", index + 1), "cannot be read");
            continue;
        };
        match packed.name().map(|name| name.into_owned()) {
            Ok(name) if name == MANIFEST => {}
            Ok(name) => comparison.file(&name, packed),
            Err(_) => comparison.fault(&format!("File {}", index + 1), "has no name that can be read"),
        }
    }
    // The reader keeps one file of each name; another might unpack the other.
    if zip.has_duplicate_names() {
        comparison.fault("The ZIP", "has two files of one name");
    }
    let faults = comparison.finish();
    Ok((manifest, faults))
}
