//! What the printer answers and nobody documents: each is survived, nothing of it is lost, and a person can see it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_shared::id::JobId;
use platen_shared::store::operator_items::{self, OperatorItem};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{fulfilment, unknown_words};
use platen_shared::testing::{TestDb, databases};
use platen_sim::gelato::{Fault, FaultKind, Op};
use serde_json::{Value, json};
use world::World;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn order(world: &World) -> Order {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap()
}

async fn kinds(world: &World) -> Vec<String> {
    let open: Vec<OperatorItem> =
        operator_items::list(&mut world.test.db.reader(), world.tenant, true, None, 100).await.unwrap();
    let mut kinds: Vec<String> = open.into_iter().map(|item| item.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn patch(op: Op, merge: Value, times: u32) -> Fault {
    Fault::new(FaultKind::Patch { merge }).on(op).times(times)
}

/// A world whose order is about to be submitted.
async fn ready(test: TestDb) -> (World, JobId) {
    let world = World::new(test).await;
    queue::queue(&world, 1).await;
    let id = world.jobs("submit_order").await[0].id;
    (world, id)
}

/// A world whose order is at the printer.
async fn placed(test: TestDb) -> World {
    let (world, id) = ready(test).await;
    world.run(id).await;
    assert_eq!(order(&world).await.state, "in_production");
    world
}

/// Lets the next poll run now.
async fn poll(world: &World) {
    let id = next_poll(world).await;
    world.clock.advance(25 * HOUR);
    world.run(id).await;
}

async fn next_poll(world: &World) -> JobId {
    world.jobs("poll_tracking").await.into_iter().find(|job| !job.finished()).unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_words_are_kept_counted_and_change_nothing() {
    for test in databases().await {
        let world = placed(test).await;
        world.printer.clock().advance(30 * HOUR);
        poll(&world).await;
        let before = order(&world).await;
        assert_eq!(before.state, "shipped");
        world
            .printer
            .set_fault(Fault::new(FaultKind::UnknownStatus { value: "teleporting".into() }).on(Op::Get).times(4));
        poll(&world).await;
        poll(&world).await;
        let after = order(&world).await;
        assert_eq!((after.state, after.version), (before.state, before.version), "nothing follows from it");
        let parts = fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
        assert!(parts.iter().all(|part| part.status == "teleporting" && part.stage == "shipped"), "{parts:?}");
        let words = unknown_words::list(&mut world.test.db.reader(), world.tenant).await.unwrap();
        assert_eq!((words.len(), words[0].word.as_str(), words[0].times), (1, "teleporting", 2), "once per part");
        assert_eq!(kinds(&world).await, ["unknown_status"]);
        world.printer.clock().advance(30 * DAY);
        poll(&world).await;
        assert_eq!(order(&world).await.state, "delivered", "the next known word is heard");
        world.end().await;
    }
}

/// What an answer may look like and still be one, by name.
fn oddities() -> [(&'static str, Value); 9] {
    let receipt =
        json!({ "id": 1, "transactionType": "purchase", "currency": "EUR", "totalInclVat": "12.50", "items": [] });
    [
        ("ids as numbers", json!({ "customerReferenceId": 118, "billingEntity": { "id": 4711 }, "storeId": 9 })),
        ("numbers as text", json!({ "receipts": [receipt] })),
        (
            "null nearly everywhere",
            json!({ "refusalReason": null, "channel": null, "financialStatus": null, "createdAt": null }),
        ),
        ("no shipment, no receipts", json!({ "shipment": null, "receipts": null, "returnAddress": null })),
        ("no reference", json!({ "orderReferenceId": null })),
        // The С of this key is Cyrillic, as their tables print it.
        ("a look-alike key", json!({ "shippingAddress": { "postСode": "69003", "postCode": null } })),
        ("fields that came later", json!({ "isIgnored": true, "eventLog": [{ "a": 1 }], "totalInclVat": "12.345678" })),
        ("both spellings", json!({ "shipment": { "packagesCount": 2, "packageCount": null } })),
        ("text for a truth value", json!({ "isBusiness": "true", "items": null })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn other_types_missing_fields_and_look_alike_keys_are_read() {
    for (name, merge) in oddities() {
        for op in [Op::Create, Op::Release, Op::Get] {
            // What leaves the items out on the read-back is an order that differs from what was sent, and told so.
            if name == "text for a truth value" && op == Op::Get {
                continue;
            }
            for test in databases().await {
                let (world, id) = ready(test).await;
                world.printer.set_fault(patch(op, merge.clone(), 100));
                world.run(id).await;
                let state = order(&world).await.state;
                assert_eq!(state, "in_production", "{name} on {op:?}: {:?}", world.job(id).await.error);
                assert_eq!(world.printer.counts().released_groups, 1);
                poll(&world).await;
                assert_eq!(kinds(&world).await, [""; 0], "{name} on {op:?}");
                if name == "numbers as text" && op == Op::Get {
                    let parts =
                        fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
                    assert!(parts.iter().all(|part| part.cost_minor == 1250), "{parts:?}");
                }
                world.end().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_html_is_no_answer_and_is_asked_for_again() {
    for op in [Op::Search, Op::Quote, Op::Create, Op::Release, Op::Get] {
        for test in databases().await {
            let (world, id) = ready(test).await;
            let page =
                FaultKind::Answer { status: 200, body: Value::Null, text: "<html>soon</html>".into(), before: false };
            world.printer.set_fault(Fault::new(page).on(op).times(1));
            for _ in 0..3 {
                if !world.job(id).await.finished() {
                    world.run(id).await;
                    world.clock.advance(Duration::from_secs(300));
                }
            }
            assert_eq!(order(&world).await.state, "in_production", "HTML on {op:?}");
            assert_eq!(world.printer.counts().released_groups, 1, "HTML on {op:?}");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_moves_nothing_back() {
    for test in databases().await {
        let world = placed(test).await;
        world.printer.clock().advance(30 * HOUR);
        poll(&world).await;
        let before = order(&world).await;
        assert_eq!(before.state, "shipped");
        for late in [
            json!({ "fulfillmentStatus": "in_production", "updatedAt": "2020-01-01T00:00:00+00:00" }),
            json!({ "fulfillmentStatus": "on_hold", "updatedAt": "2020-01-01T00:00:00+00:00" }),
        ] {
            world.printer.set_fault(patch(Op::Get, late, 2));
            poll(&world).await;
            let after = order(&world).await;
            assert_eq!((&after.state, after.version), (&before.state, before.version), "nothing follows from it");
            assert_eq!(kinds(&world).await, [""; 0]);
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_order_is_never_taken_over() {
    for test in databases().await {
        let world = placed(test).await;
        let before = order(&world).await;
        let merge = json!({ "orderReferenceId": "another-shop-7", "fulfillmentStatus": "delivered" });
        world.printer.set_fault(patch(Op::Get, merge, 2));
        poll(&world).await;
        let after = order(&world).await;
        assert_eq!((after.state, after.fulfilment_state), (before.state, before.fulfilment_state));
        let parts = fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
        assert!(parts.iter().all(|part| part.stage != "delivered"));
        assert_eq!(kinds(&world).await, ["foreign_answer"]);
        // Another id than was asked for is no answer at all.
        world.printer.set_fault(patch(Op::Get, json!({ "id": "other" }), 1));
        let id = next_poll(&world).await;
        world.clock.advance(25 * HOUR);
        world.run(id).await;
        assert_eq!(world.job(id).await.state, "scheduled", "asked again");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_and_more_items_than_were_sent_stop_the_order_for_a_person() {
    for (name, items) in
        [("fewer", json!([])), ("more", json!([{ "itemReferenceId": "not-ours", "productUid": "x", "quantity": 1 }]))]
    {
        for test in databases().await {
            let (world, id) = ready(test).await;
            world.printer.set_fault(patch(Op::Get, json!({ "items": items }), 100));
            world.run(id).await;
            assert_eq!(world.job(id).await.state, "succeeded", "{name}: what is there is there");
            let held = order(&world).await;
            assert!(held.state == "on_hold" && held.state_why.contains("other items than were sent"), "{name}");
            assert_eq!(kinds(&world).await, ["items_differ"], "{name}");
            let parts = fulfilment::parts(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
            assert_eq!(parts.len(), 2, "{name}: its parts are followed all the same");
            world.printer.clock().advance(30 * HOUR);
            poll(&world).await;
            let later = order(&world).await;
            assert_eq!((later.state.as_str(), later.fulfilment_state.as_str()), ("on_hold", "shipped"), "{name}: held");
            let item = operator_items::of_order(&mut world.test.db.reader(), world.tenant, world.order)
                .await
                .unwrap()
                .remove(0);
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let now = world.ledger.now();
            let closed =
                operator_items::close(&mut tx, now, world.tenant, item.id, ("key", "a reprint is ordered")).await;
            assert_eq!(closed.unwrap(), Some(true));
            tx.commit().await.unwrap();
            poll(&world).await;
            assert_eq!(order(&world).await.state, "shipped", "{name}: until a person says so");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_delayed_returned_and_lost_orders_are_told_and_closed_by_the_facts() {
    let stories: [(FaultKind, &[&str], &[&str]); 4] = [
        (FaultKind::Stuck { status: "in_production".into() }, &["delayed", "stuck"], &["delayed", "stuck"]),
        (FaultKind::Stuck { status: "in_transit".into() }, &["delayed"], &["lost"]),
        (FaultKind::Returned, &["returned"], &["returned"]),
        (FaultKind::Delay { days: 12 }, &[], &[]),
    ];
    for (kind, after_a_fortnight, after_a_month) in stories {
        let (world, id) = ready(TestDb::sqlite().await).await;
        world.printer.set_fault(Fault::new(kind.clone()));
        world.run(id).await;
        for (days, told) in [(14_u32, after_a_fortnight), (16, after_a_month)] {
            for _ in 0..days {
                world.printer.clock().advance(DAY);
                world.clock.advance(DAY);
                if let Some(job) = world.jobs("poll_tracking").await.iter().find(|job| !job.finished()) {
                    world.run(job.id).await;
                }
            }
            assert_eq!(kinds(&world).await, told, "{kind:?}");
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_order_is_told_and_goes_on_when_the_merchant_has_acted() {
    for test in databases().await {
        let (world, id) = ready(test).await;
        world.printer.set_fault(Fault::new(FaultKind::Hold { virtual_seconds: 2 * 24 * 3600 }));
        world.run(id).await;
        world.printer.clock().advance(HOUR);
        poll(&world).await;
        assert_eq!(
            (order(&world).await.state.as_str(), kinds(&world).await),
            ("on_hold", vec!["needs_action".to_owned()])
        );
        world.printer.clock().advance(60 * HOUR);
        poll(&world).await;
        assert_eq!((order(&world).await.state.as_str(), kinds(&world).await), ("in_production", vec![]));
        world.end().await;
    }
}
