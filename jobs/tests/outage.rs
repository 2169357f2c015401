//! The printer is down for half an hour: the breaker asks it once every 30 s on behalf of all, no order is given up, and soon after it is
//! back all of them are there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use platen_shared::adapters::accounts::Accounts;
use platen_shared::adapters::gelato::Settings;
use platen_shared::adapters::http::{Gates, Http, SqlBoard};
use platen_shared::ledger::Queue;
use platen_shared::testing::databases;
use platen_sim::gelato::{Fault, FaultKind};
use platen_worker::Runner;
use world::World;

const ORDERS: usize = 12;
/// Requests per second, and at once.
const BUDGET: u32 = 10;
/// It asks eight times, once per part in the end, so that it fits into a second's budget.
const JOBS_PER_SECOND: i64 = 1;
const OUTAGE_S: u32 = 30 * 60;
/// The dice always fall on the longest rest, and a job that asked for all the others several times rests for ten minutes.
const RECOVERY_S_MAX: u32 = 11 * 60;
/// The first failures, one question every 30 s, and a few.
const CALLS_MAX: u64 = 65;

#[tokio::test(flavor = "multi_thread")]
async fn half_an_hour_without_the_printer_gives_no_order_up() {
    for test in databases().await {
        let mut world = World::new(test).await;
        world.ports.providers = Arc::new(accounts(&world));
        queue::queue(&world, ORDERS).await;
        let worker = world.worker(None).await;
        world.printer.set_fault(Fault::new(FaultKind::Status { status: 503, html: false, after: false }));
        let before = world.printer.counts().requests;
        for _ in 0..OUTAGE_S {
            second(&world, &worker).await;
        }
        let calls = world.printer.counts().requests - before;
        assert!((50..=CALLS_MAX).contains(&calls), "{calls} calls reached the printer while it was down");
        assert_eq!(world.printer.counts().released_groups, 0);
        world.printer.clear_faults();
        let mut seconds = 0;
        while world.printer.counts().released_groups < ORDERS as u64 {
            second(&world, &worker).await;
            seconds += 1;
            assert!(seconds <= RECOVERY_S_MAX, "left: {:?}", left(&world).await);
        }
        let counts = world.printer.counts();
        assert!(counts.by_reference.values().all(|seen| seen.releases_effective == 1), "{counts:?}");
        let jobs = world.jobs("submit_order").await;
        assert!(jobs.len() == ORDERS && jobs.iter().all(|job| job.state == "succeeded"), "{jobs:?}");
        println!("{}: {calls} calls in {OUTAGE_S} s; all submitted {seconds} s after it", world.test.engine());
        world.end().await;
    }
}

/// The world's account with the budget of this story.
fn accounts(world: &World) -> Accounts {
    let clock = Arc::new(world.clock.clone());
    let board = SqlBoard::new(world.test.db.clone(), clock.clone());
    let http = Http::new(Arc::new(Gates::on(Box::new(board), clock)));
    let gelato = Settings { requests_per_second: BUDGET, burst: BUDGET, ..Settings::all(&world.printer.base_url()) };
    Accounts { read: world.test.db.reader(), keyring: world.ports.links.keyring().clone(), http, gelato }
}

/// Lets a second pass, and runs what is due.
async fn second(world: &World, worker: &Runner) {
    world.clock.advance(Duration::from_secs(1));
    world.ledger.with_work(&[Queue::Orders]).await.unwrap();
    for job in world.ledger.claim(worker.name(), &[Queue::Orders], JOBS_PER_SECOND).await.unwrap() {
        worker.run(job).await;
    }
}

/// What has not succeeded, and why.
async fn left(world: &World) -> Vec<(String, String, String, i64)> {
    let jobs = world.jobs("submit_order").await.into_iter().filter(|job| job.state != "succeeded");
    jobs.map(|job| (job.state, job.waiting_for, format!("{} {:?}", job.waiting_why, job.error), job.failures)).collect()
}
