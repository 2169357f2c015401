//! What an order shows while its submission waits, does not know, or ends; and that nothing is released that is held.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::domain::money::Money;
use platen_shared::domain::order::OrderState;
use platen_shared::id::{JobId, OrderId};
use platen_shared::ledger::{control, follow};
use platen_shared::store::artefacts;
use platen_shared::store::operator_items::{self, OperatorItem};
use platen_shared::store::orders::{self, Moved, Order};
use platen_shared::store::spending::{self, Limits, Over};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::testing::{TestDb, databases};
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::json;
use world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A world whose order waits for its submission.
async fn submitting(test: TestDb) -> (World, JobId) {
    let world = World::new(test).await;
    let order = order(&world).await;
    let payload = json!({ "order": order.id, "revision": order.revision });
    let bundle = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
    world.run(bundle).await;
    let id = world.jobs("submit_order").await[0].id;
    (world, id)
}

async fn order(world: &World) -> Order {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap()
}

async fn told(world: &World) -> Vec<String> {
    let events = orders::events(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
    events.into_iter().filter(|e| e.dimension == "submission").map(|e| e.to_state).collect()
}

async fn open_items(world: &World) -> Vec<OperatorItem> {
    operator_items::list(&mut world.test.db.reader(), world.tenant, true, None, 100).await.unwrap()
}

async fn change(world: &World, how: impl FnOnce(&mut Tenant, &mut Limits)) {
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let mut tenant = tenants::get(&mut tx, world.tenant).await.unwrap().unwrap();
    let mut limits = spending::limits(&mut tx, world.tenant).await.unwrap();
    how(&mut tenant, &mut limits);
    tenants::change(&mut tx, &tenant).await.unwrap();
    spending::set_limits(&mut tx, world.tenant, &limits).await.unwrap();
    follow::submit_now(&mut tx, world.ledger.now(), world.tenant).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_a_state_that_only_a_look_ends() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        world.printer.set_fault(Fault::new(FaultKind::DropReply).on(Op::Create).times(1));
        world.run(id).await;
        let unknown = order(&world).await;
        assert_eq!(unknown.state, "outcome_unknown");
        assert!(unknown.state_why.contains("is being looked up"), "{}", unknown.state_why);
        assert_eq!(world.job(id).await.waiting_for, "lookup");
        for to in [OrderState::Cancelled, OrderState::Ready] {
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let now = world.ledger.now();
            let moved = orders::advance(&mut tx, now, world.tenant, world.order, to, "a person", "").await.unwrap();
            assert_eq!(moved, Moved::Illegal(OrderState::OutcomeUnknown), "no person can say what the printer has");
        }
        world.clock.advance(Duration::from_secs(10));
        world.run(id).await;
        assert_eq!(order(&world).await.state, "in_production");
        assert_eq!(told(&world).await, ["unknown", "placed"]);
        let counts = world.printer.counts();
        assert_eq!((counts.creates, counts.released_groups), (1, 1));
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ends_in_the_dark_leaves_a_look_behind() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        assert!(world.run_and_kill(id, "submit_order", "checkpointed").await, "nothing was released");
        world.cancel(id).await;
        assert_eq!(order(&world).await.state, "outcome_unknown", "who stopped it cannot know that");
        let look = world.jobs("look_up_order").await[0].id;
        world.run(look).await;
        let waits = world.job(look).await;
        assert_eq!((waits.waiting_for.as_str(), waits.failures), ("lookup", 0), "what is new can take minutes to show");
        world.printer.set_fault(Fault::new(FaultKind::DropRequest).on(Op::Search).times(1));
        world.clock.advance(Duration::from_secs(3600));
        world.run(look).await;
        assert_eq!(world.job(look).await.waiting_for, "lookup", "a printer that cannot be asked is asked again");
        world.clock.advance(Duration::from_secs(60));
        world.run(look).await;
        assert_eq!(
            (order(&world).await.state.as_str(), world.job(look).await.state.as_str()),
            ("on_hold", "succeeded")
        );
        assert_eq!(told(&world).await, ["unknown", "not_placed"]);
        let items = open_items(&world).await;
        assert_eq!((items.len(), items[0].kind.as_str()), (1, "not_placed"));
        // A person retries: the draft is adopted, and the order placed once.
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        assert!(control::retry(&mut tx, world.ledger.now(), world.tenant, id).await.unwrap());
        tx.commit().await.unwrap();
        world.run(id).await;
        assert_eq!(order(&world).await.state, "in_production");
        assert_eq!(open_items(&world).await, [], "the facts closed it");
        assert_eq!(world.printer.counts().released_groups, 1);
        world.end().await;
    }
}

