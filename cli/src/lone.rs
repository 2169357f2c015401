//! How a worker starts a process of its own for one job: this same program, with the settings that the worker itself has.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_worker::Lone;
use tokio::process::Command;

use crate::config::Sources;
use crate::stack::without_foreign;

/// A lone run that is so much over its job's time limit is stuck.
const GRACE: Duration = Duration::from_secs(30);
/// The settings that a worker can be given on its command line.
const FLAGS: [(&str, &str); 4] = [
    ("database.url", "--database-url"),
    ("worker.queues", "--queues"),
    ("worker.concurrency", "--concurrency"),
    ("gelato.url", "--gelato-url"),
];

/// For a worker that was set by a file, the environment and flags: the child gets the same three.
pub(crate) fn of_sources(sources: &Sources) -> Result<Lone> {
    let (file, flags) = (sources.file.clone(), sources.flags.clone());
    making(move |command| {
        if let Some(file) = &file {
            command.arg("--config").arg(file);
        }
        for (setting, value) in &flags {
            if let Some((_, flag)) = FLAGS.iter().find(|(known, _)| known == setting) {
                command.arg(format!("{flag}={value}"));
            }
        }
    })
}

/// For a worker that was set by a file alone.
pub(crate) fn of_file(file: &Path) -> Result<Lone> {
    let file = file.to_owned();
    making(move |command| {
        command.arg("--config").arg(&file);
        without_foreign(command.as_std_mut());
    })
}

fn making(settings: impl Fn(&mut Command) + Send + Sync + 'static) -> Result<Lone> {
    let program = std::env::current_exe().context("this program's own path is unknown")?;
    let command = move || {
        let mut command = Command::new(&program);
        // Not under the name of a role, which would be taken for a word of the command line.
        command.arg0("platen").arg("worker");
        settings(&mut command);
        command
    };
    Ok(Lone { command: Arc::new(command), grace: GRACE })
}
