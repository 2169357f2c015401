//! `platen flatten-svg`: an SVG on standard input, a PNG on standard output, in a process that can do nothing else.
//!
//! It limits itself first: memory, processor time, no further file or socket (so no network and no file system), no file to write,
//! no process to start. The api starts it for every SVG that is uploaded (`shared/src/flatten.rs`).

use std::io::{Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use platen_press::svg::{SVG_BYTES_MAX, flatten};
use platen_shared::flatten::REFUSED;

use crate::limits::limit_myself;

/// Address space: 67 MB of pixels, as much again for each layer that is being drawn.
const MEMORY: u64 = 1024 * 1024 * 1024;
/// Seconds of processor time.
const SECONDS: u64 = 10;

pub(super) fn run() -> ExitCode {
    match flattened() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn flattened() -> Result<ExitCode> {
    limit_myself(MEMORY, SECONDS).context("the process could not limit itself, so it reads nothing")?;
    let mut svg = Vec::new();
    // One byte more than is taken tells a file that is too large from one that is not.
    std::io::stdin().take(SVG_BYTES_MAX as u64 + 1).read_to_end(&mut svg).context("the SVG could not be read")?;
    match flatten(&svg) {
        Ok(png) => {
            let mut out = std::io::stdout().lock();
            out.write_all(&png).and_then(|()| out.flush()).context("the picture could not be handed over")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(platen_press::PressError::BadImage { reason }) => {
            eprintln!("{reason}");
            Ok(ExitCode::from(u8::try_from(REFUSED)?))
        }
        Err(other) => Err(other.into()),
    }
}
