//! How attempts end: by policy, by panic, by request, by poison; and whole workers over one database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "this suite uses some of it")]
mod support;
#[path = "../../jobs/tests/world/mod.rs"]
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use platen_jobs::{Limit, Retry, find};
use platen_shared::clock::{Clock, SystemClock};
use platen_shared::id::JobId;
use platen_shared::ledger::{Ledger, NewJob, Queue, RECOVERIES_MAX, enqueue};
use platen_shared::store::orders;
use platen_shared::testing::{DEADLINE, TestDb, databases, suite_ran, until};
use platen_worker::Settings;
use serde_json::{Value, json};
use support::{StubPress, settings, setup};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use world::World;

async fn world_with(press: StubPress) -> World {
    let mut world = World::new(TestDb::sqlite().await).await;
    world.ports.press = Arc::new(press);
    world
}

fn preview(world: &World) -> Value {
    json!({ "specHash": world.spec_hash, "profile": "preview", "pressVersion": "stub" })
}

async fn bundle(world: &World) -> JobId {
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    let payload = json!({ "order": order.id, "revision": order.revision });
    world.enqueue(find("build_bundle").unwrap(), &payload, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failure_and_three_are_the_end() {
    let world = world_with(StubPress { panics: true, ..StubPress::default() }).await;
    let id = world.enqueue(find("render_preview").unwrap(), &preview(&world), None).await;
    for (failures, delay_s) in [(1, 2), (2, 4)] {
        world.run(id).await;
        let job = world.job(id).await;
        assert_eq!((job.state.as_str(), job.failures, job.waiting_for.as_str()), ("scheduled", failures, "retry"));
        assert_eq!(
            job.run_at.since(world.ledger.now()),
            Duration::from_secs(delay_s),
            "the longest delay that full jitter allows"
        );
        world.clock.advance(Duration::from_secs(delay_s));
    }
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), job.attempt), ("dead", 3));
    assert_eq!(job.error.unwrap().0["class"], "panic");
    world.end().await;
}

