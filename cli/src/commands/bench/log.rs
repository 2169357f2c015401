//! The log that everything is computed from: one `write(2)` per line on an append-only descriptor.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::{Context, Result};

/// An open `$BENCH_LOG`.
pub(super) struct Log(File);

impl Log {
    pub(super) fn open() -> Result<Log> {
        let path = std::env::var_os("BENCH_LOG").context("BENCH_LOG must name the log")?;
        let file = OpenOptions::new().append(true).create(true).open(path).context("BENCH_LOG cannot be opened")?;
        Ok(Log(file))
    }

    /// `<mark> <i> <t> <now> <pid>`.
    pub(super) fn line(&self, mark: char, i: u64, t: u64) -> Result<()> {
        let line = format!("{mark} {i} {t} {} {}\n", now(), std::process::id());
        (&self.0).write_all(line.as_bytes()).context("BENCH_LOG cannot be written")
    }
}

/// `CLOCK_MONOTONIC` in nanoseconds: the one clock that all processes of a run share.
pub(super) fn now() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
}
