//! `PLATEN_CRASH_AT=<kind>:<point>`: this process is killed by SIGKILL when a job reaches that crash point, for tests and chaos runs.
//! With `PLATEN_CRASH_ONCE=<file>` it happens once per file: whoever makes the file dies.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use platen_jobs::Hook;

/// The points that every kind has.
const COMMON: [&str; 3] = ["started", "ran", "recorded"];

/// A crash point by its text `<kind>:<point>`, which must exist.
pub(crate) fn point(text: &str) -> Result<(&'static str, &'static str)> {
    let (kind, point) =
        text.split_once(':').context("a crash point must be <kind>:<point>, such as submit_order:released")?;
    let entry = platen_jobs::find(kind).with_context(|| format!("crash point: there is no kind {kind}"))?;
    let known = COMMON.iter().chain(entry.points).find(|known| **known == point);
    Ok((entry.kind, known.with_context(|| format!("the kind {kind} has no crash point {point}"))?))
}

/// The hook that the environment asks for, if it asks for one.
pub(crate) fn hook() -> Result<Option<Hook>> {
    let Ok(wanted) = std::env::var("PLATEN_CRASH_AT") else { return Ok(None) };
    let once = std::env::var_os("PLATEN_CRASH_ONCE").map(PathBuf::from);
    let (kind, point) = point(&wanted)?;
    Ok(Some(Arc::new(move |of, at| {
        if of == kind && at == point && first(once.as_ref()) {
            die();
        }
        Box::pin(async {})
    })))
}

/// Whether this is the first time, by the marker file; without one, always.
fn first(once: Option<&PathBuf>) -> bool {
    once.is_none_or(|path| std::fs::OpenOptions::new().write(true).create_new(true).open(path).is_ok())
}

/// As a power cut would: nothing is flushed, nobody is told.
fn die() {
    if rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).is_err() {
        std::process::abort();
    }
}
