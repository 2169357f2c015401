//! `platen worker`: runs jobs, until it is asked to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use platen_shared::id::JobId;
use tokio::net::TcpListener;

use crate::config::{Config, Sources};
use crate::wire::Base;
use crate::{checks, crash, logs, lone, stop};

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
    /// Run this one job, which worker --owner holds at attempt --attempt since --since, and leave: a worker starts this by itself, in a
    /// process of its own, for a job whose owners died. Any other job is refused
    #[arg(long, value_name = "JOB")]
    only: Option<JobId>,
    /// The worker that holds the job of --only
    #[arg(long, value_name = "WORKER", requires = "only")]
    owner: Option<String>,
    /// The attempt at which it does
    #[arg(long, value_name = "N", requires = "only")]
    attempt: Option<i64>,
    /// The moment at which that began
    #[arg(long, value_name = "TIME", requires = "only")]
    since: Option<Timestamp>,
}

/// Of the child of a worker: it runs one job.
const CHILD_CONNECTIONS: u32 = 3;

pub(super) async fn run(args: Args, sources: Sources) -> Result<ExitCode> {
    let sources = sources
        .flag("worker.queues", args.queues)
        .flag("worker.concurrency", args.concurrency)
        .flag("gelato.url", args.gelato_url);
    let config = Config::load(&sources)?;
    logs::start(&config);
    if let Some(id) = args.only {
        return only(config, id, args.owner, args.attempt.zip(args.since)).await;
    }
    let hook = crash::hook()?;
    let stop = stop::on_signal()?;
    let base = Base::open(&config, args.migrate).await?;
    if let Some(sentence) = super::doctor::unreachable_files(&config) {
        tracing::warn!("{sentence}");
    }
    checks::at_start(&config, &base.ledger.db, &base.blobs);
    watched(&config, &base).await?;
    let (mut setup, settings) = base.worker(&config, hook);
    setup.lone = Some(lone::of_sources(&sources)?);
    platen_worker::run(setup, settings, stop).await?;
    base.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The one job of the worker whose child this is.
async fn only(
    mut config: Config,
    id: JobId,
    owner: Option<String>,
    claim: Option<(i64, Timestamp)>,
) -> Result<ExitCode> {
    let (Some(owner), Some((attempt, since))) = (owner, claim) else {
        bail!(
            "job {id} is run alone by the worker that holds it, which says so with --owner, --attempt and --since: nothing was done. To \
             have a job tried again, use `platen jobs retry {id}`"
        );
    };
    stop::ignore_signals()?;
    let hook = crash::hook()?;
    config.database.connections = config.database.connections.min(CHILD_CONNECTIONS);
    let base = Base::open(&config, false).await?;
    let (setup, settings) = base.worker(&config, hook);
    platen_worker::lone::child(setup, &settings.lanes, id, &owner, (attempt, since.into())).await?;
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
