//! Both dispatchers on both databases: one suite of behaviour, and, over Redis, one of faults. Tests end when the rows say so.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "dispatch/behaviour.rs"]
mod behaviour;
#[path = "dispatch/faults.rs"]
mod faults;
#[path = "support/mod.rs"]
mod support;
#[path = "../../jobs/tests/world/mod.rs"]
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;

use platen_jobs::{Origin, enqueue_by_kind, find};
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::Ledger;
use platen_shared::testing::{DEADLINE, TestDb, TestRedis, databases, has_redis, suite_ran, until};
use platen_worker::{Redis, Settings};
use serde_json::{Value, json};
use support::{StubPress, settings, setup};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use world::World;

/// A database, perhaps a Redis, a press, and workers that come and go.
pub(crate) struct Fleet {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) redis: Option<TestRedis>,
    pub(crate) press: StubPress,
}

/// One worker of a fleet.
pub(crate) struct Member {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Fleet {
    async fn new(test: TestDb, redis: Option<TestRedis>, press: StubPress) -> Fleet {
        let mut world = World::new(test).await;
        world.ports.press = Arc::new(press.clone());
        let wall: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ledger = Ledger::new(world.test.db.clone(), wall);
        Fleet { world, ledger, redis, press }
    }

    pub(crate) fn worker(&self, of_each: usize, in_all: usize) -> Member {
        self.worker_as(settings(&self.world, of_each, in_all))
    }

    pub(crate) fn worker_as(&self, settings: Settings) -> Member {
        self.worker_by(Arc::new(SystemClock::new()), settings)
    }

    /// A worker whose ledger goes by this clock.
    pub(crate) fn worker_by(&self, clock: Arc<dyn Clock>, settings: Settings) -> Member {
        let redis = self.redis.as_ref().map(|redis| Redis { url: redis.url().into(), prefix: "test".into() });
        // A ledger of its own, as in a process of its own: no bell is shared.
        let ledger = Ledger::new(self.ledger.db.clone(), clock);
        let stop = CancellationToken::new();
        let running = platen_worker::run(setup(&self.world, &ledger), Settings { redis, ..settings }, stop.clone());
        Member { stop, task: tokio::spawn(running) }
    }

    /// Enqueues previews, one job per key.
    pub(crate) async fn previews(&self, tenant: TenantId, prefix: &str, n: usize) -> Vec<JobId> {
        let payload = json!({ "specHash": self.world.spec_hash, "profile": "preview", "pressVersion": "stub" });
        let mut ids = vec![];
        for i in 0..n {
            ids.push(self.put(tenant, "render_preview", &payload, &format!("{prefix}{i}")).await);
        }
        ids
    }

    pub(crate) async fn put(&self, tenant: TenantId, kind: &str, payload: &Value, key: &str) -> JobId {
        let now = self.ledger.now();
        let origin = Origin { tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
        let mut tx = self.ledger.db.begin("test").await.unwrap();
        let put = enqueue_by_kind(&mut tx, &origin, find(kind).unwrap(), payload, Some(key.to_owned())).await;
        tx.commit().await.unwrap();
        self.ledger.nudge();
        put.unwrap().id()
    }

    pub(crate) async fn ended(&self, tenant: TenantId, state: &str) -> i64 {
        let tally = self.ledger.tally(tenant).await.unwrap();
        tally.iter().find(|(word, ..)| word == state).map_or(0, |(_, n, _)| *n)
    }

    pub(crate) async fn until_succeeded(&self, n: i64) {
        let tenant = self.world.tenant;
        until("all jobs have succeeded", || async { self.ended(tenant, "succeeded").await == n }).await;
    }

    /// So many workers, as soon as all of them hear of work over Redis.
    pub(crate) async fn over_redis(&self, n: usize) -> Vec<Member> {
        let workers = (0..n).map(|_| self.worker(2, 4)).collect();
        until("Redis is used", || async { self.heard_over().await == vec!["redis"; n] }).await;
        workers
    }

    /// Lets the workers leave; each of these jobs had exactly one attempt.
    pub(crate) async fn ended_well(self, workers: Vec<Member>, ids: &[JobId]) -> Fleet {
        for worker in workers {
            worker.leave().await;
        }
        self.each_ran_once(ids).await;
        self
    }

    /// Each of these jobs had exactly one attempt.
    pub(crate) async fn each_ran_once(&self, ids: &[JobId]) {
        for id in ids {
            let attempts = self.ledger.attempts(self.world.tenant, *id).await.unwrap();
            assert_eq!(attempts.len(), 1, "{id} ran {} times", attempts.len());
        }
    }

    /// Where the living workers hear of work.
    pub(crate) async fn heard_over(&self) -> Vec<String> {
        self.ledger.workers().await.unwrap().into_iter().map(|worker| worker.dispatcher).collect()
    }

    async fn end(self) {
        self.world.end().await;
    }
}

impl Member {
    /// Asks it to stop and waits until it has.
    pub(crate) async fn leave(self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task).await.unwrap().unwrap().unwrap();
    }

    /// Asks it to stop.
    pub(crate) fn asked_to_stop(&self) {
        self.stop.cancel();
    }
}

/// Runs a behaviour on every database, with and without Redis.
async fn each<F: Future<Output = Fleet>>(press: StubPress, behaviour: impl Fn(Fleet) -> F) {
    for test in databases().await {
        let engine = test.engine();
        behaviour(Fleet::new(test, None, press.clone()).await).await.end().await;
        suite_ran("dispatch", &format!("{engine}-ledger"));
    }
    each_over_redis(press, behaviour).await;
}

/// Runs a behaviour on every database over a Redis of its own.
async fn each_over_redis<F: Future<Output = Fleet>>(press: StubPress, behaviour: impl Fn(Fleet) -> F) {
    if !has_redis() {
        return;
    }
    for test in databases().await {
        let engine = test.engine();
        let fleet = Fleet::new(test, Some(TestRedis::start().await), press.clone()).await;
        behaviour(fleet).await.end().await;
        suite_ran("dispatch", &format!("{engine}-redis"));
    }
}
