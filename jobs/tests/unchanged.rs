//! F-07: what is known already changes nothing, however often and in whichever order it is heard.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::db::At;
use platen_shared::domain::order::{Stage, fulfilment as of_parts};
use platen_shared::id::OrderId;
use platen_shared::ports::provider::{Parcel, Part, PartItem, PartShipment};
use platen_shared::store::{fulfilment, operator_items, orders, unknown_words};
use platen_shared::testing::databases;
use serde_json::{Value, json};
use world::World;

const HOUR: Duration = Duration::from_secs(3600);
const POLLS: usize = 1000;

/// Everything that a poll may write, as text.
async fn everything(world: &World, order: OrderId) -> String {
    let (db, tenant) = (&mut world.test.db.reader(), world.tenant);
    let row = orders::get(db, tenant, order).await.unwrap().unwrap();
    let events = orders::events(db, tenant, order).await.unwrap();
    let parts = fulfilment::parts(db, tenant, order).await.unwrap();
    let shipments = fulfilment::shipments(db, tenant, order).await.unwrap();
    let steps = fulfilment::steps(db, tenant, order).await.unwrap();
    let items = operator_items::list(db, tenant, false, None, 100).await.unwrap();
    let words = unknown_words::list(db, tenant).await.unwrap();
    format!("{row:?}\n{events:?}\n{parts:?}\n{shipments:?}\n{steps:?}\n{items:?}\n{words:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_polls_of_an_unchanged_order_write_nothing() {
    for test in databases().await {
        let world = World::new(test).await;
        queue::queue(&world, 1).await;
        let submit = world.jobs("submit_order").await[0].id;
        world.run(submit).await;
        world.printer.clock().advance(HOUR * 30);
        world.clock.advance(HOUR);
        let poll = world.jobs("poll_tracking").await[0].id;
        world.run(poll).await;
        let before = everything(&world, world.order).await;
        assert!(before.contains("shipped"), "it is on its way: {before}");
        let payload = json!({ "order": world.order, "round": 1, "provider": "gelato" });
        for n in 0..POLLS {
            let id = world.enqueue(find("poll_tracking").unwrap(), &payload, Some(&format!("again {n}"))).await;
            world.run(id).await;
        }
        assert_eq!(everything(&world, world.order).await, before);
        assert!(
            world.ledger.has_job_of_order(world.tenant, "poll_tracking", world.order).await.unwrap(),
            "and the next poll is planned"
        );
        world.end().await;
    }
}

/// What the printer said of a part at a moment.
fn said(id: &str, order: OrderId, hour: i64, word: &str, stage: Stage, codes: &[&str]) -> Part {
    let parcels =
        codes.iter().map(|code| Parcel { code: (*code).to_owned(), url: format!("https://c.example/{code}") });
    Part {
        id: format!("{id}-{order}"),
        reference: order.to_string(),
        status: word.to_owned(),
        stage: Some(stage),
        released: true,
        connected: vec![format!("a-{order}"), format!("b-{order}")],
        items: vec![PartItem { reference: format!("i-{id}"), uid: "u".into(), quantity: 1 }],
        shipment: Some(PartShipment {
            method: "DHL".into(),
            min_delivery: Some("2027-01-14".into()),
            max_delivery: Some(format!("2027-01-{}", 15 + hour)),
            parcels: parcels.collect(),
        }),
        cost: None,
        as_of: Some(At(1_800_000_000_000_000 + hour * 3_600_000_000)),
        refusal: None,
        raw: Value::Null,
    }
}

/// A split order's story: one part is stopped and goes on, the other ships in two parcels.
fn story(order: OrderId) -> Vec<Part> {
    vec![
        said("a", order, 1, "on_hold", Stage::NeedsAction, &[]),
        said("a", order, 2, "passed", Stage::Accepted, &[]),
        said("a", order, 4, "delivered", Stage::Delivered, &["A1"]),
        said("b", order, 1, "in_production", Stage::InProduction, &[]),
        said("b", order, 3, "shipped", Stage::Shipped, &["B1"]),
        said("b", order, 5, "in_transit", Stage::InTransit, &["B1", "B2"]),
    ]
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(n - 1);
    let with = |short: &Vec<usize>, at: usize| [&short[..at], &[n - 1], &short[at..]].concat();
    shorter.iter().flat_map(|short| (0..n).map(move |at| with(short, at))).collect()
}

/// Where an order ended, without the names that differ from order to order and the times at which we learned.
async fn end_state(world: &World, order: OrderId) -> String {
    let (db, tenant) = (&mut world.test.db.reader(), world.tenant);
    let parts = fulfilment::parts(db, tenant, order).await.unwrap();
    let stages: Vec<Stage> = parts.iter().filter_map(|part| Stage::from_word(&part.stage)).collect();
    let parts: Vec<_> = parts.into_iter().map(|p| (p.status, p.stage, p.cost_minor)).collect();
    let mut shipments: Vec<_> = fulfilment::shipments(db, tenant, order)
        .await
        .unwrap()
        .into_iter()
        .map(|s| (s.provider_order.chars().next(), s.stage, s.max_delivery, s.tracking_code, s.tracking_url))
        .collect();
    shipments.sort();
    let steps = fulfilment::steps(db, tenant, order).await.unwrap();
    let mut steps: Vec<_> = steps.into_iter().map(|s| (s.at, s.stage, s.status)).collect();
    steps.sort();
    format!("{:?} {parts:?} {shipments:?} {steps:?}", of_parts(&stages))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_permutation_of_a_split_orders_events_ends_the_same() {
    for test in databases().await {
        let world = World::new(test).await;
        let all = permutations(6);
        assert_eq!(all.len(), 720);
        let orders = queue::bare(&world, all.len()).await;
        let mut ends = std::collections::BTreeSet::new();
        for (permutation, order) in all.iter().zip(orders) {
            let told = story(order);
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            for index in permutation {
                fulfilment::merge(&mut tx, world.ledger.now(), world.tenant, "gelato", order, &told[*index])
                    .await
                    .unwrap();
            }
            // And each once more: nothing is new any more.
            for part in &told {
                let (_, news) =
                    fulfilment::merge(&mut tx, world.ledger.now(), world.tenant, "gelato", order, part).await.unwrap();
                assert!(!news, "{permutation:?} and then {}", part.status);
            }
            tx.commit().await.unwrap();
            ends.insert(end_state(&world, order).await);
        }
        assert_eq!(ends.len(), 1, "{ends:#?}");
        let end = ends.pop_first().unwrap();
        assert!(end.contains("Shipped") && end.contains("B2") && end.contains("2027-01-20"), "{end}");
        world.end().await;
    }
}
