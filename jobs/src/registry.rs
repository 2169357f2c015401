//! The kinds as one static table: an erased entry per kind, plain function pointers, built at compile time.

use std::pin::Pin;
use std::time::Duration;

use platen_shared::db::{self, At, Tx};
use platen_shared::id::TenantId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{self, EnqueueError, Enqueued, NewJob, Queue, Waiting};
use serde_json::Value;

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::outbox;

type Run = for<'a> fn(&'a Ctx, &'a Value) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;
type Record = for<'a> fn(
    &'a mut Tx,
    &'a Recording,
    &'a Value,
    &'a Value,
) -> Pin<Box<dyn Future<Output = db::Result<()>> + Send + 'a>>;
type GaveUp = for<'a> fn(
    &'a mut Tx,
    &'a Recording,
    &'a Value,
    &'a Trouble,
) -> Pin<Box<dyn Future<Output = db::Result<()>> + Send + 'a>>;
type PutOff = for<'a> fn(
    &'a mut Tx,
    &'a Recording,
    &'a Value,
    (Waiting, &'a Trouble),
) -> Pin<Box<dyn Future<Output = db::Result<()>> + Send + 'a>>;

/// A kind, erased.
pub struct Entry {
    /// [`Job::KIND`].
    pub kind: &'static str,
    /// [`Job::VERSION`].
    pub version: u64,
    /// [`Job::QUEUE`].
    pub queue: Queue,
    /// [`Job::RETRY`].
    pub retry: Retry,
    /// [`Job::TIMEOUT`].
    pub timeout: Duration,
    /// [`Job::POINTS`].
    pub points: &'static [&'static str],
    /// [`Job::INSTALLATION`].
    pub installation: bool,
    /// Checks a payload; answers its key and provider, or why it is not one.
    pub check: fn(&Value) -> Result<(Key, String), serde_json::Error>,
    /// [`Job::run`].
    pub run: Run,
    /// [`Job::RECORDS`].
    pub records: bool,
    /// [`Job::record`].
    pub record: Record,
    /// [`Job::keep`].
    pub keep: fn(&Value) -> serde_json::Result<Value>,
    /// [`Job::TELLS`].
    pub tells: bool,
    /// [`Job::put_off`].
    pub put_off: PutOff,
    /// [`Job::gave_up`].
    pub gave_up: GaveUp,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind)
    }
}

/// The payload without its version, which belongs to the ledger and not to the kind.
fn decode<J: Job>(payload: &Value) -> Result<J, serde_json::Error> {
    match payload.as_object() {
        Some(fields) if fields.contains_key("v") => {
            let rest =
                fields.iter().filter(|(name, _)| *name != "v").map(|(name, value)| (name.clone(), value.clone()));
            serde_json::from_value(Value::Object(rest.collect()))
        }
        _ => serde::Deserialize::deserialize(payload),
    }
}

fn broken(error: serde_json::Error) -> db::Error {
    db::Error::Decode(Box::new(error))
}

/// The entry of a kind: for [`KINDS`](crate::KINDS), and for programs that bring kinds of their own (benchmarks, simulations).
#[must_use]
pub const fn entry<J: Job>() -> Entry {
    Entry {
        kind: J::KIND,
        version: J::VERSION,
        queue: J::QUEUE,
        retry: J::RETRY,
        timeout: J::TIMEOUT,
        points: J::POINTS,
        installation: J::INSTALLATION,
        records: J::RECORDS,
        check: |payload| decode::<J>(payload).map(|job| (job.key(), job.provider().to_owned())),
        run: |ctx, payload| {
            Box::pin(async move {
                let job = decode::<J>(payload).map_err(|e| Failure::fatal("payload", e))?;
                let out = job.run(ctx).await?;
                serde_json::to_value(out).map_err(|e| Failure::fatal("bug", e))
            })
        },
        record: |tx, done, payload, out| {
            Box::pin(async move {
                let job = decode::<J>(payload).map_err(broken)?;
                let out = <J::Output as serde::Deserialize>::deserialize(out).map_err(broken)?;
                job.record(tx, done, &out).await?;
                outbox::carry_after(tx, done).await
            })
        },
        keep: |out| J::keep(&<J::Output as serde::Deserialize>::deserialize(out)?),
        tells: J::TELLS,
        put_off: |tx, done, payload, (why, trouble)| {
            Box::pin(async move {
                match decode::<J>(payload) {
                    Ok(job) => job.put_off(tx, done, why, trouble).await,
                    Err(_) => Ok(()),
                }
            })
        },
        gave_up: |tx, done, payload, trouble| {
            Box::pin(async move {
                match decode::<J>(payload) {
                    Ok(job) => {
                        job.gave_up(tx, done, trouble).await?;
                        outbox::carry_after(tx, done).await
                    }
                    Err(_) => Ok(()),
                }
            })
        },
    }
}

