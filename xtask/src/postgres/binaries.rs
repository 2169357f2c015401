//! Where the server's programs are. Debian keeps `initdb` and `postgres` off PATH, in a folder per major version.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Result, bail};

use crate::install;

const DEBIAN: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 2] = ["initdb", "postgres"];

/// The folder that holds `initdb` and `postgres` of one version.
pub(crate) struct Binaries(PathBuf);

impl Binaries {
    /// Looks on this machine, else asks the package manager.
    pub(crate) fn find_or_install() -> Result<Binaries> {
        if let Some(found) = Self::find() {
            return Ok(found);
        }
        install::package("postgresql", "a PostgreSQL server (14 or newer)")?;
        match Self::find() {
            Some(found) => Ok(found),
            None => bail!(
                "apt-get installed `postgresql`, yet {DEBIAN}/*/bin holds no `initdb`; install a PostgreSQL server by hand"
            ),
        }
    }

    /// The folder, for messages.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// The full path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Both programs must come from one folder: a `postgres` of one version refuses the cluster of another's `initdb`.
    fn find() -> Option<Binaries> {
        let path = env::var_os("PATH").unwrap_or_default();
        let debian = versions(Path::new(DEBIAN)).into_iter().map(|version| version.join("bin"));
        env::split_paths(&path)
            .chain(debian)
            .find(|folder| NEEDED.iter().all(|name| folder.join(name).is_file()))
            .map(Binaries)
    }
}

/// The version folders, newest first.
fn versions(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<(u32, PathBuf)> =
        entries.filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path))).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "common", "17"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let names: Vec<_> = versions(root.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["17", "15", "9"]);
    }
}
