//! What people do to orders: finding, changing with an expected version, stopping, reviewing, cancelling with a true answer.

use platen_shared::domain::order::OrderState;
use platen_shared::id::{OrderId, TenantId};
use platen_shared::store::orders;
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::orders::{bundled, payment};
use crate::seed::{Seeded, order};

fn recipient(city: &str, country: &str, post_code: &str) -> Value {
    json!({ "firstName": "Lena", "lastName": "Vogt", "addressLine1": "1 Example Road", "city": city, "postCode": post_code, "country": country,
        "email": "lena@example.org" })
}

async fn patch(kit: &Kit, key: &str, path: &str, headers: &[(&str, &str)], body: Value) -> crate::kit::Answer {
    kit.send("PATCH", path, key, headers, &body).await
}

/// Puts an order somewhere, as jobs would.
async fn put(kit: &Kit, seed: &Seeded, states: &[OrderState]) {
    let (tenant, id): (TenantId, OrderId) =
        (seed.tenant.id.parse().expect("a tenant"), seed.order.parse().expect("an order"));
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    for state in states {
        orders::advance(&mut tx, kit.ledger.now(), tenant, id, *state, "test", "as a job would").await.expect("moved");
    }
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn an_order_is_found_by_its_number_however_it_is_typed() {
    each(async |kit: Kit| {
        let (seed, other) = (kit.seeded("Finder").await, kit.seeded("Other").await);
        let key = seed.tenant.key.as_str();
        let number = text(&kit.get(key, &format!("/v1/orders/{}", seed.order)).await.ok(200)["number"]);
        assert!(number.starts_with("P-") && number.len() == 17, "{number}");
        for typed in
            [number.clone(), number.to_lowercase(), number.replace('-', ""), number.replace('0', "o").replace('1', "l")]
        {
            assert_eq!(
                kit.get(key, &format!("/v1/orders/number/{typed}")).await.ok(200)["id"],
                seed.order.as_str(),
                "{typed}"
            );
        }
        assert_eq!(kit.get(key, &format!("/api/orders/number/{number}")).await.ok(200)["id"], seed.order.as_str());
        kit.get(&other.tenant.key, &format!("/v1/orders/number/{number}")).await.problem(404, "not-found");
        kit.get(key, "/v1/orders/number/P-000000-00000000").await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn lists_filter_by_every_dimension_and_statistics_agree_with_them() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Lister").await;
        let key = seed.tenant.key.as_str();
        for n in 0..5 {
            let mut body = order(&seed.snapshot, &format!("more-{n}"));
            body["channel"] = json!(if n % 2 == 0 { "web" } else { "shop" });
            body["customer"] = json!(format!("cus-{}", n % 2));
            let made = kit.post(key, "/v1/orders", &body).await.ok(201);
            if n == 0 {
                kit.post(key, &format!("/v1/orders/{}/cancel", text(&made["id"])), &json!({ "reason": "one less" }))
                    .await
                    .ok(200);
            }
        }
        let paid = payment("pay-l", 4579);
        kit.post(key, &format!("/v1/orders/{}/payments", seed.order), &paid).await.ok(201);
        let count = async |query: &str| {
            let page = kit.get(key, &format!("/v1/orders?limit=200&{query}")).await.ok(200);
            page["items"].as_array().expect("a list").len() as i64
        };
        let stats = kit.get(key, "/v1/orders/stats").await.ok(200);
        assert_eq!(stats, kit.get(key, "/api/orders/stats/overview").await.ok(200));
        assert_eq!(stats["orders"].as_i64(), Some(count("").await));
        assert_eq!(stats["sold"], json!([{ "minor": 4579, "currency": "EUR" }]));
        for (group, parameter) in [
            ("byState", "state"),
            ("byPaymentState", "paymentState"),
            ("byFulfilmentState", "fulfilmentState"),
            ("byReviewState", "reviewState"),
        ] {
            let counts = stats[group].as_object().expect("counts");
            assert_eq!(counts.values().filter_map(Value::as_i64).sum::<i64>(), 6, "{group}");
            for (word, n) in counts {
                assert_eq!(n.as_i64(), Some(count(&format!("{parameter}={word}")).await), "{group} {word}");
            }
        }
        for (query, n) in [
            ("channel=web", 3),
            ("channel=web&state=cancelled", 1),
            ("customer=cus-1", 2),
            ("customer=nobody", 0),
            ("country=FR", 6),
            ("country=DE", 0),
            ("test=true", 0),
            ("since=2000-01-01T00:00:00Z", 6),
            ("until=2000-01-01T00:00:00Z", 0),
            ("customer=cus-0&state=received", 2),
        ] {
            assert_eq!(count(query).await, n, "{query}");
        }
        kit.get(key, "/v1/orders?paymentState=rich").await.problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn pages_are_stable_while_orders_are_taken_in() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Pager").await;
        let key = seed.tenant.key.as_str();
        for n in 0..6 {
            kit.post(key, "/v1/orders", &order(&seed.snapshot, &format!("p-{n}"))).await.ok(201);
        }
        let all: Vec<String> = kit.get(key, "/v1/orders").await.ok(200)["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|o| text(&o["id"]))
            .collect();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = kit.get(key, &format!("/v1/orders?limit=2{cursor}")).await.ok(200);
            seen.extend(page["items"].as_array().expect("a list").iter().map(|o| text(&o["id"])));
            kit.post(key, "/v1/orders", &order(&seed.snapshot, &format!("late-{}", seen.len()))).await.ok(201);
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "what was taken in meanwhile moved no page");
    })
    .await;
}

#[tokio::test]
async fn a_change_expects_the_version_that_its_caller_saw() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Editor").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let shown = kit.get(key, &at).await;
        let (etag, version) = (shown.header("etag").to_owned(), shown.ok(200)["version"].as_i64().expect("a version"));
        assert_eq!(etag, format!("\"{version}\""));
        let content = format!("{at}/content");
        let to = |city: &str| json!({ "recipient": recipient(city, "FR", "13001"), "reason": "moved house" });
        let moved = patch(&kit, key, &content, &[("if-match", &etag)], to("Marseille")).await;
        assert_eq!(moved.ok(200)["recipient"]["city"], "Marseille");
        assert_eq!(moved.header("etag"), format!("\"{}\"", version + 1));
        let rows = kit.rows().await;
        patch(&kit, key, &content, &[("if-match", &etag)], to("Nice")).await.problem(412, "precondition-failed");
        let mut stale = to("Nice");
        stale["version"] = json!(version);
        patch(&kit, key, &content, &[], stale).await.problem(409, "conflict");
        let bad =
            patch(&kit, key, &content, &[], json!({ "recipient": recipient("Nice", "FR", "nowhere"), "reason": "x" }))
                .await;
        assert_eq!(bad.problem(422, "invalid")["errors"][0]["pointer"], "/recipient/postCode");
        assert_eq!(kit.rows().await, rows, "what is refused changes nothing");
        let same = patch(&kit, key, &content, &[], to("Marseille")).await.ok(200);
        assert_eq!(same["version"].as_i64(), Some(version + 1), "nothing changed");
        let noted = json!({ "customer": "cus-7", "metadata": { "gift": "yes" }, "reason": "a note" });
        let noted = patch(&kit, key, &content, &[], noted).await.ok(200);
        assert_eq!((&noted["customer"], &noted["metadata"]["gift"]), (&json!("cus-7"), &json!("yes")));
        let events = kit.get(key, &format!("{at}/events")).await.ok(200);
        let edits: Vec<_> =
            events["items"].as_array().expect("a list").iter().filter(|e| e["dimension"] == "edit").collect();
        assert_eq!(
            (edits.len(), &edits[0]["to"], &edits[0]["detail"]),
            (2, &json!("recipient"), &json!("moved house"))
        );
        assert!(!events.to_string().contains("Marseille"), "history holds no address");

        kit.post(key, &format!("{at}/payments"), &payment("pay-e", 4579)).await.ok(201);
        let abroad = json!({ "recipient": recipient("Bremen", "DE", "28195"), "reason": "moved abroad" });
        let problem = patch(&kit, key, &content, &[], abroad).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/recipient/country");
        put(&kit, &seed, &[OrderState::Ready, OrderState::Submitting, OrderState::InProduction]).await;
        patch(&kit, key, &content, &[], to("Nice")).await.problem(409, "illegal-state");
    })
    .await;
}

