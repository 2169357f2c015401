//! One attempt of one job: start → decode → run under a time limit and a panic guard → record and finish in one fenced transaction.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::job::Begin;
use platen_jobs::{Entry, Failure, Hook, Ports, Recording, find};
use platen_shared::adapters::http::correlated;
use platen_shared::clock::Clock;
use platen_shared::db;
use platen_shared::id::JobId;
use platen_shared::ledger::finish::{End, Trouble, archive, close_attempt, seize};
use platen_shared::ledger::{Fenced, Job, Ledger, RECOVERIES_MAX, Waiting};
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// What a worker is made of.
#[derive(Clone)]
pub struct Setup {
    /// The rows.
    pub ledger: Ledger,
    /// The clock that the ledger was made with.
    pub ledger_clock: Arc<dyn Clock>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// How much faster than the wall it runs.
    pub speed: u32,
    /// The outside.
    pub ports: Ports,
    /// A number in 0..1, for backoff.
    pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Crash points, in tests and chaos runs.
    pub hook: Option<Hook>,
}

/// Runs jobs by id, for any dispatcher.
pub struct Runner {
    name: String,
    setup: Setup,
    running: Mutex<HashMap<JobId, CancellationToken>>,
    ended: Notify,
}

impl Runner {
    /// A runner under a worker's name, which must be new at every start.
    #[must_use]
    pub fn new(name: String, setup: Setup) -> Runner {
        Runner { name, setup, running: Mutex::default(), ended: Notify::new() }
    }

