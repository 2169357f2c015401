//! An order that failed after the printer had accepted it: it is made anew once, after a look, and never while anything of it lives.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::workflow::{self, Refused};
use platen_jobs::{Origin, find};
use platen_shared::id::JobId;
use platen_shared::store::cancellations;
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{fulfilment, operator_items};
use platen_shared::testing::{TestDb, databases};
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::json;
use world::World;

const HOUR: Duration = Duration::from_secs(3600);

async fn order(world: &World) -> Order {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap()
}

async fn poll(world: &World) {
    let id = world.jobs("poll_tracking").await.into_iter().find(|job| !job.finished()).unwrap().id;
    world.clock.advance(25 * HOUR);
    world.run(id).await;
}

/// A world whose printer fails what it accepted: all of it, or the first part.
async fn failed(test: TestDb, all: bool) -> World {
    let world = World::new(test).await;
    queue::queue(&world, 1).await;
    let comment = "The file cannot be printed.".to_owned();
    world.printer.set_fault(Fault::new(FaultKind::FailUploading { comment }).times(if all { 2 } else { 1 }));
    let id = world.jobs("submit_order").await[0].id;
    world.run(id).await;
    assert_eq!(
        (world.job(id).await.state.as_str(), order(&world).await.state.as_str()),
        ("succeeded", "in_production")
    );
    world.printer.clock().advance(2 * HOUR);
    poll(&world).await;
    assert_eq!(order(&world).await.state, "on_hold");
    world
}

async fn anew(world: &World) -> Result<JobId, Refused> {
    let now = world.ledger.now();
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 100, correlation_id: "test".into() };
    let row = order(world).await;
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let job = workflow::anew(&mut tx, &origin, now, &row, "the file is mended").await?;
    tx.commit().await.unwrap();
    Ok(job)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_at_the_printer_is_made_anew_once() {
    for test in databases().await {
        let world = failed(test, true).await;
        assert_eq!(world.printer.counts().released_groups, 1);
        let job = anew(&world).await.unwrap();
        assert_eq!(order(&world).await.state, "submitting");
        assert!(world.run_and_kill(job, "submit_order", "released").await, "its worker dies after the release");
        world.run(job).await;
        assert_eq!(
            (world.job(job).await.state.as_str(), order(&world).await.state.as_str()),
            ("succeeded", "in_production")
        );
        assert_eq!(world.printer.counts().released_groups, 2, "one that failed, and one that is made");
        let read = &mut world.test.db.reader();
        let parts = fulfilment::parts(read, world.tenant, world.order).await.unwrap();
        assert_eq!((parts.len(), parts.iter().filter(|part| part.superseded).count()), (4, 2), "history is kept");
        let items = operator_items::of_order(read, world.tenant, world.order).await.unwrap();
        assert!(items.is_empty(), "{items:?}");
        world.printer.clock().advance(96 * HOUR);
        poll(&world).await;
        assert_eq!(order(&world).await.state, "delivered", "what failed before holds nothing up");
        assert!(anew(&world).await.is_err(), "what was made is not made again");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_anew_while_a_part_lives() {
    for test in databases().await {
        let world = failed(test, false).await;
        let Err(Refused::NotReady(why)) = anew(&world).await else { panic!("a part is being made") };
        assert!(why.contains("1 of its 2 parts have not failed"), "{why}");
        // It can still be cancelled, and what had failed is nothing that was made.
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        let now = world.ledger.now();
        cancellations::request(&mut tx, now, world.tenant, world.order, ("key", "enough"), "asked").await.unwrap();
        tx.commit().await.unwrap();
        let cancel = world.enqueue(find("cancel_order").unwrap(), &json!({ "order": world.order }), None).await;
        world.run(cancel).await;
        let ended = cancellations::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
        assert_eq!((ended.state.as_str(), order(&world).await.state.as_str()), ("done", "cancelled"));
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_lives_after_all_is_found_before_anything_is_staged() {
    for test in databases().await {
        let world = failed(test, true).await;
        let creates = world.printer.counts().creates;
        let job = anew(&world).await.unwrap();
        world.printer.set_fault(
            Fault::new(FaultKind::Patch { merge: json!({ "fulfillmentStatus": "in_production" }) })
                .on(Op::Get)
                .times(1),
        );
        world.run(job).await;
        assert_eq!((world.job(job).await.state.as_str(), order(&world).await.state.as_str()), ("dead", "on_hold"));
        assert!(order(&world).await.state_why.contains("lives again"));
        assert_eq!(world.printer.counts().creates, creates, "nothing was staged");
        world.end().await;
    }
}
