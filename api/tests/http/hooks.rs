//! Webhooks of a provider: who may send, what is kept, and that a hint is all it is.

use std::time::Duration;

use axum::http::StatusCode;
use platen_api::Settings;
use platen_jobs::poll_tracking::PollTracking;
use platen_jobs::{Origin, enqueue};
use platen_shared::id::OrderId;
use platen_shared::ledger::read::Filter;
use platen_shared::store::{hooks, orders};
use serde_json::{Value, json};

use crate::kit::{Kit, each, each_with, text};
use crate::seed::Seeded;

const SECRET: &str = "a-secret-of-the-dashboard";

/// A tenant with a door; its path.
async fn door(kit: &Kit, seeded: &Seeded, secret: &str) -> String {
    let made =
        kit.put(&seeded.tenant.key, "/v1/connections/gelato/webhook", &json!({ "secret": secret })).await.ok(200);
    let url = text(&made["url"]);
    assert!(url.starts_with("https://print.example/v1/hooks/gelato/con_"), "{url}");
    url["https://print.example".len()..].to_owned()
}

async fn knock(kit: &Kit, path: &str, secret: &str, body: &Value) -> (StatusCode, bool) {
    let answer = kit.send("POST", path, "", &[("signature", secret)], body).await;
    let kept = answer.status.is_success() && answer.json()["kept"] == true;
    (answer.status, kept)
}

/// A poll of the order that is due in a month.
async fn planned(kit: &Kit, seeded: &Seeded) -> OrderId {
    let order: OrderId = seeded.order.parse().expect("an order");
    let now = kit.ledger.now();
    let origin = Origin {
        tenant: seeded.tenant.id.parse().expect("a tenant"),
        now,
        run_at: now.plus(Duration::from_secs(30 * 24 * 3600)),
        priority: 0,
        correlation_id: "test".into(),
    };
    let mut tx = kit.ledger.db.begin("test").await.expect("begun");
    let poll = PollTracking { order, round: 1, provider: "gelato".into() };
    enqueue(&mut tx, &origin, &poll).await.expect("enqueued");
    tx.commit().await.expect("committed");
    order
}

async fn due(kit: &Kit, seeded: &Seeded) -> bool {
    let filter = Filter { kind: Some("poll_tracking".into()), ..Filter::default() };
    let tenant = seeded.tenant.id.parse().expect("a tenant");
    kit.ledger.jobs(tenant, &filter, 10).await.expect("jobs").iter().all(|job| job.run_at <= kit.ledger.now())
}

fn status(id: usize, order: &str, word: &str) -> Value {
    json!({ "id": format!("os_{id}"), "event": "order_status_updated", "orderId": format!("g-{id}"), "storeId": null,
        "orderReferenceId": order, "fulfillmentStatus": word, "items": [] })
}

#[tokio::test]
async fn fifty_events_replayed_twenty_times_are_fifty_rows_and_one_look() {
    let settings = || Settings { public_requests_per_second: 10_000, ..Settings::default() };
    each_with(settings, async |kit: Kit| {
        let seeded = kit.seeded("Hooked").await;
        let path = door(&kit, &seeded, SECRET).await;
        let order = planned(&kit, &seeded).await;
        let tenant = seeded.tenant.id.parse().expect("a tenant");
        let before = orders::get(&mut kit.ledger.db.reader(), tenant, order).await.expect("read").expect("there");
        assert!(!due(&kit, &seeded).await);
        let mut kept = 0;
        for n in 0..1000_usize {
            // Every event twenty times, in an order that is none.
            let event = (n * 637) % 50;
            let (status, new) = knock(&kit, &path, SECRET, &status(event, &seeded.order, "delivered")).await;
            assert_eq!(status, 200);
            kept += usize::from(new);
        }
        assert_eq!(kept, 50);
        assert!(due(&kit, &seeded).await, "the next look comes at once");
        let after = orders::get(&mut kit.ledger.db.reader(), tenant, order).await.expect("read").expect("there");
        assert_eq!((after.version, after.state), (before.version, before.state), "no state moves by what is only said");
        let listed = kit.get(&seeded.tenant.key, "/v1/connections/gelato/webhook/events").await.ok(200);
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(50));
        assert!(
            listed["items"].as_array().expect("items").iter().all(|event| event["orderId"] == seeded.order.as_str())
        );
    })
    .await;
}