#[test]
fn delays_stay_within_the_policy() {
    for (retry, tries) in [(Retry::THREE, 10i64), (Retry::A_DAY, 40)] {
        for failures in 1..tries {
            for dice in [0.0, 0.3, 1.0] {
                let tried_for = Duration::from_secs(60);
                let bound = retry.base.saturating_mul(1 << (failures - 1).min(30)).min(retry.cap);
                match retry.delay(failures, tried_for, dice) {
                    Some(delay) => assert_eq!(delay, bound.mul_f64(dice)),
                    None => assert!(matches!(retry.limit, Limit::Failures(n) if failures >= i64::from(n))),
                }
            }
        }
    }
    assert!(Retry::A_DAY.delay(1, Duration::from_secs(24 * 3600), 0.5).is_none(), "a day is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fatal_failure_uses_one_attempt_and_tells_the_order() {
    let world = world_with(StubPress { refuses: true, ..StubPress::default() }).await;
    let id = bundle(&world).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), job.attempt), ("dead", 1));
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    assert_eq!(order.state, "on_hold");
    assert!(order.state_why.contains("the zone is empty"), "{}", order.state_why);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_waits_for_a_newer_worker() {
    let world = world_with(StubPress::default()).await;
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let new = NewJob {
        tenant: world.tenant,
        queue: Queue::Housekeeping,
        kind: "from_the_future",
        key: "1".into(),
        spec_hash: None,
        provider: String::new(),
        payload: json!({}),
        priority: 0,
        run_at: world.ledger.now(),
        correlation_id: "test".into(),
    };
    let id = enqueue::enqueue(&mut tx, world.ledger.now(), &new).await.unwrap().id();
    tx.commit().await.unwrap();
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), job.waiting_for.as_str(), job.failures), ("scheduled", "not_ready", 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_stops_when_asked() {
    let hold = Arc::new((Notify::new(), Notify::new()));
    let press = StubPress { hold: Some(hold.clone()), ..StubPress::default() };
    let world = world_with(press.clone()).await;
    let id = bundle(&world).await;
    let worker = world.worker(None).await;
    let job = world.ledger.claim(worker.name(), Queue::ALL, 1).await.unwrap().pop().expect("the bundle is ready");
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.run(job).await }
    });
    tokio::time::timeout(DEADLINE, hold.0.notified()).await.unwrap();
    worker.ask_to_stop(id);
    hold.1.notify_one();
    tokio::time::timeout(DEADLINE, running).await.unwrap().unwrap();
    assert_eq!(world.job(id).await.state, "cancelled");
    assert_eq!(press.calls.load(Ordering::SeqCst), 1, "the second item was not begun");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_every_owner_is_given_up() {
    let world = world_with(StubPress::default()).await;
    let id = world.enqueue(find("render_preview").unwrap(), &preview(&world), None).await;
    for _ in 0..RECOVERIES_MAX {
        assert!(world.run_and_kill(id, "render_preview", "started").await);
    }
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), job.failures), ("dead", 0));
    assert_eq!(job.error.unwrap().0["class"], "poison");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_connection_and_a_lost_printer_are_told_apart() {
    let world = World::new(TestDb::sqlite().await).await;
    let sync = find("sync_catalog").unwrap();
    let mut stranger = world;
    let home = stranger.tenant;
    stranger.tenant = platen_shared::id::TenantId::new();
    let id = stranger.enqueue(sync, &json!({ "provider": "gelato", "generation": "1" }), None).await;
    stranger.run(id).await;
    assert_eq!(stranger.job(id).await.state, "dead", "no such tenant: no retry will help");

    stranger.tenant = home;
    use platen_sim::gelato::{Fault, FaultKind};
    stranger.printer.set_fault(Fault::new(FaultKind::Throttle { retry_after: Some(9) }).times(1));
    let id = stranger.enqueue(sync, &json!({ "provider": "gelato", "generation": "2" }), None).await;
    stranger.run(id).await;
    let job = stranger.job(id).await;
    assert_eq!(
        (job.state.as_str(), job.waiting_for.as_str(), job.failures),
        ("scheduled", "budget", 0),
        "{:?}",
        job.error
    );
    stranger.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_cannot_be_recorded_is_still_an_end() {
    let world = world_with(StubPress::default()).await;
    world.test.tamper("ALTER TABLE artefacts RENAME TO artefacts_away").await.unwrap();
    let id = world.enqueue(find("render_preview").unwrap(), &preview(&world), None).await;
    world.run(id).await;
    assert_eq!(
        world.job(id).await.error.unwrap().0["class"],
        "record",
        "its record failed, so it is dead and says why"
    );

    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    world.test.tamper("ALTER TABLE orders RENAME TO orders_away").await.unwrap();
    let bundle = json!({ "order": order.id, "revision": order.revision });
    let id = world.enqueue(find("build_bundle").unwrap(), &bundle, None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(
        (job.state.as_str(), job.error.unwrap().0["class"].clone()),
        ("dead", json!("record")),
        "nor could the kind be told"
    );
    world.end().await;
}

/// Whole workers: heart, sweep, dispatch and drain, on the real clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_share_a_backlog_and_leave_in_good_order() {
    for test in databases().await {
        let mut world = World::new(test).await;
        world.ports.press = Arc::new(StubPress::default());
        let wall: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ledger = Ledger::new(world.test.db.clone(), wall.clone());
        let render = find("render_preview").unwrap();
        let mut ids = vec![];
        for n in 0..40 {
            ids.push(world.enqueue(render, &preview(&world), Some(&format!("k{n}"))).await);
        }
        let stop = CancellationToken::new();
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let settings = Settings { drain: DEADLINE, ..settings(&world, 2, 3) };
                tokio::spawn(platen_worker::run(setup(&world, &ledger), settings, stop.clone()))
            })
            .collect();
        until("all forty are done", || async {
            let done = ledger.tally(world.tenant).await.unwrap();
            done.iter().any(|(state, n, _)| state == "succeeded" && *n == 40)
        })
        .await;
        stop.cancel();
        for worker in workers {
            tokio::time::timeout(DEADLINE, worker).await.unwrap().unwrap().unwrap();
        }
        for id in ids {
            let attempts = ledger.attempts(world.tenant, id).await.unwrap();
            assert_eq!(attempts.len(), 1, "each ran once");
        }
        assert_eq!(ledger.sweep().await.unwrap().dead_workers, 0, "nobody was left for dead");
        suite_ran("worker", world.test.engine());
        world.end().await;
    }
}
