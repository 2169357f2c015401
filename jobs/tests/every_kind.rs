//! Walks the list of kinds: stable keys, old payloads, run twice, killed at every point. What a kind does outside is counted outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "world/cleanup.rs"]
mod cleanup;
#[path = "world/money.rs"]
mod money;
#[path = "world/post.rs"]
mod post;
#[path = "world/sweeps.rs"]
mod sweeps;
mod world;

use std::time::Duration;

use platen_jobs::{Entry, KINDS, find};
use platen_shared::domain::account::Account;
use platen_shared::id::{ItemId, WorkOrderId};
use platen_shared::store::buyers::{self, Rules};
use platen_shared::store::order_quotes::{self, QuoteRow};
use platen_shared::store::work_orders::{self, NewLine};
use platen_shared::store::{artefacts, catalogue, fulfilment, gates, journal, orders};
use platen_shared::testing::{databases, suite_ran};
use serde_json::{Value, json};
use world::World;

/// The points every kind has.
const EVERYWHERE: &[&str] = &["started", "ran", "recorded"];

/// Brings the world to where a kind's turn comes, and answers its payload.
async fn turn_of(world: &World, kind: &str) -> Value {
    let order = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    let (id, revision) = (order.id.to_string(), order.revision.clone());
    let bundle = json!({ "order": id, "revision": revision });
    let shared = ["correct_costs", "send_payouts", "close_books"].contains(&kind);
    let placed = shared || ["poll_tracking", "distribute_revenue", "sweep_tracking", "sweep_drafts"].contains(&kind);
    let started = ["submit_order", "housekeeping", "cancel_order", "look_up_order", "watch_orders"].contains(&kind);
    if placed || started {
        run_next(world, "build_bundle", &bundle).await;
    }
    if placed {
        run_queued(world, "submit_order").await;
        world.printer.clock().advance(Duration::from_secs(30 * 24 * 3600));
    }
    if shared || kind == "distribute_revenue" {
        world.clock.advance(Duration::from_secs(6 * 3600));
        run_queued(world, "poll_tracking").await;
    }
    if shared {
        run_queued(world, "distribute_revenue").await;
        world.clock.advance(Duration::from_secs(7 * 24 * 3600));
    }
    set_stage(world, kind, &id).await;
    match kind {
        "look_up_order" => world.jobs(kind).await[0].payload.0.clone(),
        "render_preview" => {
            json!({ "specHash": world.spec_hash, "profile": "preview", "pressVersion": platen_press::version() })
        }
        "asset_convert" => {
            let star = include_bytes!("../../fixtures/demo/star.png");
            let sha256 = world.ports.blobs.put(world.tenant, star.as_slice().into()).await.unwrap();
            json!({ "sha256": sha256, "pressVersion": platen_press::version() })
        }
        "build_bundle" => bundle,
        "bundle_item" => json!({ "order": id, "revision": revision, "item": first_item(world).await.to_string() }),
        "bundle_work_order" => json!({ "workOrder": work_order(world).await.to_string() }),
        "submit_order" => json!({ "order": id, "revision": revision, "provider": "gelato" }),
        "poll_tracking" => json!({ "order": id, "round": 1, "provider": "gelato" }),
        "quote_order" => json!({ "order": id, "revision": revision, "version": order.version, "provider": "gelato" }),
        "distribute_revenue" | "cancel_order" => json!({ "order": id }),
        "correct_costs" => json!({ "order": id, "round": 1 }),
        "send_payouts" => json!({ "batch": money::approved_batch(world).await }),
        "close_books" | "watch_orders" | "cleanup" => json!({ "run": "r1" }),
        "sync_catalog" => json!({ "provider": "gelato", "generation": "g1" }),
        "probe_provider" | "sweep_drafts" | "sweep_tracking" => json!({ "provider": "gelato", "run": "r1" }),
        "housekeeping" => json!({ "run": "r1", "keepHistoryDays": 90 }),
        "send_message" => json!({ "message": post::told(world, "email").await, "attempt": 1 }),
        "deliver_webhook" => json!({ "message": post::told(world, "webhook").await, "attempt": 1 }),
        other => panic!("the kind {other} has no turn here: say how the world must be for it"),
    }
}

