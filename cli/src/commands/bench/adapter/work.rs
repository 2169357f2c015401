//! Running the jobs: the product's worker, as `platen worker` starts it.

use std::path::Path;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use super::super::kind;
use super::{Options, config, enqueue, variable};
use crate::stop;
use crate::wire::Base;

/// Until SIGTERM.
pub(super) async fn run(options: &Options) -> Result<()> {
    let base = Base::open(&started(options)?, false).await?;
    work(&base, options, stop::on_signal()?).await?;
    base.close().await;
    Ok(())
}

/// A worker and who enqueues in one process: what embedding costs.
pub(super) async fn latency(options: &Options) -> Result<()> {
    let base = Base::open(&started(options)?, false).await?;
    let stop = CancellationToken::new();
    let paced = async {
        let mut paced = Options(options.0.clone());
        paced.0.insert("mode".to_owned(), "paced".to_owned());
        let done = enqueue::run(&base.ledger, &paced).await;
        stop.cancel();
        done
    };
    tokio::try_join!(work(&base, options, stop.clone()), paced)?;
    base.close().await;
    Ok(())
}

/// The settings, once logs are as they say.
fn started(options: &Options) -> Result<crate::config::Config> {
    let config = config(options.number("concurrency", 10)?)?;
    crate::logs::start(&config);
    let log = variable("BENCH_LOG").context("BENCH_LOG must name the log")?;
    kind::log_to(Path::new(&log))?;
    Ok(config)
}

async fn work(base: &Base, options: &Options, stop: CancellationToken) -> Result<()> {
    let config = config(options.number("concurrency", 10)?)?;
    let (setup, settings) = super::super::place::worker(base, &config)?;
    platen_worker::run(setup, settings, stop).await
}
