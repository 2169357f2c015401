//! Writes how an attempt ended: fence, record, history and attempt in one transaction, which kinds that record nothing share. It does not give up: while this worker lives, the
//! job is its own, so an end that could not be written is written later; what cannot be written at all becomes a dead job that says why.

use std::time::Duration;

use platen_jobs::{Entry, Failure, Recording};
use platen_shared::codes;
use platen_shared::db::{self, At};
use platen_shared::ledger::finish::{End, Trouble, archive, hold};
use platen_shared::ledger::{Done, Fenced, Job, Waiting};
use serde_json::Value;

use crate::execute::Setup;

/// How an attempt ended.
pub(crate) enum Verdict {
    /// Well, with this output.
    Done(&'static Entry, Value),
    /// Not well.
    Failed(&'static Entry, Failure),
    /// A newer release's work: not ours to judge.
    Foreign,
    /// The process of its own that ran it has written that.
    Written,
    /// Even giving up could not be recorded by the kind: the job ends without it.
    Broken(Trouble),
}

/// The class of a failure to record.
const RECORD: &str = "record";

/// Writes the verdict, however often that takes. A job that was given to another worker is left alone.
pub(crate) async fn settle(setup: &Setup, job: &Job, mut verdict: Verdict) {
    let mut pause = Duration::from_millis(100);
    loop {
        let error = match write(setup, job, &verdict).await {
            Ok(()) => return,
            Err(Fenced::Late) => return late(job),
            Err(Fenced::Db(error)) => error,
        };
        tracing::warn!(%error, "the end of job {} was not written; trying again", job.id);
        if !db::is_passing(&error) {
            verdict = harsher(verdict, &error);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

/// Says that an attempt's end changed nothing.
pub(crate) fn late(job: &Job) {
    tracing::warn!("job {} was given to another worker; this attempt's result is dropped", job.id);
}

fn harsher(verdict: Verdict, error: &db::Error) -> Verdict {
    let trouble = Trouble::new(RECORD, format!("the outcome could not be recorded: {error}"));
    match verdict {
        Verdict::Failed(_, Failure::Fatal(t)) if t.class == RECORD => Verdict::Broken(trouble),
        Verdict::Done(entry, _) | Verdict::Failed(entry, _) => Verdict::Failed(entry, Failure::Fatal(trouble)),
        Verdict::Foreign | Verdict::Written | Verdict::Broken(_) => Verdict::Broken(trouble),
    }
}

async fn write(setup: &Setup, job: &Job, verdict: &Verdict) -> Result<(), Fenced> {
    match verdict {
        Verdict::Done(entry, output) if entry.records => record(setup, entry, job, output).await,
        Verdict::Done(entry, output) => {
            let done = Done { fence: job.fence(), output: kept(entry, output)? };
            setup.ledger.finish(&[done]).await.pop().unwrap_or(Err(Fenced::Late))?;
            tracing::info!("job {} succeeded", job.id);
            Ok(())
        }
        Verdict::Failed(entry, failure) => fail(setup, entry, job, failure).await,
        Verdict::Written => Ok(()),
        Verdict::Broken(trouble) => give_up(setup, None, job, End::Dead, trouble).await,
        Verdict::Foreign => {
            let why = "this worker's release does not know this kind or version of work; a newer worker will take it";
            let trouble = Trouble::new("newer_release", why);
            let later = in_a(setup, Duration::from_secs(60));
            setup.ledger.postpone(&job.fence(), later, Waiting::NotReady, &trouble).await
        }
    }
}

async fn record(setup: &Setup, entry: &Entry, job: &Job, output: &Value) -> Result<(), Fenced> {
    let ledger = &setup.ledger;
    let kept = kept(entry, output)?;
    let mut tx = ledger.db.begin("record").await?;
    hold(&mut tx, &job.fence()).await?;
    (entry.record)(&mut tx, &recording(setup, job), &job.payload, output).await?;
    archive(&mut tx, ledger.now(), (job.tenant, job.id), End::Succeeded, None, Some(&kept)).await?;
    tx.commit().await?;
    tracing::info!("job {} succeeded", job.id);
    Ok(())
}

pub(crate) fn kept(entry: &Entry, output: &Value) -> db::Result<Value> {
    (entry.keep)(output).map_err(|e| db::Error::Decode(e.into()))
}

async fn fail(setup: &Setup, entry: &Entry, job: &Job, failure: &Failure) -> Result<(), Fenced> {
    let ledger = &setup.ledger;
    match failure {
        Failure::Fenced => Err(Fenced::Late),
        Failure::Cancelled => {
            give_up(setup, Some(entry), job, End::Cancelled, &Trouble::new("cancelled", "stopped on request")).await
        }
        Failure::Fatal(trouble) => give_up(setup, Some(entry), job, End::Dead, trouble).await,
        Failure::After { wait, why, trouble } => {
            tracing::info!(waiting_for = why.word(), "job {} waits: {}", job.id, trouble.message);
            put_off(setup, entry, job, *wait, (*why, trouble)).await
        }
        Failure::Retry(trouble) => {
            // From its first failure on: what it waited before that, it did not spend trying.
            let since = ledger.failing_since(job).await?;
            let tried_for = since.map_or(Duration::ZERO, |since| ledger.now().since(since));
            let Some(delay) = entry.retry.delay(job.failures + 1, tried_for, (setup.dice)()) else {
                return give_up(setup, Some(entry), job, End::Dead, trouble).await;
            };
            let (class, ms) = (&trouble.class, delay.as_millis());
            tracing::warn!(%class, "job {} failed and is tried again in {ms} ms: {}", job.id, trouble.message);
            ledger.retry(&job.fence(), in_a(setup, delay), trouble).await
        }
    }
}

async fn put_off(
    setup: &Setup,
    entry: &Entry,
    job: &Job,
    wait: Duration,
    (why, trouble): (Waiting, &Trouble),
) -> Result<(), Fenced> {
    let (ledger, until) = (&setup.ledger, in_a(setup, wait));
    if !entry.tells {
        return ledger.postpone(&job.fence(), until, why, trouble).await;
    }
    let mut tx = ledger.db.begin("put_off").await?;
    ledger.postpone_in(&mut tx, &job.fence(), until, (why, trouble), 0).await?;
    (entry.put_off)(&mut tx, &recording(setup, job), &job.payload, (why, trouble)).await?;
    Ok(tx.commit().await?)
}

async fn give_up(setup: &Setup, entry: Option<&Entry>, job: &Job, end: End, trouble: &Trouble) -> Result<(), Fenced> {
    let (ledger, fence) = (&setup.ledger, job.fence());
    let mut tx = ledger.db.begin("give_up").await?;
    hold(&mut tx, &fence).await?;
    if let Some(entry) = entry {
        (entry.gave_up)(&mut tx, &recording(setup, job), &job.payload, trouble).await?;
    }
    archive(&mut tx, ledger.now(), (job.tenant, job.id), end, Some(trouble), None).await?;
    tx.commit().await?;
    tracing::error!(class = %trouble.class, "job {} is {}: {}", job.id, end.word(), trouble.message);
    let fault = if codes::is_ours(&trouble.class) { "ours" } else { "theirs" };
    metrics::counter!("platen_jobs_given_up_total", "end" => end.word(), "fault" => fault).increment(1);
    Ok(())
}

fn recording(setup: &Setup, job: &Job) -> Recording {
    Recording {
        tenant: job.tenant,
        job: job.id,
        now: setup.ledger.now(),
        business_now: setup.clock.now(),
        speed: setup.speed,
        correlation_id: job.correlation_id.clone(),
    }
}

fn in_a(setup: &Setup, wait: Duration) -> At {
    setup.ledger.now().plus(wait)
}
