//! The heart: beats once a second on a thread and a connection of its own, so that no busy runtime and no full pool can silence it.
//! How far jobs are goes out with the beat; requests to cancel come back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use platen_shared::db::Db;
use platen_shared::ledger::Ledger;
use tokio_util::sync::CancellationToken;

use crate::Settings;
use crate::execute::Runner;

const BEAT: Duration = Duration::from_secs(1);

/// A beating heart.
pub(crate) struct Heart {
    stop: CancellationToken,
    thread: std::thread::JoinHandle<()>,
}

impl Heart {
    /// Stops it and waits for its thread.
    pub(crate) fn stop(self) {
        self.stop.cancel();
        if self.thread.join().is_err() {
            tracing::error!("the heart's thread panicked");
        }
    }
}

/// Starts beating; answers after the first beat, so that nothing is claimed before the worker is known to live.
pub(crate) async fn start(runner: &Arc<Runner>, settings: &Settings) -> Result<Heart> {
    let stop = CancellationToken::new();
    let (first, begun) = tokio::sync::oneshot::channel();
    let (runner, url) = (runner.clone(), settings.database_url.clone());
    let stopped = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name("heart".into()).spawn(move || {
        runtime.block_on(async move {
            let db = match Db::open(&url, 1).await {
                Ok(db) => db,
                Err(error) => return drop(first.send(Err(error))),
            };
            let ledger = Ledger::new(db, runner.ledger_clock());
            if let Err(error) = beat(&ledger, &runner).await {
                return drop(first.send(Err(error)));
            }
            let _ = first.send(Ok(()));
            tokio::select! {
                () = keep_beating(&ledger, &runner) => {}
                () = stopped.cancelled() => {}
            }
            ledger.db.close().await;
        });
    })?;
    begun.await??;
    Ok(Heart { stop, thread })
}

async fn keep_beating(ledger: &Ledger, runner: &Runner) {
    let mut tick = tokio::time::interval(BEAT);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = beat(ledger, runner).await {
            tracing::warn!(%error, "a heartbeat was not written; after six seconds without one, others take this worker's jobs");
        }
    }
}

async fn beat(ledger: &Ledger, runner: &Runner) -> platen_shared::db::Result<()> {
    for job in ledger.beat(&runner.presence()).await? {
        runner.ask_to_stop(job);
    }
    ledger.report(runner.name(), &runner.news()).await
}
