//! `platen preflight-file`: the file on standard input, a report on standard output, in a process that can do nothing else.
//!
//! `platen preflight` and the api start it (`shared/src/preflight.rs`).

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_press::preflight::{PREFLIGHT_BYTES_MAX, Report, Rules, Target, check, rules_of};
use serde::Deserialize;

use crate::limits::limit_myself;

/// Address space: a large PDF and what it unpacks to.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Seconds of processor time.
const SECONDS: u64 = 30;

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    provider: String,
    target: Target,
}

pub(super) fn run(request: &str) -> ExitCode {
    match looked(request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn looked(request: &str) -> Result<()> {
    // Taken before the limits, which allow no further handle.
    let input = std::io::stdin().as_fd().try_clone_to_owned().map(File::from).context("there is no standard input")?;
    limit_myself(MEMORY, SECONDS).context("the process could not limit itself, so it reads nothing")?;
    let asked: Asked = serde_json::from_str(request).context("the request is not understood")?;
    let rules = rules_of(&asked.provider).context("nobody knows the rules of this provider")?;
    let report = report(input, rules, asked.target)?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &report).context("the report could not be written")?;
    out.flush().context("the report could not be handed over")
}

/// A file is read where it lies; what comes through a pipe is taken whole first.
fn report(mut input: File, rules: &Rules, target: Target) -> Result<Report> {
    if input.stream_position().is_ok() {
        return Ok(check(BufReader::new(input), rules, target));
    }
    let mut bytes = Vec::new();
    input.take(PREFLIGHT_BYTES_MAX).read_to_end(&mut bytes).context("the file could not be read")?;
    Ok(check(Cursor::new(bytes), rules, target))
}
