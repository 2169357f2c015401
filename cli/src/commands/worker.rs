//! `platen worker`: runs jobs, until it is asked to stop.

use std::process::ExitCode;

use anyhow::Result;

use crate::config::{Config, Sources};
use crate::wire::Base;
use crate::{crash, logs, stop};

/// The worker's own flags.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Queues to serve, separated by commas; all when left out
    #[arg(long, value_name = "QUEUE,…")]
    queues: Option<String>,
    /// Jobs at a time
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// One base address for all of Gelato's APIs: a stand-in or a proxy
    #[arg(long, value_name = "URL")]
    gelato_url: Option<String>,
    /// Bring the database's schema up to this release first
    #[arg(long)]
    migrate: bool,
}

pub(super) async fn run(args: Args, sources: Sources) -> Result<ExitCode> {
    let sources = sources
        .flag("worker.queues", args.queues)
        .flag("worker.concurrency", args.concurrency)
        .flag("gelato.url", args.gelato_url);
    let config = Config::load(&sources)?;
    logs::start(&config);
    let hook = crash::hook()?;
    let stop = stop::on_signal()?;
    let base = Base::open(&config, args.migrate).await?;
    if let Some(sentence) = super::doctor::unreachable_files(&config) {
        tracing::warn!("{sentence}");
    }
    let (setup, settings) = base.worker(&config, hook)?;
    platen_worker::run(setup, settings, stop).await?;
    base.ledger.db.close().await;
    Ok(ExitCode::SUCCESS)
}