#[tokio::test]
async fn an_order_says_what_it_waits_for() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Waiter").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let sentence = async || text(&kit.get(key, &at).await.ok(200)["readiness"]["sentence"]);
        assert_eq!(sentence().await, "waits for: payment, print files");
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-w", 4579)).await.ok(201);
        assert_eq!(sentence().await, "waits for: print files");
        bundled(&kit, &seed, &text(&paid["jobId"])).await;
        assert_eq!(sentence().await, "waits for: submission");
        patch(&kit, key, &format!("{at}/status"), &[], json!({ "status": "on_hold", "reason": "a call" }))
            .await
            .ok(200);
        assert_eq!(sentence().await, "waits for: an operator");
        kit.send("PATCH", "/v1/tenant", key, &[], &json!({ "frozen": true, "autoSubmit": true })).await.ok(200);
        assert_eq!(sentence().await, "waits for: an operator, the freeze");
        kit.send("PATCH", "/v1/tenant", key, &[], &json!({ "frozen": false })).await.ok(200);
        let back = patch(&kit, key, &format!("{at}/status"), &[], json!({ "status": "ready", "reason": "called" }))
            .await
            .ok(200);
        assert_eq!((back["state"].as_str(), back["readiness"]["ready"].as_bool()), (Some("submitting"), Some(true)));
    })
    .await;
}

