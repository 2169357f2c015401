//! The ledger: one SQL truth about work. Redis and apalis only carry ids.
//!
//! [`enqueue`] inserts in the caller's transaction, [`Ledger::submit`] many callers' jobs in one; [`claim`] hands out and starts; [`system`] beats and recovers; [`finish`] ends attempts,
//! fenced by (id, worker, attempt, since), [`finish_many`] many at once; [`offers`] are the ids that Redis is given; [`read`] explains; [`fleet`] shows all of it to operators;
//! [`control`] is what they do; [`schedules`] are clocks of tenants that insert rows, [`fires`] those of the
//! installation; [`follow`] finds the jobs of an order, [`lone`] holds suspects to their fence, [`trim`] forgets.

pub mod claim;
pub mod control;
pub mod enqueue;
pub mod finish;
pub mod finish_many;
pub mod fires;
pub mod fleet;
pub mod follow;
mod group;
pub mod lone;
mod look;
pub mod offers;
pub mod read;
pub mod schedules;
mod submit;
pub mod system;
pub mod trim;
mod turn;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::db::{At, Db, Json};
use crate::id::{JobId, TenantId};

pub use enqueue::{EnqueueError, Enqueued, NewJob};
pub use finish::{Fence, Fenced};
pub use finish_many::Done;
pub use group::Group;
use group::Submissions;
pub use system::{Presence, Progress, Recovered};
use turn::Turn;

/// A worker whose heart has not beaten for this long is dead.
pub const DEAD_AFTER_S: u64 = 6;
/// A job that outlived this many owners is not given another one.
pub const RECOVERIES_MAX: i64 = 10;

/// The ledger as a process sees it: the database, the ledger's clock, and what it remembers of turns.
#[derive(Clone)]
pub struct Ledger {
    /// Where the rows are.
    pub db: Db,
    clock: Arc<dyn Clock>,
    turns: Arc<Mutex<HashMap<Queue, Turn>>>,
    submissions: Arc<Submissions>,
}

impl Ledger {
    /// Over a database, with the clock that due times and liveness are judged by.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Ledger {
        Ledger { clock, turns: Arc::default(), submissions: Arc::default(), db }
    }

    /// The ledger's time: the database's.
    #[must_use]
    pub fn now(&self) -> At {
        self.clock.now()
    }

    /// Wakes who waits for work in this process. Commits that bring work ring by themselves ([`crate::db::Tx::ring`]); a lost ring costs
    /// latency only.
    pub fn nudge(&self) {
        self.db.bell().ring_here();
    }

    /// Waits for work to be brought.
    pub async fn nudged(&self) {
        self.db.bell().rung().await;
    }

    fn turn(&self, queue: Queue) -> Turn {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).get(&queue).copied().unwrap_or_default()
    }

    fn keep_turn(&self, queue: Queue, turn: Turn) {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).insert(queue, turn);
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({})", self.db.engine())
    }
}

/// The lanes of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// Someone looks at a screen and waits.
    Previews,
    /// Print files.
    Bundles,
    /// Placing orders.
    Orders,
    /// Following parcels.
    Tracking,
    /// Catalogues and shops.
    Sync,
    /// Sharing out revenue.
    Money,
    /// Messages to people.
    Messages,
    /// Cleaning up.
    Housekeeping,
}

impl Queue {
    /// Every queue.
    pub const ALL: &'static [Queue] = &[
        Queue::Previews,
        Queue::Bundles,
        Queue::Orders,
        Queue::Tracking,
        Queue::Sync,
        Queue::Money,
        Queue::Messages,
        Queue::Housekeeping,
    ];

    /// The word in SQL, JSON and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Queue::Previews => "previews",
            Queue::Bundles => "bundles",
            Queue::Orders => "orders",
            Queue::Tracking => "tracking",
            Queue::Sync => "sync",
            Queue::Money => "money",
            Queue::Messages => "messages",
            Queue::Housekeeping => "housekeeping",
        }
    }
}

impl std::str::FromStr for Queue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Queue::ALL.iter().copied().find(|q| q.word() == text).ok_or_else(|| {
            let all: Vec<_> = Queue::ALL.iter().map(|q| q.word()).collect();
            format!("there is no queue of this name; the queues are {}", all.join(", "))
        })
    }
}

/// What a job that is not running waits for: words an operator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Backoff after a failure.
    Retry,
    /// The provider's circuit is open.
    Breaker,
    /// The request budget is used up.
    Budget,
    /// An operator paused it.
    Paused,
    /// The order cannot go yet.
    NotReady,
    /// An answer was lost; the next look-up decides.
    Lookup,
    /// An operator put it off.
    Snoozed,
}

