//! What must be true before anything is made at the printer: otherwise the job waits, says why, and goes on by itself once it is true.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::time::Duration;

use platen_jobs::find;
use platen_shared::store::orders;
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::testing::TestDb;
use serde_json::json;
use world::World;

async fn change(world: &World, how: impl FnOnce(&mut Tenant)) {
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let mut tenant = tenants::get(&mut tx, world.tenant).await.unwrap().unwrap();
    how(&mut tenant);
    tenants::change(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_until_every_gate_is_open() {
    type Change = fn(&mut Tenant);
    let gates: [(&str, Change, Change); 3] = [
        ("test mode", |t| t.test_mode = true, |t| t.test_mode = false),
        ("frozen", |t| t.frozen = true, |t| t.frozen = false),
        ("spending cap", |t| t.spending_cap_minor = Some(1), |t| t.spending_cap_minor = None),
    ];
    for (why, close, open) in gates {
        let world = World::new(TestDb::sqlite().await).await;
        change(&world, close).await;
        let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
        let payload = json!({ "order": order.id, "revision": order.revision });
        let bundle = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
        world.run(bundle).await;
        let id = world.jobs("submit_order").await[0].id;
        world.run(id).await;
        let job = world.job(id).await;
        assert_eq!(
            (job.state.as_str(), job.waiting_for.as_str(), job.failures),
            ("scheduled", "not_ready", 0),
            "{why}"
        );
        assert!(job.waiting_why.contains(why), "{}", job.waiting_why);
        let counts = world.printer.counts();
        assert_eq!((counts.creates, counts.released_groups), (0, 0), "{why}");

        change(&world, open).await;
        world.clock.advance(Duration::from_secs(60));
        world.run(id).await;
        assert_eq!(world.job(id).await.state, "succeeded", "{why}: it goes on by itself");
        assert_eq!(world.printer.counts().released_groups, 1);
        world.end().await;
    }
}