    /// The worker's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.setup.ledger
    }

    pub(crate) fn ledger_clock(&self) -> Arc<dyn Clock> {
        self.setup.ledger_clock.clone()
    }

    /// Asks a running job to stop at its next checkpoint.
    pub fn ask_to_stop(&self, id: JobId) {
        if let Some(stop) = self.lock().get(&id) {
            stop.cancel();
        }
    }

    /// Waits until nothing runs.
    pub async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.lock().is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a claimed job to the end of one attempt. Whatever goes wrong is in the ledger afterwards; a job that was given to somebody
    /// else meanwhile is left alone.
    pub async fn run(&self, id: JobId) {
        let job = crate::steadily("start", self.ledger(), |ledger| {
            let name = self.name.clone();
            async move { ledger.start(id, &name).await }
        })
        .await;
        let Some(job) = job else { return };
        let stop = CancellationToken::new();
        self.lock().insert(id, stop.clone());
        let _running = Running(self, id);
        let span = tracing::info_span!("job", job = %id, kind = %job.kind, tenant = %job.tenant, attempt = job.attempt, correlation_id = %job.correlation_id);
        if let Err(error) = self.attempt(&job, stop).instrument(span).await {
            match error {
                Fenced::Late => {
                    tracing::warn!(job = %id, attempt = job.attempt, "job {id} was given to another worker; this attempt's result is dropped")
                }
                Fenced::Db(error) => {
                    tracing::error!(job = %id, %error, "job {id}: its end was not written; it comes back when this worker's heart is missed")
                }
            }
        }
    }

    async fn attempt(&self, job: &Job, stop: CancellationToken) -> Result<(), Fenced> {
        let Some(entry) = find(&job.kind).filter(|entry| !entry.is_newer(&job.payload)) else {
            let trouble = Trouble::new(
                "newer_release",
                "this worker's release does not know this kind or version of work; a newer worker will take it",
            );
            return self
                .ledger()
                .postpone(&job.fence(), self.in_a(Duration::from_secs(60)), Waiting::NotReady, &trouble)
                .await;
        };
        if job.recoveries >= RECOVERIES_MAX {
            let trouble = Trouble::new("poison", format!("its worker died {} times while running it", job.recoveries));
            return self.give_up(entry, job, End::Dead, &trouble).await;
        }
        if job.cancel_requested {
            return self
                .give_up(entry, job, End::Cancelled, &Trouble::new("cancelled", "cancelled before it began"))
                .await;
        }
        let started = self.ledger().now();
        self.point(entry, "started").await;
        let result = self.guarded(entry, job, stop).await;
        metrics::histogram!("platen_job_seconds", "kind" => entry.kind, "outcome" => outcome(&result))
            .record(self.ledger().now().since(started).as_secs_f64());
        match result {
            Ok(output) => {
                self.point(entry, "ran").await;
                self.succeed(entry, job, &output).await?;
                self.point(entry, "recorded").await;
                Ok(())
            }
            Err(failure) => self.fail(entry, job, failure).await,
        }
    }

    /// `run`, where a panic or a time-out is a failure like any other.
    async fn guarded(&self, entry: &'static Entry, job: &Job, stop: CancellationToken) -> Result<Value, Failure> {
        let begin = Begin {
            ledger: self.ledger().clone(),
            clock: self.setup.clock.clone(),
            ports: self.setup.ports.clone(),
            stop,
            hook: self.setup.hook.clone(),
        };
        let ctx = begin.ctx(entry.kind, job);
        let run =
            correlated(job.correlation_id.clone(), AssertUnwindSafe((entry.run)(&ctx, &job.payload)).catch_unwind());
        match tokio::time::timeout(entry.timeout, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failure::passing("panic", "the job panicked; the log of this time says where")),
            Err(_) => Err(Failure::passing("timeout", format!("took longer than {} s", entry.timeout.as_secs()))),
        }
    }

    /// Fence, record, history and attempt: one transaction, tried again while the database only hiccups.
    async fn succeed(&self, entry: &'static Entry, job: &Job, output: &Value) -> Result<(), Fenced> {
        for _ in 0..4 {
            match self.try_succeed(entry, job, output).await {
                Err(Fenced::Db(error)) if db::is_passing(&error) => {
                    tracing::warn!(%error, "the end of the job was not written; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(Fenced::Db(error)) => {
                    return self
                        .give_up(
                            entry,
                            job,
                            End::Dead,
                            &Trouble::new("record", format!("the outcome could not be recorded: {error}")),
                        )
                        .await;
                }
                done => return done,
            }
        }
        self.try_succeed(entry, job, output).await
    }

    async fn try_succeed(&self, entry: &'static Entry, job: &Job, output: &Value) -> Result<(), Fenced> {
        let fence = job.fence();
        let mut tx = self.ledger().db.begin("record").await?;
        seize(&mut tx, &fence, End::Succeeded, None).await?;
        (entry.record)(&mut tx, &self.recording(job), &job.payload, output).await?;
        let kept = (entry.keep)(output).map_err(|e| db::Error::Decode(e.into()))?;
        archive(&mut tx, self.ledger().now(), job.id, Some(&kept)).await?;
        close_attempt(&mut tx, self.ledger().now(), &fence, "succeeded", None).await?;
        tx.commit().await?;
        self.ledger().nudge();
        tracing::info!("job {} succeeded", job.id);
        Ok(())
    }

    async fn fail(&self, entry: &'static Entry, job: &Job, failure: Failure) -> Result<(), Fenced> {
        match failure {
            Failure::Fenced => Err(Fenced::Late),
            Failure::Cancelled => {
                self.give_up(entry, job, End::Cancelled, &Trouble::new("cancelled", "stopped on request")).await
            }
            Failure::Fatal(trouble) => self.give_up(entry, job, End::Dead, &trouble).await,
            Failure::After { wait, why, trouble } => {
                tracing::info!(waiting_for = why.word(), "job {} waits: {}", job.id, trouble.message);
                self.ledger().postpone(&job.fence(), self.in_a(wait), why, &trouble).await
            }
            Failure::Retry(trouble) => {
                let tried_for = self.ledger().now().since(job.enqueued_at);
                match entry.retry.delay(job.failures + 1, tried_for, (self.setup.dice)()) {
                    Some(delay) => {
                        tracing::warn!(class = %trouble.class, "job {} failed and is tried again in {} ms: {}", job.id, delay.as_millis(), trouble.message);
                        self.ledger().retry(&job.fence(), self.in_a(delay), &trouble).await
                    }
                    None => self.give_up(entry, job, End::Dead, &trouble).await,
                }
            }
        }
    }

    async fn give_up(&self, entry: &'static Entry, job: &Job, end: End, trouble: &Trouble) -> Result<(), Fenced> {
        let fence = job.fence();
        let mut tx = self.ledger().db.begin("give_up").await?;
        seize(&mut tx, &fence, end, Some(trouble)).await?;
        (entry.gave_up)(&mut tx, &self.recording(job), &job.payload, trouble).await?;
        archive(&mut tx, self.ledger().now(), job.id, None).await?;
        close_attempt(&mut tx, self.ledger().now(), &fence, end.word(), Some(trouble)).await?;
        tx.commit().await?;
        self.ledger().nudge();
        tracing::error!(class = %trouble.class, "job {} is {}: {}", job.id, end.word(), trouble.message);
        metrics::counter!("platen_jobs_given_up_total", "kind" => entry.kind, "end" => end.word()).increment(1);
        Ok(())
    }

    fn recording(&self, job: &Job) -> Recording {
        Recording {
            tenant: job.tenant,
            job: job.id,
            now: self.ledger().now(),
            business_now: self.setup.clock.now(),
            speed: self.setup.speed,
            correlation_id: job.correlation_id.clone(),
        }
    }

    fn in_a(&self, wait: Duration) -> db::At {
        self.ledger().now().plus(wait)
    }

    async fn point(&self, entry: &'static Entry, name: &str) {
        if let Some(hook) = &self.setup.hook {
            hook(entry.kind, name).await;
        }
    }
}

/// Forgets a running job however its attempt ends.
struct Running<'a>(&'a Runner, JobId);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
        self.0.ended.notify_waiters();
    }
}

fn outcome(result: &Result<Value, Failure>) -> &'static str {
    match result {
        Ok(_) => "succeeded",
        Err(Failure::Retry(_)) => "failed",
        Err(Failure::After { .. }) => "postponed",
        Err(Failure::Fatal(_)) => "dead",
        Err(Failure::Cancelled) => "cancelled",
        Err(Failure::Fenced) => "fenced",
    }
}
