//! `platen preflight-file`: the file on standard input, a report on standard output, or pictures of pages, in a process that can do nothing else.
//!
//! `platen preflight` and the api start it (`shared/src/preflight.rs`).

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use platen_press::preflight::{PREFLIGHT_BYTES_MAX, Target, check, draw, rules_of};
use serde::Deserialize;

use crate::limits::limit_myself;

/// Address space: a large PDF and what it unpacks to.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;
/// Seconds of processor time.
const SECONDS: u64 = 30;
/// The same for pictures, without which a report is still one.
const DRAWING_SECONDS: u64 = 12;
/// After so long no further page is drawn.
const DRAWING: Duration = Duration::from_secs(8);

/// What is asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    provider: String,
    target: Target,
    /// Pages to draw; then the answer is their pictures.
    draw: Option<Vec<usize>>,
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
    let asked: Asked = serde_json::from_str(request).context("the request is not understood")?;
    let seconds = if asked.draw.is_some() { DRAWING_SECONDS } else { SECONDS };
    limit_myself(MEMORY, seconds).context("the process could not limit itself, so it reads nothing")?;
    let input = seekable(input)?;
    let rules = rules_of(&asked.provider).context("nobody knows the rules of this provider")?;
    let answer = match asked.draw {
        None => serde_json::to_vec(&check(input, rules, asked.target)),
        Some(pages) => {
            let began = Instant::now();
            serde_json::to_vec(&draw(input, &pages, || began.elapsed() < DRAWING))
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&answer.context("the answer is no JSON")?).context("the answer could not be written")?;
    out.flush().context("the answer could not be handed over")
}

/// A file is read where it lies; what comes through a pipe is taken whole first.
fn seekable(mut input: File) -> Result<Box<dyn Look>> {
    if input.stream_position().is_ok() {
        return Ok(Box::new(BufReader::new(input)));
    }
    let mut bytes = Vec::new();
    input.take(PREFLIGHT_BYTES_MAX).read_to_end(&mut bytes).context("the file could not be read")?;
    Ok(Box::new(Cursor::new(bytes)))
}

/// What can be looked at.
trait Look: BufRead + Seek {}
impl<T: BufRead + Seek> Look for T {}
