//! What is acknowledged is stored, whenever the api dies: many runs, each killed by SIGKILL at a moment drawn from a seed.

#[path = "support/api.rs"]
mod api;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use platen_jobs::Job as _;
use platen_jobs::build_bundle::BuildBundle;
use platen_shared::clock::SystemClock;
use platen_shared::id::{JobId, OrderId};
use platen_shared::ledger::Ledger;
use platen_shared::ledger::read::Filter;
use platen_shared::store::orders;
use platen_shared::testing::{TestDb, databases, suite_ran};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::json;
use tokio::sync::Notify;

use api::{call, client};
use seed::Seeded;

/// On each engine, unless `CRASH_RUNS` says otherwise.
const RUNS: usize = 80;
/// Callers at the same time.
const CALLERS: usize = 8;

/// What the api said yes to.
#[derive(Default)]
struct Acknowledged {
    orders: BTreeSet<OrderId>,
    paid: BTreeSet<OrderId>,
    jobs: BTreeSet<JobId>,
}

/// One run's callers and the moment they are cut off.
struct Run {
    url: String,
    seeded: Seeded,
    name: String,
    /// Requests begun so far; the api is killed at the `kill_at`-th.
    begun: AtomicUsize,
    kill_at: usize,
    now: Notify,
}

impl Run {
    /// Orders, payments and jobs, one after the other, until no answer comes.
    async fn caller(self: Arc<Self>, n: usize, acknowledged: Arc<Mutex<Acknowledged>>) {
        let http = client();
        for i in 0.. {
            let external = format!("{}-{n}-{i}", self.name);
            let Some(order) =
                self.ask(&http, "/v1/orders", &external, seed::order(&self.seeded.snapshot, &external)).await
            else {
                return;
            };
            let order: OrderId = order.parse().expect("an order's id");
            acknowledged.lock().expect("unpoisoned").orders.insert(order);
            let payment = json!({ "reference": external, "method": "card", "amount": { "minor": seed::TOTAL_MINOR, "currency": "EUR" } });
            let path = format!("/v1/orders/{order}/payments");
            if self.ask(&http, &path, &format!("pay {external}"), payment).await.is_none() {
                return;
            }
            acknowledged.lock().expect("unpoisoned").paid.insert(order);
            let job = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": external } });
            let Some(job) = self.ask(&http, "/v1/jobs", &format!("job {external}"), job).await else { return };
            acknowledged.lock().expect("unpoisoned").jobs.insert(job.parse().expect("a job's id"));
        }
    }

    /// The id of what was made (for a payment: of its order); `None` when the api died before it answered.
    async fn ask(
        &self,
        http: &reqwest::Client,
        path: &str,
        idempotency: &str,
        body: serde_json::Value,
    ) -> Option<String> {
        if self.begun.fetch_add(1, Ordering::SeqCst) + 1 == self.kill_at {
            self.now.notify_one();
        }
        let url = format!("{}{path}", self.url);
        let (status, answer) = call(http, &self.seeded.key, Method::POST, &url, idempotency, &body).await?;
        assert!((200..300).contains(&status), "{path} answered {status}: {answer}");
        let id = answer["id"].as_str().or(answer["order"]["id"].as_str());
        Some(id.expect("an id").to_owned())
    }
}

/// Starts the api, lets callers run, kills it at the drawn moment.
async fn run(
    test: &TestDb,
    folder: &std::path::Path,
    seeded: &Seeded,
    n: u64,
    acknowledged: &Arc<Mutex<Acknowledged>>,
) {
    let mut dice = StdRng::seed_from_u64(n);
    let api = api::start(&test.url, folder, &[]).await;
    let (kill_at, further) = (dice.random_range(1..60), dice.random_range(0..400));
    let run = Arc::new(Run {
        url: api.url.clone(),
        seeded: seeded.clone(),
        name: format!("run{n}"),
        begun: AtomicUsize::new(0),
        kill_at,
        now: Notify::new(),
    });
    let callers: Vec<_> = (0..CALLERS).map(|n| tokio::spawn(run.clone().caller(n, acknowledged.clone()))).collect();
    run.now.notified().await;
    // Somewhere between that request's first byte and the next one's end.
    for _ in 0..further {
        tokio::task::yield_now().await;
    }
    api.kill().await;
    for caller in callers {
        caller.await.expect("no caller failed");
    }
}

