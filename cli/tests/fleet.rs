//! The fleet's story on real processes: two apis, four workers (two that hear of work over Redis, two that ask the ledger), four shops and two
//! thousand jobs of every kind, while Redis is emptied and restarted, one worker is asked to leave and one is killed. The printer's stand-in
//! counts what really happened.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "support/api.rs"]
mod api;
#[path = "support/shell.rs"]
mod shell;
#[path = "fleet/shop.rs"]
mod shop;

use std::process::Stdio;
use std::time::Duration;

use platen_shared::clock::{Clock, SystemClock};
use platen_shared::ledger::Ledger;
use platen_shared::ledger::read::Filter;
use platen_shared::testing::{TestDb, TestRedis, has_redis, postgres_url, suite_ran, until_within};
use platen_sim::gelato::{Limit, Server};
use tokio::process::{Child, Command};

use api::Api;
use shop::Shop;

/// How many times faster than the wall business time runs: a parcel's days pass in seconds.
const SPEED: u32 = 20_000;
/// Shops, each with an account of its own at the printer.
const SHOPS: usize = 4;
/// Orders of each shop.
const ORDERS: usize = 40;
/// Designs of each shop that are previewed.
const PREVIEWS: usize = 180;
/// What each shop's account may be asked per second, and at once.
const RATE: (u32, u32) = (40, 40);
/// The whole story, on a machine with other things to do.
const STORY_MAX: Duration = Duration::from_secs(420);

/// Everything that runs.
struct Fleet {
    test: TestDb,
    redis: TestRedis,
    folder: tempfile::TempDir,
    printer: Server,
    env: Vec<(&'static str, String)>,
}

impl Fleet {
    async fn new() -> Fleet {
        let (test, redis) = (TestDb::postgres().await, TestRedis::start().await);
        let folder = tempfile::tempdir().unwrap();
        let anchor = SystemClock::wall();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let now = SystemClock::fast(anchor, SPEED).now();
        let config = platen_sim::gelato::Config {
            api_key: shop::PRINTER_KEY.to_owned(),
            clock: platen_sim::Clock::new(now.timestamp(), f64::from(SPEED)),
            ..platen_sim::gelato::Config::default()
        };
        let printer = Server::start(listener, config).await.unwrap();
        let env = vec![
            ("REDIS_URL", redis.url()),
            ("PLATEN_GELATO__URL", printer.base_url()),
            ("PLATEN_GELATO__REQUESTS_PER_SECOND", RATE.0.to_string()),
            ("PLATEN_GELATO__BURST", RATE.1.to_string()),
            ("PLATEN_CLOCK__SPEED", SPEED.to_string()),
            ("PLATEN_CLOCK__ANCHOR", anchor.timestamp().to_string()),
            ("PLATEN_HTTP__PUBLIC_REQUESTS_PER_SECOND", "100000".to_owned()),
        ];
        Fleet { test, redis, folder, printer, env }
    }

    /// The first api takes any port; links to files lead to it.
    async fn api(&mut self) -> Api {
        let api = api::start(&self.test.url, self.folder.path(), &self.env).await;
        if !self.env.iter().any(|(name, _)| *name == "PUBLIC_URL") {
            self.env.push(("PUBLIC_URL", api.url.clone()));
        }
        api
    }

