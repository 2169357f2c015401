//! Bad input: each a clear 4xx problem, and then nothing stored and nothing enqueued.

use serde_json::{Value, json};

use crate::kit::{Kit, each, png};
use crate::seed::{Seeded, design, order, product};

/// A body with one place changed (JSON pointer; null removes nothing, it is written).
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    body
}

/// A body with a field more.
fn and(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

type Case = (&'static str, String, Value, u16, &'static str, &'static str);

fn designs(seed: &Seeded) -> Vec<Case> {
    let good = design("Fresh words", &seed.sha256);
    let words = |text: &str| with(good.clone(), "/layers/0/text", json!(text));
    let spec = |body: Value, pointer: &'static str| ("POST", "/v1/specs".to_owned(), body, 422, "invalid", pointer);
    vec![
        spec(words("safe \u{202e}txt.exe"), "/layers/0/text"),
        spec(words("rare \u{13000}"), "/layers/0/text"),
        spec(words(" \u{200b} "), "/layers/0/text"),
        spec(words("bell \u{7}"), "/layers/0/text"),
        spec(words(&"x".repeat(501)), "/layers/0/text"),
        spec(with(good.clone(), "/layers/0/font", json!("Comic Sans")), "/layers/0/font"),
        spec(with(good.clone(), "/product/zones/0/widthMm", json!(84)), "/product/zones"),
        spec(with(good.clone(), "/product/kind", json!("plate")), "/product/kind"),
        spec(with(good.clone(), "/product/templateVersion", json!(9)), "/product"),
        spec(with(good.clone(), "/product/id", json!("cup")), "/product"),
        spec(with(good.clone(), "/layers/1/href", json!("0".repeat(64))), "/layers/1/href"),
        spec(with(good.clone(), "/layers/1/href", json!("https-example")), "/layers/1/href"),
        spec(with(good.clone(), "/layers/0/sizeMm", json!(10.0001)), "/layers/0/sizeMm"),
        spec(with(good.clone(), "/layers/0/box/x", json!("5")), "/layers/0/box/x"),
        spec(and(good.clone(), "extra", json!(1)), "/extra"),
        ("POST", "/v1/snapshots".into(), json!({ "specHash": "0".repeat(64) }), 404, "not-found", ""),
        (
            "POST",
            "/v1/renders".into(),
            json!({ "specHash": seed.spec, "profile": "poster" }),
            422,
            "invalid",
            "/profile",
        ),
        ("POST", format!("/v1/snapshots/{}/approve", seed.snapshot), json!({}), 409, "illegal-state", ""),
    ]
}

fn things() -> Vec<Case> {
    let put =
        |body: Value, pointer: &'static str| ("PUT", "/v1/products/mug".to_owned(), body, 422, "invalid", pointer);
    vec![
        put(with(product(), "/price/minor", json!(-1)), "/price/minor"),
        put(with(product(), "/price/minor", json!(1i64 << 53)), "/price/minor"),
        put(with(product(), "/price/currency", json!("USD")), "/price/currency"),
        put(with(product(), "/price/currency", json!("euro")), "/price/currency"),
        put(with(product(), "/providerUid", json!("nothing-of-theirs")), "/providerUid"),
        put(with(product(), "/revenue/royalties/0/bps", json!(10_001)), "/revenue/royalties/0/bps"),
        put(with(product(), "/zones/0/widthMm", json!(-5)), "/zones/0/widthMm"),
        put(with(product(), "/zones", json!([])), "/zones"),
        put(and(product(), "placements", json!({ "inside": "inside" })), "/placements/inside"),
        put(and(product(), "placements", json!({ "left": "back", "right": "back" })), "/placements"),
        put(with(product(), "/title", json!("a\u{0}b")), ""),
        put(and(product(), "colour", json!("red")), "/colour"),
        ("PUT", "/v1/products/UPPER".into(), product(), 422, "invalid", ""),
        ("PUT", "/v1/connections/printful".into(), json!({ "apiKey": "k" }), 404, "not-found", ""),
        ("PUT", "/v1/connections/gelato".into(), json!({ "apiKey": "two words" }), 422, "invalid", "/apiKey"),
        ("POST", "/v1/keys".into(), json!({ "name": "k", "scopes": ["read", "root"] }), 422, "invalid", "/scopes/1"),
        ("POST", "/v1/keys".into(), json!({ "name": "k", "scopes": [] }), 422, "invalid", "/scopes"),
        ("PATCH", "/v1/tenant".into(), json!({ "platformFeeBps": 10_001 }), 422, "invalid", "/platformFeeBps"),
        ("PATCH", "/v1/tenant".into(), json!({ "spendingCapMinor": -1 }), 422, "invalid", "/spendingCapMinor"),
        ("PATCH", "/v1/tenant".into(), json!({ "currency": "USD" }), 422, "invalid", "/currency"),
        ("POST", "/v1/catalogue/syncs".into(), json!({ "provider": "printful" }), 422, "invalid", "/provider"),
    ]
}

fn orders(seed: &Seeded) -> Vec<Case> {
    let good = order(&seed.snapshot, "bad");
    let post = |pointer: &'static str, value: Value| {
        ("POST", "/v1/orders".to_owned(), with(good.clone(), pointer, value), 422, "invalid", pointer)
    };
    let pay = |amount: Value, pointer: &'static str| {
        let body = json!({ "reference": "r", "method": "card", "amount": amount });
        ("POST", format!("/v1/orders/{}/payments", seed.order), body, 422, "invalid", pointer)
    };
    let at = |end: &str| format!("/v1/orders/{}/{end}", seed.order);
    vec![
        post("/items/0/quantity", json!(0)),
        post("/items/0/quantity", json!(1001)),
        post("/items/0/quantity", json!("2")),
        post("/items/0/snapshotId", json!("not-an-id")),
        post("/items", json!([])),
        post("/recipient/addressLine1", json!("x".repeat(36))),
        post("/recipient/city", json!("x".repeat(31))),
        post("/recipient/email", json!("nobody")),
        post("/recipient/country", json!("France")),
        post("/recipient/firstName", json!("")),
        post("/shipping/minor", json!(-1)),
        post("/shipping/minor", json!(9_223_372_036_854_775_807_i64)),
        post("/shipping/currency", json!("USD")),
        post("/tax/minor", json!(1.5)),
        ("POST", "/v1/orders".into(), and(good.clone(), "discount", json!(1)), 422, "invalid", "/discount"),
        (
            "POST",
            "/v1/orders".into(),
            with(good.clone(), "/shipping/minor", json!((1i64 << 53) - 1)),
            422,
            "invalid",
            "/items",
        ),
        (
            "POST",
            "/v1/orders".into(),
            with(order(&seed.snapshot, "first"), "/items/0/quantity", json!(3)),
            409,
            "conflict",
            "",
        ),
        ("POST", "/v1/orders".into(), order("snp_01jd0000000000000000000000", "bad"), 404, "not-found", ""),
        pay(json!({ "minor": 1, "currency": "EUR" }), "/amount"),
        pay(json!({ "minor": 4579, "currency": "USD" }), "/amount"),
        pay(json!({ "minor": -4579, "currency": "EUR" }), "/amount"),
        ("POST", at("submit"), json!({}), 409, "illegal-state", ""),
        ("POST", at("cancel"), json!({ "reason": "" }), 422, "invalid", "/reason"),
        ("POST", at("cancel"), json!({}), 422, "invalid", "/reason"),
        ("GET", at("bundle"), Value::Null, 404, "not-ready", ""),
        ("GET", "/v1/orders?state=lost".into(), Value::Null, 422, "invalid", "/state"),
        ("GET", "/v1/orders?cursor=%21".into(), Value::Null, 422, "invalid", "/cursor"),
        ("GET", "/v1/orders?limit=0".into(), Value::Null, 422, "invalid", "/limit"),
        ("GET", "/v1/orders?page=2".into(), Value::Null, 422, "invalid", "/page"),
        ("GET", "/v1/orders?limit=many".into(), Value::Null, 422, "invalid", "/limit"),
        ("GET", "/v1/orders?limit=1&limit=2".into(), Value::Null, 422, "invalid", "/limit"),
        ("GET", "/v1/operator-items?open=true".into(), Value::Null, 422, "invalid", "/open"),
        ("GET", "/v1/operator-items?all=perhaps".into(), Value::Null, 422, "invalid", "/all"),
        ("GET", "/v1/orders/ord_zzz".into(), Value::Null, 404, "not-found", ""),
        ("GET", "/v1/products/a%00b".into(), Value::Null, 404, "not-found", ""),
    ]
}