/// What only one kind needs.
async fn set_stage(world: &World, kind: &str, order: &str) {
    match kind {
        "watch_orders" => {
            run_queued(world, "submit_order").await;
            post::open(world).await;
            world.clock.advance(Duration::from_secs(9 * 24 * 3600));
        }
        "look_up_order" => {
            let id = world.jobs("submit_order").await[0].id;
            assert!(world.run_and_kill(id, "submit_order", "released").await);
            world.cancel(id).await;
        }
        "cancel_order" => {
            run_queued(world, "submit_order").await;
            money::refund_all(world).await;
        }
        "sweep_drafts" => {
            sweeps::park(world, order).await;
            sweeps::park(world, "another-shop-7").await;
            world.clock.advance(Duration::from_secs(31 * 24 * 3600));
        }
        "housekeeping" => world.clock.advance(Duration::from_secs(91 * 24 * 3600)),
        "cleanup" => {
            world.clock.advance(Duration::from_secs(100 * 365 * 24 * 3600));
            world.ports.blobs.put(world.tenant, b"nobody names this".as_slice().into()).await.unwrap();
        }
        "quote_order" => {
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let rules = Rules { quote_gate: true, ..Rules::default() };
            buyers::set_rules(&mut tx, world.ledger.now(), world.tenant, &rules).await.unwrap();
            order_quotes::put(&mut tx, world.tenant, world.order, &QuoteRow::asked(world.ledger.now())).await.unwrap();
            tx.commit().await.unwrap();
        }
        _ => {}
    }
}

