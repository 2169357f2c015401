//! One attempt of one job: start → decode → run under a time limit and a panic guard; `settle` then writes how it ended.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::job::{Begin, Meter};
use platen_jobs::{Entry, Failure, Hook, Ports};
use platen_shared::adapters::http::correlated;
use platen_shared::clock::Clock;
use platen_shared::db;
use platen_shared::id::JobId;
use platen_shared::ledger::{Job, Ledger, Presence, Progress, Queue, RECOVERIES_MAX};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::settle::{Verdict, settle};

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
    /// The kinds it knows, by name.
    pub find: fn(&str) -> Option<&'static Entry>,
    /// No attempt of a queue takes longer than this, whatever its kind allows.
    pub timeouts: HashMap<Queue, Duration>,
    /// A number in 0..1, for backoff.
    pub dice: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// Crash points, in tests and chaos runs.
    pub hook: Option<Hook>,
}

/// Runs jobs by id, for any dispatcher.
pub struct Runner {
    name: String,
    setup: Setup,
    presence: Mutex<Presence>,
    running: Mutex<HashMap<JobId, Running>>,
}

/// What is known of a running job.
#[derive(Clone, Default)]
struct Running {
    stop: CancellationToken,
    meter: Meter,
    /// What the row shows.
    told: Option<Progress>,
}

impl Runner {
    /// A runner under a worker's name, which must be new at every start.
    #[must_use]
    pub fn new(name: String, setup: Setup) -> Runner {
        let presence = Mutex::new(Presence::named(&name));
        Runner { name, setup, presence, running: Mutex::default() }
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

    /// How it shows itself to the others.
    pub(crate) fn presence(&self) -> Presence {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes how it shows itself from the next beat on.
    pub(crate) fn show(&self, change: impl FnOnce(&mut Presence)) {
        change(&mut self.presence.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks a running job to stop at its next checkpoint.
    pub fn ask_to_stop(&self, id: JobId) {
        if let Some(running) = self.lock().get(&id) {
            running.stop.cancel();
        }
    }

    /// How far the running jobs are, as far as it has changed since the last time it was asked.
    pub(crate) fn news(&self) -> Vec<(JobId, Progress)> {
        let mut news = vec![];
        for (id, running) in self.lock().iter_mut() {
            let now = running.meter.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if now != running.told {
                running.told.clone_from(&now);
                news.extend(now.map(|progress| (*id, progress)));
            }
        }
        news
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a claimed job to the end of one attempt. Whatever goes wrong is in the ledger afterwards; a job that was given to somebody
    /// else meanwhile is left alone.
    pub async fn run(&self, id: JobId) {
        if let Some(job) = self.begin(id, || self.ledger().start(id, &self.name)).await {
            self.run_begun(job).await;
        }
    }

    /// Claims a job by its id and runs it, if it is still to be had.
    pub async fn take(&self, id: JobId) {
        if let Some(job) = self.begin(id, || self.ledger().take(id, &self.name)).await {
            self.run_begun(job).await;
        }
    }

    async fn run_begun(&self, job: Job) {
        let running = Running::default();
        self.lock().insert(job.id, running.clone());
        let _forget = Forget(self, job.id);
        let span = tracing::info_span!("job", job = %job.id, kind = %job.kind, tenant = %job.tenant, attempt = job.attempt, correlation_id = %job.correlation_id);
        async {
            let verdict = self.attempt(&job, running).await;
            let succeeded = matches!(verdict, Verdict::Done(..));
            settle(&self.setup, &job, verdict).await;
            if succeeded {
                self.point(&job.kind, "recorded").await;
            }
        }
        .instrument(span)
        .await;
    }

    async fn begin<F>(&self, id: JobId, how: impl Fn() -> F) -> Option<Job>
    where
        F: Future<Output = db::Result<Option<Job>>>,
    {
        loop {
            match how().await {
                Ok(job) => return job,
                Err(error) if db::is_passing(&error) => {
                    tracing::warn!(job = %id, %error, "job {id} could not be started; trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(error) => {
                    tracing::error!(job = %id, %error, "job {id} cannot be read; it stays claimed until this worker leaves");
                    return None;
                }
            }
        }
    }

    async fn attempt(&self, job: &Job, running: Running) -> Verdict {
        let Some(entry) = (self.setup.find)(&job.kind).filter(|entry| !entry.is_newer(&job.payload)) else {
            return Verdict::Foreign;
        };
        if job.recoveries >= RECOVERIES_MAX {
            return Verdict::Failed(
                entry,
                Failure::fatal("poison", format!("its worker died {} times while running it", job.recoveries)),
            );
        }
        if job.cancel_requested {
            return Verdict::Failed(entry, Failure::Cancelled);
        }
        let started = self.ledger().now();
        metrics::histogram!("platen_job_wait_seconds", "queue" => entry.queue.word(), "kind" => entry.kind)
            .record(started.since(job.ready_at).as_secs_f64());
        self.point(entry.kind, "started").await;
        let result = self.guarded(entry, job, running).await;
        let (queue, kind) = (entry.queue.word(), entry.kind);
        metrics::histogram!("platen_job_seconds", "queue" => queue, "kind" => kind, "outcome" => outcome(&result))
            .record(self.ledger().now().since(started).as_secs_f64());
        match result {
            Ok(output) => {
                self.point(entry.kind, "ran").await;
                Verdict::Done(entry, output)
            }
            Err(failure) => Verdict::Failed(entry, failure),
        }
    }

    /// `run`, where a panic or a time-out is a failure like any other.
    async fn guarded(&self, entry: &'static Entry, job: &Job, running: Running) -> Result<Value, Failure> {
        let begin = Begin {
            ledger: self.ledger().clone(),
            clock: self.setup.clock.clone(),
            ports: self.setup.ports.clone(),
            stop: running.stop,
            meter: running.meter,
            hook: self.setup.hook.clone(),
        };
        let ctx = begin.ctx(entry.kind, job);
        let run = AssertUnwindSafe((entry.run)(&ctx, &job.payload)).catch_unwind();
        let run = correlated(job.correlation_id.clone(), entry.kind, run);
        let limit = self.setup.timeouts.get(&entry.queue).map_or(entry.timeout, |lane| entry.timeout.min(*lane));
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failure::passing("panic", "the job panicked; the log of this time says where")),
            Err(_) => Err(Failure::passing("timeout", format!("took longer than {} s", limit.as_secs()))),
        }
    }

    async fn point(&self, kind: &str, name: &str) {
        if let (Some(hook), Some(entry)) = (&self.setup.hook, (self.setup.find)(kind)) {
            hook(entry.kind, name).await;
        }
    }
}

/// Forgets a running job however its attempt ends.
struct Forget<'a>(&'a Runner, JobId);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
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
