//! The real binary, without any setting of the shell that runs the tests.

use std::process::{Command, Output};

/// Settings that a developer's shell may hold.
const FOREIGN: [&str; 6] = ["DATABASE_URL", "REDIS_URL", "BLOB_URL", "PUBLIC_URL", "PORT", "PLATEN_CONFIG"];

/// The names to take out of an environment. What the test run itself needs (the SQL cover) stays.
pub(crate) fn foreign() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| FOREIGN.contains(&name.as_str()) || (name.starts_with("PLATEN_") && name.contains("__"))).collect()
}

/// A command that will run `platen` with these words.
pub(crate) fn platen(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
    for name in foreign() {
        command.env_remove(name);
    }
    command.args(words);
    command
}

/// What it wrote, as text: (exit code, standard output, standard error).
pub(crate) fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}