async fn first_item(world: &World) -> ItemId {
    orders::items(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().remove(0).id
}

/// A work order of one piece of the order's first item.
async fn work_order(world: &World) -> WorkOrderId {
    let (id, line) = (WorkOrderId::new(), NewLine { order: world.order, item: first_item(world).await, quantity: 1 });
    let mut tx = world.test.db.begin("test").await.unwrap();
    work_orders::insert(&mut tx, world.ledger.now(), world.tenant, id, ("test", ""), &[line]).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn run_next(world: &World, kind: &'static str, payload: &Value) {
    let id = world.enqueue(find(kind).unwrap(), payload, None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{kind}: {:?}", job.error);
}

/// Runs the job of a kind that an earlier job left behind.
async fn run_queued(world: &World, kind: &str) {
    let jobs = world.jobs(kind).await;
    assert_eq!(jobs.len(), 1, "{kind} was left behind once");
    world.run(jobs[0].id).await;
    let job = world.job(jobs[0].id).await;
    assert_eq!(job.state, "succeeded", "{kind}: {:?}", job.error);
}

/// What must be true after a kind's work was done, however often it was begun.
async fn done_once(world: &World, kind: &str) {
    let (read, tenant) = (&mut world.test.db.reader(), world.tenant);
    let order = orders::get(read, tenant, world.order).await.unwrap().unwrap();
    let counts = world.printer.counts();
    match kind {
        "render_preview" => {
            let jobs = world.jobs(kind).await;
            let made = artefacts::get(read, tenant, kind, &jobs[jobs.len() - 1].key).await.unwrap();
            let names: Vec<String> = match made {
                Some(made) => made.files.0.into_iter().map(|f| f.name).collect(),
                None => panic!("the artefact is there"),
            };
            assert_eq!(names, ["preview.png", "preview.webp", "thumbnail.png"]);
        }
        "build_bundle" => {
            let key = format!("{}:{}", order.id, order.revision);
            let files = artefacts::get(read, tenant, kind, &key).await.unwrap().unwrap().files.0;
            assert_eq!(files.len(), 1 + 3 * 3, "the ZIP, and three files of three zones");
            assert_eq!(order.state, "submitting");
            assert_eq!(world.jobs("submit_order").await.len(), 1);
        }
        "asset_convert" | "bundle_item" | "bundle_work_order" | "cleanup" => cleanup::done_once(world, kind).await,
        "submit_order" | "look_up_order" => {
            assert_eq!((counts.released_groups, counts.releases_effective), (1, 1), "the printer counts one order");
            assert_eq!(counts.drafts_live, 0, "and no draft was forgotten there");
            assert_eq!(order.state, "in_production");
            assert_eq!(fulfilment::parts(read, tenant, order.id).await.unwrap().len(), 2, "made in two places");
            assert_eq!(world.jobs("poll_tracking").await.len(), 1);
        }
        "poll_tracking" => {
            assert_eq!((order.state.as_str(), order.fulfilment_state.as_str()), ("delivered", "delivered"));
            let parcels = fulfilment::shipments(read, tenant, order.id).await.unwrap();
            assert_eq!(parcels.len(), 2);
            assert!(parcels.iter().all(|p| p.stage == "delivered" && p.tracking_code.is_some()));
            assert_eq!(
                fulfilment::steps(read, tenant, order.id)
                    .await
                    .unwrap()
                    .iter()
                    .filter(|s| s.stage == "delivered")
                    .count(),
                2
            );
            assert_eq!(world.jobs("distribute_revenue").await.len(), 1);
        }
        "distribute_revenue" => {
            let lines = journal::of_order(read, tenant, order.id).await.unwrap();
            let shared: Vec<_> = lines.iter().filter(|l| l.purpose == "distribution").collect();
            assert_eq!(
                shared.iter().filter(|l| l.account == Account::Gross).map(|l| l.minor).collect::<Vec<_>>(),
                [-order.total_minor]
            );
            assert_eq!(shared.iter().map(|l| l.minor).sum::<i64>(), 0);
            assert_eq!(shared.iter().filter(|l| matches!(l.account, Account::Royalty(_))).count(), 3);
            assert!(money::gross_is_even(world).await, "all of the sale has been shared out");
            assert_eq!(world.jobs("correct_costs").await.len(), 1, "its receipts are read again");
        }
        "sync_catalog" => {
            let sync = catalogue::syncs(read, tenant).await.unwrap().remove(0);
            let held =
                catalogue::list(read, tenant, "gelato", &catalogue::ItemFilter::default(), "", 1000).await.unwrap();
            assert_eq!((sync.pages, sync.items), (1, i64::try_from(held.len()).unwrap()));
            assert!(!held.is_empty() && sync.last_sync_at.is_none(), "the time is set at the end only");
            assert_eq!(world.jobs(kind).await.len(), 2, "this page and the next");
        }
        _ => sweeps_done_once(world, kind).await,
    }
}

/// The same for the kinds that look and change nothing outside, and those that run from a clock.
async fn sweeps_done_once(world: &World, kind: &str) {
    let (read, tenant) = (&mut world.test.db.reader(), world.tenant);
    let order = orders::get(read, tenant, world.order).await.unwrap().unwrap();
    let counts = world.printer.counts();
    match kind {
        "probe_provider" => {
            let probes = gates::probes(read, tenant).await.unwrap();
            assert_eq!(probes.len(), 1);
            assert!(probes[0].ok && probes[0].latency_ms.is_some_and(|ms| ms > 0) && probes[0].said.is_empty());
        }
        "sweep_drafts" => {
            assert_eq!((counts.released_groups, counts.deletes), (1, 1), "the stray went, the order did not");
            assert_eq!(counts.drafts_live, 1, "nor what somebody else parked");
        }
        "sweep_tracking" => {
            let polls = world.jobs("poll_tracking").await;
            assert_eq!(polls.len(), 1);
            assert!(polls[0].run_at <= world.ledger.now(), "the order moved on, so it is read at once");
        }
        "quote_order" => {
            let quote = order_quotes::get(read, tenant, world.order).await.unwrap().unwrap();
            assert!(quote.state == "accepted" && quote.products_minor.is_some_and(|minor| minor > 0), "{quote:?}");
            assert_eq!(order.state, "accepted", "it was paid already, and goes on");
            assert_eq!(world.jobs("build_bundle").await.len(), 1);
        }
        "housekeeping" => {
            assert!(world.jobs("build_bundle").await.is_empty(), "what is old is gone");
            assert_eq!(world.jobs("submit_order").await.len(), 1, "what waits is not");
        }
        "watch_orders" => post::late_once(world).await,
        "send_message" | "deliver_webhook" => post::done_once(world, kind).await,
        _ => money::done_once(world, kind).await,
    }
}

/// The job of a payload: the one that is queued already, or a new one.
async fn queued(world: &World, entry: &'static Entry, payload: &Value) -> platen_shared::id::JobId {
    let id = world.enqueue(entry, payload, None).await;
    if world.job(id).await.state == "scheduled" {
        world.clock.advance(Duration::from_secs(7 * 3600));
    }
    id
}

async fn killed_at(entry: &'static Entry, point: &'static str) {
    for test in databases().await {
        let engine = test.engine();
        let world = World::new(test).await;
        let payload = turn_of(&world, entry.kind).await;
        let id = queued(&world, entry, &payload).await;
        assert!(world.run_and_kill(id, entry.kind, point).await, "{} reaches its point {point}", entry.kind);
        let job = world.job(id).await;
        if point == "recorded" {
            assert_eq!(job.state, "succeeded", "what is committed stays");
        } else {
            assert_eq!(
                (job.state.as_str(), job.recoveries, job.failures),
                ("ready", 1, 0),
                "{} at {point}",
                entry.kind
            );
            world.run(id).await;
            let job = world.job(id).await;
            assert_eq!(job.state, "succeeded", "{} after {point}: {:?}", entry.kind, job.error);
        }
        done_once(&world, entry.kind).await;
        suite_ran("kinds", engine);
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_survives_a_kill_at_every_point() {
    for entry in KINDS {
        for point in EVERYWHERE.iter().chain(entry.points) {
            killed_at(entry, point).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_may_run_twice() {
    for entry in KINDS {
        for test in databases().await {
            let world = World::new(test).await;
            let payload = turn_of(&world, entry.kind).await;
            let id = queued(&world, entry, &payload).await;
            world.run(id).await;
            done_once(&world, entry.kind).await;
            assert_eq!(world.enqueue(entry, &payload, None).await, id, "the same work is the same job");
            // The whole job once more, effect and record: as if the ledger had lost its memory.
            let again = world.enqueue(entry, &payload, Some("again")).await;
            world.run(again).await;
            let job = world.job(again).await;
            assert!(["succeeded", "dead"].contains(&job.state.as_str()), "{}: {:?}", entry.kind, job.error);
            if entry.kind != "sync_catalog" {
                done_once(&world, entry.kind).await;
            } else {
                assert_eq!(world.jobs(entry.kind).await.len(), 3, "no second next page");
            }
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_a_newer_release_waits_unharmed() {
    let world = World::new(platen_shared::testing::TestDb::sqlite().await).await;
    for entry in KINDS {
        let mut payload = turn_of_old(entry.kind).0;
        payload["v"] = json!(99);
        let id = world.enqueue(entry, &payload, Some("newer")).await;
        world.run(id).await;
        let job = world.job(id).await;
        assert_eq!(
            (job.state.as_str(), job.waiting_for.as_str(), job.failures),
            ("scheduled", "not_ready", 0),
            "{}",
            entry.kind
        );
    }
    world.end().await;
}

/// The oldest payload of a kind that must still be understood, and its key: `fixtures/payloads/<kind>.json`.
fn turn_of_old(kind: &str) -> (Value, String) {
    let path = format!("{}/../fixtures/payloads/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("the kind {kind} needs a payload in fixtures/payloads/{kind}.json"));
    let fixture: Value = serde_json::from_str(&text).unwrap();
    (fixture["payload"].clone(), fixture["key"].as_str().unwrap().to_owned())
}

#[test]
fn every_kind_reads_its_old_payloads_and_keeps_its_keys() {
    for entry in KINDS {
        let (payload, key) = turn_of_old(entry.kind);
        assert_eq!(
            (entry.check)(&payload).unwrap().0.text,
            key,
            "{}: a changed key does finished work again",
            entry.kind
        );
        let mut strange = payload.clone();
        strange["strange"] = json!(1);
        assert!((entry.check)(&strange).is_err(), "{} refuses unknown fields", entry.kind);
        assert!((entry.check)(&json!({})).is_err() && (entry.check)(&json!([1])).is_err());
    }
    let kinds: std::collections::HashSet<_> = KINDS.iter().map(|e| e.kind).collect();
    assert_eq!(kinds.len(), KINDS.len(), "no name twice");
}
