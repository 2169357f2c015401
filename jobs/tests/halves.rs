//! Orders that ended half-way: killed between the two calls that release their parts, or left lying as a draft until its links are over.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "world/queue.rs"]
#[expect(dead_code, reason = "each suite uses some of it")]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::{Hook, find};
use platen_shared::id::JobId;
use platen_shared::ledger::control;
use platen_shared::ports::links::{FETCHED_WITHIN, PROVIDER_TTL};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{cancellations, fulfilment, operator_items, tenants};
use platen_shared::testing::{DEADLINE, TestDb, databases, forget_claim};
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::timeout;
use world::World;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn order(world: &World) -> Order {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap()
}

async fn items(world: &World) -> Vec<String> {
    let open = operator_items::list(&mut world.test.db.reader(), world.tenant, true, None, 100).await.unwrap();
    open.into_iter().map(|item| item.kind).collect()
}

async fn parts(world: &World) -> Vec<(String, String)> {
    let parts = fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
    parts.into_iter().map(|part| (part.provider_id, part.stage)).collect()
}

/// A world whose order of two parts waits for its submission.
async fn submitting(test: TestDb) -> (World, JobId) {
    let world = World::new(test).await;
    queue::queue(&world, 1).await;
    let id = world.jobs("submit_order").await[0].id;
    (world, id)
}

/// The worker dies after the printer did what such a call asks for, and before anybody here heard of it.
async fn killed_after(world: &World, id: JobId, op: Op) {
    world.printer.set_fault(Fault::new(FaultKind::Gate).on(op).times(1));
    let worker = world.worker(None).await;
    assert!(world.kill_when(worker, id, world.printer.wait_held(DEADLINE)).await, "{op:?} was called");
    world.printer.clear_faults();
}

/// The submission died between its two releases and was stopped, and a look showed what it left.
async fn half(test: TestDb) -> (World, JobId) {
    let (world, id) = submitting(test).await;
    killed_after(&world, id, Op::Release).await;
    world.cancel(id).await;
    assert_eq!(order(&world).await.state, "outcome_unknown", "who stopped it cannot know");
    let look = world.jobs("look_up_order").await[0].id;
    assert!(world.run_and_kill(look, "look_up_order", "looked").await);
    world.run(look).await;
    assert_eq!(world.job(look).await.state, "succeeded");
    (world, id)
}

async fn retry(world: &World, id: JobId) {
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    assert!(control::retry(&mut tx, world.ledger.now(), world.tenant, id).await.unwrap());
    tx.commit().await.unwrap();
    world.run(id).await;
}

/// Runs the poll that is due next.
async fn poll(world: &World) {
    let id = world.jobs("poll_tracking").await.into_iter().find(|job| !job.finished()).unwrap().id;
    world.clock.advance(HOUR);
    world.run(id).await;
    assert_eq!(world.job(id).await.state, "succeeded");
}