#[tokio::test]
async fn nothing_moves_an_order_that_a_person_stopped() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Stopper").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-s", 4579)).await.ok(201);
        let stop = json!({ "status": "on_hold", "reason": "looks like fraud" });
        let held = patch(&kit, key, &format!("{at}/status"), &[], stop.clone()).await.ok(200);
        assert_eq!((held["state"].as_str(), held["why"].as_str()), (Some("on_hold"), Some("looks like fraud")));
        bundled(&kit, &seed, &text(&paid["jobId"])).await;
        assert_eq!(kit.get(key, &at).await.ok(200)["state"], "on_hold", "its print files do not set it going");
        let going = kit.post(key, &format!("{at}/retry"), &json!({ "reason": "it was not" })).await.ok(200);
        assert_eq!(going["state"], "ready");
        kit.post(key, &format!("{at}/retry"), &json!({ "reason": "again" })).await.problem(409, "illegal-state");
        patch(&kit, key, &format!("{at}/status"), &[], json!({ "status": "closed", "reason": "no" }))
            .await
            .problem(409, "illegal-state");
        put(&kit, &seed, &[OrderState::Submitting, OrderState::InProduction]).await;
        patch(&kit, key, &format!("{at}/status"), &[], stop).await.problem(409, "illegal-state");
        let arrived = json!({ "method": "pickup" });
        let delivered = patch(&kit, key, &format!("{at}/delivered"), &[], arrived).await.ok(200);
        assert_eq!(
            (&delivered["state"], &delivered["fulfilmentState"], &delivered["deliveryMethod"]),
            (&json!("delivered"), &json!("delivered"), &json!("pickup"))
        );
        assert!(delivered["deliveredAt"].is_string());
        let jobs = kit.get(key, "/v1/jobs?kind=distribute_revenue").await.ok(200);
        assert_eq!(jobs["items"].as_array().map(Vec::len), Some(1), "its revenue is shared out");
        let closed = patch(&kit, key, &format!("{at}/status"), &[], json!({ "status": "closed", "reason": "done" }))
            .await
            .ok(200);
        assert_eq!((&closed["state"], &closed["status"]), (&json!("closed"), &json!("completed")));
    })
    .await;
}