impl Waiting {
    /// The word in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Waiting::Retry => "retry",
            Waiting::Breaker => "breaker",
            Waiting::Budget => "budget",
            Waiting::Paused => "paused",
            Waiting::NotReady => "not_ready",
            Waiting::Lookup => "lookup",
            Waiting::Snoozed => "snoozed",
        }
    }
}

/// A job's row, hot or finished.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// [`Queue`]'s word.
    pub queue: String,
    /// The kind's name.
    pub kind: String,
    /// What makes two requests the same work.
    pub key: String,
    /// The design it is about, if it is about one.
    pub spec_hash: Option<String>,
    /// The provider it talks to, or empty.
    pub provider: String,
    /// The kind's payload.
    pub payload: Json<Value>,
    /// Higher first.
    pub priority: i64,
    /// `scheduled`, `ready`, `running`, `succeeded`, `dead` or `cancelled`.
    pub state: String,
    /// How often it was started.
    pub attempt: i64,
    /// How often it failed.
    pub failures: i64,
    /// How often its owner died.
    pub recoveries: i64,
    /// Who has it, or had it last.
    pub worker: Option<String>,
    /// Not before.
    pub run_at: At,
    /// [`Waiting`]'s word, or empty.
    pub waiting_for: String,
    /// The same as a sentence.
    pub waiting_why: String,
    /// What an earlier attempt checkpointed.
    pub saved: Option<Json<Value>>,
    /// The last error: `{"class", "message"}`.
    pub error: Option<Json<Value>>,
    /// Someone asked it to stop.
    pub cancel_requested: bool,
    /// Of the request that enqueued it.
    pub correlation_id: String,
    /// When it was enqueued.
    pub enqueued_at: At,
    /// When it last became ready.
    pub ready_at: At,
    /// When its current or last attempt began.
    pub started_at: Option<At>,
    /// How far it is, while it runs: [`Progress`].
    pub progress: Option<Json<Value>>,
    /// What it answered.
    pub output: Option<Json<Value>>,
    /// When it ended.
    pub finished_at: Option<At>,
}

impl Job {
    /// A row that holds nothing but whose job it is: ready since `at`, never started.
    #[must_use]
    pub fn bare(tenant: TenantId, id: JobId, queue: Queue, at: At) -> Job {
        Job {
            id,
            tenant,
            queue: queue.word().to_owned(),
            kind: String::new(),
            key: String::new(),
            spec_hash: None,
            provider: String::new(),
            payload: Json(Value::Null),
            priority: 0,
            state: "ready".to_owned(),
            attempt: 0,
            failures: 0,
            recoveries: 0,
            worker: None,
            run_at: at,
            waiting_for: String::new(),
            waiting_why: String::new(),
            saved: None,
            error: None,
            cancel_requested: false,
            correlation_id: String::new(),
            enqueued_at: at,
            ready_at: at,
            started_at: None,
            progress: None,
            output: None,
            finished_at: None,
        }
    }

    /// Nothing more will happen to it.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.finished_at.is_some()
    }
}

/// The columns that `jobs` and `job_history` share, in one order.
macro_rules! columns {
    () => {
        "id, tenant, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries, worker, run_at, \
         waiting_for, waiting_why, saved, error, cancel_requested, correlation_id, enqueued_at, ready_at, started_at"
    };
}

/// The columns of a [`Job`] out of `jobs`.
macro_rules! hot {
    () => {
        concat!(
            $crate::ledger::columns!(),
            ", progress, CAST(NULL AS JSONB) AS output, CAST(NULL AS TIMESTAMPTZ) AS finished_at"
        )
    };
}

/// The columns of a [`Job`] out of `job_history`.
macro_rules! ended {
    () => {
        concat!($crate::ledger::columns!(), ", CAST(NULL AS JSONB) AS progress, output, finished_at")
    };
}

/// Whether a pause covers the job `j`.
macro_rules! paused {
    () => {
        "EXISTS (SELECT 1 FROM pauses p WHERE (p.tenant IS NULL OR p.tenant = j.tenant) AND (p.scope = 'tenant' \
           OR (p.scope = 'queue' AND p.value = j.queue) OR (p.scope = 'kind' AND p.value = j.kind) \
           OR (p.scope = 'provider' AND p.value = j.provider)))"
    };
}

pub(crate) use {columns, ended, hot, paused};