/// A page of this size in points, with this drawing in a font that is not in the file.
fn page(boxes: &str, drawing: &str) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R{boxes}/Resources<</Font<</F 5 0 R>>>>>>"),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len() + 1),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let (mut out, mut places) = (b"%PDF-1.6\n".to_vec(), Vec::new());
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", n + 1).bytes());
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    out.extend(format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", places.len() + 1).bytes());
    out
}

/// Puts other bytes in the place of a print file; answers the hash of those that were there.
async fn swap(world: &World, name: &str, bytes: Vec<u8>) -> (String, String) {
    let order = order(world).await;
    let key = format!("{}:{}", order.id, order.revision);
    let made = artefacts::get(&mut world.test.db.reader(), world.tenant, "build_bundle", &key).await.unwrap().unwrap();
    let ours = made.files.0.into_iter().find(|file| file.name == name).unwrap().sha256;
    let theirs = world.ports.blobs.put(world.tenant, bytes.into()).await.unwrap();
    rename(world, &ours, &theirs).await;
    (ours, theirs)
}

async fn rename(world: &World, from: &str, to: &str) {
    let (text, json) = if world.test.engine() == "postgres" { ("files::text", "::jsonb") } else { ("files", "") };
    let statement = format!("UPDATE artefacts SET files = replace({text}, '{from}', '{to}'){json}");
    world.test.tamper(Box::leak(statement.into_boxed_str())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_file_that_is_not_what_was_drawn_is_held_with_the_reason() {
    // A zone of 40 by 45 mm with 2 mm bleed: 44 by 49 mm are 124.724 by 138.898 points.
    let right = "/MediaBox[0 0 124.724 138.898]/TrimBox[5.669 5.669 119.055 133.228]";
    let broken: [(Vec<u8>, &str); 4] = [
        (page("/MediaBox[0 0 595 842]/TrimBox[11 11 584 831]", ""), "the product is 40 × 45 mm"),
        (page("/MediaBox[0 0 124.724 138.898]/TrimBox[-90 5 119 133]", ""), "TrimBox lies outside the sheet"),
        (page(right, "BT /F 12 Tf 9 9 Td (x) Tj ET"), "Helvetica is not embedded"),
        (b"%PDF-1.6 and nothing else".to_vec(), "damaged"),
    ];
    for test in databases().await {
        let (world, id) = submitting(test).await;
        for (bytes, why) in broken.clone() {
            let (ours, theirs) = swap(&world, "items/0/left.pdf", bytes).await;
            world.run(id).await;
            let held = order(&world).await;
            assert_eq!((held.state.as_str(), world.job(id).await.state.as_str()), ("on_hold", "dead"), "{why}");
            assert!(held.state_why.contains("item 1, zone left") && held.state_why.contains(why), "{}", held.state_why);
            let counts = world.printer.counts();
            assert_eq!((counts.creates, counts.released_groups), (0, 0), "{why}: the printer hears nothing of it");
            rename(&world, &theirs, &ours).await;
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            assert!(control::retry(&mut tx, world.ledger.now(), world.tenant, id).await.unwrap());
            tx.commit().await.unwrap();
        }
        world.run(id).await;
        assert_eq!(order(&world).await.state, "in_production", "with the file that was drawn it goes on");
        assert_eq!(world.printer.counts().released_groups, 1);
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_heard_even_when_search_does_not_show_the_draft() {
    for (point, released) in [("checkpointed", 0), ("released", 1)] {
        let (world, id) = submitting(TestDb::sqlite().await).await;
        world.printer.set_fault(Fault::new(FaultKind::SearchLag { virtual_seconds: 3600, real_ms: 0 }));
        assert!(world.run_and_kill(id, "submit_order", point).await);
        world.test.tamper("UPDATE jobs SET cancel_requested = TRUE WHERE kind = 'submit_order'").await.unwrap();
        world.run(id).await;
        let counts = world.printer.counts();
        assert_eq!((counts.released_groups, counts.drafts_live), (released, 0), "stopped at {point}");
        let state = if released == 1 { "succeeded" } else { "cancelled" };
        assert_eq!(world.job(id).await.state, state, "stopped at {point}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_after_its_draft_was_made_is_not_released() {
    type Change = fn(&mut Tenant, &mut Limits);
    let holds: [(&str, Change, Change); 3] = [
        ("test mode", |t, _| t.test_mode = true, |t, _| t.test_mode = false),
        (
            "releases are frozen: the printer's files are wrong",
            |t, l| {
                t.frozen = true;
                l.frozen_why = "the printer's files are wrong".into();
            },
            |t, _| t.frozen = false,
        ),
        ("spending cap of this day", |_, l| l.day_minor = Some(1), |_, l| l.day_minor = None),
    ];
    for (why, close, open) in holds {
        for point in ["staged", "checkpointed"] {
            let (world, id) = submitting(TestDb::sqlite().await).await;
            assert!(world.run_and_kill(id, "submit_order", point).await);
            change(&world, close).await;
            for _ in 0..3 {
                world.run(id).await;
                let job = world.job(id).await;
                assert_eq!((job.waiting_for.as_str(), job.failures), ("not_ready", 0), "{why} at {point}");
                assert!(job.waiting_why.contains(why), "{}", job.waiting_why);
                world.clock.advance(DAY);
            }
            let held = order(&world).await;
            assert!(
                held.state == "submitting" && held.state_why.contains(why),
                "the order says it: {}",
                held.state_why
            );
            assert_eq!(world.printer.counts().released_groups, 0, "{why} at {point}");
            assert_eq!(told(&world).await, ["held"], "once");
            change(&world, open).await;
            world.run(id).await;
            assert_eq!(order(&world).await.state, "in_production", "{why}: it goes on by itself");
            let counts = world.printer.counts();
            assert_eq!((counts.creates, counts.released_groups), (1, 1), "with the draft it had");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_failures_is_the_end_and_is_told_once() {
    for test in databases().await {
        let (world, id) = submitting(test).await;
        // What an order waits for something else is not spent trying.
        change(&world, |t, _| t.frozen = true).await;
        world.run(id).await;
        world.clock.advance(3 * DAY);
        change(&world, |t, _| t.frozen = false).await;
        world.printer.set_fault(Fault::new(FaultKind::DropRequest).on(Op::Search));
        let mut attempts = 0;
        while !world.job(id).await.finished() {
            world.run(id).await;
            world.clock.advance(Duration::from_secs(660));
            attempts += 1;
        }
        assert!((60..200).contains(&attempts), "{attempts} attempts in a day");
        assert_eq!((order(&world).await.state.as_str(), world.job(id).await.state.as_str()), ("on_hold", "dead"));
        assert_eq!(told(&world).await, ["held", "not_placed"]);
        assert_eq!(open_items(&world).await.len(), 1);
        assert_eq!(world.printer.counts().creates, 0);
        world.printer.clear_faults();
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        assert!(control::retry(&mut tx, world.ledger.now(), world.tenant, id).await.unwrap());
        tx.commit().await.unwrap();
        world.printer.set_fault(Fault::new(FaultKind::DropRequest).on(Op::Search).times(1));
        world.clock.advance(Duration::from_secs(60));
        world.run(id).await;
        assert_eq!(world.job(id).await.state, "scheduled", "a retried job has its whole day again");
        world.clock.advance(Duration::from_secs(660));
        world.run(id).await;
        assert_eq!(order(&world).await.state, "in_production");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_taken_once_per_order_and_day() {
    for test in databases().await {
        let world = World::new(test).await;
        let (first, second, eur) = (OrderId::new(), OrderId::new(), "EUR".parse().unwrap());
        let cost = Money { minor: 60, currency: eur };
        change(&world, |_, limits| limits.day_minor = Some(100)).await;
        let take = async |order: OrderId, total: Option<i64>| {
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let taken = spending::reserve(&mut tx, world.ledger.now(), world.tenant, order, cost, total).await.unwrap();
            tx.commit().await.unwrap();
            taken
        };
        assert_eq!(take(first, None).await, Ok(()));
        assert_eq!(take(first, None).await, Ok(()), "again is the same");
        assert_eq!(take(second, None).await, Err(Over::Day));
        assert_eq!(take(second, Some(100)).await, Err(Over::Total));
        world.clock.advance(DAY);
        assert_eq!(take(second, None).await, Ok(()), "the next day");
        let third = OrderId::new();
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        spending::release(&mut tx, world.tenant, second).await.unwrap();
        tx.commit().await.unwrap();
        // Two at one moment: one of them gets the last of it.
        let (a, b) = tokio::join!(take(second, None), take(third, None));
        assert_eq!([a, b].iter().filter(|taken| taken.is_ok()).count(), 1);
        world.end().await;
    }
}
