//! F-02: a thousand submissions while three calls in ten commit at the printer and lose their reply (time-out, reset, 502), and while one
//! worker in ten is killed where it hurts. After a quarter of an hour of simulated time every order is at the printer once, and known to be.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use platen_jobs::Hook;
use platen_shared::adapters::accounts::Accounts;
use platen_shared::adapters::gelato::Settings;
use platen_shared::adapters::http::{Gates, Http, Limits};
use platen_shared::ledger::{Job, Queue};
use platen_shared::store::{orders, tenants};
use platen_shared::testing::{TestDb, databases, suite_ran};
use platen_sim::gelato::{Fault, FaultKind, Op};
use platen_worker::Runner;
use tokio::sync::Notify;
use world::World;

const ORDERS: usize = 1000;
const QUARTER_OF_AN_HOUR_S: u32 = 15 * 60;
/// Workers of one second, and jobs that each runs at once.
const WORKERS: usize = 4;
const JOBS_EACH: i64 = 16;
/// No reply comes later than this; a slow one comes twice as late.
const PATIENCE: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lost_replies_make_a_thousand_orders() {
    let calm = run(TestDb::sqlite().await, 0).await;
    println!("no worker killed: known after {calm} simulated seconds");
    for test in databases().await {
        let engine = test.engine();
        let seconds = run(test, 10).await;
        suite_ran("lost_replies", engine);
        println!("{engine}, one worker in ten killed: known after {seconds} simulated seconds");
    }
}

/// Answers after how many simulated seconds all was known.
async fn run(test: TestDb, kill_percent: u32) -> u32 {
    let mut world = World::new(test).await;
    uncapped(&world).await;
    world.ports.providers = Arc::new(accounts(&world));
    queue::queue(&world, ORDERS).await;
    for op in [Op::Create, Op::Release] {
        for kind in [
            FaultKind::DropReply,
            FaultKind::Status { status: 502, html: true, after: true },
            FaultKind::Slow { ms: 2 * u64::try_from(PATIENCE.as_millis()).unwrap() },
        ] {
            world.printer.set_fault(Fault::new(kind).on(op).probability(0.1));
        }
    }
    let (mut dice, mut killed) = (Dice(7), 0);
    let mut seconds = 0;
    while !all_known(&world).await {
        assert!(seconds < QUARTER_OF_AN_HOUR_S, "unknown after a quarter of an hour: {:?}", left(&world).await);
        killed += second(&world, &mut dice, kill_percent).await;
        seconds += 1;
    }
    assert_eq!(killed > 0, kill_percent > 0, "{killed} workers were killed");
    once_each(&world).await;
    world.end().await;
    seconds
}

/// What happened is counted at the printer.
async fn once_each(world: &World) {
    let counts = world.printer.counts();
    assert!(counts.replies_cut > 0 && counts.by_reference.len() == ORDERS, "{}", counts.by_reference.len());
    let twice = counts.by_reference.values().filter(|seen| seen.released_groups != 1).count();
    assert_eq!((counts.released_groups, twice), (ORDERS as u64, 0), "one order is one order");
    let placed =
        orders::list(&mut world.test.db.reader(), world.tenant, &orders::Filter::state("in_production"), None, 2000)
            .await
            .unwrap();
    assert_eq!(placed.len(), ORDERS, "and every one of them is known to be placed");
}

async fn uncapped(world: &World) {
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let mut tenant = tenants::get(&mut tx, world.tenant).await.unwrap().unwrap();
    tenant.spending_cap_minor = None;
    tenants::change(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
}

/// The world's account, with little patience.
fn accounts(world: &World) -> Accounts {
    let limits = Limits { read: PATIENCE * 20, write: PATIENCE, ..Limits::default() };
    let http = Http::with_limits(Arc::new(Gates::new(Arc::new(world.clock.clone()))), limits);
    let gelato = Settings { requests_per_second: 10_000, burst: 10_000, ..Settings::all(&world.printer.base_url()) };
    Accounts { read: world.test.db.reader(), keyring: world.ports.links.keyring().clone(), http, gelato }
}

async fn all_known(world: &World) -> bool {
    let mut db = world.test.db.reader();
    for state in ["submitting", "outcome_unknown"] {
        if !orders::list(&mut db, world.tenant, &orders::Filter::state(state), None, 1).await.unwrap().is_empty() {
            return false;
        }
    }
    true
}

async fn left(world: &World) -> Vec<(String, String)> {
    let jobs = world.jobs("submit_order").await.into_iter().filter(|job| job.state != "succeeded");
    jobs.map(|job| (job.waiting_for, job.waiting_why)).collect()
}

/// Lets a second pass, and lets some workers take what is due; answers how many of them died.
async fn second(world: &World, dice: &mut Dice, kill_percent: u32) -> u32 {
    world.clock.advance(Duration::from_secs(1));
    world.ledger.sweep().await.unwrap();
    world.ledger.with_work(&[Queue::Orders]).await.unwrap();
    let mut shifts = Vec::new();
    for _ in 0..WORKERS {
        let dies = dice.below(100) < kill_percent;
        let death = Death::after(if dies { dice.below(40) } else { u32::MAX });
        let worker = world.worker(dies.then(|| death.hook())).await;
        let jobs = world.ledger.claim(worker.name(), &[Queue::Orders], JOBS_EACH).await.unwrap();
        shifts.push(shift(worker, jobs, death));
    }
    join_all(shifts).await.into_iter().map(u32::from).sum()
}

/// Runs what a worker claimed; `true` when it died over it, with everything it held.
async fn shift(worker: Arc<Runner>, jobs: Vec<Job>, death: Death) -> bool {
    let tasks: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            let worker = worker.clone();
            tokio::spawn(async move { worker.run(job).await })
        })
        .collect();
    let aborts: Vec<_> = tasks.iter().map(tokio::task::JoinHandle::abort_handle).collect();
    tokio::select! {
        _ = join_all(tasks) => false,
        () = death.comes.notified() => {
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
            true
        }
    }
}

/// Comes at a crash point: after so many of them.
struct Death {
    points: Arc<AtomicU32>,
    comes: Arc<Notify>,
}

impl Death {
    fn after(points: u32) -> Death {
        Death { points: Arc::new(AtomicU32::new(points)), comes: Arc::default() }
    }

    fn hook(&self) -> Hook {
        let (points, comes) = (self.points.clone(), self.comes.clone());
        Arc::new(move |_, _| {
            let left = points.load(Ordering::SeqCst);
            points.store(left.saturating_sub(1), Ordering::SeqCst);
            if left == 0 {
                comes.notify_one();
                return futures::future::pending().boxed();
            }
            futures::future::ready(()).boxed()
        })
    }
}

/// A linear congruential generator: the same kills in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
}
