//! A printer whose answers get lost: whatever is lost, and however often, one order is one order there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::id::JobId;
use platen_shared::store::orders;
use platen_shared::testing::{TestDb, databases};
use platen_sim::gelato::{Fault, FaultKind, Op, QuoteRefusal};
use serde_json::json;
use world::World;

/// A world whose order waits for its submission.
async fn submitting() -> (World, JobId) {
    submitting_on(TestDb::sqlite().await).await
}

async fn submitting_on(test: TestDb) -> (World, JobId) {
    let world = World::new(test).await;
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    let payload = json!({ "order": order.id, "revision": order.revision });
    let bundle = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
    world.run(bundle).await;
    let id = world.jobs("submit_order").await[0].id;
    (world, id)
}

/// Runs attempts until the job ends, letting ten minutes pass between them.
async fn to_the_end(world: &World, id: JobId) -> String {
    for _ in 0..20 {
        world.run(id).await;
        let job = world.job(id).await;
        if job.finished() {
            return job.state;
        }
        assert_eq!(job.state, "scheduled");
        world.clock.advance(Duration::from_secs(600));
    }
    panic!("twenty attempts were not enough: {:?}", world.job(id).await.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_never_makes_a_second_order() {
    let faults = [
        ("reply lost", FaultKind::DropReply),
        ("request lost", FaultKind::DropRequest),
        ("502 after the effect", FaultKind::Status { status: 502, html: true, after: true }),
        ("503 before it", FaultKind::Status { status: 503, html: false, after: false }),
    ];
    for (name, kind) in faults {
        for op in [Op::Search, Op::Quote, Op::Create, Op::Release, Op::Get] {
            for times in [1, 3] {
                let (world, id) = submitting().await;
                world.printer.set_fault(Fault::new(kind.clone()).on(op).times(times));
                assert_eq!(to_the_end(&world, id).await, "succeeded", "{name} on {op:?}");
                let counts = world.printer.counts();
                assert_eq!(
                    (counts.released_groups, counts.releases_effective),
                    (1, 1),
                    "{name} on {op:?}, {times} times"
                );
                world.end().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_lags_never_makes_a_second_release() {
    let (world, id) = submitting().await;
    world.printer.set_fault(Fault::new(FaultKind::SearchLag { virtual_seconds: 3600, real_ms: 0 }));
    world.printer.set_fault(Fault::new(FaultKind::DropReply).on(Op::Release).times(2));
    assert!(world.run_and_kill(id, "submit_order", "checkpointed").await);
    assert_eq!(to_the_end(&world, id).await, "succeeded");
    let counts = world.printer.counts();
    assert_eq!((counts.released_groups, counts.releases_effective), (1, 1));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_quote_makes_nothing_and_puts_the_order_on_hold() {
    for form in [
        QuoteRefusal::ReasonCode,
        QuoteRefusal::Empty,
        QuoteRefusal::MissingItem,
        QuoteRefusal::PriceZero,
        QuoteRefusal::OutOfStockMethod,
    ] {
        for test in databases().await {
            let (world, id) = submitting_on(test).await;
            world.printer.set_fault(Fault::new(FaultKind::RefuseQuote { form }));
            assert_eq!(to_the_end(&world, id).await, "dead", "{form:?}");
            let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
            assert_eq!(order.state, "on_hold", "{form:?}");
            let counts = world.printer.counts();
            assert_eq!((counts.creates, counts.released_groups), (0, 0), "{form:?}: refused is never free");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fails_at_the_printer_is_held_and_nobody_is_paid() {
    let (world, id) = submitting().await;
    world.printer.set_fault(Fault::new(FaultKind::FailUploading { comment: "the file has no pages".into() }).times(1));
    assert_eq!(to_the_end(&world, id).await, "succeeded");
    world.printer.clock().advance(Duration::from_secs(30 * 24 * 3600));
    world.clock.advance(Duration::from_secs(7 * 3600));
    let poll = world.jobs("poll_tracking").await[0].id;
    assert_eq!(to_the_end(&world, poll).await, "succeeded");
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    assert_eq!(order.state, "on_hold");
    assert!(order.state_why.contains("the file has no pages"), "{}", order.state_why);
    assert!(world.jobs("distribute_revenue").await.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_that_was_released_already_is_not_called_unplaced() {
    let (world, id) = submitting().await;
    assert!(world.run_and_kill(id, "submit_order", "released").await);
    // Asked of the worker that then died: the row kept it.
    world.test.tamper("UPDATE jobs SET cancel_requested = TRUE WHERE kind = 'submit_order'").await.unwrap();
    assert_eq!(to_the_end(&world, id).await, "succeeded", "it is at the printer, and says so");
    let counts = world.printer.counts();
    assert_eq!((counts.released_groups, counts.releases_effective), (1, 1));
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    assert_eq!(order.state.to_string(), "in_production");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_that_was_not_released_stays_unplaced() {
    let (world, id) = submitting().await;
    assert!(world.run_and_kill(id, "submit_order", "staged").await);
    world.test.tamper("UPDATE jobs SET cancel_requested = TRUE WHERE kind = 'submit_order'").await.unwrap();
    assert_eq!(to_the_end(&world, id).await, "cancelled");
    assert_eq!(world.printer.counts().released_groups, 0);
    world.end().await;
}
