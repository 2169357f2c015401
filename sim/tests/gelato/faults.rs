//! Every fault, and the books that must hold under it.

use std::time::Duration;

use crate::support::{DAY, MUG, Sim, TEE, address, config, text};
use platen_sim::gelato::{Config, EffectFilter, Fault, FaultKind, Op, QuoteRefusal};
use reqwest::Method;
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);

fn quote(products: &[&str]) -> Value {
    let rows: Vec<Value> = products
        .iter()
        .enumerate()
        .map(|(i, uid)| json!({"itemReferenceId": format!("i-{i}"), "productUid": uid, "quantity": 1}))
        .collect();
    json!({"orderReferenceId": "q", "customerReferenceId": "c", "currency": "EUR", "allowMultipleQuotes": true,
           "recipient": address(), "products": rows})
}

#[tokio::test]
async fn a_reply_lost_after_create_and_after_release() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::DropReply).on(Op::Create).times(1));
    let body = sim.draft("l-1", &[MUG]);
    assert!(sim.send(Method::POST, "/v4/orders", Some(&body)).await.is_err());
    let rows = sim.search("l-1").await;
    assert_eq!(rows.len(), 1, "the effect was committed once");
    let id = text(&rows[0]["id"]);
    sim.server.set_fault(Fault::new(FaultKind::DropReply).on(Op::Release).times(1));
    let patch = json!({"orderType": "order"});
    assert!(sim.send(Method::PATCH, &format!("/v4/orders/{id}"), Some(&patch)).await.is_err());
    assert_eq!(sim.order(&id).await["orderType"], "order");
    let counts = sim.server.counts();
    assert_eq!((counts.creates, counts.releases_effective), (1, 1));
    assert_eq!(sim.promote(&id).await.0, 409);
    let (_, log) = sim.get("/admin/requests").await;
    assert_eq!(log["requests"][0]["cut"], true);
}

#[tokio::test]
async fn a_dropped_request_has_no_effect() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::DropRequest).times(1));
    let body = sim.draft("l-2", &[MUG]);
    assert!(sim.send(Method::POST, "/v4/orders", Some(&body)).await.is_err());
    assert_eq!(sim.server.counts().creates, 0);
    sim.create(body).await;
}

#[tokio::test]
async fn an_error_status_may_hide_an_effect_and_a_late_reply_too() {
    let sim = Sim::start().await;
    sim.server
        .set_fault(Fault::new(FaultKind::Status { status: 504, html: true, after: true }).on(Op::Create).times(1));
    let body = sim.draft("h-1", &[MUG]);
    assert_eq!(sim.send(Method::POST, "/v4/orders", Some(&body)).await.unwrap().status(), 504);
    assert_eq!(sim.search("h-1").await.len(), 1);
    sim.server.set_fault(Fault::new(FaultKind::Slow { ms: 60_000 }).on(Op::Create).times(1));
    let url = format!("{}/v4/orders", sim.server.base_url());
    let late = sim.http.post(url).header("x-api-key", crate::support::KEY).json(&sim.draft("h-2", &[MUG]));
    let filter = EffectFilter { reference_prefix: Some("h-2".into()), ..EffectFilter::default() };
    tokio::select! {
        _ = late.send() => panic!("the reply comes in a minute"),
        seen = sim.server.wait_effects(&filter, DEADLINE) => assert_eq!(seen.len(), 1),
    }
    assert_eq!(sim.search("h-2").await.len(), 1);
}

#[tokio::test]
async fn a_gate_holds_the_reply_after_the_effect() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::Gate).on(Op::Create).times(1));
    let body = sim.draft("g-1", &[MUG]);
    let create = sim.post("/v4/orders", body.clone());
    let watch = async {
        let (_, seen) = sim.get("/admin/effects?op=create&referencePrefix=g-&timeoutMs=20000").await;
        assert_eq!(seen["effects"].as_array().unwrap().len(), 1);
        let (_, gates) = sim.get("/admin/gates?timeoutMs=20000").await;
        assert_eq!(gates["held"], json!([{"op": "create", "reference": "g-1"}]));
        assert_eq!(sim.search("g-1").await.len(), 1, "visible while the reply is held");
        sim.post("/admin/gates/release", json!({"op": "create"})).await
    };
    let ((status, _), (_, released)) = tokio::join!(create, watch);
    assert_eq!((status, &released["released"]), (200, &json!(1)));
}