async fn freeze(world: &World, frozen: bool) {
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let mut tenant = tenants::get(&mut tx, world.tenant).await.unwrap().unwrap();
    tenant.frozen = frozen;
    tenants::change(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_between_two_releases_leaves_the_rest_to_the_next() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        killed_after(&world, id, Op::Release).await;
        let counts = world.printer.counts();
        assert_eq!((counts.released_groups, counts.drafts_live), (1, 1), "one of two parts is in production");
        world.run(id).await;
        assert_eq!((order(&world).await.state.as_str(), parts(&world).await.len()), ("in_production", 2));
        let counts = world.printer.counts();
        assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (1, 1, 0));
        assert_eq!(items(&world).await, [""; 0]);
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_released_order_waits_for_a_person_is_followed_and_goes_on_where_it_stopped() {
    for test in databases().await {
        let (world, id) = half(test).await;
        let held = order(&world).await;
        assert_eq!((held.state.as_str(), items(&world).await), ("on_hold", vec!["half_released".to_owned()]));
        assert!(held.state_why.contains("retry its submission"), "{}", held.state_why);
        assert_eq!(parts(&world).await.len(), 1, "what is in production is known");
        for _ in 0..2 {
            world.printer.clock().advance(2 * HOUR);
            poll(&world).await;
            assert_eq!(order(&world).await.state, "on_hold", "the part that is made does not wave it on");
        }
        let seen = parts(&world).await;
        assert!(seen.len() == 2 && seen.iter().filter(|(_, stage)| stage == "draft").count() == 1, "{seen:?}");
        retry(&world, id).await;
        assert_eq!((order(&world).await.state.as_str(), items(&world).await), ("in_production", vec![]));
        let counts = world.printer.counts();
        assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (1, 1, 0));
        assert_eq!(
            world.jobs("poll_tracking").await.iter().filter(|job| !job.finished()).count(),
            1,
            "one chain of polls"
        );
        world.printer.clock().advance(30 * DAY);
        world.clock.advance(DAY);
        poll(&world).await;
        assert_eq!(order(&world).await.state, "delivered");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_released_order_can_be_cancelled_draft_and_all() {
    for test in databases().await {
        let (world, _) = half(test).await;
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        let now = world.ledger.now();
        cancellations::request(&mut tx, now, world.tenant, world.order, ("a person", "the buyer asked"), "")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let cancel = world.enqueue(find("cancel_order").unwrap(), &json!({ "order": world.order }), None).await;
        world.run(cancel).await;
        assert_eq!(world.job(cancel).await.state, "succeeded", "{:?}", world.job(cancel).await.error);
        assert_eq!(order(&world).await.state, "cancelled");
        assert_eq!(world.printer.counts().drafts_live, 0, "nothing of it is left there");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_was_held_too_long_is_made_anew_with_fresh_links() {
    // Noted or not, shown by search or not, and killed after the old one was deleted.
    for (point, lag_s, kill) in [
        ("checkpointed", 0, false),
        ("staged", 0, false),
        ("checkpointed", 400 * 24 * 3600, false),
        ("checkpointed", 0, true),
    ] {
        for test in databases().await {
            let (world, id) = submitting(test).await;
            if lag_s > 0 {
                let lag = FaultKind::SearchLag { virtual_seconds: lag_s, real_ms: 0 };
                world.printer.set_fault(Fault::new(lag).on(Op::Create).times(1));
            }
            assert!(world.run_and_kill(id, "submit_order", point).await);
            freeze(&world, true).await;
            world.run(id).await;
            for _ in 0..46 {
                world.clock.advance(DAY);
                world.printer.clock().advance(DAY);
                world.run(id).await;
                let counts = world.printer.counts();
                assert_eq!(
                    (counts.creates, counts.released_groups),
                    (1, 0),
                    "{point}: it is held, and nothing is made anew"
                );
            }
            freeze(&world, false).await;
            world.clock.advance(HOUR);
            if kill {
                killed_after(&world, id, Op::Delete).await;
            }
            world.run(id).await;
            assert_eq!(order(&world).await.state, "in_production", "{point}: {:?}", world.job(id).await.error);
            let counts = world.printer.counts();
            assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (2, 1, 0), "{point}");
            assert!(all_open(&world, FETCHED_WITHIN), "{point}: what was released can be fetched");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_shows_late_is_not_taken_for_the_one_that_was_released() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        let lagging = |lag: Duration| {
            let lag = FaultKind::SearchLag { virtual_seconds: lag.as_secs(), real_ms: 0 };
            world.printer.set_fault(Fault::new(lag).on(Op::Create).times(1));
        };
        lagging(HOUR);
        assert!(world.run_and_kill(id, "submit_order", "staged").await, "a draft that nobody noted");
        lagging(400 * DAY);
        killed_after(&world, id, Op::Release).await;
        assert_eq!(world.printer.counts().creates, 2, "the first one did not show yet");
        world.clock.advance(2 * HOUR);
        world.printer.clock().advance(2 * HOUR);
        world.run(id).await;
        assert_eq!(order(&world).await.state, "in_production", "{:?}", world.job(id).await.error);
        let counts = world.printer.counts();
        assert_eq!((counts.creates, counts.released_groups, counts.drafts_live), (2, 1, 0), "it is printed once");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_a_crash_took_back_releases_nothing_beside_the_next_one() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        let lag = FaultKind::SearchLag { virtual_seconds: HOUR.as_secs(), real_ms: 0 };
        world.printer.set_fault(Fault::new(lag).on(Op::Create).times(1));
        let (staged, released) = (Hold::new("staged"), Hold::new("released"));
        let worker = world.worker(Some(holding([staged.clone(), released.clone()]))).await;
        let begin = |job| {
            let worker = worker.clone();
            tokio::spawn(async move { worker.run(job).await })
        };
        let first = begin(world.claim(&worker, id).await);
        staged.reached().await;
        forget_claim(&world.test.db, id).await;
        world.clock.advance(Duration::from_secs(1));
        let again = world.claim(&worker, id).await;
        assert_eq!(again.attempt, 1, "the same number, by the same worker");
        let second = begin(again);
        released.reached().await;
        assert_eq!(world.printer.counts().creates, 2, "the first draft did not show yet");
        staged.open.notify_one();
        timeout(DEADLINE, first).await.expect("it ends").unwrap();
        released.open.notify_one();
        timeout(DEADLINE, second).await.expect("it ends").unwrap();
        assert_eq!(order(&world).await.state, "in_production", "{:?}", world.job(id).await.error);
        assert_eq!(world.printer.counts().released_groups, 1, "it is printed once");
        world.end().await;
    }
}

/// Where the first run of a submission that comes there stands still.
struct Hold {
    point: &'static str,
    held: AtomicBool,
    come: Notify,
    open: Notify,
}

impl Hold {
    fn new(point: &'static str) -> Arc<Hold> {
        Arc::new(Hold { point, held: AtomicBool::new(false), come: Notify::new(), open: Notify::new() })
    }

    async fn reached(&self) {
        timeout(DEADLINE, self.come.notified()).await.unwrap_or_else(|_| panic!("{} is not reached", self.point));
    }
}

fn holding<const N: usize>(holds: [Arc<Hold>; N]) -> Hook {
    Arc::new(move |kind, point| {
        let first = |hold: &&Arc<Hold>| {
            kind == "submit_order" && hold.point == point && !hold.held.swap(true, Ordering::SeqCst)
        };
        let Some(hold) = holds.iter().find(first).cloned() else { return futures::future::ready(()).boxed() };
        let wait = async move {
            hold.come.notify_one();
            hold.open.notified().await;
        };
        wait.boxed()
    })
}

/// Whether the links of the latest create call open after so long.
fn all_open(world: &World, after: Duration) -> bool {
    let body = world.printer.created().pop().unwrap();
    let items = body["items"].as_array().unwrap().iter().flat_map(|item| item["files"].as_array().unwrap());
    let mut tokens = items.map(|file| file["url"].as_str().unwrap().rsplit('/').next().unwrap());
    tokens.all(|token| world.ports.links.open(world.ledger.now().plus(after), token).is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn links_live_for_as_long_as_the_printer_may_come_for_the_files() {
    // The oldest draft that is still released, and one that is not any more.
    let oldest = PROVIDER_TTL - FETCHED_WITHIN;
    for (held, creates) in [(oldest - HOUR, 1), (oldest + HOUR, 2)] {
        for status in ["created", "uploading", "pending_approval", "pending_personalization", "on_hold", "digitizing"] {
            let (world, id) = submitting(TestDb::sqlite().await).await;
            let faults = match status {
                "created" | "uploading" => vec![FaultKind::Stuck { status: status.into() }],
                "on_hold" => vec![FaultKind::Hold { virtual_seconds: 400 * 24 * 3600 }],
                // Words that the stand-in's own orders never come to.
                word => vec![
                    FaultKind::Stuck { status: "uploading".into() },
                    FaultKind::UnknownStatus { value: word.into() },
                ],
            };
            faults.into_iter().for_each(|kind| world.printer.set_fault(Fault::new(kind)));
            assert!(world.run_and_kill(id, "submit_order", "checkpointed").await);
            world.clock.advance(held);
            world.printer.clock().advance(held);
            world.run(id).await;
            assert_eq!(world.printer.counts().creates, creates, "{status} after {held:?}");
            let mut days = 0;
            while Duration::from_secs(days * 24 * 3600) < FETCHED_WITHIN {
                assert!(all_open(&world, Duration::ZERO), "{status}: day {days} after the release");
                world.clock.advance(DAY);
                world.printer.clock().advance(DAY);
                if let Some(job) = world.jobs("poll_tracking").await.iter().find(|job| !job.finished()) {
                    world.run(job.id).await;
                }
                days += 1;
            }
            let told = items(&world).await;
            assert!(
                told.iter().any(|kind| kind == "stuck" || kind == "needs_action"),
                "{status}: a person knew long before: {told:?}"
            );
            world.end().await;
        }
    }
}