#[tokio::test]
async fn forged_test_late_and_strange_webhooks_change_nothing() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Door").await;
        let theirs = kit.seeded("Neighbour").await;
        let path = door(&kit, &seeded, SECRET).await;
        planned(&kit, &theirs).await;
        let event = status(1, &seeded.order, "shipped");
        kit.send("POST", &path, "", &[("signature", "forged")], &event).await.problem(401, "unauthorized");
        kit.send("POST", &path, "", &[], &event).await.problem(401, "unauthorized");
        kit.send("POST", "/v1/hooks/gelato/con_01jd0000000000000000000000", "", &[("signature", SECRET)], &event)
            .await
            .problem(404, "not-found");
        kit.send("POST", &path.replace("gelato", "nobody"), "", &[("signature", SECRET)], &event)
            .await
            .problem(404, "not-found");
        let rows = kit.rows().await;
        let test = json!({ "id": "t", "event": "order_status_updated", "orderId": "{{MyOrderId}}" });
        assert_eq!(knock(&kit, &path, SECRET, &test).await, (StatusCode::OK, false), "the dashboard's button");
        assert_eq!(kit.rows().await, rows, "nothing was stored");
        // About another tenant's order: kept, and nothing of theirs moves.
        assert_eq!(knock(&kit, &path, SECRET, &status(2, &theirs.order, "delivered")).await, (StatusCode::OK, true));
        assert!(!due(&kit, &theirs).await);
        for body in ["<html>busy</html>", "{\"id\": 7, \"orderId\": 1029}", "[]", ""] {
            let answer = kit.bytes("POST", &path, "", &[("signature", SECRET)], body.into()).await;
            assert_eq!(answer.status, 200, "{body}: a try that is refused is a try that is lost");
        }
        let tenant = seeded.tenant.id.parse().expect("a tenant");
        let listed = kit.get(&seeded.tenant.key, "/v1/connections/gelato/webhook/events").await.ok(200);
        let foreign = listed["items"].as_array().expect("items").iter().filter(|e| e["orderId"].is_null()).count();
        assert_eq!(foreign, 5);
        // Kept for a month.
        kit.clock.advance(Duration::from_secs(31 * 24 * 3600));
        kit.ledger.trim_rest(kit.ledger.now()).await.expect("trimmed");
        let order = seeded.order.parse().expect("an order");
        let heard = hooks::heard_since(&mut kit.ledger.db.reader(), tenant, order, Default::default()).await;
        assert!(!heard.expect("read"));
        let listed = kit.get(&seeded.tenant.key, "/v1/connections/gelato/webhook/events").await.ok(200);
        assert_eq!(listed["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_new_secret_and_the_one_before_are_both_taken_for_a_day() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Rotates").await;
        let path = door(&kit, &seeded, SECRET).await;
        let next = "another-secret-of-the-dashboard";
        assert_eq!(door(&kit, &seeded, next).await, path, "the address stays");
        for (n, secret) in [(1, SECRET), (2, next)] {
            assert_eq!(knock(&kit, &path, secret, &status(n, &seeded.order, "passed")).await, (StatusCode::OK, true));
        }
        kit.clock.advance(Duration::from_secs(25 * 3600));
        assert_eq!(knock(&kit, &path, SECRET, &status(3, &seeded.order, "passed")).await.0, 401, "a day is over");
        assert_eq!(knock(&kit, &path, next, &status(3, &seeded.order, "passed")).await.0, 200);
        let key = &seeded.tenant.key;
        let route = "/v1/connections/gelato/webhook";
        let made = kit.put(key, route, &json!({ "header": "x-hook" })).await.ok(200);
        assert!(text(&made["secret"]).len() >= 32 && made["formerSecretUntil"].is_string());
        kit.put(key, route, &json!({ "header": "Authorization" })).await.problem(422, "invalid");
        kit.put(key, route, &json!({ "header": "authorization" })).await.problem(422, "invalid");
        kit.put(key, route, &json!({ "secret": "short" })).await.problem(422, "invalid");
        let bare = kit.tenant("Bare").await;
        kit.put(&bare.key, route, &json!({})).await.problem(409, "illegal-state");
    })
    .await;
}