#[tokio::test]
async fn a_client_that_dies_at_the_gate_has_ordered() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::Gate).on(Op::Create));
    let (http, url, body) =
        (sim.http.clone(), format!("{}/v4/orders", sim.server.base_url()), sim.draft("g-2", &[MUG]));
    let client =
        tokio::spawn(async move { http.post(url).header("x-api-key", crate::support::KEY).json(&body).send().await });
    let filter = EffectFilter { op: Some(Op::Create), ..EffectFilter::default() };
    assert_eq!(sim.server.wait_effects(&filter, DEADLINE).await.len(), 1);
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    assert_eq!(sim.search("g-2").await.len(), 1);
    let (_, log) = sim.get("/admin/requests").await;
    assert_eq!((&log["requests"][0]["path"], &log["requests"][0]["status"]), (&json!("/v4/orders"), &Value::Null));
    let none = sim.server.wait_effects(&EffectFilter { after: 1, ..filter }, Duration::from_millis(1)).await;
    assert!(none.is_empty());
    sim.server.stop().await;
}

#[tokio::test]
async fn bursts_throttles_redirects_and_delays() {
    let sim = Sim::start().await;
    let fail = |kind| sim.server.set_fault(Fault::new(kind).on(Op::Catalogs).times(1));
    fail(FaultKind::Status { status: 502, html: true, after: false });
    let response = sim.send(Method::GET, "/v3/catalogs", None).await.unwrap();
    assert_eq!(response.status(), 502);
    assert!(response.text().await.unwrap().starts_with("<html>"));
    fail(FaultKind::Status { status: 503, html: false, after: false });
    assert_eq!(sim.get("/v3/catalogs").await.0, 503);
    for (wait, header) in [(Some(7), Some("7")), (None, None)] {
        fail(FaultKind::Throttle { retry_after: wait });
        let response = sim.send(Method::GET, "/v3/catalogs", None).await.unwrap();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().get("retry-after").map(|v| v.to_str().unwrap()), header);
    }
    fail(FaultKind::Redirect { location: "http://internal.invalid/".into() });
    assert_eq!(sim.send(Method::GET, "/v3/catalogs", None).await.unwrap().status(), 302);
    fail(FaultKind::Slow { ms: 30 });
    let started = std::time::Instant::now();
    assert_eq!(sim.get("/v3/catalogs").await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn faults_meet_only_whom_they_are_set_for() {
    let sim = Sim::start().await;
    let (status, set) = sim
        .post(
            "/admin/faults",
            json!([{"kind": "status", "status": 500, "op": "create", "referencePrefix": "bad-", "times": 2},
                                      {"kind": "throttle", "retryAfter": 3, "key": "other"}]),
        )
        .await;
    assert_eq!((status, set["faults"].as_array().unwrap().len()), (200, 2));
    sim.create(sim.draft("good-1", &[MUG])).await;
    for expected in [500, 500, 200] {
        assert_eq!(sim.post("/v4/orders", sim.draft("bad-1", &[MUG])).await.0, expected);
    }
    sim.call(Method::DELETE, "/admin/faults", None).await;
    sim.server.set_fault(Fault::new(FaultKind::Status { status: 500, html: false, after: false }).probability(0.5));
    let mut failed = 0;
    for _ in 0..60 {
        failed += u32::from(sim.get("/v3/catalogs").await.0 == 500);
    }
    assert!((15..45).contains(&failed), "{failed}");
}

#[tokio::test]
async fn a_forced_split_and_two_packages_and_a_price_change() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::ForceSplit).times(1));
    sim.server.set_fault(Fault::new(FaultKind::TwoPackages { late_seconds: 0 }).times(1));
    sim.create(sim.draft("x-1", &[MUG, MUG])).await;
    let rows = sim.search("x-1").await;
    assert_eq!(rows.len(), 2, "one facility, yet two orders");
    let id = text(&rows[0]["id"]);
    let plain = sim.create(sim.draft("x-2", &[MUG])).await;
    sim.server.set_fault(Fault::new(FaultKind::PriceFactor { permille: 2000 }).times(1));
    let dear = sim.create(sim.draft("x-3", &[MUG])).await;
    for id in [&id, &plain, &dear] {
        sim.promote(id).await;
    }
    sim.advance(5 * DAY);
    let order = sim.order(&id).await;
    assert_eq!(order["shipment"]["packages"].as_array().unwrap().len(), 2);
    let price = |order: Value| order["receipts"][0]["productsPrice"].as_f64().unwrap();
    let (plain, dear) = (price(sim.order(&plain).await), price(sim.order(&dear).await));
    assert!((dear - 2.0 * plain).abs() < 0.011, "{plain} {dear}");
}