fn jobs(seed: &Seeded) -> Vec<Case> {
    let job = |kind: &str, payload: Value| json!({ "kind": kind, "payload": payload });
    let post = |body: Value, status: u16, code: &'static str, pointer: &'static str| {
        ("POST", "/v1/jobs".to_owned(), body, status, code, pointer)
    };
    let at = |end: &str| format!("/v1/jobs/{}/{end}", seed.render);
    let put = |cron: &str, zone: &str, pointer: &'static str| {
        let body = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": cron, "zone": zone });
        ("PUT", "/v1/schedules/more".to_owned(), body, 422, "invalid", pointer)
    };
    vec![
        post(job("launch_rocket", json!({})), 400, "unknown-kind", ""),
        post(job("build_bundle", json!({})), 422, "invalid", "/payload/order"),
        post(
            job("build_bundle", json!({ "order": seed.order, "revision": "other" })),
            422,
            "invalid",
            "/payload/revision",
        ),
        post(
            job("build_bundle", json!({ "order": seed.order, "revision": "r", "extra": 1 })),
            422,
            "invalid",
            "/payload/extra",
        ),
        post(job("distribute_revenue", json!({ "order": "ord_01jd0000000000000000000000" })), 404, "not-found", ""),
        post(
            job("sync_catalog", json!({ "provider": "printful", "generation": "g" })),
            422,
            "invalid",
            "/payload/provider",
        ),
        post(
            and(job("sync_catalog", json!({ "provider": "gelato", "generation": "g" })), "priority", json!(1000)),
            422,
            "invalid",
            "/priority",
        ),
        ("POST", at("retry"), json!({ "reason": "again" }), 409, "illegal-state", ""),
        ("POST", at("snooze"), json!({ "until": "9999-01-01T00:00:00Z", "reason": "later" }), 422, "invalid", "/until"),
        ("POST", at("snooze"), json!({ "until": "soon", "reason": "later" }), 422, "invalid", "/until"),
        ("POST", at("snooze"), json!({ "until": "2026-01-01T00:00:00Z", "reason": "" }), 422, "invalid", "/reason"),
        (
            "POST",
            "/v1/jobs/job_01jd0000000000000000000000/cancel".into(),
            json!({ "reason": "gone" }),
            404,
            "not-found",
            "",
        ),
        ("POST", "/v1/pauses".into(), json!({ "scope": "planet", "reason": "r" }), 422, "invalid", "/scope"),
        (
            "POST",
            "/v1/pauses".into(),
            json!({ "scope": "queue", "value": "lunch", "reason": "r" }),
            422,
            "invalid",
            "/value",
        ),
        put("61 3 * * *", "UTC", "/cron"),
        put("0 0 3 * * *", "UTC", "/cron"),
        put("0 3 * * *", "Mars/Olympus", "/zone"),
        ("GET", "/v1/jobs?kind=launch_rocket".into(), Value::Null, 422, "invalid", "/kind"),
    ]
}

