//! The other side: one attempt of one job that the parent holds.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use platen_shared::db::At;
use platen_shared::id::JobId;

use super::{BEGUN, RAN, STOP};
use crate::execute::{Runner, Setup};
use crate::lanes::{Lane, timeouts};

const REPORT_EVERY: Duration = Duration::from_secs(1);
/// Nobody reads this process's exit code any more.
const ORPHANED: i32 = 1;

/// Makes the attempt of a job that the worker `owner` claimed and keeps alive, and writes its end. That process owns the other ends of
/// standard input and output; when it dies, so does this one, at once.
///
/// # Errors
/// When the job is not (or no longer) held like this: then nothing was done.
pub async fn child(
    mut setup: Setup,
    lanes: &[Lane],
    id: JobId,
    owner: &str,
    (attempt, since): (i64, At),
) -> Result<()> {
    let Some(job) = setup.ledger.held(owner, id, attempt, since).await.context("the job cannot be read")? else {
        bail!(
            "worker {owner} does not hold job {id} at attempt {attempt} since {since}: nothing was done. A worker runs a job alone by \
             itself; to have one tried again, use `platen jobs retry {id}`"
        );
    };
    (setup.timeouts, setup.lone) = (timeouts(lanes), None);
    let runner = Arc::new(Runner::new(owner.to_owned(), setup));
    listen(runner.clone(), id)?;
    let reporting = tokio::spawn(report(runner.clone()));
    say(BEGUN);
    let verdict = runner.attempt(&job).await;
    say(RAN);
    runner.settle(&job, verdict).await;
    reporting.abort();
    Ok(())
}

/// Hears the parent, on a thread that no busy job can keep from it.
fn listen(runner: Arc<Runner>, id: JobId) -> Result<()> {
    let hear = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == STOP {
                runner.ask_to_stop(id);
            }
        }
        std::process::exit(ORPHANED);
    };
    std::thread::Builder::new().name("parent".into()).spawn(hear).context("no thread to hear the parent on")?;
    Ok(())
}

/// The parent's heart does not know how far the job is.
async fn report(runner: Arc<Runner>) {
    let mut tick = tokio::time::interval(REPORT_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = runner.ledger().report(runner.name(), &runner.news()).await {
            tracing::warn!(%error, "how far the job is was not written");
        }
    }
}

/// A parent that does not listen has died, which is noticed elsewhere.
fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{word}").and_then(|()| out.flush());
}
