//! What holds whoever hands out the work.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::ledger::control::{self, Pause};
use platen_shared::ledger::read::Filter;
use platen_shared::ledger::{Presence, Queue};
use platen_shared::store::orders;
use platen_shared::testing::{DEADLINE, until};
use platen_worker::{Lane, Settings};
use serde_json::json;
use tokio::sync::Notify;

use crate::each;
use crate::support::{StubPress, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_share_a_backlog_and_leave_in_good_order() {
    each(StubPress::default(), |fleet| async {
        let before = fleet.previews(fleet.world.tenant, "before", 40).await;
        let workers = [fleet.worker(2, 3), fleet.worker(2, 3)];
        let after = fleet.previews(fleet.world.tenant, "after", 20).await;
        fleet.until_succeeded(60).await;
        for worker in workers {
            worker.leave().await;
        }
        fleet.each_ran_once(&[before, after].concat()).await;
        assert_eq!(fleet.heard_over().await.len(), 0, "nobody is left");
        fleet
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_lane_never_delays_another() {
    let hold = Arc::new((Notify::new(), Notify::new()));
    let press = StubPress { hold: Some(hold.clone()), ..StubPress::default() };
    each(press, |fleet| {
        let hold = hold.clone();
        async move {
            let order = orders::get(&mut fleet.world.test.db.reader(), fleet.world.tenant, fleet.world.order).await;
            let order = order.unwrap().unwrap();
            let bundle = json!({ "order": order.id, "revision": order.revision });
            for n in 0..6 {
                fleet.put(fleet.world.tenant, "build_bundle", &bundle, &format!("b{n}")).await;
            }
            let worker = fleet.worker(4, 8);
            until("a bundle is being made", || async {
                fleet.press.calls.load(std::sync::atomic::Ordering::SeqCst) > 0
            })
            .await;
            tokio::time::timeout(DEADLINE, hold.0.notified()).await.unwrap();
            let sync = json!({ "provider": "gelato", "generation": "while bundles hang" });
            let id = fleet.put(fleet.world.tenant, "sync_catalog", &sync, "s").await;
            until("the other lane's job is done", || async {
                fleet.ledger.job(fleet.world.tenant, id).await.unwrap().unwrap().state == "succeeded"
            })
            .await;
            let running = fleet.ledger.running(None, 100).await.unwrap();
            let bundles = running.iter().filter(|job| job.kind == "build_bundle").count();
            assert_eq!(bundles, 1, "the bundles have their one slot and no more");
            worker.asked_to_stop();
            fleet.press.let_go();
            worker.leave().await;
            fleet.press.hold_again();
            fleet
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_busy_tenant_does_not_keep_a_quiet_one_waiting() {
    each(StubPress::default(), |fleet| async {
        // A tenant without that design: its jobs die at once, which is an end as good as any here.
        let quiet = TenantId::new();
        fleet.previews(fleet.world.tenant, "busy", 400).await;
        fleet.previews(quiet, "quiet", 3).await;
        let worker = fleet.worker(1, 1);
        until("the quiet tenant is served", || async { fleet.ended(quiet, "dead").await == 3 }).await;
        let served = fleet.ended(fleet.world.tenant, "succeeded").await;
        assert!(served <= 200, "{served} of the busy tenant's jobs went before");
        worker.leave().await;
        fleet
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_not_due_or_paused_waits() {
    each(StubPress::default(), |fleet| async {
        let mut tx = fleet.ledger.db.begin("test").await.unwrap();
        let pause = Pause {
            id: platen_shared::id::PauseId::new(),
            tenant: None,
            scope: "kind".into(),
            value: "render_preview".into(),
            reason: "stock-taking".into(),
            actor: "test".into(),
            created_at: fleet.ledger.now(),
        };
        control::pause(&mut tx, &pause).await.unwrap();
        tx.commit().await.unwrap();
        let held = fleet.previews(fleet.world.tenant, "held", 2).await;
        let worker = fleet.worker(2, 4);
        let sync = json!({ "provider": "gelato", "generation": "1" });
        fleet.put(fleet.world.tenant, "sync_catalog", &sync, "s").await;
        until("another kind is done", || async { fleet.ended(fleet.world.tenant, "succeeded").await > 0 }).await;
        for id in &held {
            assert_eq!(fleet.ledger.job(fleet.world.tenant, *id).await.unwrap().unwrap().waiting_for, "paused");
        }
        let mut tx = fleet.ledger.db.begin("test").await.unwrap();
        control::resume(&mut tx, None, pause.id).await.unwrap();
        tx.commit().await.unwrap();
        until("the paused ones are done", || async {
            let filter =
                Filter { kind: Some("render_preview".into()), state: Some("succeeded".into()), ..Filter::default() };
            fleet.ledger.jobs(fleet.world.tenant, &filter, 10).await.unwrap().len() == 2
        })
        .await;
        worker.leave().await;
        fleet.each_ran_once(&held).await;
        fleet
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_serves_its_queues_and_no_other() {
    each(StubPress::default(), |fleet| async {
        let previews = fleet.previews(fleet.world.tenant, "p", 5).await;
        let lane = Lane { queue: Queue::Sync, concurrency: 2, timeout: DEADLINE, priority: 1 };
        let worker = fleet.worker_as(Settings { lanes: vec![lane], ..settings(&fleet.world, 1, 1) });
        let sync = json!({ "provider": "gelato", "generation": "1" });
        fleet.put(fleet.world.tenant, "sync_catalog", &sync, "s").await;
        until("its own queue is served", || async { fleet.ended(fleet.world.tenant, "succeeded").await > 0 }).await;
        let told = fleet.ledger.workers().await.unwrap().remove(0);
        assert_eq!((told.queues.as_str(), told.slots, told.host.as_str()), ("sync", 1, "here"));
        worker.leave().await;
        for id in previews {
            assert_eq!(fleet.ledger.job(fleet.world.tenant, id).await.unwrap().unwrap().attempt, 0);
        }
        fleet
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stopped_worker_burns_no_attempt() {
    let hold = Arc::new((Notify::new(), Notify::new()));
    let press = StubPress { hold: Some(hold.clone()), ..StubPress::default() };
    each(press, |fleet| {
        let hold = hold.clone();
        async move {
            let ids = fleet.previews(fleet.world.tenant, "p", 30).await;
            let settings = Settings { drain: Duration::from_millis(10), ..settings(&fleet.world, 2, 9) };
            let worker = fleet.worker_as(settings);
            tokio::time::timeout(DEADLINE, hold.0.notified()).await.unwrap();
            worker.leave().await;
            let mut begun = 0;
            for id in &ids {
                let job = fleet.ledger.job(fleet.world.tenant, *id).await.unwrap().unwrap();
                assert_eq!((job.state.as_str(), job.failures), ("ready", 0), "it waits for another worker, uncharged");
                assert_eq!(job.attempt, job.recoveries, "what had begun counts as a recovery, nothing else");
                begun += job.attempt;
            }
            assert!((1..=2).contains(&begun), "two slots, {begun} attempts");
            fleet.press.let_go();
            let next = fleet.worker(4, 9);
            fleet.until_succeeded(30).await;
            next.leave().await;
            fleet.press.hold_again();
            fleet
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_workers_jobs_go_on_elsewhere() {
    each(StubPress::default(), |fleet| async {
        let id = fleet.previews(fleet.world.tenant, "p", 1).await[0];
        // A worker that took the job and was never heard of again.
        fleet.ledger.beat(&Presence::named("gone")).await.unwrap();
        fleet.ledger.take(fleet.world.tenant, id, "gone").await.unwrap().unwrap();
        let worker = fleet.worker(1, 1);
        fleet.until_succeeded(1).await;
        worker.leave().await;
        let job = fleet.ledger.job(fleet.world.tenant, id).await.unwrap().unwrap();
        assert_eq!((job.attempt, job.recoveries, job.failures), (2, 1, 0));
        fleet
    })
    .await;
}