/// Nothing acknowledged is missing, and nothing is half there.
async fn check(test: &TestDb, seeded: &Seeded, acknowledged: &Acknowledged) {
    let tenant = seeded.tenant;
    let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
    for id in &acknowledged.jobs {
        assert!(ledger.job(tenant, *id).await.expect("read").is_some(), "the acknowledged job {id} is lost");
    }
    let (mut before, mut stored, mut paid) = (None, BTreeSet::new(), BTreeSet::new());
    loop {
        let page =
            orders::list(&mut test.db.reader(), tenant, &orders::Filter::default(), before, 500).await.expect("read");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for order in page {
            stored.insert(order.id);
            if order.payment_state != "paid" {
                continue;
            }
            paid.insert(order.id);
            let key = BuildBundle { order: order.id, revision: order.revision.clone() }.key().text;
            let mut tx = test.db.begin("check").await.expect("a transaction");
            let job =
                platen_shared::ledger::read::of_key(&mut tx, tenant, BuildBundle::KIND, &key).await.expect("read");
            drop(tx);
            let job = job.unwrap_or_else(|| panic!("the paid order {} has no job", order.id));
            assert!(
                ledger.job(tenant, job).await.expect("read").is_some(),
                "the job of the paid order {} is lost",
                order.id
            );
        }
    }
    assert!(
        acknowledged.orders.is_subset(&stored),
        "lost orders: {:?}",
        acknowledged.orders.difference(&stored).collect::<Vec<_>>()
    );
    assert!(
        acknowledged.paid.is_subset(&paid),
        "lost payments: {:?}",
        acknowledged.paid.difference(&paid).collect::<Vec<_>>()
    );
    let mut before = None;
    loop {
        let filter = Filter { kind: Some(BuildBundle::KIND.to_owned()), before, ..Filter::default() };
        let page = ledger.jobs(tenant, &filter, 500).await.expect("read");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for job in &page {
            let of: BuildBundle = serde_json::from_value(job.payload.0.clone()).expect("a payload");
            assert!(
                paid.contains(&of.order),
                "the job {} is of the order {}, which is not there or not paid",
                job.id,
                of.order
            );
        }
    }
    assert!(!acknowledged.paid.is_empty() && !acknowledged.jobs.is_empty(), "the runs did get somewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_however_often_the_api_is_killed() {
    let runs = std::env::var("CRASH_RUNS").map_or(RUNS, |n| n.parse().expect("CRASH_RUNS is a number"));
    let all = databases().await;
    for test in all {
        let folder = tempfile::tempdir().expect("a folder");
        let first = api::start(&test.url, folder.path(), &[]).await;
        let seeded = seed::seed(&test.db, &first.url).await;
        first.kill().await;
        let acknowledged: Arc<Mutex<Acknowledged>> = Arc::default();
        for n in 0..runs {
            run(&test, folder.path(), &seeded, n as u64, &acknowledged).await;
        }
        let acknowledged = std::mem::take(&mut *acknowledged.lock().expect("unpoisoned"));
        check(&test, &seeded, &acknowledged).await;
        println!(
            "{}: {runs} runs, {} orders, {} payments and {} jobs acknowledged, none lost",
            test.engine(),
            acknowledged.orders.len(),
            acknowledged.paid.len(),
            acknowledged.jobs.len()
        );
        suite_ran("crash", test.engine());
        test.drop_it().await;
    }
}

/// The same request a hundred times at once, for a hundred keys: one job each, and one answer for all.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_identical_requests_at_once_make_one_job() {
    for test in databases().await {
        let folder = tempfile::tempdir().expect("a folder");
        let api = api::start(&test.url, folder.path(), &[]).await;
        let seeded = seed::seed(&test.db, &api.url).await;
        let http = client();
        for n in 0..100 {
            let body = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": format!("same-{n}") } });
            let url = format!("{}/v1/jobs", api.url);
            // Every second round without a common Idempotency-Key: then the work's own key decides.
            let asks = (0..100).map(|i| {
                let (http, key, url, body) = (http.clone(), seeded.key.clone(), url.clone(), body.clone());
                let idempotency = if n % 2 == 0 { format!("key-{n}") } else { format!("key-{n}-{i}") };
                async move { call(&http, &key, Method::POST, &url, &idempotency, &body).await.expect("an answer") }
            });
            let mut ids = BTreeSet::new();
            for (status, answer) in futures::future::join_all(asks).await {
                match status {
                    200 | 202 => drop(ids.insert(answer["id"].as_str().expect("an id").to_owned())),
                    // One of them is being worked on; a client asks again.
                    409 => assert_eq!(answer["type"], "/problems/in-progress", "{answer}"),
                    _ => panic!("{status}: {answer}"),
                }
            }
            assert_eq!(ids.len(), 1, "round {n} made {ids:?}");
        }
        let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
        let filter = Filter { kind: Some("sync_catalog".to_owned()), ..Filter::default() };
        assert_eq!(ledger.jobs(seeded.tenant, &filter, 500).await.expect("read").len(), 100);
        api.kill().await;
        test.drop_it().await;
    }
}
