//! A worker process of this world: the product's runner and ledger with a clock of its own, and what it has in hand. It may die, and be
//! started again under a new name.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::{Entry, Hook, Ports};
use platen_shared::clock::Clock;
use platen_shared::db::{At, Db};
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::{Job, Ledger, Presence, Queue};
use platen_shared::testing::{ManualClock, forget_claim, set_begun};
use platen_worker::{Runner, Setup};

use crate::gate::{Run, gate};

/// The queues of this world.
pub(crate) const QUEUES: [Queue; 2] = [Queue::Orders, Queue::Messages];
/// So many jobs at a time.
const SLOTS: usize = 3;
/// A worker looks for work so often when nobody wakes it.
const POLL_EVERY: Duration = Duration::from_millis(200);
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// The world's time as one machine shows it.
#[derive(Clone)]
pub(crate) struct SkewedClock {
    pub(crate) world: ManualClock,
    pub(crate) skew_us: Arc<AtomicI64>,
}

impl Clock for SkewedClock {
    fn now(&self) -> At {
        At(self.world.now().0 + self.skew_us.load(Ordering::Relaxed))
    }
}

/// What a worker is started with.
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) clock: SkewedClock,
    pub(crate) ports: Ports,
    pub(crate) find: fn(&str) -> Option<&'static Entry>,
    pub(crate) dice: Arc<dyn Fn() -> f64 + Send + Sync>,
}

/// A worker's place: empty while it is dead.
pub(crate) struct Station {
    pub(crate) parts: Parts,
    number: usize,
    lives: usize,
    pub(crate) runner: Option<Arc<Runner>>,
    /// Claimed, and not begun.
    pub(crate) inbox: VecDeque<Job>,
    pub(crate) runs: Vec<Run>,
    pub(crate) woken: bool,
    pub(crate) stopped_until: At,
    looked_at: At,
    beat_at: At,
}

impl Station {
    pub(crate) fn new(number: usize, parts: Parts) -> Station {
        Station {
            parts,
            number,
            lives: 0,
            runner: None,
            inbox: VecDeque::new(),
            runs: Vec::new(),
            woken: false,
            stopped_until: At(0),
            looked_at: At(0),
            beat_at: At(0),
        }
    }

    /// For the schedule.
    pub(crate) fn name(&self) -> String {
        format!("w{}.{}", self.number, self.lives)
    }

    /// Starts under a new name, with nothing remembered.
    pub(crate) async fn start(&mut self) {
        self.lives += 1;
        let Parts { db, clock, ports, find, dice } = &self.parts;
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let hook: Hook = Arc::new(|kind, point| {
            let name = format!("{kind}:{point}");
            gate(name).boxed()
        });
        let setup = Setup {
            ledger: Ledger::new(db.clone(), clock.clone()),
            ledger_clock: clock.clone(),
            clock,
            speed: 1,
            ports: ports.clone(),
            find: *find,
            timeouts: HashMap::new(),
            dice: dice.clone(),
            hook: Some(hook),
            lone: None,
        };
        self.runner = Some(Arc::new(Runner::new(self.name(), setup)));
        (self.woken, self.stopped_until) = (true, At(0));
        self.beat().await;
    }

    /// Dies as by SIGKILL: whatever it had in hand is gone, and nobody is told.
    pub(crate) fn die(&mut self) {
        (self.runner, self.inbox, self.runs) = (None, VecDeque::new(), Vec::new());
    }

    /// The world's time, skewed by nothing.
    fn wall(&self) -> At {
        self.parts.clock.world.now()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.runner.is_some() && self.wall() >= self.stopped_until
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.runner.as_ref().expect("it lives").ledger()
    }

    pub(crate) fn beat_is_due(&self) -> bool {
        self.is_up() && self.wall().since(self.beat_at) >= BEAT_EVERY
    }

    pub(crate) async fn beat(&mut self) {
        self.beat_at = self.wall();
        let runner = self.runner.clone().expect("it lives");
        for job in runner.ledger().beat(&Presence::named(runner.name())).await.expect("beaten") {
            runner.ask_to_stop(job);
        }
    }

    fn room(&self) -> usize {
        SLOTS.saturating_sub(self.runs.len() + self.inbox.len())
    }

    /// Whether it would look for work now.
    pub(crate) fn looks(&self, polls: bool) -> bool {
        let due = polls && self.wall().since(self.looked_at) >= POLL_EVERY;
        self.is_up() && self.room() > 0 && (self.woken || due)
    }

    /// Looks for work as the dispatcher does, and claims what there is room for; answers how much that was.
    pub(crate) async fn look(&mut self) -> usize {
        (self.looked_at, self.woken) = (self.wall(), false);
        let ledger = self.ledger().clone();
        let busy = ledger.with_work(&QUEUES).await.expect("asked");
        let room = i64::try_from(self.room()).expect("a few");
        let jobs =
            if busy.is_empty() { vec![] } else { ledger.claim(&self.name(), &busy, room).await.expect("claimed") };
        let n = jobs.len();
        self.inbox.extend(jobs);
        n
    }

    /// Looks for work, and the database crashes before it has written the claims: it forgets them, and nobody tells the worker.
    pub(crate) async fn look_in_vain(&mut self) -> usize {
        let n = self.look().await;
        for job in self.inbox.iter().rev().take(n) {
            forget_claim(&self.ledger().db, job.id).await;
        }
        n
    }

    /// A planted bug: all claims seem to be of one moment.
    pub(crate) async fn blunt(&mut self) {
        let db = self.ledger().db.clone();
        for job in &mut self.inbox {
            job.started_at = Some(At(0));
            set_begun(&db, &job.fence()).await;
        }
    }

    /// Puts the next claimed job on a slot.
    pub(crate) fn begin(&mut self) -> Option<&Run> {
        let (job, runner) = (self.inbox.pop_front()?, self.runner.clone()?);
        let name = format!("{} {}", job.kind, job.key);
        self.runs.push(Run::new(name, async move { runner.run(job).await }));
        self.runs.last()
    }

    /// Is handed an id, whatever has become of that job.
    pub(crate) fn take(&mut self, tenant: TenantId, id: JobId, name: String) {
        let runner = self.runner.clone().expect("it lives");
        self.runs.push(Run::new(name, async move { runner.take(tenant, id).await }));
    }

    /// Gives back what it has not begun.
    pub(crate) async fn give_back(&mut self) {
        let fences: Vec<_> = self.inbox.drain(..).map(|job| job.fence()).collect();
        self.ledger().give_back(&fences).await.expect("given back");
    }

    /// One step of one of its runs; answers where that stands now.
    pub(crate) async fn step(&mut self, n: usize) -> String {
        let run = &mut self.runs[n];
        let name = run.name.clone();
        if let Some(place) = run.step().await {
            return format!("runs {name} up to {place}");
        }
        self.runs.remove(n);
        format!("ends {name}")
    }
}
