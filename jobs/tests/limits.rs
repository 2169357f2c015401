//! A pause and an open breaker put aside every kind that calls out, whichever worker learnt of them: the job says what it waits for, has
//! used no attempt, has asked nothing of the printer, and goes on by itself.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use platen_jobs::find;
use platen_shared::adapters::http::{AccountKey, Class, Gate, Gates, Outcome, Rate, SqlBoard};
use platen_shared::id::JobId;
use platen_shared::store::orders;
use platen_shared::testing::databases;
use serde_json::json;
use world::World;

/// The account's gate as another worker sees it.
fn elsewhere(world: &World) -> Arc<Gate> {
    let clock = Arc::new(world.clock.clone());
    let board = SqlBoard::new(world.test.db.clone(), clock.clone());
    let account = AccountKey { provider: "gelato", tenant: world.tenant };
    Gates::on(Box::new(board), clock).gate(account, Rate { per_second: 10_000, burst: 10_000 })
}

async fn report(gate: &Arc<Gate>, outcome: Outcome) {
    gate.enter(Class::Prompt).await.unwrap().report(outcome).await;
}

/// Runs the job, which must be put aside for this reason.
async fn put_aside(world: &World, id: JobId, why: &str) {
    let asked = world.printer.counts().requests;
    world.run(id).await;
    let job = world.job(id).await;
    let found = (job.state.as_str(), job.waiting_for.as_str(), job.failures);
    assert_eq!(found, ("scheduled", why, 0), "{}: {:?}", job.kind, job.error);
    assert!(!job.waiting_why.is_empty(), "{} says why", job.kind);
    assert_eq!(world.printer.counts().requests, asked, "{} asked nothing", job.kind);
}

/// Both troubles, then none.
async fn through(world: &World, id: JobId) {
    let other = elsewhere(world);
    report(&other, Outcome::Throttled(Some(Duration::from_secs(90)))).await;
    put_aside(world, id, "budget").await;
    world.clock.advance(Duration::from_secs(90));
    for _ in 0..5 {
        report(&other, Outcome::Failed).await;
    }
    put_aside(world, id, "breaker").await;
    world.clock.advance(Duration::from_secs(30));
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{} goes on by itself: {:?}", job.kind, job.error);
    report(&other, Outcome::Answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_the_account_on_its_whole_way() {
    for test in databases().await {
        let world = World::new(test).await;
        let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
        let payload = json!({ "order": order.id, "revision": order.revision });
        let bundle = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
        world.run(bundle).await;
        through(&world, world.jobs("submit_order").await[0].id).await;
        assert_eq!(world.printer.counts().released_groups, 1);
        // The first round comes hours later.
        world.clock.advance(Duration::from_secs(24 * 3600));
        through(&world, world.jobs("poll_tracking").await[0].id).await;
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_waits_for_the_account() {
    for test in databases().await {
        let world = World::new(test).await;
        let payload = json!({ "provider": "gelato", "generation": "1" });
        let id = world.enqueue(find("sync_catalog").unwrap(), &payload, None).await;
        through(&world, id).await;
        world.end().await;
    }
}
