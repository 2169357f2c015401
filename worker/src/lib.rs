//! The executor: claims jobs, runs them, finishes them. Liveness is per process; any worker may die at any moment.

mod dispatch;
mod ends;
pub mod execute;
mod heart;
mod lanes;
pub mod lone;
pub mod press;
pub mod schedule;
mod settle;
mod sweep;
mod wake;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::ledger::fires::Line;
use platen_shared::ledger::{Ledger, Presence};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

pub use dispatch::TOLD_IN_OUR_WORDS;
pub use execute::{Runner, Setup};
pub use lanes::Lane;
use lanes::Lanes;
pub use lone::Lone;

/// How one worker process is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which queues it serves, and how.
    pub lanes: Vec<Lane>,
    /// How many jobs at a time in all; each lane has one slot at least.
    pub concurrency: usize,
    /// For the heart's own connection.
    pub database_url: String,
    /// Where ids of jobs travel; none: the ledger itself is asked.
    pub redis: Option<Redis>,
    /// At shutdown, how long running jobs may take to end.
    pub drain: Duration,
    /// The cron lines of the configuration.
    pub lines: Vec<Line>,
    /// This machine's name, for people.
    pub host: String,
    /// This release, for people.
    pub release: String,
}

/// Where ids of jobs travel.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://` or `rediss://`, with its password.
    pub url: SecretString,
    /// What the names of its keys begin with, so that installations can share a server.
    pub prefix: String,
}

/// Works until `stop`: then starts nothing new, lets what runs end (up to [`Settings::drain`]), and gives back the rest uncharged.
///
/// # Errors
/// When the heart cannot be started: without it, others would take this worker's jobs.
pub async fn run(mut setup: Setup, settings: Settings, stop: CancellationToken) -> Result<()> {
    let name = format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple());
    setup.timeouts = lanes::timeouts(&settings.lanes);
    let lanes = Lanes::new(settings.lanes.clone(), settings.concurrency);
    let runner = Arc::new(Runner::new(name.clone(), setup));
    runner.show(|me| introduce(me, &settings, &lanes));
    let ledger = runner.ledger().clone();
    let heart = heart::start(&runner, &settings).await.context("the worker's heart does not beat")?;
    tracing::info!(worker = %name, queues = %words(&lanes), slots = lanes.slots(), "worker {name} started");

    let sweeping = tokio::spawn(sweep::run(runner.clone(), settings.lines.clone(), stop.clone()));
    let listening = tokio::spawn(wake::run(runner.clone(), stop.clone()));
    dispatch::serve(&runner, &lanes, settings.redis.as_ref(), &stop).await?;
    runner.show(|me| me.draining = true);
    let drained = async {
        lanes.idle().await;
        runner.settled().await;
    };
    if tokio::time::timeout(settings.drain, drained).await.is_err() {
        tracing::warn!(worker = %name, "worker {name} leaves running jobs behind: they go on elsewhere");
    }
    sweeping.await.context("the sweep ended badly")?;
    listening.await.context("the database's bell ended badly")?;
    heart.stop();
    ledger.leave(&name).await.context("could not leave in good order; the jobs come back when the heart is missed")?;
    tracing::info!(worker = %name, "worker {name} stopped");
    Ok(())
}

fn introduce(me: &mut Presence, settings: &Settings, lanes: &Lanes) {
    me.process = std::process::id().to_string();
    me.host.clone_from(&settings.host);
    me.release.clone_from(&settings.release);
    me.queues = words(lanes);
    me.slots = i64::try_from(lanes.slots()).unwrap_or(i64::MAX);
    "ledger".clone_into(&mut me.dispatcher);
}

fn words(lanes: &Lanes) -> String {
    lanes.all().iter().map(|lane| lane.queue.word()).collect::<Vec<_>>().join(",")
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
