//! The job of every benchmark: an ordinary kind, which only these commands know.
//!
//! It does nothing but say so: with a log, it appends a line when it starts and, if it has to take time, one when it ends. A second run
//! says so twice, which is how the harness counts doubled jobs. Nothing about it can be fatal.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result};
use platen_jobs::registry::entry;
use platen_jobs::{Ctx, Entry, Failure, Job, Key, Retry};
use platen_shared::adapters::http::{AccountKey, Class, Gates, Outcome, Rate};
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::ledger::Queue;
use platen_shared::ledger::enqueue::NewJob;
use serde::{Deserialize, Serialize};

static ENTRY: Entry = entry::<Bench>();
static LOG: OnceLock<File> = OnceLock::new();
static GATES: RwLock<Option<Arc<Gates>>> = RwLock::new(None);
static STARTED: AtomicU64 = AtomicU64::new(0);
static SINGLES: AtomicU64 = AtomicU64::new(0);

/// Jobs with this number or a higher one are counted apart.
pub(super) const SINGLE: u64 = 1_000_000_000;
/// Jobs with this number or a higher one take a token of an account's shared budget first.
pub(super) const LIMITED: u64 = 2_000_000_000;
/// More than any worker can use up: the cost of asking is measured, not the limit.
pub(super) const PLENTY: Rate = Rate { per_second: 1_000_000, burst: 1_000_000 };

/// A job's payload: number, `CLOCK_MONOTONIC` nanoseconds right before the enqueue call, milliseconds of work.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Bench {
    pub(super) i: u64,
    pub(super) t: u64,
    pub(super) w: u64,
}

impl Job for Bench {
    const KIND: &'static str = "bench";
    const QUEUE: Queue = Queue::Housekeeping;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const RECORDS: bool = false;
    type Output = ();

    fn key(&self) -> Key {
        Key::effect(self.i, self.t)
    }

    async fn run(&self, ctx: &Ctx) -> Result<(), Failure> {
        line('S', self.i, self.t)?;
        STARTED.fetch_add(1, Ordering::Relaxed);
        if self.i >= LIMITED {
            token(ctx).await?;
        } else if self.i >= SINGLE {
            SINGLES.fetch_add(1, Ordering::Relaxed);
        }
        if self.w > 0 {
            tokio::time::sleep(Duration::from_millis(self.w)).await;
            line('D', self.i, 0)?;
        }
        Ok(())
    }
}

impl Bench {
    /// Numbered, enqueued now.
    pub(super) fn new(i: u64, w: u64) -> Bench {
        Bench { i, t: now(), w }
    }

    /// As the ledger takes it.
    pub(super) fn job(&self, tenant: TenantId, at: At) -> Result<NewJob> {
        Ok(NewJob {
            tenant,
            queue: Self::QUEUE,
            kind: Self::KIND,
            key: self.key().text,
            spec_hash: None,
            provider: String::new(),
            payload: serde_json::to_value(self)?,
            priority: 0,
            run_at: at,
            correlation_id: Self::KIND.to_owned(),
        })
    }
}

/// As a call to a provider does before it goes out, and after it came back well.
async fn token(ctx: &Ctx) -> Result<(), Failure> {
    let gates = GATES.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(gates) = gates else { return Err(Failure::fatal("bench", "there are no gates to pass")) };
    let gate = gates.gate(account(ctx.tenant), PLENTY);
    gate.enter(Class::Prompt).await?.report(Outcome::Answered).await;
    Ok(())
}

/// Whose budget a tenant's jobs share.
pub(super) fn account(tenant: TenantId) -> AccountKey {
    AccountKey { provider: "bench", tenant }
}

/// The gates that jobs pass from now on.
pub(super) fn pass(gates: &Arc<Gates>) {
    *GATES.write().unwrap_or_else(PoisonError::into_inner) = Some(gates.clone());
}

/// How many jobs this process has started.
pub(super) fn started() -> u64 {
    STARTED.load(Ordering::Relaxed)
}

/// How many of them were single ones.
pub(super) fn singles() -> u64 {
    SINGLES.load(Ordering::Relaxed)
}

/// The kinds that a benchmark's worker knows.
pub(super) fn find(kind: &str) -> Option<&'static Entry> {
    (kind == Bench::KIND).then_some(&ENTRY)
}

/// Makes the jobs of this process say what they do: one `write(2)` per line on an append-only descriptor.
pub(super) fn log_to(path: &Path) -> Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    let file = file.with_context(|| format!("the log {} cannot be opened", path.display()))?;
    LOG.set(file).ok().context("the log is open already")
}

/// `<mark> <i> <t> <now> <pid>`.
fn line(mark: char, i: u64, t: u64) -> Result<(), Failure> {
    let Some(mut log) = LOG.get() else { return Ok(()) };
    let line = format!("{mark} {i} {t} {} {}\n", now(), std::process::id());
    log.write_all(line.as_bytes()).map_err(|error| Failure::passing("log", error))
}

/// `CLOCK_MONOTONIC` in nanoseconds: the one clock that all processes of a run share.
pub(super) fn now() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
}