#[tokio::test]
async fn refused_work_never_ends_like_finished_work() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Reviewer").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let review = format!("{at}/review");
        let asked = patch(&kit, key, &review, &[], json!({ "decision": "ask" })).await.ok(200);
        assert_eq!((&asked["state"], &asked["reviewState"]), (&json!("in_review"), &json!("pending")));
        let approved = patch(&kit, key, &review, &[], json!({ "decision": "approve" })).await.ok(200);
        assert_eq!((&approved["state"], &approved["reviewState"]), (&json!("received"), &json!("approved")));
        kit.post(key, &format!("{at}/payments"), &payment("pay-r", 4579)).await.ok(201);
        patch(&kit, key, &review, &[], json!({ "decision": "ask", "notes": "once more" })).await.ok(200);
        let problem = patch(&kit, key, &review, &[], json!({ "decision": "reject" })).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/reasonCode");
        let no = json!({ "decision": "reject", "reasonCode": "rights", "notes": "a film's mouse" });
        let rejected = patch(&kit, key, &review, &[], no).await.ok(200);
        assert_eq!(
            (&rejected["state"], &rejected["reviewState"], &rejected["paymentState"], &rejected["status"]),
            (&json!("cancelled"), &json!("rejected"), &json!("refunded"), &json!("cancelled"))
        );
        assert_eq!(rejected["cancellation"]["outcome"], "done");
        let refunds = kit.get(key, &format!("{at}/refunds")).await.ok(200);
        assert_eq!(
            (&refunds["items"][0]["amount"]["minor"], &refunds["items"][0]["state"]),
            (&json!(4579), &json!("owed"))
        );
    })
    .await;
}

#[tokio::test]
async fn a_cancellation_is_answered_with_what_is_true() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Canceller").await;
        let (key, at) = (seed.tenant.key.as_str(), format!("/v1/orders/{}", seed.order));
        let cancel = format!("{at}/cancel");
        let stale = json!({ "reason": "no", "version": 99 });
        kit.post(key, &cancel, &stale).await.problem(409, "conflict");
        put(&kit, &seed, &[OrderState::Ready, OrderState::Submitting]).await;
        put(&kit, &seed, &[OrderState::InProduction, OrderState::Shipped]).await;
        for _ in 0..2 {
            let late = kit.post(key, &cancel, &json!({ "reason": "changed my mind" })).await.ok(200);
            assert_eq!((&late["state"], &late["cancellation"]["outcome"]), (&json!("shipped"), &json!("too_late")));
        }
    })
    .await;
}

#[tokio::test]
async fn a_tenant_may_want_a_quote_before_it_accepts() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Careful").await;
        let key = seed.tenant.key.as_str();
        assert_eq!(kit.get(key, "/v1/orders/rules").await.ok(200)["quoteGate"], false);
        assert_eq!(kit.put(key, "/v1/orders/rules", &json!({ "quoteGate": true })).await.ok(200)["quoteGate"], true);
        let made = kit.post(key, "/v1/orders", &order(&seed.snapshot, "gated")).await.ok(201);
        assert_eq!(made["quote"]["state"], "asked");
        let at = format!("/v1/orders/{}", text(&made["id"]));
        let paid = kit.post(key, &format!("{at}/payments"), &payment("pay-q", 4579)).await.ok(201);
        assert_eq!((&paid["order"]["state"], &paid["jobId"]), (&json!("received"), &Value::Null), "not accepted yet");
        assert_eq!(paid["order"]["readiness"]["sentence"], "waits for: quote, print files");
        let jobs = kit.get(key, "/v1/jobs?kind=quote_order").await.ok(200);
        assert_eq!(jobs["items"].as_array().map(Vec::len), Some(1));
        let moved =
            json!({ "recipient": recipient("Nice", "FR", "06000"), "reason": "another address, another question" });
        patch(&kit, key, &format!("{at}/content"), &[], moved).await.ok(200);
        let jobs = kit.get(key, "/v1/jobs?kind=quote_order").await.ok(200);
        assert_eq!(jobs["items"].as_array().map(Vec::len), Some(2));
    })
    .await;
}
