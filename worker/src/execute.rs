//! One attempt of one job: start → decode → run under a time limit and a panic guard; `settle` then writes how it ended.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::job::{Begin, Meter};
use platen_jobs::{Entry, Failure, Hook, Ports};
use platen_shared::adapters::http::correlated;
use platen_shared::clock::Clock;
use platen_shared::db::{self, At};
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::lone::LONE_AFTER;
use platen_shared::ledger::{Fence, Job, Ledger, Presence, Progress, Queue, RECOVERIES_MAX, Recovered};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::ends::{Ended, Ends, Room};
use crate::lone::{self, Lone};
use crate::settle::{Verdict, settle};

/// So many jobs run or have run without their ends being written: a kill runs these again.
const UNSETTLED_MAX: u32 = 2048;

/// An attempt that began so long ago and that this worker knows nothing of was claimed by a lost answer.
const STRAY_AFTER: Duration = Duration::from_secs(10);

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
    /// How a process of its own is started for a job whose owners died; none: such a job runs here, like any other.
    pub lone: Option<Lone>,
}

impl Setup {
    /// One attempt of a kind may take this long here.
    pub(crate) fn limit(&self, entry: &Entry) -> Duration {
        self.timeouts.get(&entry.queue).map_or(entry.timeout, |lane| entry.timeout.min(*lane))
    }
}

/// Runs jobs by id, for any dispatcher.
pub struct Runner {
    name: String,
    setup: Setup,
    presence: Mutex<Presence>,
    running: Mutex<HashMap<JobId, Running>>,
    held: Mutex<HashSet<Fence>>,
    /// What this worker took back from dead ones, for a dispatcher that hands out ids.
    back: Mutex<Vec<Recovered>>,
    unsettled: Arc<Semaphore>,
    ends: Ends,
}

/// What is known of a running job.
#[derive(Clone)]
struct Running {
    tenant: TenantId,
    since: Option<At>,
    stop: CancellationToken,
    meter: Meter,
    /// What the row shows.
    told: Option<Progress>,
}

impl Running {
    fn of(job: &Job) -> Running {
        Running {
            tenant: job.tenant,
            since: job.started_at,
            stop: CancellationToken::new(),
            meter: Meter::default(),
            told: None,
        }
    }
}

pub(crate) fn span(job: &Job) -> tracing::Span {
    tracing::info_span!("job", job = %job.id, kind = %job.kind, tenant = %job.tenant, attempt = job.attempt, correlation_id = %job.correlation_id)
}

