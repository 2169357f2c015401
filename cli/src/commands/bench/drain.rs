//! The product's worker inside this process, and how fast it runs what is ready.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use platen_shared::adapters::http::Gates;
use platen_shared::ledger::Ledger;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::figures::rate;
use super::kind;
use super::place::{self, Place};
use crate::wire::Base;

/// Jobs at a time.
pub(super) const SLOTS: u64 = 10;
/// Longer than any drain of this size takes.
const DEADLINE: Duration = Duration::from_secs(600);

/// A worker that runs.
pub(super) struct Worker {
    base: Base,
    stop: CancellationToken,
    running: JoinHandle<Result<()>>,
}

impl Worker {
    /// Starts one on the place's database.
    pub(super) async fn start(place: &Place) -> Result<Worker> {
        Worker::past(place, None).await
    }

    /// The same; its jobs pass these gates, if any are given, in the place of its own.
    async fn past(place: &Place, gates: Option<&Arc<Gates>>) -> Result<Worker> {
        let config = place::config(&place.url(), None, SLOTS)?;
        crate::logs::start(&config);
        let base = Base::open(&config, false).await?;
        kind::pass(gates.unwrap_or(&base.gates));
        let (setup, settings) = place::worker(&base, &config)?;
        let stop = CancellationToken::new();
        let running = tokio::spawn(platen_worker::run(setup, settings, stop.clone()));
        Ok(Worker { base, stop, running })
    }

    /// The ledger that it works on, so that its bell rings.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.base.ledger
    }

    /// Ends it in good order.
    pub(super) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.running.await.context("the worker panicked")??;
        self.base.close().await;
        Ok(())
    }
}

/// Runs `n` ready jobs; answers how many a second.
pub(super) async fn drain(place: &Place, n: u64) -> Result<f64> {
    drain_past(place, n, None).await
}

/// The same; jobs that take a token take it from these gates, if any are given, in the place of the worker's own.
pub(super) async fn drain_past(place: &Place, n: u64, gates: Option<&Arc<Gates>>) -> Result<f64> {
    let before = kind::started();
    let worker = Worker::past(place, gates).await?;
    let began = Instant::now();
    until_started(before + n).await?;
    let took = began.elapsed();
    worker.stop().await?;
    Ok(rate(n, took))
}

/// Waits until this process has started so many jobs.
pub(super) async fn until_started(n: u64) -> Result<()> {
    let began = Instant::now();
    while kind::started() < n {
        ensure!(began.elapsed() < DEADLINE, "{} jobs were still to be started after {DEADLINE:?}", n - kind::started());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
