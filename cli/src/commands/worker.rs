//! `platen worker`: runs jobs, until it is asked to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use crate::config::{Config, Sources};
use crate::wire::Base;
use crate::{checks, crash, logs, stop};

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
    checks::at_start(&config, &base.ledger.db, &base.blobs);
    watched(&config, &base).await?;
    let (setup, settings) = base.worker(&config, hook)?;
    platen_worker::run(setup, settings, stop).await?;
    base.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Lets machines watch this worker to its last moment, where the settings say so.
async fn watched(config: &Config, base: &Base) -> Result<()> {
    let address = config.worker.metrics_addr.as_str();
    if address.is_empty() {
        return Ok(());
    }
    let listening = TcpListener::bind(address).await;
    let listener = listening.with_context(|| format!("cannot listen on {address} (worker.metrics_addr)"))?;
    let bound = listener.local_addr().context("the listener has no address")?;
    let probes = Arc::new(base.probes(platen_api::probes::gather()?));
    tracing::info!(address = %bound, "probes and metrics on http://{bound}");
    tokio::spawn(platen_api::probes::serve(probes, listener, std::future::pending()));
    Ok(())
}
