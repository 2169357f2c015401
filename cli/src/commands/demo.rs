//! `platen demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use rand::TryRngCore;

use crate::crash;
use crate::demo::{self, Wish};
use crate::stack::Folder;

/// What the demo can be told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Kill the worker between the printer's acceptance and our commit; another one takes over
    #[arg(long)]
    crash: bool,
    /// Kill it at another crash point, such as `render_preview:stored`
    #[arg(long, value_name = "KIND:POINT")]
    crash_at: Option<String>,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// Where to keep everything; emptied at the start
    #[arg(long, value_name = "DIR", default_value = ".platen/demo")]
    data: PathBuf,
    /// Repeat the names, prices and catalogue of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// How many times faster than the wall business time runs
    #[arg(long, default_value_t = demo::SPEED, value_parser = clap::value_parser!(u32).range(2000..=200_000))]
    speed: u32,
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => u64::from(rand::rngs::OsRng.try_next_u32().context("the machine has no randomness to give")?),
    };
    let crash_at = args.crash_at.or_else(|| args.crash.then(|| demo::CRASH_AT.to_owned()));
    if let Some(point) = &crash_at {
        crash::point(point)?;
    }
    let folder = Folder::open(&args.data)?;
    let summary = demo::run(Wish { folder, crash_at: crash_at.clone(), seed, speed: args.speed }).await?;
    super::print(&summary.text());
    let untrue = summary.untrue(crash_at.as_deref());
    for sentence in &untrue {
        eprintln!("error: {sentence}");
    }
    if args.json {
        super::print(&format!("{}\n", summary.json()));
    }
    Ok(if untrue.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