#[tokio::test]
async fn bad_input_is_refused_and_leaves_nothing() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Careful").await;
        let rows = kit.rows().await;
        for (method, path, body, status, code, pointer) in
            [designs(&seed), things(), orders(&seed), jobs(&seed)].concat()
        {
            let keyed = [("idempotency-key", "bad-input")];
            let headers: &[(&str, &str)] = if method == "GET" { &[] } else { &keyed };
            let problem = kit.send(method, &path, &seed.tenant.key, headers, &body).await;
            assert_eq!(problem.status.as_u16(), status, "{method} {path} {body}: {}", problem.text());
            let problem = problem.problem(status, code);
            if status == 422 {
                let pointers: Vec<_> =
                    problem["errors"].as_array().expect("errors").iter().map(|e| e["pointer"].clone()).collect();
                assert!(pointers.contains(&json!(pointer)), "{method} {path} {body}: {problem}");
            }
            assert_eq!(kit.rows().await, rows, "{method} {path} {body} left something");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_json_or_too_long_is_refused_before_it_is_read() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Reader").await;
        let (key, rows) = (seed.tenant.key.as_str(), kit.rows().await);
        for path in ["/v1/orders", "/v1/specs", "/v1/specs/validate", "/v1/keys"] {
            kit.bytes("POST", path, key, &[], b"{\"a\":".to_vec()).await.problem(400, "bad-request");
            kit.bytes("POST", path, key, &[], b"\xff\xfe{}".to_vec()).await.problem(400, "bad-request");
            kit.bytes("POST", path, key, &[("content-type", "text/plain")], b"{}".to_vec())
                .await
                .problem(415, "unsupported-media");
            kit.bytes("POST", path, key, &[], vec![b' '; 1024 * 1024 + 1]).await.problem(413, "too-large");
        }
        kit.bytes("POST", "/v1/orders", key, &[], "[".repeat(100_000).into_bytes()).await.problem(400, "bad-request");
        kit.bytes("POST", "/v1/specs", key, &[], b"{\"a\":1,\"a\":1}".to_vec()).await.problem(422, "invalid");
        kit.send("POST", "/v1/keys", key, &[("idempotency-key", "")], &json!({})).await.problem(400, "bad-request");
        assert_eq!(kit.rows().await, rows);
    })
    .await;
}

/// The header of a PNG that says it is very large.
fn bomb() -> Vec<u8> {
    let mut bytes = png(1);
    bytes[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    bytes
}

#[tokio::test]
async fn pictures_that_are_bombs_or_none_are_refused() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Photographer").await;
        let rows = kit.rows().await;
        let send = async |kind: &'static str, bytes: Vec<u8>| {
            kit.bytes("POST", "/v1/uploads", &tenant.key, &[("content-type", kind)], bytes).await
        };
        send("image/png", bomb()).await.problem(422, "invalid");
        send("image/png", png(1)[..40].to_vec()).await.problem(422, "invalid");
        send("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec())
            .await
            .problem(415, "unsupported-media");
        send("image/svg+xml", png(1)).await.problem(415, "unsupported-media");
        send("image/png", Vec::new()).await.problem(415, "unsupported-media");
        send("image/png", vec![0; 10 * 1024 * 1024 + 1]).await.problem(413, "too-large");
        assert_eq!(kit.rows().await, rows);
        let made = send("image/jpeg", png(1)).await.ok(201);
        assert_eq!(
            (made["mediaType"].as_str(), made["width"].as_i64()),
            (Some("image/png"), Some(8)),
            "the bytes decide"
        );
        assert_eq!(send("image/png", png(1)).await.ok(200)["id"], made["id"]);
    })
    .await;
}