impl Runner {
    /// A runner under a worker's name, which must be new at every start.
    #[must_use]
    pub fn new(name: String, setup: Setup) -> Runner {
        let presence = Mutex::new(Presence::named(&name));
        let unsettled = Arc::new(Semaphore::new(UNSETTLED_MAX as usize));
        Runner {
            name,
            setup,
            presence,
            running: Mutex::default(),
            held: Mutex::default(),
            back: Mutex::default(),
            unsettled,
            ends: Ends::default(),
        }
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
    pub(crate) fn news(&self) -> Vec<(TenantId, JobId, Progress)> {
        let mut news = vec![];
        for (id, running) in self.lock().iter_mut() {
            let now = running.meter.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if now != running.told {
                running.told.clone_from(&now);
                news.extend(now.map(|progress| (running.tenant, *id, progress)));
            }
        }
        news
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job whose attempt has begun to that attempt's end. Whatever goes wrong is in the ledger afterwards; a job that was given to
    /// somebody else meanwhile is left alone.
    pub async fn run(&self, job: Job) {
        self.holds(std::slice::from_ref(&job));
        let span = span(&job);
        let verdict = self.attempt(&job).instrument(span.clone()).await;
        self.settle(&job, verdict).instrument(span).await;
    }

    /// Waits until so few ends are to be written that one more job may run.
    pub(crate) async fn room(&self) -> Option<Room> {
        self.unsettled.clone().acquire_owned().await.ok().map(Room::of)
    }

    /// The same for one of many short ones: it answers when the next may run. The end of a kind that records nothing is left to be written.
    pub(crate) async fn run_on(self: &Arc<Self>, job: Job, room: Room) {
        let span = span(&job);
        match self.attempt(&job).instrument(span.clone()).await {
            Verdict::Done(entry, output) if !entry.records => {
                self.ends.leave(self, Ended { job, entry, output, room });
            }
            verdict => self.settle(&job, verdict).instrument(span).await,
        }
    }

    /// Notes what was claimed for this worker.
    pub(crate) fn holds(&self, jobs: &[Job]) {
        self.held().extend(jobs.iter().map(Job::fence));
    }

    pub(crate) fn holds_no_more<'a>(&self, fences: impl IntoIterator<Item = &'a Fence>) {
        let mut held = self.held();
        for fence in fences {
            held.remove(fence);
        }
    }

    fn held(&self) -> MutexGuard<'_, HashSet<Fence>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what came back from dead workers; nobody asks for it where the ledger itself hands out work.
    pub(crate) fn brought_back(&self, jobs: Vec<Recovered>) {
        if self.presence().dispatcher == "redis" {
            self.back.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
        }
    }

    /// What has come back since the last time this was asked.
    pub(crate) fn take_brought_back(&self) -> Vec<Recovered> {
        std::mem::take(&mut self.back.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives back what the ledger says is this worker's and it knows nothing of: the answer to a claim was lost on its way.
    pub(crate) async fn give_back_strays(&self) -> db::Result<()> {
        let mut strays = self.ledger().held_by(&self.name, STRAY_AFTER).await?;
        strays.retain(|fence| !self.held().contains(fence));
        if !strays.is_empty() {
            tracing::warn!("{} jobs were claimed by an answer that got lost; they are given back", strays.len());
            self.ledger().give_back(&strays).await?;
        }
        Ok(())
    }

    /// Waits until every end is written.
    pub(crate) async fn settled(&self) {
        drop(self.unsettled.acquire_many(UNSETTLED_MAX).await);
    }

    /// Claims a job by its id and runs it, if it is still to be had.
    pub async fn take(&self, tenant: TenantId, id: JobId) {
        if let Some(job) = self.begin(id, || self.ledger().take(tenant, id, &self.name)).await {
            self.run(job).await;
        }
    }

    pub(crate) async fn settle(&self, job: &Job, verdict: Verdict) {
        let succeeded = matches!(verdict, Verdict::Done(..));
        settle(&self.setup, job, verdict).await;
        self.holds_no_more(&[job.fence()]);
        if succeeded {
            self.point(&job.kind, "recorded").await;
        }
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

    pub(crate) async fn attempt(&self, job: &Job) -> Verdict {
        let running = Running::of(job);
        self.lock().insert(job.id, running.clone());
        let _forget = Forget(self, job);
        let Some(entry) = (self.setup.find)(&job.kind).filter(|entry| !entry.is_newer(&job.payload)) else {
            return Verdict::Foreign;
        };
        if job.recoveries >= RECOVERIES_MAX {
            return Verdict::Failed(
                entry,
                Failure::fatal("poison", format!("its worker died {} times while running it", job.recoveries)),
            );
        }
        if job.cancel_requested && job.attempt == 1 {
            return Verdict::Failed(entry, Failure::Cancelled);
        }
        if job.cancel_requested {
            // An attempt before this one may have had its effect: the kind looks first, and stops where it still can.
            running.stop.cancel();
        }
        if let Some(lone) = self.setup.lone.as_ref().filter(|_| job.recoveries >= LONE_AFTER) {
            return lone::watch(lone, entry, job, &running.stop, self.setup.limit(entry)).await;
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
        let limit = self.setup.limit(entry);
        match tokio::time::timeout(limit, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failure::passing("panic", "the job panicked; the log of this time says where")),
            Err(_) => Err(Failure::passing("timeout", format!("took longer than {} s", limit.as_secs()))),
        }
    }

    pub(crate) async fn point(&self, kind: &str, name: &str) {
        if let (Some(hook), Some(entry)) = (&self.setup.hook, (self.setup.find)(kind)) {
            hook(entry.kind, name).await;
        }
    }
}

/// Forgets a running job however its attempt ends, unless it has begun here once more.
struct Forget<'a>(&'a Runner, &'a Job);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let Forget(runner, job) = self;
        let mut running = runner.lock();
        if running.get(&job.id).is_some_and(|known| known.since == job.started_at) {
            running.remove(&job.id);
        }
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