impl Entry {
    /// Whether a newer release wrote the payload: this one must leave it alone.
    #[must_use]
    pub fn is_newer(&self, payload: &Value) -> bool {
        payload["v"].as_u64().is_some_and(|v| v > self.version)
    }
}

/// Lists the kinds: `kinds![module::Type, …]`.
macro_rules! kinds {
    ($($kind:path),* $(,)?) => {
        /// Every kind there is.
        pub static KINDS: &[$crate::registry::Entry] = &[$($crate::registry::entry::<$kind>()),*];
    };
}
pub(crate) use kinds;

/// The kind of a name.
#[must_use]
pub fn find(kind: &str) -> Option<&'static Entry> {
    crate::KINDS.iter().find(|entry| entry.kind == kind)
}

/// Who enqueues and when: what a job carries beside its payload.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Whose work it is.
    pub tenant: TenantId,
    /// The ledger's time.
    pub now: At,
    /// Not before (ledger time); `now` for at once.
    pub run_at: At,
    /// Higher first; 0 is usual.
    pub priority: i64,
    /// Of the request or job that causes it.
    pub correlation_id: String,
}

/// Enqueues a typed job in the caller's transaction.
///
/// # Errors
/// As [`ledger::enqueue::enqueue`].
pub async fn enqueue<J: Job>(tx: &mut Tx, origin: &Origin, job: &J) -> Result<Enqueued, EnqueueError> {
    let new = origin.job(J::KIND, J::QUEUE, job.key(), job.provider(), serde_json::to_value(job)?);
    ledger::enqueue::enqueue(tx, origin.now, &new).await
}

/// Enqueues by the kind's name and a payload that [`Entry::check`] accepted, normalised by nobody: what was sent is what is kept.
/// `key` replaces the kind's own (schedules use their fire time).
///
/// # Errors
/// As [`ledger::enqueue::enqueue`].
pub async fn enqueue_by_kind(
    tx: &mut Tx,
    origin: &Origin,
    entry: &'static Entry,
    payload: &Value,
    key: Option<String>,
) -> Result<Enqueued, EnqueueError> {
    ledger::enqueue::enqueue(tx, origin.now, &job_of_kind(origin, entry, payload, key)?).await
}

/// The same as a job to be, for [`ledger::Ledger::submit`].
///
/// # Errors
/// When the payload is none of the kind.
pub fn job_of_kind(
    origin: &Origin,
    entry: &'static Entry,
    payload: &Value,
    key: Option<String>,
) -> serde_json::Result<NewJob> {
    let (own, provider) = (entry.check)(payload)?;
    let key = Key { text: key.unwrap_or(own.text), ..own };
    Ok(origin.job(entry.kind, entry.queue, key, &provider, payload.clone()))
}

impl Origin {
    fn job(&self, kind: &'static str, queue: Queue, key: Key, provider: &str, payload: Value) -> NewJob {
        NewJob {
            tenant: self.tenant,
            queue,
            kind,
            key: key.text,
            spec_hash: key.spec_hash,
            provider: provider.to_owned(),
            payload,
            priority: self.priority,
            run_at: self.run_at,
            correlation_id: self.correlation_id.clone(),
        }
    }
}

impl Recording {
    /// The origin of a job that follows this one at once.
    #[must_use]
    pub fn follow(&self) -> Origin {
        self.follow_after(Duration::ZERO)
    }

    /// The origin of a job that follows this one after a span of business time.
    #[must_use]
    pub fn follow_after(&self, span: Duration) -> Origin {
        Origin {
            tenant: self.tenant,
            now: self.now,
            run_at: self.now.plus(span / self.speed.max(1)),
            priority: 0,
            correlation_id: self.correlation_id.clone(),
        }
    }
}
