//! One seed's world: clients, workers, a sweeper and an operator over one SQLite file, and a clock that moves only when the scheduler says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::Ports;
use platen_shared::clock::Clock;
use platen_shared::db::{At, Db};
use platen_shared::id::{JobId, PauseId, TenantId};
use platen_shared::ledger::control::{self, Pause};
use platen_shared::ledger::{Enqueued, Ledger, NewJob, Queue, enqueue};
use platen_shared::testing::ManualClock;
use serde_json::json;

use crate::dice::Dice;
use crate::kinds;
use crate::outside::Outside;
use crate::station::{Parts, SkewedClock, Station};

/// Where every world begins: 2026-01-01.
const DAWN: At = At(1_767_225_600_000_000);
/// Different orders of a world.
const ORDERS: usize = 7;

/// A bug of our own, to see that it would be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// A job goes on although its fence was refused.
    NoFence,
    /// An attempt is told from another one by its number alone.
    OneMoment,
    /// Workers look for work only when they are woken.
    NoPoll,
    /// A client is answered before the commit.
    EarlyAnswer,
}

/// Everything of one seed.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) clock: ManualClock,
    pub(crate) ledger: Ledger,
    pub(crate) tenant: TenantId,
    pub(crate) outside: Outside,
    pub(crate) stations: Vec<Station>,
    pub(crate) plant: Option<Plant>,
    /// What clients still want to enqueue.
    pub(crate) wishes: Vec<usize>,
    /// What they were told: order → job.
    pub(crate) told: BTreeMap<String, JobId>,
    /// What an operator stopped, and what he brought back.
    pub(crate) cancelled: BTreeSet<JobId>,
    pub(crate) retried: BTreeSet<JobId>,
    pub(crate) pauses: Vec<PauseId>,
    /// What happened, step by step.
    pub(crate) schedule: Vec<String>,
    /// Where its file lies.
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(
        seed: u64,
        plant: Option<Plant>,
        template: &Path,
        ports: &Ports,
        tenant: TenantId,
    ) -> World {
        let mut dice = Dice::new(seed);
        let folder = crate::folder();
        let file = folder.path().join("platen.db");
        std::fs::copy(template, &file).expect("copied");
        let url = format!("sqlite://{}", file.display());
        let clock = ManualClock::at(DAWN);
        let outside = Outside::new(Dice::new(dice.next()));
        let ports = Ports { providers: Arc::new(outside.clone()), ..ports.clone() };
        let find = if plant == Some(Plant::NoFence) { kinds::find_heedless } else { kinds::find };
        let mut stations = Vec::new();
        for number in 0..2 + dice.below(2) {
            let skew = [0, 0, 900_000, -900_000, 8_000_000, -8_000_000][dice.below(6)];
            let chance = Mutex::new(Dice::new(dice.next()));
            let parts = Parts {
                db: Db::open(&url, 1).await.expect("opened"),
                clock: SkewedClock { world: clock.clone(), skew_us: Arc::new(skew.into()) },
                ports: ports.clone(),
                find,
                dice: Arc::new(move || {
                    chance.lock().unwrap_or_else(PoisonError::into_inner).below(1000) as f64 / 1000.0
                }),
            };
            stations.push(Station::new(number, parts));
        }
        let ledger = Ledger::new(Db::open(&url, 1).await.expect("opened"), Arc::new(clock.clone()));
        let mut wishes: Vec<usize> = (0..ORDERS).collect();
        // Some ask twice.
        wishes.extend((0..ORDERS).filter(|_| dice.percent(25)));
        World {
            dice,
            clock,
            ledger,
            tenant,
            outside,
            stations,
            plant,
            wishes,
            told: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            retried: BTreeSet::new(),
            pauses: Vec::new(),
            schedule: Vec::new(),
            _folder: folder,
        }
    }

    pub(crate) fn note(&mut self, who: &str, what: &str) {
        let at = self.clock.now().since(DAWN).as_secs_f64();
        self.schedule.push(format!("{:>4}  {at:>7.2} s  {who:<8} {what}", self.schedule.len() + 1));
    }

    /// Time passes; hearts beat that are due.
    pub(crate) async fn pass(&mut self, span: Duration) {
        self.clock.advance(span);
        self.note("clock", &format!("+{} ms", span.as_millis()));
        for n in 0..self.stations.len() {
            if self.stations[n].beat_is_due() {
                self.stations[n].beat().await;
                let name = self.stations[n].name();
                self.note(&name, "beats");
            }
        }
    }

    /// Work was brought: who hears of it is a matter of luck, and in the end nobody does.
    pub(crate) fn ring(&mut self, heard_percent: usize) {
        for station in &mut self.stations {
            station.woken |= self.dice.percent(heard_percent);
        }
    }

    fn job(&mut self, order: usize) -> NewJob {
        let reference = format!("k{order}");
        let late = if self.dice.percent(20) { Duration::from_millis(self.dice.next() % 3000) } else { Duration::ZERO };
        NewJob {
            tenant: self.tenant,
            queue: Queue::Orders,
            kind: "ship",
            key: format!("{reference}:1"),
            spec_hash: None,
            provider: String::new(),
            payload: json!({ "reference": reference }),
            priority: i64::from(self.dice.percent(30)),
            run_at: self.ledger.now().plus(late),
            correlation_id: String::new(),
        }
    }

    fn tell(&mut self, key: &str, id: JobId) -> Result<(), String> {
        match self.told.insert(key.to_owned(), id) {
            Some(other) if other != id => {
                Err(format!("{key} was acknowledged and is lost: the same key is answered with another job now"))
            }
            _ => Ok(()),
        }
    }

    /// A client enqueues in a transaction of its own, through an api that may die before the commit or after it.
    pub(crate) async fn enqueue(&mut self) -> Result<(), String> {
        let order = self.wishes.remove(0);
        let (job, luck) = (self.job(order), self.dice.below(100));
        let mut tx = self.ledger.db.begin("simulated").await.expect("begun");
        let id = enqueue::enqueue(&mut tx, self.ledger.now(), &job).await.expect("enqueued").id();
        if self.plant == Some(Plant::EarlyAnswer) {
            self.tell(&job.key, id)?;
        }
        if luck < 12 {
            tx.rollback().await.expect("rolled back");
            self.note("client", &format!("enqueues {}, and the api dies before the commit", job.key));
            // It was not answered, so it asks again, unless it believes that it was.
            if !self.told.contains_key(&job.key) {
                self.wishes.push(order);
            }
            return Ok(());
        }
        tx.commit().await.expect("committed");
        self.ring(60);
        if luck < 24 {
            self.note("client", &format!("enqueues {}, and the api dies after the commit", job.key));
            self.wishes.push(order);
            return Ok(());
        }
        self.note("client", &format!("enqueues {}", job.key));
        self.tell(&job.key, id)
    }

    /// Two clients share a transaction; one of them may go away before it is answered.
    pub(crate) async fn submit(&mut self) -> Result<(), String> {
        let (one, other) = (self.wishes.remove(0), self.wishes.remove(0));
        let (first, second) = (self.job(one), self.job(other));
        let keys = (first.key.clone(), second.key.clone());
        let ledger = self.ledger.clone();
        let mut impatient = ledger.submit(first, None).boxed();
        let leaves = self.dice.percent(20);
        let begun = (&mut impatient).now_or_never();
        let (first, second) = if leaves {
            drop(impatient);
            (begun, ledger.submit(second, None).await)
        } else {
            let (first, second) = tokio::join!(impatient, ledger.submit(second, None));
            (Some(first), second)
        };
        self.ring(60);
        self.note(
            "clients",
            &format!("submit {} and {}{}", keys.0, keys.1, if leaves { "; the first goes away" } else { "" }),
        );
        match first {
            Some(answer) => self.tell(&keys.0, answer.map(Enqueued::id).map_err(|e| e.to_string())?)?,
            None => self.wishes.push(one),
        }
        self.tell(&keys.1, second.map(Enqueued::id).map_err(|e| e.to_string())?)
    }

    /// An operator cancels, brings back, puts off, pauses or resumes something.
    pub(crate) async fn operate(&mut self) {
        let known: Vec<(String, JobId)> = self.told.clone().into_iter().collect();
        let (now, tenant, what) = (self.ledger.now(), self.tenant, self.dice.below(5));
        let Some((key, id)) = known.get(self.dice.below(known.len().max(1))).cloned() else { return };
        let mut tx = self.ledger.db.begin("simulated").await.expect("begun");
        let done = match what {
            0 => {
                self.cancelled.insert(id);
                format!("{:?}", control::cancel(&mut tx, now, tenant, id, "simulated").await.expect("asked"))
                    .split('(')
                    .next()
                    .map_or_else(String::new, |word| format!("cancels {key}: {word}"))
            }
            1 => {
                let back = control::retry(&mut tx, now, tenant, id).await.expect("asked");
                if back {
                    self.retried.insert(id);
                }
                format!("retries {key}: {back}")
            }
            2 => {
                let until = now.plus(Duration::from_secs(3));
                let moved = control::snooze(&mut tx, tenant, id, until, "simulated").await.expect("asked");
                format!("puts {key} off: {moved}")
            }
            3 => {
                let pause = Pause {
                    id: PauseId::new(),
                    tenant: Some(tenant),
                    scope: "kind".to_owned(),
                    value: ["ship", "note"][self.dice.below(2)].to_owned(),
                    reason: "simulated".to_owned(),
                    actor: "operator".to_owned(),
                    created_at: now,
                };
                self.pauses.push(pause.id);
                control::pause(&mut tx, &pause).await.expect("paused");
                format!("pauses {}", pause.value)
            }
            _ => match self.pauses.pop() {
                Some(pause) => {
                    control::resume(&mut tx, Some(tenant), pause).await.expect("resumed");
                    "resumes".to_owned()
                }
                None => "finds nothing paused".to_owned(),
            },
        };
        tx.commit().await.expect("committed");
        self.ring(50);
        self.note("operator", &done);
    }
}
