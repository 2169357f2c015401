//! The folder of a stack: its database, its files, its secrets.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rand::TryRngCore;

/// A folder, made when missing.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Opens or makes it.
    pub(crate) fn open(path: &Path) -> Result<Folder> {
        fs::create_dir_all(path).with_context(|| format!("the folder {} cannot be made", path.display()))?;
        let whole = path.canonicalize().with_context(|| format!("the folder {} cannot be used", path.display()))?;
        // It becomes part of addresses, where these have a meaning of their own.
        if whole.to_str().is_none_or(|text| text.contains(['?', '#', '%'])) {
            bail!("the path of the folder {} must be UTF-8 and without ?, # and %", path.display());
        }
        Ok(Folder(whole))
    }

    /// A path inside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Empties a folder that has our `mark` inside; one that holds anything else is left alone and refused.
    pub(crate) fn afresh(&self, mark: &str) -> Result<()> {
        let entries: Vec<PathBuf> = fs::read_dir(&self.0)?.flatten().map(|entry| entry.path()).collect();
        if entries.is_empty() {
            return Ok(());
        }
        if !self.path(mark).is_file() {
            bail!("the folder {} holds other things: name an empty one with --data", self.0.display());
        }
        for path in entries {
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            // A database that is just being closed removes files of its own.
            let gone = gone.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) });
            gone.with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        Ok(())
    }

    /// A secret of this folder: 32 random bytes as hex, made once, readable by its owner only.
    pub(crate) fn secret(&self, name: &str) -> Result<String> {
        if let Some(known) = self.read(name)? {
            return Ok(known);
        }
        let mut bytes = [0u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).context("the machine has no randomness to give")?;
        let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.write_private(name, &secret)?;
        Ok(secret)
    }

    /// A small file of this folder, without the white space at its end; `None` when it is not there.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", self.path(name).display())),
        }
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write_private(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Writes a file for anybody.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }
}
