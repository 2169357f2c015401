//! The real binary, without any setting of the shell that runs the tests.

use std::process::{Command, Output};

use crate::shell::foreign;

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
