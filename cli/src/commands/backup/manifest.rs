//! What a backup says about itself, in `manifest.json`, the file that is written last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use platen_shared::canon::sha256_of;
use platen_shared::db::{At, MIGRATIONS};
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::Blobs;
use serde::{Deserialize, Serialize};

/// Of the layout below.
pub(super) const FORMAT: u32 = 1;
/// Where the database's parts are.
pub(in crate::commands) const DATABASE: &str = "database";
const FILES: &str = "files";
const NAME: &str = "manifest.json";

/// What is in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::commands) struct Manifest {
    pub(super) format: u32,
    /// The release that made it.
    pub(super) platen: String,
    /// `sqlite` or `postgres`.
    pub(in crate::commands) engine: String,
    /// The newest migration of its database.
    pub(in crate::commands) schema: i64,
    pub(super) taken_at: At,
    /// Rows by table.
    pub(in crate::commands) tables: BTreeMap<String, u64>,
    /// Everything below [`DATABASE`].
    pub(super) parts: Vec<Part>,
    /// How many files of the file store, and their length.
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Files that rows name and the file store did not have, as `tenant/hash`.
    #[serde(default)]
    pub(super) lost: BTreeSet<String>,
}

/// A file of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Below the backup's folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// The backup's own file store: the same layout as a folder that Platen works on.
pub(in crate::commands) fn store(folder: &Path) -> Result<Blobs> {
    let absolute = std::path::absolute(folder.join(FILES))?;
    Ok(Blobs::open(&format!("file://{}", absolute.display()))?)
}

impl Manifest {
    /// Reads it, if this release understands it.
    pub(super) fn read(folder: &Path) -> Result<Manifest> {
        let path = folder.join(NAME);
        let text = std::fs::read(&path)
            .with_context(|| format!("{} cannot be read: {} is no whole backup", path.display(), folder.display()))?;
        let read: serde_json::Value =
            serde_json::from_slice(&text).with_context(|| format!("{} is damaged: it is not JSON", path.display()))?;
        if read["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT))
            || read["schema"].as_i64().is_some_and(|schema| schema > *MIGRATIONS.end())
        {
            bail!(
                "{} was made by a newer release ({}): restore it with that one, or a later one",
                folder.display(),
                read["platen"].as_str().unwrap_or("unknown")
            );
        }
        serde_json::from_value(read).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Writes it to the disk itself.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let mut file = File::create(folder.join(NAME))?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        Ok(file.sync_all()?)
    }

    /// Whether a file was lost before the backup was made.
    pub(in crate::commands) fn has_lost(&self, tenant: TenantId, sha256: &str) -> bool {
        self.lost.contains(&format!("{tenant}/{sha256}"))
    }

    /// For people.
    pub(in crate::commands) fn summary(&self) -> String {
        let rows: u64 = self.tables.values().sum();
        let lost = match self.lost.len() {
            0 => String::new(),
            n => format!(", {n} more were lost before"),
        };
        format!(
            "a {} database of schema {} ({rows} rows) and {} files ({} bytes{lost}), as of {}",
            self.engine, self.schema, self.files, self.bytes, self.taken_at
        )
    }
}

impl Part {
    /// A file as it is now.
    pub(super) fn of(folder: &Path, path: &Path) -> Result<Part> {
        let read = File::open(path).and_then(sha256_of);
        let (sha256, bytes) = read.with_context(|| format!("{} cannot be read", path.display()))?;
        let path = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        Ok(Part { path, bytes, sha256 })
    }
}
