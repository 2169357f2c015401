//! Other quantities: priced here from what was frozen, settled before anything is submitted, and refused once a printer may know.

use platen_shared::domain::order::OrderState;
use platen_shared::id::{OrderId, TenantId};
use platen_shared::store::orders;
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::orders::{bundled, payment};
use crate::seed::{Seeded, product};

/// An order's page, its path, and the id of its only item.
async fn begin(kit: &Kit, seed: &Seeded) -> (String, String) {
    let at = format!("/v1/orders/{}", seed.order);
    let shown = kit.get(&seed.tenant.key, &at).await.ok(200);
    (at, text(&shown["items"][0]["id"]))
}

fn pieces(item: &str, quantity: i64) -> Value {
    json!({ "items": [{ "id": item, "quantity": quantity }], "reason": "the buyer called" })
}

fn total(order: &Value) -> Option<i64> {
    order["totals"]["total"]["minor"].as_i64()
}

async fn edit(kit: &Kit, seed: &Seeded, at: &str, body: &Value) -> crate::kit::Answer {
    kit.send("PATCH", &format!("{at}/content"), &seed.tenant.key, &[], body).await
}

#[tokio::test]
async fn an_unpaid_order_is_priced_anew_from_frozen_prices() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Counter").await;
        let (at, item) = begin(&kit, &seed).await;
        let mut dearer = product();
        dearer["price"]["minor"] = json!(9_999);
        kit.put(&seed.tenant.key, "/v1/products/mug", &dearer).await.ok(200);
        let before = kit.get(&seed.tenant.key, &at).await.ok(200);
        let more = edit(&kit, &seed, &at, &pieces(&item, 5)).await.ok(200);
        // 300 of tax on 2 × 1,890 + 499 become 300 × 9,949 ÷ 4,279, half-even.
        assert_eq!(total(&more), Some(5 * 1890 + 499 + 698));
        assert_eq!((&more["items"][0]["quantity"], &more["items"][0]["lineTotal"]["minor"]), (&json!(5), &json!(9450)));
        assert_eq!(more["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
        assert_ne!(more["revision"], before["revision"], "what is made is another thing");
        assert_eq!(more["due"], Value::Null);
        let same = edit(&kit, &seed, &at, &pieces(&item, 5)).await.ok(200);
        assert_eq!(same["version"], more["version"], "nothing changed");
        let mut taxed = pieces(&item, 1);
        taxed["tax"] = json!({ "minor": 7, "currency": "EUR" });
        assert_eq!(
            total(&edit(&kit, &seed, &at, &taxed).await.ok(200)),
            Some(1890 + 499 + 7),
            "the shop knows its tax"
        );
        let pay = format!("{at}/payments");
        kit.post(&seed.tenant.key, &pay, &payment("pay-1", 4579)).await.problem(422, "invalid");
        kit.post(&seed.tenant.key, &pay, &payment("pay-1", 2396)).await.ok(201);
        let events = kit.get(&seed.tenant.key, &format!("{at}/events")).await.ok(200);
        let edits = events["items"].as_array().expect("a list").iter().filter(|e| e["to"] == "quantities").count();
        assert_eq!(edits, 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_paid_order_comes_to_now_is_paid_or_given_back_before_it_is_submitted() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Payer").await;
        let key = seed.tenant.key.as_str();
        let (at, item) = begin(&kit, &seed).await;
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-1", 4579)).await.ok(201);
        bundled(&kit, &seed, &text(&paid["jobId"])).await;
        let more = edit(&kit, &seed, &at, &pieces(&item, 3)).await.ok(200);
        let due = total(&more).expect("a total") - 4579;
        assert_eq!((&more["state"], more["due"]["minor"].as_i64()), (&json!("accepted"), Some(due)));
        assert!(text(&more["readiness"]["sentence"]).contains("payment"), "{}", more["readiness"]);
        let builds = async || {
            let jobs = kit.get(key, "/v1/jobs?kind=build_bundle").await.ok(200);
            jobs["items"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(builds().await, 1, "nothing is made before the money fits");
        kit.post(key, &format!("{at}/submit"), &json!({})).await.problem(409, "illegal-state");
        kit.post(key, &format!("{at}/payments"), &payment("pay-2", due + 1)).await.problem(422, "invalid");
        for status in [201, 200] {
            let rest = kit.post(key, &format!("{at}/payments"), &payment("pay-2", due)).await.ok(status);
            assert_eq!(rest["order"]["due"], Value::Null);
        }
        kit.post(key, &format!("{at}/payments"), &payment("pay-1", 4579)).await.ok(200);
        kit.post(key, &format!("{at}/payments"), &payment("pay-3", due)).await.problem(422, "invalid");
        assert_eq!(builds().await, 2, "files of the new quantities");
        let fewer = edit(&kit, &seed, &at, &pieces(&item, 1)).await.ok(200);
        let owed = -fewer["due"]["minor"].as_i64().expect("owed");
        assert_eq!(owed, 4579 + due - total(&fewer).expect("a total"));
        let refund = |key: &str, minor: i64| json!({ "key": key, "amount": { "minor": minor, "currency": "EUR" }, "reason": "fewer" });
        kit.post(key, &format!("{at}/refunds"), &refund("r-1", 1)).await.ok(201);
        assert_eq!(kit.get(key, &at).await.ok(200)["due"]["minor"].as_i64(), Some(1 - owed));
        let back = kit.post(key, &format!("{at}/refunds"), &refund("r-2", owed - 1)).await.ok(201);
        assert_eq!(back["cancels"], false, "it is not all that was paid");
        let settled = kit.get(key, &at).await.ok(200);
        assert_eq!((&settled["due"], &settled["state"], &settled["paymentState"]), (&Value::Null, &json!("accepted"), &json!("part_refunded")));
        assert_eq!(builds().await, 3);
        let left = total(&settled).expect("a total");
        let all = kit.post(key, &format!("{at}/refunds"), &refund("r-3", left)).await.ok(201);
        assert_eq!(all["cancels"], true, "all that is left");
    })
    .await;
}

#[tokio::test]
async fn bad_quantities_and_late_ones_change_nothing() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Late").await;
        let (at, item) = begin(&kit, &seed).await;
        let rows = kit.rows().await;
        for (body, pointer) in [
            (pieces(&item, 0), "/items/0/quantity"),
            (pieces(&item, 1001), "/items/0/quantity"),
            (pieces("itm_01jd0000000000000000000000", 1), "/items/0/id"),
            (json!({ "items": [{ "id": item, "quantity": 1 }, { "id": item, "quantity": 2 }], "reason": "x" }), "/items/1/id"),
            (json!({ "tax": { "minor": 1, "currency": "EUR" }, "reason": "x" }), "/tax"),
            (json!({ "items": [{ "id": item, "quantity": 3 }], "tax": { "minor": 1, "currency": "USD" }, "reason": "x" }), "/tax"),
            (json!({ "items": [{ "id": item, "quantity": 3 }], "tax": { "minor": -1, "currency": "EUR" }, "reason": "x" }), "/tax"),
            (json!({ "items": [{ "id": item, "quantity": "3" }], "reason": "x" }), "/items/0/quantity"),
        ] {
            let problem = edit(&kit, &seed, &at, &body).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        let mut old = pieces(&item, 3);
        old["version"] = json!(99);
        edit(&kit, &seed, &at, &old).await.problem(409, "conflict");
        assert_eq!(kit.rows().await, rows, "what is refused changes nothing");
        let (tenant, id): (TenantId, OrderId) = (seed.tenant.id.parse().expect("a tenant"), seed.order.parse().expect("an order"));
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        for state in [OrderState::Ready, OrderState::Submitting, OrderState::InProduction] {
            orders::advance(&mut tx, kit.ledger.now(), tenant, id, state, "test", "").await.expect("moved");
        }
        tx.commit().await.expect("committed");
        let problem = edit(&kit, &seed, &at, &pieces(&item, 3)).await.problem(409, "illegal-state");
        assert!(text(&problem["detail"]).contains("the printer has it"), "{problem}");
    })
    .await;
}
