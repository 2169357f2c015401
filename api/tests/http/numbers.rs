//! What machines that watch us read: readiness part by part, and numbers that a scraper can parse.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use platen_api::Settings;
use platen_api::probes::{PrometheusHandle, gather};
use platen_shared::ledger::Presence;
use serde_json::json;

use crate::kit::{Kit, each, each_with};

/// One recorder per process: numbers of other tests are in it too, so tests compare before with after.
fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| gather().expect("the first recorder")).clone()
}

fn measured() -> Settings {
    Settings { metrics: Some(recorder()), ..Settings::default() }
}

/// The samples of a page by name and labels. Every line must be a comment or a sample, and every sample's name must have been typed.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let mut typed = Vec::new();
    let mut found = BTreeMap::new();
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            typed.push(name.to_owned());
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            let name = series.split('{').next().unwrap_or_default();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(typed.iter().any(|t| t == name || t == base), "{name} has no type");
            found.insert(series.to_owned(), value.parse().unwrap_or_else(|e| panic!("{line}: {e}")));
        }
    }
    found
}

impl Kit {
    async fn numbers(&self) -> BTreeMap<String, f64> {
        let answer = self.get("", "/metrics").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/plain; version=0.0.4"));
        samples(&answer.text())
    }
}

#[tokio::test]
async fn the_numbers_say_how_deep_and_how_old_every_queue_is() {
    each_with(measured, async |kit: Kit| {
        let tenant = kit.tenant("Measured").await;
        let work = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "g1" } });
        kit.post(&tenant.key, "/v1/jobs", &work).await.ok(202);
        kit.ledger
            .beat(&Presence { process: "77".into(), queues: "sync".into(), ..Presence::named("w-1") })
            .await
            .expect("a heartbeat");
        kit.clock.advance(Duration::from_secs(4));
        let numbers = kit.numbers().await;
        assert_eq!(numbers["platen_queue_jobs{queue=\"sync\",state=\"ready\"}"], 1.0);
        assert_eq!(
            numbers["platen_queue_jobs{queue=\"orders\",state=\"ready\"}"], 0.0,
            "an empty queue is 0, not absent"
        );
        assert_eq!(numbers["platen_queue_oldest_ready_seconds{queue=\"sync\"}"], 4.0);
        assert_eq!(numbers["platen_worker_heartbeat_age_seconds{worker=\"w-1\"}"], 4.0);
        assert_eq!(
            (numbers["platen_workers"], numbers["platen_jobs_dead"], numbers["platen_ledger_up"]),
            (1.0, 0.0, 1.0)
        );
        kit.ledger.leave("w-1").await.expect("left");
        assert_eq!(kit.numbers().await["platen_workers"], 1.0, "asked of the database once a second at most");
        kit.clock.advance(Duration::from_secs(1));
        let numbers = kit.numbers().await;
        assert!(!numbers.keys().any(|series| series.contains("w-1")), "a worker that left leaves the page");
    })
    .await;
}

#[tokio::test]
async fn times_come_in_buckets_by_route_and_refusals_with_their_reason() {
    each_with(measured, async |kit: Kit| {
        let tenant = kit.tenant("Timed").await;
        let before = kit.numbers().await;
        kit.get(&tenant.key, "/v1/jobs/job_01jd0000000000000000000000").await.problem(404, "not-found");
        kit.get(&format!("plk_{}_{}", "0".repeat(12), "0".repeat(64)), "/v1/queues").await.problem(401, "unauthorized");
        kit.get("", "/f/forged.token").await.problem(404, "not-found");
        let after = kit.numbers().await;
        let grew =
            |series: &str| after.get(series).copied().unwrap_or(0.0) - before.get(series).copied().unwrap_or(0.0);
        let route = "method=\"GET\",path=\"/v1/jobs/{id}\"";
        assert!(grew(&format!("platen_http_request_seconds_count{{{route}}}")) >= 1.0);
        assert!(grew(&format!("platen_http_request_seconds_bucket{{{route},le=\"+Inf\"}}")) >= 1.0);
        assert!(after.contains_key(&format!("platen_http_request_seconds_bucket{{{route},le=\"0.25\"}}")));
        assert!(grew("platen_signature_failures_total{what=\"key\",reason=\"unknown\"}") >= 1.0);
        assert!(grew("platen_signature_failures_total{what=\"link\",reason=\"malformed\"}") >= 1.0);
        assert!(
            !after.keys().any(|series| series.contains("01jd0") || series.contains("forged.token")),
            "bounded labels"
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_not_ready_names_the_part() {
    each(async |kit: Kit| {
        kit.get("", "/readyz").await.ok(200);
        kit.db.close().await;
        let problem = kit.get("", "/readyz").await.problem(503, "unavailable");
        assert_eq!(problem["detail"], "Not ready: database.");
        assert_eq!(problem["errors"][0]["pointer"], "/database");
        kit.get("", "/livez").await.ok(200);
    })
    .await;
}

#[tokio::test]
async fn numbers_of_the_process_are_there_without_the_database() {
    each_with(measured, async |kit: Kit| {
        kit.get("", "/livez").await.ok(200);
        kit.db.close().await;
        let numbers = kit.numbers().await;
        assert_eq!(numbers["platen_ledger_up"], 0.0);
        assert!(numbers.keys().any(|series| series.starts_with("platen_http_requests_total")));
    })
    .await;
}

#[tokio::test]
async fn workers_are_listed_with_the_tenants_own_jobs() {
    each(async |kit: Kit| {
        let (mine, other) = (kit.tenant("Mine").await, kit.tenant("Other").await);
        let work = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "g1" } });
        for tenant in [&mine, &other] {
            kit.post(&tenant.key, "/v1/jobs", &work).await.ok(202);
        }
        kit.ledger
            .beat(&Presence { process: "77".into(), queues: "sync,orders".into(), ..Presence::named("w-1") })
            .await
            .expect("a heartbeat");
        kit.ledger.claim("w-1", platen_shared::ledger::Queue::ALL, 10).await.expect("claimed");
        kit.clock.advance(Duration::from_secs(2));
        let worker = kit.get(&mine.key, "/v1/workers").await.ok(200)["items"][0].clone();
        assert_eq!(
            (&worker["id"], &worker["pid"], &worker["queues"]),
            (&json!("w-1"), &json!("77"), &json!(["sync", "orders"]))
        );
        assert_eq!(
            (&worker["busy"], &worker["heartbeatAgeS"], &worker["draining"]),
            (&json!(2), &json!(2), &json!(false))
        );
        let named = worker["running"].as_array().expect("a list");
        assert_eq!((named.len(), &named[0]["attempt"]), (1, &json!(1)), "only the tenant's own are named: {worker}");
        let own = kit.get(&mine.key, "/v1/jobs").await.ok(200)["items"][0]["id"].clone();
        assert_eq!(named[0]["id"], own);
        let reader = kit.key(&mine, &["read"]).await;
        kit.get(&reader, "/v1/workers").await.problem(403, "forbidden");
    })
    .await;
}
