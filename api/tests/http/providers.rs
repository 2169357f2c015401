//! How a tenant's accounts stand: its own only, and as the fleet's shared state says.

use std::time::Duration;

use platen_shared::adapters::http::{AccountKey, Class, Outcome};
use platen_shared::id::TenantId;
use platen_shared::store::gates::{self, Probe, Use};
use serde_json::{Value, json};

use crate::kit::{Kit, RATE, both, each};
use crate::seed::Tenant;

async fn connected(kit: &Kit, name: &str) -> (Tenant, TenantId) {
    let tenant = kit.tenant(name).await;
    kit.put(&tenant.key, "/v1/connections/gelato", &json!({ "apiKey": "an-account" })).await.ok(200);
    let id = tenant.id.parse().expect("a tenant");
    (tenant, id)
}

async fn shown(kit: &Kit, tenant: &Tenant) -> Value {
    let page = kit.get(&tenant.key, "/v1/providers").await.ok(200);
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(1), &Value::Null), "{page}");
    page["items"][0].clone()
}

async fn call(kit: &Kit, tenant: TenantId, outcome: Outcome) {
    let gate = kit.gates.gate(AccountKey { provider: "gelato", tenant }, RATE);
    gate.enter(Class::Prompt).await.expect("a permit").report(outcome).await;
}

#[tokio::test]
async fn an_account_shows_its_budget_breaker_and_pause() {
    each(async |kit: Kit| {
        let unconnected = kit.tenant("Nobody").await;
        assert_eq!(kit.get(&unconnected.key, "/v1/providers").await.ok(200)["items"], json!([]));
        let ((tenant, id), (other, _)) = (connected(&kit, "One").await, connected(&kit, "Other").await);
        let fresh = shown(&kit, &tenant).await;
        let budget = json!({ "perSecond": 5, "burst": 10, "available": 10, "sharing": "database", "replicas": 1 });
        assert_eq!((&fresh["provider"], &fresh["budget"]), (&json!("gelato"), &budget));
        let closed = json!({ "state": "closed", "since": null, "until": null, "failures": 0 });
        assert_eq!(fresh["breaker"], closed);
        assert_eq!((&fresh["used"], &fresh["lastProbe"]), (&json!([]), &Value::Null));

        for _ in 0..5 {
            call(&kit, id, Outcome::Failed).await;
        }
        let (since, until) = (kit.ledger.now(), kit.ledger.now().plus(Duration::from_secs(30)));
        let open = shown(&kit, &tenant).await;
        assert_eq!(open["budget"]["available"], 5);
        assert_eq!(open["breaker"], json!({ "state": "open", "since": since, "until": until, "failures": 5 }));
        kit.clock.advance(Duration::from_secs(30));
        let probing = json!({ "state": "probing", "since": since, "until": null, "failures": 5 });
        assert_eq!(shown(&kit, &tenant).await["breaker"], probing);

        call(&kit, id, Outcome::Throttled(Some(Duration::from_secs(90)))).await;
        let paused = shown(&kit, &tenant).await;
        assert_eq!(paused["breaker"], closed, "it answered");
        assert_eq!(paused["pausedUntil"], json!(kit.ledger.now().plus(Duration::from_secs(90))));
        assert!(paused["pausedWhy"].as_str().is_some_and(|why| why.contains("429")), "{paused}");

        let others = shown(&kit, &other).await;
        assert_eq!((&others["breaker"], &others["pausedUntil"]), (&closed, &Value::Null), "an account of its own");
    })
    .await;
}

#[tokio::test]
async fn an_account_shows_who_used_it_its_probe_and_who_waits() {
    each(async |kit: Kit| {
        let ((tenant, id), (other, _)) = (connected(&kit, "One").await, connected(&kit, "Other").await);
        for (n, waits) in [(0, "breaker"), (1, "budget"), (2, "budget"), (3, "retry")] {
            let body =
                json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": format!("g{n}") } });
            let job = kit.post(&tenant.key, "/v1/jobs", &body).await.ok(202);
            let mut tx = kit.db.begin("test").await.expect("a transaction");
            tx.query(both("UPDATE jobs SET state = 'scheduled', waiting_for = $2 WHERE key = $1"))
                .bind(job["key"].as_str().expect("a key").to_owned())
                .bind(waits)
                .exec()
                .await
                .expect("written");
            tx.commit().await.expect("committed");
        }
        let now = kit.ledger.now();
        let used = |kind: &str, calls| Use {
            tenant: id,
            provider: "gelato".into(),
            kind: kind.into(),
            calls,
            failed: 1,
            put_off: 2,
        };
        let probe =
            Probe { provider: "gelato".into(), at: now, ok: true, latency_ms: Some(80), said: "It answered.".into() };
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        gates::add_use(&mut tx, now.minus(Duration::from_secs(16 * 60)), &[used("submit_order", 99)])
            .await
            .expect("old");
        gates::add_use(&mut tx, now, &[used("submit_order", 7), used("sync_catalog", 8)]).await.expect("use");
        gates::put_probe(&mut tx, id, &probe).await.expect("a probe");
        tx.commit().await.expect("committed");

        let row = shown(&kit, &tenant).await;
        assert_eq!(row["waiting"], json!({ "budget": 2, "breaker": 1, "lookup": 0 }));
        let line = |kind: &str, calls: i64| json!({ "kind": kind, "calls": calls, "failed": 1, "putOff": 2 });
        assert_eq!(row["used"], json!([line("submit_order", 7), line("sync_catalog", 8)]));
        assert_eq!(row["lastProbe"], json!({ "at": now, "ok": true, "latencyMs": 80, "said": "It answered." }));
        let others = shown(&kit, &other).await;
        assert_eq!((&others["used"], &others["lastProbe"]), (&json!([]), &Value::Null));
        assert_eq!(others["waiting"], json!({ "budget": 0, "breaker": 0, "lookup": 0 }));
    })
    .await;
}
