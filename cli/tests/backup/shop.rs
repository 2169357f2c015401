//! A place where Platen runs: a database, a file store, and how its processes are told of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use platen_shared::ports::blobs::Keys;
use platen_shared::testing::{TestDb, s3};
use secrecy::ExposeSecret;

use crate::cli::platen;

pub(crate) const SECRET: &str = "secret-key-of-the-tests-0123456789abcdef";

/// One installation; nothing of it is shared with another.
pub(crate) struct Shop {
    /// A database that is migrated and empty; a restore may go there.
    pub(crate) test: TestDb,
    folder: tempfile::TempDir,
    bucket: Option<(String, Keys)>,
}

impl Shop {
    /// On the engine of another's database, with files in a bucket where asked for and the run has one.
    pub(crate) async fn new(engine: &str, in_bucket: bool) -> Shop {
        let test = if engine == "sqlite" { TestDb::sqlite().await } else { TestDb::postgres().await };
        let folder = tempfile::tempdir().expect("a folder");
        Shop { test, folder, bucket: if in_bucket { s3() } else { None } }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where its file store is, when that is a folder.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder().join("blobs")
    }

    /// Whether its file store is a bucket.
    pub(crate) fn is_in_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// What tells a process of it.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![("DATABASE_URL", self.test.url.clone()), ("PLATEN_SECRETS__KEY", SECRET.to_owned())];
        match &self.bucket {
            None => env.push(("BLOB_URL", format!("file://{}", self.files().display()))),
            Some((url, keys)) => env.extend([
                ("BLOB_URL", url.clone()),
                ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()),
                ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.expose_secret().to_owned()),
            ]),
        }
        env
    }

    /// A command of it, ready to run.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = platen(words);
        command.envs(self.env());
        command
    }

    /// Runs a command of it to its end, beside whatever else the test runs.
    pub(crate) async fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        tokio::task::spawn_blocking(move || command.output().expect("platen starts")).await.expect("it ends")
    }
}