    /// A worker process; with Redis, or asking the ledger.
    fn worker(&self, over_redis: bool) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
        for name in shell::foreign() {
            command.env_remove(name);
        }
        command
            .args(["worker", "--concurrency", "12"])
            .env("DATABASE_URL", &self.test.url)
            .env("PLATEN_WORKER__DISPATCH", if over_redis { "auto" } else { "ledger" })
            .env("BLOB_URL", format!("file://{}", self.folder.path().join("blobs").display()))
            .env("PLATEN_SECRETS__KEY", "secret-key-of-the-tests-0123456789abcdef")
            .env("PLATEN_LOG__LEVEL", "error")
            .env("PLATEN_LOG__FORMAT", "text")
            .envs(self.env.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        command.spawn().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_workers_two_thousand_jobs_and_everything_that_can_happen_to_redis() {
    if !has_redis() || postgres_url().is_none() {
        return;
    }
    tokio::time::timeout(STORY_MAX, story()).await.expect("the story ends");
    suite_ran("fleet", "postgres-redis");
}

async fn story() {
    let mut fleet = Fleet::new().await;
    let apis = [fleet.api().await, fleet.api().await];
    let ledger = Ledger::new(fleet.test.db.clone(), std::sync::Arc::new(SystemClock::new()));
    let mut workers = vec![fleet.worker(true), fleet.worker(true), fleet.worker(false), fleet.worker(false)];
    let mut shops = vec![];
    for n in 0..SHOPS {
        shops.push(Shop::open(&apis[n % 2].url, n).await);
    }
    // Every shop's schedule was missed for months: one job must make up for that, whoever of the four workers ticks first.
    fleet.test.tamper("UPDATE schedules SET next_fire = TIMESTAMPTZ '2026-01-01'").await.unwrap();
    let busy: Vec<_> = shops
        .iter()
        .enumerate()
        .map(|(n, shop)| {
            let (shop, url) = (shop.clone(), apis[(n + 1) % 2].url.clone());
            tokio::spawn(async move { shop.trade(&url, ORDERS, PREVIEWS).await })
        })
        .collect();

    until_done(&ledger, &shops, 150).await;
    fleet.redis.flush().await;
    until_done(&ledger, &shops, 400).await;
    terminate(&workers[0]);
    assert!(workers.remove(0).wait().await.unwrap().success(), "a worker that is asked to leave leaves in good order");
    workers.push(fleet.worker(true));
    until_done(&ledger, &shops, 700).await;
    fleet.redis.kill();
    until_done(&ledger, &shops, 900).await;
    fleet.redis.run().await;
    until_done(&ledger, &shops, 1100).await;
    workers[0].kill().await.unwrap();
    workers[0] = fleet.worker(true);

    for task in busy {
        task.await.unwrap();
    }
    let mut ended = 0;
    for shop in &shops {
        shop.until_delivered(&apis[0].url, ORDERS).await;
        ended += all_succeeded(&ledger, shop).await;
    }
    println!("{ended} jobs of {} shops", shops.len());
    assert!(ended >= 2000, "only {ended} jobs were in this story");
    the_printer_saw_each_once(&fleet.printer);
    for shop in &shops {
        fires_were_single(&ledger, shop).await;
        shop.books_balance(&apis[1].url).await;
    }
    for worker in &workers {
        terminate(worker);
    }
    for mut worker in workers {
        assert!(worker.wait().await.unwrap().success(), "every worker leaves in good order");
    }
    assert_eq!(ledger.workers().await.unwrap().len(), 0, "and takes its row along");
    for api in apis {
        api.kill().await;
    }
    fleet.printer.stop().await;
    fleet.test.drop_it().await;
}

fn terminate(worker: &Child) {
    let id = worker.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
}

/// Waits until so many of the shops' jobs have succeeded.
async fn until_done(ledger: &Ledger, shops: &[Shop], n: i64) {
    until_within(STORY_MAX, &format!("{n} jobs are done"), async || {
        let mut done = 0;
        for shop in shops {
            let tally = ledger.tally(shop.tenant).await.unwrap();
            done += tally.iter().find(|(state, ..)| state == "succeeded").map_or(0, |(_, n, _)| *n);
        }
        done >= n
    })
    .await;
}

/// Every job of the shop has ended well, but for those that read an order's receipts again a week later; how many there were.
async fn all_succeeded(ledger: &Ledger, shop: &Shop) -> i64 {
    until_within(STORY_MAX, "every job has ended", async || {
        let open = ledger.tally(shop.tenant).await.unwrap();
        let works = open.iter().any(|(word, ..)| ["ready", "running"].contains(&word.as_str()));
        let waits = Filter { state: Some("scheduled".to_owned()), ..Filter::default() };
        let waiting = ledger.jobs(shop.tenant, &waits, 1000).await.unwrap();
        !works && waiting.iter().all(|job| job.kind == "correct_costs")
    })
    .await;
    let tally = ledger.tally(shop.tenant).await.unwrap();
    for state in ["dead", "cancelled"] {
        let filter = Filter { state: Some(state.to_owned()), ..Filter::default() };
        let jobs = ledger.jobs(shop.tenant, &filter, 3).await.unwrap();
        assert!(jobs.is_empty(), "jobs are {state}: {jobs:?}");
    }
    tally.iter().map(|(_, n, _)| n).sum()
}

fn the_printer_saw_each_once(printer: &Server) {
    let counts = printer.counts();
    assert_eq!(counts.by_reference.len(), SHOPS * ORDERS, "one reference per order");
    for (reference, seen) in &counts.by_reference {
        assert_eq!((seen.released_groups, seen.releases_effective), (1, 1), "{reference}: {seen:?}");
    }
    // The shops share the stand-in's one key, so what all of them may ask is what it may see.
    let (rate, burst) = (f64::from(RATE.0) * SHOPS as f64, f64::from(RATE.1) * SHOPS as f64);
    for account in printer.rates(&Limit { per_second: rate, burst, jitter_ms: 50.0 }) {
        assert!(account.excess <= 0.0, "the budget was exceeded: {account:?}");
    }
}

/// The schedule that had been due for months fired, and each time once.
async fn fires_were_single(ledger: &Ledger, shop: &Shop) {
    let filter = Filter { kind: Some("sync_catalog".into()), ..Filter::default() };
    let jobs = ledger.jobs(shop.tenant, &filter, 1000).await.unwrap();
    let mut fires: Vec<_> = jobs.iter().filter(|job| job.key.starts_with("schedule:")).map(|job| &job.key).collect();
    let all = fires.len();
    fires.sort();
    fires.dedup();
    assert_eq!(fires.len(), all, "a time fired twice");
    let missed = fires.iter().filter(|key| key.contains("2026-01-01T")).count();
    assert_eq!(missed, 1, "{fires:?}");
}
