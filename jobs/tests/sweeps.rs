//! What sweeps leave alone, and what they mend.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "world/sweeps.rs"]
mod sweeps;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::ledger::{Job, control};
use platen_shared::ports::provider::Found;
use platen_shared::store::{fulfilment, gates, orders};
use platen_shared::testing::databases;
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::{Value, json};
use world::World;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs a kind once and answers what it kept.
async fn run(world: &World, kind: &str, run: &str) -> Value {
    let id = world.enqueue(find(kind).unwrap(), &json!({ "provider": "gelato", "run": run }), None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{kind}: {:?}", job.error);
    job.output.unwrap().0
}

async fn run_queued(world: &World, kind: &str) {
    let job = world.jobs(kind).await.into_iter().find(|job| !job.finished()).unwrap();
    world.run(job.id).await;
    assert_eq!(world.job(job.id).await.state, "succeeded", "{kind}");
}

/// The printer has begun, and the first look is over: the next comes in a quarter of a day.
async fn in_production(world: &World) {
    world.printer.clock().advance(10 * HOUR);
    world.clock.advance(HOUR);
    run_queued(world, "poll_tracking").await;
}

async fn next_poll(world: &World) -> Job {
    world.jobs("poll_tracking").await.into_iter().find(|job| !job.finished()).unwrap()
}

/// The order is about to be submitted: its files are made.
async fn ready(world: &World) {
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    let payload = json!({ "order": order.id.to_string(), "revision": order.revision });
    let id = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
    world.run(id).await;
}

#[tokio::test]
async fn a_draft_that_a_submission_may_still_release_is_left_alone() {
    for test in databases().await {
        let world = World::new(test).await;
        ready(&world).await;
        let reference = world.order.to_string();
        sweeps::park(&world, &reference).await;
        world.clock.advance(2 * DAY);
        let swept = run(&world, "sweep_drafts", "submission waits").await;
        assert_eq!(swept, json!({ "seen": 1, "deleted": 0, "foreign": 0 }));
        // It is on hold: a person may let it go on, with this draft.
        let job = world.jobs("submit_order").await.remove(0);
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        control::cancel(&mut tx, world.ledger.now(), world.tenant, job.id, "wait").await.unwrap();
        tx.commit().await.unwrap();
        let swept = run(&world, "sweep_drafts", "nothing is queued").await;
        assert_eq!(swept["deleted"], 0);
        assert!(
            matches!(sweeps::account(&world).await.find(&reference).await, Ok(Found::Drafts(drafts)) if drafts.len() == 1)
        );
        world.end().await;
    }
}

#[tokio::test]
async fn a_young_draft_and_a_part_of_a_released_order_are_left_alone() {
    for test in databases().await {
        let world = World::new(test).await;
        ready(&world).await;
        run_queued(&world, "submit_order").await;
        world.clock.advance(HOUR / 2);
        sweeps::park(&world, &world.order.to_string()).await;
        assert_eq!(run(&world, "sweep_drafts", "young").await, json!({ "seen": 1, "deleted": 0, "foreign": 0 }));
        world.clock.advance(HOUR);
        assert_eq!(run(&world, "sweep_drafts", "old").await, json!({ "seen": 1, "deleted": 1, "foreign": 0 }));
        let counts = world.printer.counts();
        assert_eq!((counts.released_groups, counts.drafts_live), (1, 0));
        assert!(
            matches!(sweeps::account(&world).await.find(&world.order.to_string()).await, Ok(Found::Released(parts)) if parts.len() == 2)
        );
        world.end().await;
    }
}

#[tokio::test]
async fn one_look_tells_which_orders_are_read() {
    for test in databases().await {
        let world = World::new(test).await;
        ready(&world).await;
        run_queued(&world, "submit_order").await;
        in_production(&world).await;
        let planned = next_poll(&world).await.run_at;
        world.clock.advance(4 * HOUR);
        let gets = world.printer.counts().gets;
        // The stand-in's own time stands still unless it is moved: nothing happened.
        let looked = run(&world, "sweep_tracking", "same").await;
        assert_eq!((looked["orders"].as_i64(), looked["changed"].as_i64()), (Some(1), Some(0)), "{looked}");
        let put_off = next_poll(&world).await.run_at;
        assert!(
            put_off > planned && put_off <= world.ledger.now().plus(6 * HOUR),
            "an order that was looked at is read later"
        );
        world.printer.clock().advance(30 * DAY);
        assert_eq!(run(&world, "sweep_tracking", "changed").await["changed"], 1);
        assert_eq!(world.printer.counts().gets, gets, "the look itself reads no order");
        run_queued(&world, "poll_tracking").await;
        let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
        assert_eq!(order.state, "delivered");
        assert_eq!(run(&world, "sweep_tracking", "done").await["orders"], 0, "what has arrived is not looked at");
        world.end().await;
    }
}

#[tokio::test]
async fn polls_are_put_off_to_once_a_day_and_no_further() {
    for test in databases().await {
        let world = World::new(test).await;
        ready(&world).await;
        run_queued(&world, "submit_order").await;
        in_production(&world).await;
        let enqueued = next_poll(&world).await.enqueued_at;
        for hour in 0..40 {
            world.clock.advance(HOUR);
            let poll = next_poll(&world).await;
            if poll.run_at <= world.ledger.now() {
                break;
            }
            run(&world, "sweep_tracking", &format!("hour {hour}")).await;
        }
        let poll = next_poll(&world).await;
        let after = poll.run_at.since(enqueued);
        assert!(after > 12 * HOUR && after <= DAY, "read after {} h", after.as_secs() / 3600);
        world.end().await;
    }
}

#[tokio::test]
async fn an_order_that_no_poll_follows_gets_one() {
    for test in databases().await {
        let world = World::new(test).await;
        ready(&world).await;
        run_queued(&world, "submit_order").await;
        world.test.tamper("DELETE FROM jobs WHERE kind = 'poll_tracking'").await.unwrap();
        for round in ["first", "second"] {
            run(&world, "sweep_tracking", round).await;
            assert_eq!(world.jobs("poll_tracking").await.len(), 1, "one, however often it is looked at");
        }
        run_queued(&world, "poll_tracking").await;
        assert_eq!(fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().len(), 2);
        assert_eq!(world.jobs("poll_tracking").await.len(), 2, "and the chain goes on");
        world.end().await;
    }
}

#[tokio::test]
async fn a_probe_that_finds_trouble_has_no_latency_and_is_no_failure() {
    for test in databases().await {
        let world = World::new(test).await;
        world.printer.set_fault(
            Fault::new(FaultKind::Status { status: 503, html: false, after: false }).on(Op::Catalogs).times(1),
        );
        let said = run(&world, "probe_provider", "down").await;
        assert_eq!((said["ok"].as_bool(), &said["latencyMs"]), (Some(false), &Value::Null), "{said}");
        let kept = gates::probes(&mut world.test.db.reader(), world.tenant).await.unwrap().remove(0);
        assert_eq!((kept.ok, kept.latency_ms, kept.said.is_empty()), (false, None, false));
        world.clock.advance(HOUR);
        assert_eq!(run(&world, "probe_provider", "up").await["ok"], true);
        let kept = gates::probes(&mut world.test.db.reader(), world.tenant).await.unwrap().remove(0);
        assert!(kept.ok && kept.latency_ms.is_some_and(|ms| ms > 0));
        world.end().await;
    }
}