#[tokio::test]
async fn quote_refusals_come_with_status_200() {
    let sim = Sim::start().await;
    for form in [
        QuoteRefusal::ReasonCode,
        QuoteRefusal::Empty,
        QuoteRefusal::MissingItem,
        QuoteRefusal::PriceZero,
        QuoteRefusal::OutOfStockMethod,
    ] {
        sim.server.set_fault(Fault::new(FaultKind::RefuseQuote { form }).times(1));
        let (status, body) = sim.post("/v4/orders:quote", quote(&[MUG])).await;
        assert_eq!(status, 200);
        let first = &body["quotes"][0];
        match form {
            QuoteRefusal::ReasonCode => assert!(body["refusalReasonCode"].is_string() && first.is_null()),
            QuoteRefusal::Empty => assert_eq!(body["quotes"], json!([])),
            QuoteRefusal::MissingItem => assert_eq!(first["products"], json!([])),
            QuoteRefusal::PriceZero => assert_eq!(first["products"][0]["price"], 0),
            QuoteRefusal::OutOfStockMethod => {
                assert_eq!(first["shipmentMethods"][0]["shipmentMethodUid"], "api_out_of_stock_for_part_order");
            }
        }
    }
    sim.server.set_fault(Fault::new(FaultKind::FallbackDelivery).times(1));
    let (_, body) = sim.post("/v4/orders:quote", quote(&[TEE])).await;
    let method = &body["quotes"][0]["shipmentMethods"][0];
    assert_eq!((&method["shipmentMethodUid"], &method["price"]), (&json!("api_fallback_delivery"), &json!(0)));
}

#[tokio::test]
async fn search_lags_behind_create() {
    let sim = Sim::start().await;
    sim.server.set_fault(Fault::new(FaultKind::SearchLag { virtual_seconds: 5, real_ms: 0 }));
    let id = sim.create(sim.draft("lag", &[MUG])).await;
    assert!(sim.search("lag").await.is_empty());
    assert_eq!(sim.status(&id).await, "draft", "the id itself works at once");
    sim.advance(5);
    assert_eq!(sim.search("lag").await.len(), 1);
}

#[tokio::test]
async fn failing_holding_and_unknown_statuses() {
    let sim = Sim::start().await;
    let bad = sim.create(sim.draft("u-1", &[MUG])).await;
    sim.server.set_fault(Fault::new(FaultKind::FailUploading { comment: "No face found".into() }).times(1));
    sim.promote(&bad).await;
    sim.server.set_fault(Fault::new(FaultKind::Hold { virtual_seconds: DAY }).times(1));
    let held = sim.create(sim.draft("u-2", &[MUG])).await;
    sim.promote(&held).await;
    sim.advance(3600);
    let order = sim.order(&bad).await;
    assert_eq!((&order["fulfillmentStatus"], &order["refusalReason"]), (&json!("failed"), &json!("No face found")));
    let resting = sim.order(&held).await;
    assert_eq!((&resting["fulfillmentStatus"], &resting["financialStatus"]), (&json!("on_hold"), &json!("pending")));
    sim.advance(DAY);
    assert_eq!(sim.status(&held).await, "passed");
    sim.server.set_fault(Fault::new(FaultKind::UnknownStatus { value: "teleported".into() }).times(1));
    assert_eq!(sim.status(&held).await, "teleported");
    assert_eq!(sim.status(&held).await, "passed");
}

#[tokio::test]
async fn how_close_requests_came_is_judged_per_account() {
    let config = Config { further_keys: vec!["key-2".into()], ..config() };
    let sim = Sim::with(config).await;
    for n in 0..6 {
        sim.search(&format!("n-{n}")).await;
    }
    let (status, rates) = sim.get("/admin/rates?perSecond=0.01&burst=4").await;
    assert_eq!((status, rates["accounts"].as_array().unwrap().len()), (200, 1), "{rates}");
    let account = &rates["accounts"][0];
    assert_eq!(account["requests"], 6);
    assert!(account["excess"].as_f64().unwrap() > 1.0, "{rates}");
    let (_, rates) = sim.get("/admin/rates?perSecond=0.01&burst=6").await;
    assert!(rates["accounts"][0]["excess"].as_f64().unwrap() <= 0.0, "{rates}");
}
