//! The shape of a job kind: one trait, five outcomes.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use platen_shared::clock::Clock;
use platen_shared::db::{self, At, Read, Tx};
use platen_shared::domain::money::Money;
use platen_shared::id::{JobId, OrderId, TenantId};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Fence, Fenced, Ledger, Progress, Queue, Waiting};
use platen_shared::ports::blobs::{BlobError, Blobs};
use platen_shared::ports::mail::Mailer;
use platen_shared::ports::payout::PayoutRail;
use platen_shared::ports::press::{Press, PressError};
use platen_shared::ports::provider::Providers;
use platen_shared::ports::webhooks::Webhooks;
use platen_shared::ports::{PortError, links::Links};
use platen_shared::store::spending::{self, Over};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// A kind of work. Its payload names rows, it does not copy them.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// For ever; a renamed kind keeps its old name as an alias.
    const KIND: &'static str;
    /// Grows when the payload's meaning changes; a payload that names a higher one (`"v"`) waits for a newer worker.
    const VERSION: u64 = 1;
    /// The lane.
    const QUEUE: Queue;
    /// When it is tried again, and when no more.
    const RETRY: Retry;
    /// One attempt may take this long.
    const TIMEOUT: Duration;
    /// Where tests kill it, beside `started`, `ran` and `recorded`, which every kind has.
    const POINTS: &'static [&'static str] = &[];
    /// Whether it is the installation's own work: cron lines enqueue it, no tenant can.
    const INSTALLATION: bool = false;
    /// Whether its end writes more than that it ended: whether it has a [`Job::record`]. The others' ends share transactions.
    const RECORDS: bool = true;
    /// Whether its waits are seen elsewhere too: whether it has a [`Job::put_off`].
    const TELLS: bool = false;
    /// What it answers; kept with the job.
    type Output: Serialize + DeserializeOwned + Send + Sync;

    /// What makes two requests the same work.
    fn key(&self) -> Key;

    /// The provider it talks to, so that operators can pause it.
    fn provider(&self) -> &str {
        ""
    }

    /// Talks to the world through `ctx`'s ports; no transaction is open.
    fn run(&self, ctx: &Ctx) -> impl Future<Output = Result<Self::Output, Failure>> + Send;

    /// Writes the outcome, in the transaction that also finishes the job and enqueues what follows; no port is reachable.
    fn record(
        &self,
        _tx: &mut Tx,
        _done: &Recording,
        _out: &Self::Output,
    ) -> impl Future<Output = db::Result<()>> + Send {
        async { Ok(()) }
    }

    /// What of the output stays with the finished job: all of it, unless a kind says less.
    fn keep(out: &Self::Output) -> serde_json::Result<Value> {
        serde_json::to_value(out)
    }

    /// Writes what a wait ([`Failure::After`]) is to be seen in beside the job itself, in the transaction that begins it. Called for kinds
    /// that say [`Job::TELLS`].
    fn put_off(
        &self,
        _tx: &mut Tx,
        _done: &Recording,
        _why: Waiting,
        _trouble: &Trouble,
    ) -> impl Future<Output = db::Result<()>> + Send {
        async { Ok(()) }
    }

    /// Writes what a dead or cancelled job leaves behind, in the transaction that ends it.
    fn gave_up(
        &self,
        _tx: &mut Tx,
        _done: &Recording,
        _trouble: &Trouble,
    ) -> impl Future<Output = db::Result<()>> + Send {
        async { Ok(()) }
    }
}

/// A job's key within (tenant, kind), and the design it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The text that is unique.
    pub text: String,
    /// For `jobs list --spec-hash`.
    pub spec_hash: Option<String>,
}

impl Key {
    /// A pure kind's: the digest of what goes in decides what comes out.
    #[must_use]
    pub fn pure(spec_hash: &str, profile: &str, press_version: &str) -> Key {
        Key { text: format!("{spec_hash}:{profile}:{press_version}"), spec_hash: Some(spec_hash.to_owned()) }
    }

    /// An effect's: one per (subject, revision); the kind is part of the primary key already.
    #[must_use]
    pub fn effect(subject: impl std::fmt::Display, revision: impl std::fmt::Display) -> Key {
        Key { text: format!("{subject}:{revision}"), spec_hash: None }
    }
}

/// When a failed job is tried again: exponential, full jitter.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// When it is given up.
    pub limit: Limit,
    /// The first delay's upper bound.
    pub base: Duration,
    /// No delay is longer.
    pub cap: Duration,
}

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// After so many failures.
    Failures(u32),
    /// When it has been tried for so long.
    Elapsed(Duration),
}

