//! How long buyers are known: for good, until some days after the end of their order, or never by more than a keyed hash and an address.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::db::Sql;
use platen_shared::domain::order::OrderState;
use platen_shared::store::buyers::{self, Rules};
use platen_shared::store::order_details;
use platen_shared::store::orders::{self, Filter};
use platen_shared::testing::databases;
use serde_json::json;
use world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn cleanup(world: &World, run: &str) {
    let id = world.enqueue(find("cleanup").unwrap(), &json!({ "run": run }), None).await;
    world.run(id).await;
    assert_eq!(world.job(id).await.state, "succeeded", "{:?}", world.job(id).await.error);
}

async fn recipient(world: &World) -> String {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap().recipient
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_forgotten_some_days_after_the_end_and_the_order_stays() {
    for test in databases().await {
        let world = World::new(test).await;
        queue::queue(&world, 1).await;
        let id = world.jobs("submit_order").await[0].id;
        world.run(id).await;
        let total =
            orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap().total_minor;
        let mut tx = world.test.db.begin("test").await.unwrap();
        let rules = Rules { buyers: buyers::FORGET.into(), buyers_days: 10, ..Rules::default() };
        buyers::set_rules(&mut tx, world.ledger.now(), world.tenant, &rules).await.unwrap();
        tx.commit().await.unwrap();
        world.clock.advance(100 * DAY);
        cleanup(&world, "open").await;
        assert!(!recipient(&world).await.is_empty(), "an order on its way keeps its address, however old it is");
        let mut tx = world.test.db.begin("test").await.unwrap();
        let now = world.ledger.now();
        orders::advance(&mut tx, now, world.tenant, world.order, OrderState::Delivered, "test", "").await.unwrap();
        tx.commit().await.unwrap();
        world.clock.advance(9 * DAY);
        cleanup(&world, "early").await;
        assert!(!recipient(&world).await.is_empty(), "not yet");
        world.clock.advance(2 * DAY);
        for run in ["late", "again"] {
            cleanup(&world, run).await;
        }
        let read = &mut world.test.db.reader();
        let order = orders::get(read, world.tenant, world.order).await.unwrap().unwrap();
        assert_eq!((order.recipient.as_str(), order.total_minor, order.state.as_str()), ("", total, "delivered"));
        let details = order_details::get(read, world.tenant, world.order).await.unwrap();
        let keyring = world.ports.links.keyring();
        assert!(details.forgotten_at.is_some() && details.buyer.len() == 32);
        assert_eq!(
            details.buyer,
            keyring.pseudonym("zoe@example.org", &world.tenant.to_string()),
            "the same buyer is found again"
        );
        assert_ne!(details.buyer, keyring.pseudonym("zoe@example.org", "another tenant"));
        let filter = Filter { buyer: Some(details.buyer), ..Filter::default() };
        assert_eq!(orders::list(read, world.tenant, &filter, None, 10).await.unwrap().len(), 1);
        let raw = "SELECT CAST(raw AS TEXT) FROM provider_orders";
        let raw: Vec<(String,)> = world.test.db.query(Sql { lite: raw, pg: raw }).all().await.unwrap();
        assert!(
            raw.len() == 2 && raw.iter().all(|(raw,)| raw == "{}"),
            "nor does the printer's answer name him: {raw:?}"
        );
        world.end().await;
    }
}
