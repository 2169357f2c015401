//! How long buyers are known is a tenant's rule: what is never kept is in no answer, and the same buyer is found again by a hash.

use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::order;

fn rules(policy: &str, contact: &str) -> Value {
    json!({ "quoteGate": false, "buyers": { "policy": policy, "days": 3, "contact": contact } })
}

#[tokio::test]
async fn a_buyer_may_be_known_by_a_hash_alone_from_the_beginning() {
    each(async |kit: Kit| {
        let (seed, other) = (kit.seeded("Discreet").await, kit.seeded("Other").await);
        let key = seed.tenant.key.as_str();
        let open = kit.get(key, "/v1/orders/rules").await.ok(200);
        assert_eq!(open["buyers"]["policy"], "keep");
        for (body, pointer) in [
            (rules("burn", ""), "/buyers/policy"),
            (rules("hash", ""), "/buyers/contact"),
            (rules("hash", "nobody"), "/buyers/contact"),
            (rules("forget", "orders@shop.example"), "/buyers/contact"),
            (json!({ "quoteGate": false, "buyers": { "policy": "forget", "days": -1 } }), "/buyers/days"),
        ] {
            let problem = kit.put(key, "/v1/orders/rules", &body).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
        for tenant in [&seed.tenant, &other.tenant] {
            kit.put(&tenant.key, "/v1/orders/rules", &rules("hash", "orders@shop.example")).await.ok(200);
        }
        let of = |snapshot: &str, external: &str, email: &str| {
            let mut body = order(snapshot, external);
            body["recipient"]["email"] = json!(email);
            body["recipient"]["phone"] = json!("+33 4 00 00 00 00");
            body
        };
        let first = kit.post(key, "/v1/orders", &of(&seed.snapshot, "h-1", "Zoe@Example.org")).await.ok(201);
        let again = kit.post(key, "/v1/orders", &of(&seed.snapshot, "h-1", "zoe@example.org")).await.ok(200);
        let second = kit.post(key, "/v1/orders", &of(&seed.snapshot, "h-2", "zoe@example.org")).await.ok(201);
        let stranger = kit.post(key, "/v1/orders", &of(&seed.snapshot, "h-3", "ada@example.org")).await.ok(201);
        let elsewhere =
            kit.post(&other.tenant.key, "/v1/orders", &of(&other.snapshot, "h-1", "zoe@example.org")).await.ok(201);
        kit.post(key, "/v1/orders", &of(&seed.snapshot, "h-2", "ada@example.org")).await.problem(409, "conflict");
        let buyer = text(&first["buyer"]);
        assert!(buyer.len() == 32 && buyer.bytes().all(|b| b.is_ascii_hexdigit()), "{buyer}");
        assert_eq!((&again["buyer"], &second["buyer"]), (&first["buyer"], &first["buyer"]));
        assert!(stranger["buyer"] != first["buyer"] && elsewhere["buyer"] != first["buyer"], "of a buyer and a tenant");
        assert_eq!(
            (&first["recipient"]["email"], &first["recipient"]["phone"]),
            (&json!("orders@shop.example"), &Value::Null)
        );
        assert_eq!(first["recipient"]["city"], "Lyon", "the parcel still finds its way");
        for answer in [&first, &again, &second] {
            assert!(!answer.to_string().to_lowercase().contains("zoe@example"), "{answer}");
        }
        let found = kit.get(key, &format!("/v1/orders?buyer={buyer}")).await.ok(200);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(2));
        let theirs = kit.get(&other.tenant.key, &format!("/v1/orders?buyer={buyer}")).await.ok(200);
        assert_eq!(theirs["items"], json!([]));
        kit.get(key, &format!("/v1/orders?buyer={buyer}&customer=cus-1")).await.problem(422, "invalid");
        assert_eq!(kit.get(key, "/v1/orders?buyer=").await.ok(200)["items"], json!([]), "nobody's hash finds nobody");
    })
    .await;
}
