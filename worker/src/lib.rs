//! The executor: claims jobs, runs them, finishes them. Liveness is per process; any worker may die at any moment.

mod dispatch;
pub mod execute;
mod heart;
pub mod press;
mod schedule;
mod settle;
mod sweep;
mod wake;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::ledger::{Ledger, Queue};
use tokio_util::sync::CancellationToken;

pub use execute::{Runner, Setup};

/// How one worker process is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which lanes it serves.
    pub queues: Vec<Queue>,
    /// How many jobs at a time.
    pub concurrency: usize,
    /// For the heart's own connection.
    pub database_url: String,
    /// At shutdown, how long running jobs may take to end.
    pub drain: Duration,
    /// How long finished jobs and their attempts are kept.
    pub keep_history: Duration,
}

/// Works until `stop`: then starts nothing new, lets what runs end (up to [`Settings::drain`]), and gives back the rest uncharged.
///
/// # Errors
/// When the heart cannot be started: without it, others would take this worker's jobs.
pub async fn run(setup: Setup, settings: Settings, stop: CancellationToken) -> Result<()> {
    let name = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
    let runner = Arc::new(Runner::new(name.clone(), setup));
    let ledger = runner.ledger().clone();
    let heart = heart::start(&runner, &settings).await.context("the worker's heart does not beat")?;
    tracing::info!(worker = %name, queues = %words(&settings.queues), concurrency = settings.concurrency, "worker {name} started");

    let sweeping = tokio::spawn(sweep::run(runner.clone(), settings.keep_history, stop.clone()));
    let listening = tokio::spawn(wake::run(runner.clone(), stop.clone()));
    dispatch::ledger::serve(runner.clone(), &settings, stop.clone()).await?;
    if tokio::time::timeout(settings.drain, runner.idle()).await.is_err() {
        tracing::warn!(worker = %name, "worker {name} leaves running jobs behind: they go on elsewhere");
    }
    sweeping.await.context("the sweep ended badly")?;
    listening.await.context("the database's bell ended badly")?;
    heart.stop();
    ledger.leave(&name).await.context("could not leave in good order; the jobs come back when the heart is missed")?;
    tracing::info!(worker = %name, "worker {name} stopped");
    Ok(())
}

pub(crate) fn words(queues: &[Queue]) -> String {
    queues.iter().map(|q| q.word()).collect::<Vec<_>>().join(",")
}

/// The share of a second that the poll waits at most, when nothing rings.
pub(crate) const POLL_EVERY: Duration = Duration::from_millis(200);

/// Asks the ledger until it answers: the database may restart at any moment.
pub(crate) async fn steadily<T, F>(what: &str, ledger: &Ledger, mut ask: impl FnMut(Ledger) -> F) -> T
where
    F: Future<Output = platen_shared::db::Result<T>>,
{
    loop {
        match ask(ledger.clone()).await {
            Ok(answer) => return answer,
            Err(error) => {
                tracing::error!(%error, "{what}: the database does not answer; asking again");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}
