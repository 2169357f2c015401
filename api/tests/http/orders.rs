//! An order's way through the front: taken in, paid, bundled, submitted; and what is refused on the way.

use platen_jobs::{Origin, workflow};
use platen_shared::id::{OrderId, TenantId};
use platen_shared::ledger::Queue;
use platen_shared::store::orders;
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::{Seeded, order};

pub(crate) fn payment(reference: &str, minor: i64) -> Value {
    json!({ "reference": reference, "method": "card", "amount": { "minor": minor, "currency": "EUR" } })
}

/// What the worker does when the print files are there.
pub(crate) async fn bundled(kit: &Kit, seed: &Seeded, job: &str) {
    kit.artefact(
        &seed.tenant,
        "build_bundle",
        job,
        &[("bundle.zip", "application/zip", b"PK zip"), ("items/0/left.pdf", "application/pdf", b"%PDF")],
    )
    .await;
    let tenant: TenantId = seed.tenant.id.parse().expect("a tenant");
    let id: OrderId = seed.order.parse().expect("an order");
    let now = kit.ledger.now();
    let origin = Origin { tenant, now, run_at: now, priority: 0, correlation_id: "worker".into() };
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    let row = orders::lock(&mut tx, tenant, id).await.expect("asked").expect("an order");
    workflow::proceed(&mut tx, &origin, now, &row).await.expect("goes on");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn an_order_is_taken_in_paid_bundled_and_submitted() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Shop").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let shown = kit.get(key, &at).await.ok(200);
        assert_eq!(
            (shown["state"].as_str(), shown["totals"]["total"]["minor"].as_i64()),
            (Some("received"), Some(2 * 1890 + 499 + 300))
        );
        assert_eq!((shown["recipient"]["city"].as_str(), shown["providerOrders"].as_i64()), (Some("Lyon"), Some(0)));
        assert_eq!(
            kit.post(key, "/v1/orders", &order(&seed.snapshot, "first")).await.ok(200)["id"],
            seed.order.as_str()
        );

        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-1", 4579)).await.ok(201);
        assert_eq!(
            (paid["order"]["state"].as_str(), paid["order"]["paymentState"].as_str()),
            (Some("accepted"), Some("paid"))
        );
        let job = text(&paid["jobId"]);
        assert_eq!(kit.get(key, &format!("/v1/jobs/{job}")).await.ok(200)["kind"], "build_bundle");
        let rows = kit.rows().await;
        kit.post(key, &format!("{at}/payments"), &payment("pay-1", 4579)).await.ok(200);
        kit.post(key, &format!("{at}/payments"), &payment("pay-2", 4579)).await.problem(409, "conflict");
        let problem = kit.post(key, &format!("{at}/submit"), &json!({})).await.problem(409, "illegal-state");
        assert!(text(&problem["detail"]).contains("print files are not ready"), "{problem}");
        assert_eq!(
            kit.post(key, &format!("{at}/bundle"), &json!({})).await.ok(202)["id"],
            job.as_str(),
            "the same work"
        );
        assert_eq!(
            kit.post(key, "/api/v1/manufacturing/export-pack", &json!({ "orderId": seed.order })).await.ok(202)["id"],
            job.as_str()
        );
        assert_eq!(kit.rows().await, rows);

        bundled(&kit, &seed, &job).await;
        let bundle = kit.get(key, &format!("{at}/bundle")).await.ok(200);
        assert_eq!(bundle["files"][0]["name"], "items/0/left.pdf");
        let zip = kit.get(key, &format!("{at}/bundle/file")).await;
        assert_eq!((zip.bytes.as_slice(), zip.header("content-type")), (b"PK zip".as_slice(), "application/zip"));
        let link = text(&bundle["url"]).replace("https://print.example", "");
        assert_eq!(kit.get("", &link).await.bytes, b"PK zip");

        let submitted = kit.post(key, &format!("{at}/submit"), &json!({})).await.ok(202);
        assert_eq!(submitted["kind"], "submit_order");
        assert_eq!(kit.post(key, &format!("{at}/submit"), &json!({})).await.ok(202)["id"], submitted["id"]);
        let money = kit.get(key, &format!("{at}/money")).await.ok(200);
        assert_eq!(
            (money["grossMinor"].as_i64(), money["sumMinor"].as_i64(), &money["lines"]),
            (Some(4579), Some(0), &json!([]))
        );
        assert_eq!(money["entries"][0]["purpose"], "payment");
        assert_eq!(kit.get(key, &format!("{at}/shipments")).await.ok(200)["items"], json!([]));
        let events = kit.get(key, &format!("{at}/events")).await.ok(200);
        let states: Vec<_> = events["items"].as_array().expect("a list").iter().map(|e| text(&e["to"])).collect();
        assert_eq!(states, ["received", "paid", "accepted", "ready", "submitting"]);
    })
    .await;
}

