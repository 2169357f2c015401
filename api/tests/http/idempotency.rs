//! Idempotency keys: the same request replays, another is refused, one in progress says so, and a lost one is over after a minute.

use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::store::idempotency::{self, Begun};
use serde_json::json;

use crate::kit::{Kit, both, each};
use crate::seed::order;

#[tokio::test]
async fn the_same_key_and_body_replays_the_reply() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Repeater").await;
        let body = json!({ "name": "till", "scopes": ["read"] });
        let key = [("idempotency-key", "make-a-key")];
        let first = kit.send("POST", "/v1/keys", &tenant.key, &key, &body).await;
        let rows = kit.rows().await;
        let second = kit.send("POST", "/v1/keys", &tenant.key, &key, &body).await;
        assert_eq!((first.ok(201), first.header("idempotency-replayed")), (second.ok(201), ""));
        assert_eq!(second.header("idempotency-replayed"), "true");
        assert_eq!(second.header("content-type"), "application/json");
        let other = json!({ "name": "safe", "scopes": ["read"] });
        kit.send("POST", "/v1/keys", &tenant.key, &key, &other).await.problem(422, "key-reused");
        kit.send("POST", "/v1/pauses", &tenant.key, &key, &body).await.problem(422, "key-reused");
        assert_eq!(kit.rows().await, rows, "neither made anything");
        let stored: Vec<(String,)> = kit.db.query(both("SELECT body FROM idempotency")).all().await.expect("rows");
        assert!(stored.iter().all(|(body,)| body.starts_with("v1.")), "kept replies are sealed");
        let another = kit.tenant("Bystander").await;
        assert_ne!(
            kit.send("POST", "/v1/keys", &another.key, &key, &body).await.ok(201),
            first.json(),
            "keys are a tenant's own"
        );
        kit.clock.advance(Duration::from_secs(24 * 3600 + 1));
        kit.send("POST", "/v1/keys", &tenant.key, &key, &other).await.ok(201);
    })
    .await;
}

#[tokio::test]
async fn a_request_in_progress_says_so_and_a_lost_one_is_over() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Waiter").await;
        let tenant: TenantId = seed.tenant.id.parse().expect("a tenant");
        let body = order(&seed.snapshot, "second");
        let key = [("idempotency-key", "order-2")];
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        let route = "POST /v1/orders";
        let digest = digest("POST", "/v1/orders", &body.to_string());
        let begun =
            idempotency::begin(&mut tx, kit.ledger.now(), tenant, "order-2", route, &digest).await.expect("begun");
        assert_eq!(begun, Begun::Fresh);
        tx.commit().await.expect("committed");
        let answer = kit.send("POST", "/v1/orders", &seed.tenant.key, &key, &body).await;
        answer.problem(409, "in-progress");
        assert_eq!(answer.header("retry-after"), "1");
        kit.clock.advance(Duration::from_secs(61));
        kit.send("POST", "/v1/orders", &seed.tenant.key, &key, &body).await.ok(201);
    })
    .await;
}

fn digest(method: &str, path: &str, body: &str) -> String {
    platen_shared::canon::sha256_hex(format!("{method}\n{path}\napplication/json\n{body}"))
}

#[tokio::test]
async fn a_refused_request_may_be_mended_under_its_key() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Mender").await;
        let key = [("idempotency-key", "order-3")];
        let mut body = order(&seed.snapshot, "third");
        body["shipping"]["minor"] = json!(-1);
        kit.send("POST", "/v1/orders", &seed.tenant.key, &key, &body).await.problem(422, "invalid");
        body["shipping"]["minor"] = json!(1);
        kit.send("POST", "/v1/orders", &seed.tenant.key, &key, &body).await.ok(201);
    })
    .await;
}

#[tokio::test]
async fn many_identical_requests_make_one_job() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Crowd").await;
        let before = kit.rows().await;
        let body = json!({ "specHash": seed.spec });
        let all = futures::future::join_all((0..20).map(|_| kit.post(&seed.tenant.key, "/v1/renders", &body))).await;
        for answer in all {
            assert_eq!(answer.ok(202)["id"], seed.render.as_str());
        }
        assert_eq!(kit.rows().await, before);
    })
    .await;
}