impl Retry {
    /// Three attempts from two seconds: the default.
    pub const THREE: Retry =
        Retry { limit: Limit::Failures(3), base: Duration::from_secs(2), cap: Duration::from_secs(60) };
    /// For a day: what concerns an order that someone has paid for.
    pub const A_DAY: Retry = Retry {
        limit: Limit::Elapsed(Duration::from_secs(24 * 3600)),
        base: Duration::from_secs(2),
        cap: Duration::from_secs(600),
    };

    /// The delay after `failures` failures (this one included), `dice` in 0..=1 (from the caller's randomness), or `None` to give up.
    #[must_use]
    pub fn delay(&self, failures: i64, tried_for: Duration, dice: f64) -> Option<Duration> {
        let over = match self.limit {
            Limit::Failures(n) => failures >= i64::from(n),
            Limit::Elapsed(budget) => tried_for >= budget,
        };
        let doublings = u32::try_from(failures.clamp(1, 31) - 1).unwrap_or(0);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        (!over).then(|| bound.mul_f64(dice.clamp(0.0, 1.0)))
    }
}

/// Why a run did not end well, said as what happens next.
#[derive(Debug)]
pub enum Failure {
    /// May pass: try again by the kind's policy; it counts.
    Retry(Trouble),
    /// Not its fault: again after this much (real time), for this reason; it does not count.
    After {
        /// How long.
        wait: Duration,
        /// What for.
        why: Waiting,
        /// The sentence.
        trouble: Trouble,
    },
    /// No repeat will help; a person may.
    Fatal(Trouble),
    /// Someone asked it to stop.
    Cancelled,
    /// Another worker has the job now: nothing is to be written.
    Fenced,
}

impl Failure {
    /// A fatal failure with its sentence.
    pub fn fatal(class: &str, message: impl std::fmt::Display) -> Failure {
        Failure::Fatal(Trouble::new(class, message))
    }