#[tokio::test]
async fn an_unpaid_order_is_cancelled_and_takes_nothing_more() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Quitter").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let cancelled = kit.post(key, &format!("{at}/cancel"), &json!({ "reason": "a typo" })).await.ok(200);
        assert_eq!((cancelled["state"].as_str(), cancelled["why"].as_str()), (Some("cancelled"), Some("a typo")));
        kit.post(key, &format!("{at}/cancel"), &json!({ "reason": "a typo" })).await.ok(200);
        let rows = kit.rows().await;
        kit.post(key, &format!("{at}/payments"), &payment("pay-3", 4579)).await.problem(409, "illegal-state");
        kit.post(key, &format!("{at}/bundle"), &json!({})).await.problem(409, "illegal-state");
        kit.post(key, &format!("{at}/submit"), &json!({})).await.problem(409, "illegal-state");
        assert_eq!(kit.rows().await, rows);
        let page = kit.get(key, "/v1/orders?state=cancelled").await.ok(200);
        assert_eq!(page["items"][0]["id"], seed.order.as_str());
        assert!(page["items"][0]["recipient"].is_null(), "lists hold no addresses");
    })
    .await;
}

#[tokio::test]
async fn an_item_needs_a_locked_snapshot_and_a_lock_an_approval() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Approver").await;
        let key = seed.tenant.key.as_str();
        let spec = kit.post(key, "/v1/specs", &crate::seed::design("Not yet", &seed.sha256)).await.ok(201);
        let snapshot = kit.post(key, "/v1/snapshots", &json!({ "specHash": spec["hash"] })).await.ok(201);
        let id = text(&snapshot["id"]);
        let rows = kit.rows().await;
        kit.post(key, &format!("/v1/snapshots/{id}/lock"), &json!({})).await.problem(409, "illegal-state");
        kit.post(key, "/v1/orders", &order(&id, "early")).await.problem(409, "illegal-state");
        assert_eq!(kit.rows().await, rows);
        kit.post(key, &format!("/api/v1/snapshots/{id}/validate"), &json!({})).await.ok(201);
        for _ in 0..2 {
            assert!(kit.post(key, &format!("/v1/snapshots/{id}/lock"), &json!({})).await.ok(200)["lock"].is_object());
        }
        kit.post(key, "/v1/orders", &order(&id, "now")).await.ok(201);
    })
    .await;
}

#[tokio::test]
async fn a_submission_that_has_not_started_is_stopped_for_good() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Early").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-8", 4579)).await.ok(201);
        bundled(&kit, &seed, &text(&paid["jobId"])).await;
        let job = text(&kit.post(key, &format!("{at}/submit"), &json!({})).await.ok(202)["id"]);
        let done = kit.post(key, &format!("{at}/cancel"), &json!({ "reason": "changed my mind" })).await.ok(200);
        assert_eq!((&done["state"], &done["cancellation"]["outcome"]), (&json!("cancelled"), &json!("done")));
        assert_eq!(kit.get(key, &format!("/v1/jobs/{job}")).await.ok(200)["state"], "cancelled");
        let all = json!({ "key": "r", "amount": { "minor": 4579, "currency": "EUR" }, "reason": "cancelled" });
        assert!(
            kit.post(key, &format!("{at}/refunds"), &all).await.ok(201)["jobId"].is_string(),
            "what is left is shared out"
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_being_placed_is_cancelled_after_its_job() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Holder").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-9", 4579)).await.ok(201);
        bundled(&kit, &seed, &text(&paid["jobId"])).await;
        let job = text(&kit.post(key, &format!("{at}/submit"), &json!({})).await.ok(202)["id"]);
        kit.post(key, &format!("/v1/jobs/{job}/cancel"), &json!({ "reason": "wait" })).await.ok(202);
        let held = kit.get(key, &at).await.ok(200);
        assert_eq!(held["state"], "on_hold", "the kind cleans up in the same transaction: {held}");
        kit.post(key, &format!("/v1/jobs/{job}/retry"), &json!({ "reason": "go on" })).await.ok(202);
        let worker = kit.ledger.claim("w", &[Queue::Orders], 1).await.expect("claimed").pop().expect("a job");
        assert_eq!(worker.id.to_string(), job, "somebody places it at this moment");
        let asked = kit.post(key, &format!("{at}/cancel"), &json!({ "reason": "in time?" })).await.ok(200);
        assert_eq!((&asked["state"], &asked["cancellation"]["outcome"]), (&json!("on_hold"), &json!("pending")));
        let asks = text(&asked["cancellation"]["jobId"]);
        assert_eq!(kit.get(key, &format!("/v1/jobs/{asks}")).await.ok(200)["kind"], "cancel_order");
        let again = kit.post(key, &format!("{at}/cancel"), &json!({ "reason": "in time?" })).await.ok(200);
        assert_eq!(again["cancellation"], asked["cancellation"], "one wish, one answer");
    })
    .await;
}
