//! One pass: the shop sells, the fleet works, things break, and in the end everybody is asked what became of each order.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use platen_jobs::Job;
use platen_jobs::distribute_revenue::DistributeRevenue;
use platen_shared::id::OrderId;
use platen_shared::ledger::read::{Depth, Filter};
use platen_sim::gelato::Limit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::books::{self, Outage, Verdict};
use super::home::Home;
use super::plan::Plan;
use super::scene::{Scene, break_printer};
use super::strike::{self, Strikes};

/// Customers at the same time.
const CUSTOMERS: usize = 16;
/// Customers wait while so many orders are paid and not at the printer, so that apis have something to do until the end.
const BACKLOG_MAX: u64 = 500;
const LOOK_EVERY: Duration = Duration::from_millis(200);
const SAY_EVERY: Duration = Duration::from_secs(2);
/// Where an order's jobs are until its money is shared out.
const QUEUES: [&str; 3] = ["bundles", "orders", "tracking"];

/// What was said yes to, and how far it is.
#[derive(Default)]
struct Books {
    sold: Mutex<Vec<OrderId>>,
    at_printer: AtomicU64,
    /// When the printer had all of it.
    all_at: Mutex<Option<Instant>>,
    /// When the printer's outage ended, and how many requests it had seen.
    outage: Mutex<Option<(Instant, u64)>>,
}

impl Books {
    fn sold(&self) -> Vec<OrderId> {
        lock(&self.sold).clone()
    }

    fn backlog(&self) -> u64 {
        let sold = lock(&self.sold).len() as u64;
        sold.saturating_sub(self.at_printer.load(Ordering::Relaxed))
    }
}

/// Runs the plan in a scene of its own and judges it.
pub(super) async fn run(home: &Home, name: &str, plan: &Plan, stop: &CancellationToken) -> Result<Verdict> {
    let scene = tokio::select! {
        scene = Scene::open(home, name, plan) => scene?,
        () = stop.cancelled() => bail!("stopped before it began"),
    };
    let (books, strikes, began) = (Books::default(), Strikes::default(), Instant::now());
    let in_time = tokio::select! {
        done = work(&scene, plan, &books) => done.map(|()| true)?,
        broken = strike::go_on(&scene, plan, &strikes) => broken.map(|()| false)?,
        () = tell(&scene, name, plan, &books, &strikes) => false,
        () = outage(&scene, plan, &books) => false,
        () = tokio::time::sleep(plan.within) => false,
        () = stop.cancelled() => bail!("stopped before the end: there is no verdict"),
    };
    let took = began.elapsed();
    // A hand that was called off in the middle of it left the server down.
    if let Some(postgres) = &scene.postgres {
        postgres.up().await?;
    }
    let mut verdict = books::judge(&scene, &books.sold(), plan).await?;
    verdict.ran(took, in_time, strikes.so_far(), scene.fleet.ended());
    verdict.outage = of_outage(&scene, plan, &books);
    scene.close().await;
    Ok(verdict)
}

fn lock<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets the printer come back when its outage is over, and never ends.
async fn outage(scene: &Scene, plan: &Plan, books: &Books) {
    if let Some(span) = plan.outage {
        let before = scene.printer.counts().requests;
        tokio::time::sleep(span).await;
        let seen = scene.printer.counts().requests - before;
        break_printer(&scene.printer, plan, false);
        *lock(&books.outage) = Some((Instant::now(), seen));
        eprintln!("the printer is back; it saw {seen} requests while it was down");
    }
    std::future::pending().await
}

fn of_outage(scene: &Scene, plan: &Plan, books: &Books) -> Option<Outage> {
    let (ended, calls) = (*lock(&books.outage))?;
    let budget = f64::from(plan.budget);
    let rates = scene.printer.rates(&Limit { per_second: budget, burst: budget, jitter_ms: 50.0 });
    Some(Outage {
        seconds: plan.outage?.as_secs_f64(),
        calls,
        submitted_after_seconds: lock(&books.all_at).map(|at| at.saturating_duration_since(ended).as_secs_f64()),
        excess: rates.iter().map(|rate| rate.excess).fold(f64::NEG_INFINITY, f64::max),
    })
}

/// Sells everything and waits until nothing is left to do.
async fn work(scene: &Scene, plan: &Plan, books: &Books) -> Result<()> {
    let (next, began) = (AtomicU32::new(0), Instant::now());
    let customer = || async {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= plan.orders {
                return anyhow::Ok(());
            }
            if let Some(over) = plan.over {
                tokio::time::sleep_until(began + over.mul_f64(f64::from(n) / f64::from(plan.orders))).await;
            }
            while books.backlog() >= BACKLOG_MAX {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            let order = scene.shop.sell(n).await?;
            lock(&books.sold).push(order);
        }
    };
    futures::future::try_join_all((0..CUSTOMERS).map(|_| customer())).await?;
    while !idle(scene).await {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Whether no job of an order is left, but for those that read its receipts again weeks later. While the database is down, nobody knows.
async fn idle(scene: &Scene) -> bool {
    let asked = async {
        let depths = scene.ledger.depths(scene.shop.tenant).await?;
        let shares = |depth: &Depth| depth.queue == "money" && depth.ready + depth.running > 0;
        let works = |depth: &Depth| QUEUES.contains(&depth.queue.as_str()) || shares(depth);
        let (kind, state) = (Some(DistributeRevenue::KIND.to_owned()), Some("scheduled".to_owned()));
        let waits = Filter { kind, state, ..Filter::default() };
        let waiting = scene.ledger.jobs(scene.shop.tenant, &waits, 1).await?;
        platen_shared::db::Result::Ok(!depths.iter().any(works) && waiting.is_empty())
    };
    asked.await.unwrap_or(false)
}

/// Keeps the books current and says how far things are, for ever.
async fn tell(scene: &Scene, name: &str, plan: &Plan, books: &Books, strikes: &Strikes) {
    let began = Instant::now();
    let mut tick = tokio::time::interval(SAY_EVERY / 4);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0_u64.. {
        tick.tick().await;
        let at_printer = scene.printer.counts().released_groups;
        books.at_printer.store(at_printer, Ordering::Relaxed);
        if at_printer >= u64::from(plan.orders) {
            lock(&books.all_at).get_or_insert_with(Instant::now);
        }
        if round % 4 != 0 {
            continue;
        }
        let sold = books.sold().len();
        let struck: Vec<String> = strikes.so_far().iter().map(|(fault, n)| format!("{} {n}", fault.word())).collect();
        let struck = if struck.is_empty() { String::new() } else { format!("   {}", struck.join(", ")) };
        let seconds = began.elapsed().as_secs();
        eprintln!("{name} {seconds:>4} s   {sold} acknowledged   {at_printer} at the printer{struck}");
    }
}