    /// A passing failure with its sentence.
    pub fn passing(class: &str, message: impl std::fmt::Display) -> Failure {
        Failure::Retry(Trouble::new(class, message))
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Failure {
        let (class, wait) = match &error {
            PortError::Invalid(_) => ("invalid", None),
            PortError::Auth(_) => ("auth", None),
            PortError::NotFound(_) => ("not_found", None),
            PortError::Conflict(_) => ("conflict", None),
            PortError::Limited { after } => ("limited", Some((*after, Waiting::Budget))),
            PortError::Open { after } => ("breaker_open", Some((*after, Waiting::Breaker))),
            PortError::Transient(_) => return Failure::passing("transient", error),
            // The write may have happened. The kinds begin with a look-up, so the next attempt is one; it is no failure of ours.
            PortError::Ambiguous(_) => ("ambiguous", Some((Duration::from_secs(5), Waiting::Lookup))),
        };
        match wait {
            Some((wait, why)) => Failure::After { wait, why, trouble: Trouble::new(class, error) },
            None => Failure::fatal(class, error),
        }
    }
}

impl From<db::Error> for Failure {
    fn from(error: db::Error) -> Failure {
        if !db::is_passing(&error) {
            return Failure::fatal("database", error);
        }
        // The database's trouble is not the job's: it counts no failure, however often the database restarts.
        let trouble = Trouble::new("database", error);
        Failure::After { wait: Duration::from_secs(2), why: Waiting::Retry, trouble }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Failure {
        match error {
            BlobError::Store(_) => Failure::passing("blobs", error),
            _ => Failure::fatal("blobs", error),
        }
    }
}

impl From<PressError> for Failure {
    fn from(error: PressError) -> Failure {
        Failure::fatal("press", error)
    }
}

impl From<Fenced> for Failure {
    fn from(fenced: Fenced) -> Failure {
        match fenced {
            Fenced::Late => Failure::Fenced,
            Fenced::Db(error) => error.into(),
        }
    }
}

/// The outside, as handlers see it.
#[derive(Clone)]
pub struct Ports {
    /// Accounts at print providers.
    pub providers: Arc<dyn Providers>,
    /// How parties are paid.
    pub payouts: Arc<dyn PayoutRail>,
    /// Letters.
    pub mailer: Arc<dyn Mailer>,
    /// Webhooks to tenants' endpoints.
    pub webhooks: Arc<dyn Webhooks>,
    /// Spec → bytes.
    pub press: Arc<dyn Press>,
    /// Files.
    pub blobs: Blobs,
    /// Signed links to files.
    pub links: Links,
}

/// Where a test or chaos run may stop a job: called with (kind, point).
pub type Hook = Arc<dyn Fn(&'static str, &str) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a running job can reach.
#[derive(Clone)]
pub struct Ctx {
    /// Whose work it is.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// Follows the request that caused it.
    pub correlation_id: String,
    /// The outside.
    pub ports: Ports,
    pub(crate) kind: &'static str,
    pub(crate) fence: Fence,
    pub(crate) enqueued_at: At,
    pub(crate) saved: Option<Value>,
    pub(crate) ledger: Ledger,
    pub(crate) stop: CancellationToken,
    pub(crate) meter: Meter,
    pub(crate) hook: Option<Hook>,
}

/// Where a running job shows how far it is; its worker's heart reads it once a second.
pub type Meter = Arc<Mutex<Option<Progress>>>;

/// What a worker gives to every attempt.
pub struct Begin {
    /// The rows.
    pub ledger: Ledger,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// The outside.
    pub ports: Ports,
    /// Rings when someone asks the job to stop.
    pub stop: CancellationToken,
    /// Shows how far it is.
    pub meter: Meter,
    /// Crash points.
    pub hook: Option<Hook>,
}

impl Begin {
    /// The context of one attempt of a started job.
    #[must_use]
    pub fn ctx(self, kind: &'static str, job: &platen_shared::ledger::Job) -> Ctx {
        Ctx {
            tenant: job.tenant,
            job: job.id,
            clock: self.clock,
            correlation_id: job.correlation_id.clone(),
            ports: self.ports,
            kind,
            fence: job.fence(),
            enqueued_at: job.enqueued_at,
            saved: job.saved.as_ref().map(|saved| saved.0.clone()),
            ledger: self.ledger,
            stop: self.stop,
            meter: self.meter,
            hook: self.hook,
        }
    }
}

impl Ctx {
    /// The ledger's time: what links and waits are counted in.
    #[must_use]
    pub fn wall(&self) -> At {
        self.ledger.now()
    }

    /// Reads, never a transaction.
    #[must_use]
    pub fn read(&self) -> Read {
        self.ledger.db.reader()
    }

    /// Stores what this job must not forget, in a short transaction fenced to this attempt.
    ///
    /// # Errors
    /// [`Failure::Fenced`] when another worker has the job, [`Failure::Cancelled`] when someone asked it to stop: undo what can be undone.
    pub async fn checkpoint(&self, value: &(impl Serialize + Sync)) -> Result<(), Failure> {
        let value = serde_json::to_value(value).map_err(|e| Failure::fatal("bug", e))?;
        if self.ledger.checkpoint(&self.fence, &value).await? { Err(Failure::Cancelled) } else { Ok(()) }
    }

    /// What an earlier attempt checkpointed.
    #[must_use]
    pub fn saved<T: DeserializeOwned>(&self) -> Option<T> {
        self.saved.clone().and_then(|value| serde_json::from_value(value).ok())
    }

    /// Says how far it is, as often as it likes: the row shows it at most once a second.
    pub fn progress(&self, done: u64, total: u64, label: &str) {
        let progress = Progress { done, total, label: label.to_owned() };
        *self.meter.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    /// Since when the job is there (the ledger's time): whatever it made outside is younger.
    #[must_use]
    pub fn enqueued_at(&self) -> At {
        self.enqueued_at
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.fence.attempt).unwrap_or(u32::MAX)
    }

    /// Takes an order's cost from what its tenant may spend, in a short transaction of its own; a repeat takes it once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve(
        &self,
        order: OrderId,
        cost: Money,
        total_minor: Option<i64>,
    ) -> Result<Result<(), Over>, Failure> {
        let mut tx = self.ledger.db.begin("reserve").await?;
        let taken = spending::reserve(&mut tx, self.clock.now(), self.tenant, order, cost, total_minor).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Whether someone asked the job to stop.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// A named crash point: does nothing outside tests and chaos runs.
    pub async fn point(&self, name: &str) {
        if let Some(hook) = &self.hook {
            hook(self.kind, name).await;
        }
    }
}

/// What `record` knows beside its payload and output.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Whose work it is.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// The ledger's time.
    pub now: At,
    /// The business clock's time.
    pub business_now: At,
    /// How much faster than the wall the business clock runs: business delays are divided by it.
    pub speed: u32,
    /// Follows the request that caused it.
    pub correlation_id: String,
}
