//! What was told long ago is taken away in bounded pieces, with every attempt to tell it; what is owed and what is about open orders stays.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
#[path = "world/post.rs"]
mod post;
#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::{Origin, find, outbox};
use platen_shared::domain::notice::Topic;
use platen_shared::domain::order::OrderState;
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::store::messages;
use platen_shared::store::notices::{self, Telling};
use platen_shared::store::orders;
use platen_shared::testing::databases;
use platen_sim::hooks::Answer;
use serde_json::{Value, json};
use world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// More than two pieces.
const MANY: usize = 2_100;

async fn tell(world: &World, keys: impl Iterator<Item = String>, order: Option<OrderId>) {
    let now = world.ledger.now();
    let mut tx = world.ledger.db.begin("tell").await.unwrap();
    for key in keys {
        let telling = Telling { key, topic: Topic::OrderStatusChanged, order, data: json!({}), people: true };
        assert!(notices::tell(&mut tx, now, world.tenant, telling).await.unwrap());
    }
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
    outbox::carry(&mut tx, &origin).await.unwrap();
    tx.commit().await.unwrap();
}

/// Runs what waits in the lane of messages.
async fn carry(world: &World) {
    let worker = world.worker(None).await;
    world.ledger.with_work(&[Queue::Messages]).await.unwrap();
    for job in world.ledger.claim(worker.name(), &[Queue::Messages], 50).await.unwrap() {
        worker.run(job).await;
    }
}

/// Keeps house once; answers how many notices went.
async fn house(world: &World, run: &str) -> i64 {
    let payload = json!({ "run": run, "keepHistoryDays": 36_500 });
    let id = world.enqueue(find("housekeeping").unwrap(), &payload, None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);
    job.output.map_or(Value::Null, |output| output.0)["notices"].as_i64().unwrap()
}

async fn left(world: &World) -> Vec<String> {
    let db = &mut world.test.db.reader();
    let all = notices::since(db, world.tenant, Default::default(), 10_000).await.unwrap();
    all.into_iter().map(|notice| notice.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_to_its_end_goes_after_half_a_year_and_what_is_owed_stays() {
    for test in databases().await {
        let world = World::new(test).await;
        tell(&world, (0..MANY).map(|n| format!("before anybody listened {n}")), None).await;
        post::open(&world).await;
        let open = queue::bare(&world, 1).await[0];
        let mut tx = world.ledger.db.begin("test").await.unwrap();
        let now = world.ledger.now();
        orders::advance(&mut tx, now, world.tenant, world.order, OrderState::Cancelled, "test", "").await.unwrap();
        tx.commit().await.unwrap();
        tell(&world, ["about an open order".to_owned()].into_iter(), Some(open)).await;
        tell(&world, ["arrived".to_owned()].into_iter(), Some(world.order)).await;
        carry(&world).await;
        world.hook.always(Some(Answer::of(503)));
        tell(&world, ["owed".to_owned()].into_iter(), Some(world.order)).await;
        carry(&world).await;
        let arrived = post::all(&world)
            .await
            .into_iter()
            .find(|m| m.state == "sent" && m.channel == "webhook" && m.order_id == Some(world.order))
            .unwrap();
        assert_eq!(messages::deliveries(&mut world.test.db.reader(), world.tenant, arrived.id).await.unwrap().len(), 1);

        world.clock.advance(179 * DAY);
        assert_eq!(house(&world, "too early").await, 0);
        world.clock.advance(2 * DAY);
        tell(&world, ["young".to_owned()].into_iter(), None).await;
        let gone = house(&world, "in time").await;
        assert_eq!(
            usize::try_from(gone).unwrap(),
            MANY + 2,
            "in pieces: the many, what arrived, and the order's own move"
        );
        let mut keys = left(&world).await;
        keys.sort();
        assert!(keys.remove(1).starts_with("evt_"), "that the open order was taken in: {keys:?}");
        assert_eq!(keys, ["about an open order", "owed", "young"]);
        assert_eq!(messages::deliveries(&mut world.test.db.reader(), world.tenant, arrived.id).await.unwrap().len(), 0);
        let owed = post::all(&world).await.into_iter().find(|m| m.state == "queued" && m.attempts > 1).unwrap();
        assert_eq!(messages::deliveries(&mut world.test.db.reader(), world.tenant, owed.id).await.unwrap().len(), 1);
        assert_eq!(house(&world, "again").await, 0, "what is gone is gone");
        world.end().await;
    }
}
