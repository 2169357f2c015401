//! No write route calls the outside: the api runs with every provider address and every proxy pointing at a listener of this test, every
//! write of the OpenAPI document is driven to success, and the listener must have heard nothing.

#[path = "support/api.rs"]
mod api;
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use platen_shared::clock::SystemClock;
use platen_shared::domain::account::Account;
use platen_shared::domain::money::Money;
use platen_shared::domain::notice::MessageState;
use platen_shared::domain::order::OrderState;
use platen_shared::domain::transaction::Transaction;
use platen_shared::id::{JobId, OrderId};
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::journal::{self, Header};
use platen_shared::store::{messages, orders};
use platen_shared::testing::{TestDb, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use api::{Api, ROOT, call};
use seed::Seeded;

static STAR: &[u8] = include_bytes!("../../fixtures/demo/star.png");

/// Counts who connects.
async fn trap() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = heard.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, heard)
}

/// Every variable that could lead outside.
fn outside(url: &str) -> Vec<(&'static str, String)> {
    let mut env: Vec<(&str, String)> = vec![("NO_PROXY", String::new()), ("no_proxy", String::new())];
    for name in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "PLATEN_GELATO__URL"]
    {
        env.push((name, url.to_owned()));
    }
    for name in [
        "PLATEN_GELATO__ORDER_URL",
        "PLATEN_GELATO__PRODUCT_URL",
        "PLATEN_GELATO__SHIPMENT_URL",
        "PLATEN_GELATO__ECOMMERCE_URL",
    ] {
        env.push((name, url.to_owned()));
    }
    env
}

/// A web app that notes which operations it has used.
struct Driver {
    http: reqwest::Client,
    url: String,
    key: String,
    used: BTreeSet<String>,
}

impl Driver {
    /// Uses one operation; `{}` of the path is `id`. It must succeed, so that nothing was skipped.
    async fn go(&mut self, method: Method, path: &str, id: &str, body: Value) -> Value {
        let open = path.find('{').unwrap_or(path.len());
        let close = path.find('}').map_or(path.len(), |at| at + 1);
        let url = format!("{}{}{}{}", self.url, &path[..open], if open < close { id } else { "" }, &path[close..]);
        let url = url.replace("{language}", "en").replace("{tier}", "platform");
        let key = if path == "/v1/tenants" { ROOT } else { &self.key };
        let idempotency = format!("{method} {url} {}", self.used.len());
        let (status, answer) =
            call(&self.http, key, method.clone(), &url, &idempotency, &body).await.expect("an answer");
        assert!((200..300).contains(&status), "{method} {url}: {status} {answer}");
        self.used.insert(format!("{method} {path}"));
        answer
    }

    async fn post(&mut self, path: &str, id: &str, body: Value) -> Value {
        self.go(Method::POST, path, id, body).await
    }
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}

/// The public address that an answer's link begins with.
fn door_base(door: &Value) -> &str {
    let url = door["url"].as_str().expect("an address");
    &url[..url.find("/v1/").expect("a path")]
}

async fn tenant_and_keys(app: &mut Driver) {
    app.post("/v1/tenants", "", json!({ "name": "Second", "currency": "EUR", "platformFeeBps": 0 })).await;
    app.go(Method::PATCH, "/v1/tenant", "", json!({ "name": "Renamed" })).await;
    let key = app.post("/v1/keys", "", json!({ "name": "spare", "scopes": ["read"] })).await;
    app.go(Method::DELETE, "/v1/keys/{id}", &id(&key), Value::Null).await;
    app.go(Method::PUT, "/v1/connections/{provider}", "gelato", json!({ "apiKey": "a-key-of-the-printer" })).await;
    let door = app.go(Method::PUT, "/v1/connections/{provider}/webhook", "gelato", json!({})).await;
    let event = app.http.post(door["url"].as_str().expect("an address").replacen(door_base(&door), &app.url, 1));
    let event = event.header("signature", door["secret"].as_str().expect("a secret"));
    assert_eq!(event.body(r#"{"id": "1", "orderId": "a"}"#).send().await.expect("an answer").status(), 200);
    app.used.insert("POST /v1/hooks/{provider}/{connection}".to_owned());
    app.go(Method::PUT, "/v1/widget/origins", "", json!({ "origins": ["https://shop.example"] })).await;
}

async fn designs(app: &mut Driver, test: &TestDb, folder: &Path, seeded: &Seeded) {
    let upload = app
        .http
        .post(format!("{}/v1/uploads", app.url))
        .bearer_auth(&app.key)
        .header("Content-Type", "image/png")
        .body(STAR);
    let answer = upload.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    app.used.insert("POST /v1/uploads".to_owned());
    let upload = id(&answer.json().await.expect("an upload"));
    app.post("/v1/uploads/{id}/preflight", &upload, json!({ "size": "20x20" })).await;
    app.go(Method::PUT, "/v1/products/{id}", "mug", seed::product()).await;
    for (root, name) in [("/v1", "Ada"), ("/api/v1", "Lena")] {
        app.post(&format!("{root}/specs/validate"), "", seed::spec(name)).await;
        let live = json!({ "product": { "id": "mug" }, "layers": seed::spec(name)["layers"] });
        app.post(&format!("{root}/personalization/validate"), "", live.clone()).await;
        app.post(&format!("{root}/personalization/auto-fit"), "", live).await;
        app.post(&format!("{root}/personalization/normalize"), "", json!({ "texts": [name] })).await;
        let spec = app.post(&format!("{root}/specs"), "", seed::spec(name)).await;
        let hash = json!({ "specHash": spec["hash"] });
        if root == "/v1" {
            app.post("/v1/specs/{hash}/migrate", spec["hash"].as_str().expect("a hash"), json!({})).await;
        }
        let snapshot = id(&app.post(&format!("{root}/snapshots"), "", hash.clone()).await);
        let approve = if root == "/v1" { "approve" } else { "validate" };
        let last = id(&app.post(&format!("{root}/renders/final"), "", hash.clone()).await);
        if root == "/v1" {
            rendered(test, folder, seeded, &last).await;
            app.post("/v1/snapshots/{id}/assets", &snapshot, json!({ "render": last })).await;
        }
        app.post(&format!("{root}/snapshots/{{id}}/{approve}"), &snapshot, json!({})).await;
        app.post(&format!("{root}/snapshots/{{id}}/lock"), &snapshot, json!({})).await;
        app.post(if root == "/v1" { "/v1/renders" } else { "/api/v1/renders/preview" }, "", hash).await;
    }
}

/// A render's file, as the worker would leave it, which does not run here.
async fn rendered(test: &TestDb, folder: &Path, seeded: &Seeded, job: &str) {
    let blobs = Blobs::open(&format!("file://{}", folder.join("blobs").display())).expect("a folder");
    let sha256 = blobs.put(seeded.tenant, STAR.into()).await.expect("stored");
    let job: JobId = job.parse().expect("a job");
    let ledger = Ledger::new(test.db.clone(), Arc::new(SystemClock::new()));
    let key = ledger.job(seeded.tenant, job).await.expect("asked").expect("a job").key;
    let file =
        StoredFile { name: "front.png".into(), sha256, media_type: "image/png".into(), bytes: STAR.len() as u64 };
    let mut tx = test.db.begin("test").await.expect("a transaction");
    artefacts::put(&mut tx, SystemClock::wall(), seeded.tenant, "render_preview", &key, job, &[file])
        .await
        .expect("written");
    tx.commit().await.expect("committed");
}

async fn production(app: &mut Driver, order: &str) {
    let shown = app.go(Method::GET, "/v1/orders/{id}", order, Value::Null).await;
    let item = id(&shown["items"][0]);
    app.post(&format!("/v1/orders/{order}/items/{{item}}/bundle"), &item, json!({})).await;
    app.used.insert("POST /v1/orders/{id}/items/{item}/bundle".to_owned());
    app.go(Method::PUT, "/v1/file-names", "", json!({ "template": "{order}-{item}-{zone}" })).await;
    let work = id(&app.post("/v1/work-orders", "", json!({ "lines": [{ "orderId": order, "itemId": item }] })).await);
    app.post("/v1/work-orders/{id}/bundle", &work, json!({})).await;
    app.post("/v1/work-orders/{id}/status", &work, json!({ "state": "released", "reason": "go" })).await;
}

async fn money_and_printing(app: &mut Driver, test: &TestDb, seeded: &Seeded) {
    let order = id(&app.post("/v1/orders", "", seed::order(&seeded.snapshot, "one")).await);
    let payment =
        json!({ "reference": "pay-1", "method": "card", "amount": { "minor": seed::TOTAL_MINOR, "currency": "EUR" } });
    app.post("/v1/orders/{id}/payments", &order, payment).await;
    app.post("/v1/orders/{id}/bundle", &order, json!({})).await;
    app.post("/api/v1/manufacturing/export-pack", "", json!({ "orderId": order })).await;
    production(app, &order).await;
    // As the worker would, which does not run here.
    let mut tx = test.db.begin("test").await.expect("a transaction");
    let at = SystemClock::wall();
    let order_id = order.parse().expect("an order's id");
    orders::advance(&mut tx, at, seeded.tenant, order_id, OrderState::Ready, "test", "print files ready")
        .await
        .expect("moved");
    tx.commit().await.expect("committed");
    let submission = id(&app.post("/v1/orders/{id}/submit", &order, json!({})).await);
    operators(app, &submission).await;
    books(app, test, seeded, &order).await;
    desk(app, seeded).await;
    let second = id(&app.post("/v1/orders", "", seed::order(&seeded.snapshot, "two")).await);
    app.post("/v1/orders/{id}/cancel", &second, json!({ "reason": "changed my mind" })).await;
}

/// A submission that is stopped before it began leaves something to look at.
async fn operators(app: &mut Driver, submission: &str) {
    app.post("/v1/jobs/{id}/cancel", submission, json!({ "reason": "a test" })).await;
    let url = format!("{}/v1/operator-items", app.url);
    let items = app.http.get(url).bearer_auth(&app.key).send().await.expect("an answer").text().await.expect("text");
    let items: Value = serde_json::from_str(&items).expect("JSON");
    app.post(
        "/v1/operator-items/{id}/close",
        items["items"][0]["id"].as_str().expect("an item"),
        json!({ "reason": "seen" }),
    )
    .await;
}

/// What a desk does with orders.
async fn desk(app: &mut Driver, seeded: &Seeded) {
    app.go(Method::PUT, "/v1/orders/form", "", json!({ "schema": null })).await;
    app.go(Method::PUT, "/v1/orders/rules", "", json!({ "quoteGate": false })).await;
    for (root, review) in [("/v1", "review"), ("/api", "expert-review")] {
        let order = id(&app.post("/v1/orders", "", seed::order(&seeded.snapshot, &format!("desk{root}"))).await);
        let content = json!({ "customer": "cus-1", "reason": "a note" });
        app.go(Method::PATCH, &format!("{root}/orders/{{id}}/content"), &order, content).await;
        if root == "/v1" {
            app.post("/v1/orders/{id}/quote", &order, json!({})).await;
        }
        app.go(Method::PATCH, &format!("{root}/orders/{{id}}/{review}"), &order, json!({ "decision": "ask" })).await;
        app.go(Method::PATCH, &format!("{root}/orders/{{id}}/{review}"), &order, json!({ "decision": "approve" }))
            .await;
        let hold = json!({ "status": "on_hold", "reason": "a call" });
        app.go(Method::PATCH, &format!("{root}/orders/{{id}}/status"), &order, hold).await;
        if root == "/v1" {
            app.post("/v1/orders/{id}/retry", &order, json!({ "reason": "called" })).await;
            let again = json!({ "status": "on_hold", "reason": "a call" });
            app.go(Method::PATCH, "/v1/orders/{id}/status", &order, again).await;
        }
        app.go(Method::PATCH, &format!("{root}/orders/{{id}}/delivered"), &order, json!({ "method": "pickup" })).await;
    }
}

/// Money back, and money out to a creator, as another person approves it.
async fn books(app: &mut Driver, test: &TestDb, seeded: &Seeded, order: &str) {
    let eur = |minor: i64| json!({ "minor": minor, "currency": "EUR" });
    app.go(Method::PUT, "/v1/money/settings", "", json!({})).await;
    let list = json!({ "unit": "bps", "holders": [{ "party": "bo", "weight": 10_000 }] });
    app.go(Method::PUT, "/v1/registries/{name}", "band", list).await;
    let refund = json!({ "key": "r-1", "amount": eur(100), "reason": "a scratch" });
    let refund = id(&app.post("/v1/orders/{id}/refunds", order, refund).await);
    app.post("/v1/refunds/{id}/paid", &refund, json!({ "reference": "back-1" })).await;
    let party = json!({ "displayName": "Ada", "payoutTo": "FR7630006000011234567890189" });
    app.go(Method::PUT, "/v1/parties/{name}", "ada", party).await;
    // As a sharing-out would leave it, which needs a worker.
    let owed = Money { minor: 5000, currency: "EUR".parse().expect("a currency") };
    let owed = Transaction::new().moving(Account::Cash, Account::Creator("ada".into()), owed).expect("in range");
    let mut tx = test.db.begin("test").await.expect("a transaction");
    let header = Header::new(seeded.tenant, order.parse::<OrderId>().expect("an order's id"), "test");
    journal::post(&mut tx, SystemClock::wall(), &header, &owed).await.expect("written");
    tx.commit().await.expect("committed");
    app.post("/v1/rates", "", json!({ "from": "EUR", "to": "USD", "rate": "1.1", "source": "a test" })).await;
    let change = json!({ "account": "creator:ada", "from": eur(100), "to": "USD", "rate": "1.1", "source": "a test" });
    app.post("/v1/conversions", "", change).await;
    let key = app.post("/v1/keys", "", json!({ "name": "second", "scopes": ["read", "approve"] })).await;
    let mut batches = vec![];
    for decision in ["reject", "approve"] {
        let batch = id(&app.post("/v1/payouts/batches", "", json!({})).await);
        let own = std::mem::replace(&mut app.key, key["secret"].as_str().expect("a secret").to_owned());
        let body = if decision == "reject" { json!({ "reason": "too early" }) } else { json!({}) };
        batches.push(app.post(&format!("/v1/payouts/batches/{{id}}/{decision}"), &batch, body).await);
        app.key = own;
    }
    let payout = batches[1]["payouts"][0]["id"].as_str().expect("a payout");
    app.post("/v1/payouts/{id}/status", payout, json!({ "status": "paid", "reference": "bank-1" })).await;
}

/// Packaging of a creator's own, and what vanished from the catalogue.
async fn packaging(app: &mut Driver) {
    let design = json!({ "logoSha256": platen_shared::canon::sha256_hex(STAR), "primaryColor": "#1d3557", "secondaryColor": "#f1faee", "messageTemplate": "Thank you, {firstName}" });
    app.go(Method::PUT, "/v1/packaging/rules", "", json!({ "platform": true })).await;
    let cost = json!({ "delivered": true, "note": "agreed by letter" });
    app.go(Method::PUT, "/v1/packaging/costs/{provider}/{tier}", "gelato", cost).await;
    app.go(Method::PUT, "/v1/creators/{name}/packaging", "ada", design).await;
    let decision = json!({ "version": 1, "accept": true, "why": "the account's manager said so" });
    app.post("/v1/creators/{name}/packaging/decision", "ada", decision).await;
    app.go(Method::PUT, "/v1/packaging/rules", "", json!({ "platform": false })).await;
    app.go(Method::PUT, "/v1/catalogue/templates", "", json!({ "ids": ["t-1"] })).await;
    app.post("/v1/catalogue/retirements", "", json!({ "provider": "gelato", "reason": "really gone" })).await;
}

/// Where messages go, and one that goes there; nothing carries it here.
async fn told(app: &mut Driver, test: &TestDb, seeded: &Seeded) {
    app.go(
        Method::PUT,
        "/v1/message-settings",
        "",
        json!({ "senderName": "Atelier", "supportEmail": "help@atelier.example" }),
    )
    .await;
    let hook = id(&app.post("/v1/webhooks", "", json!({ "url": "https://shop.example/hooks" })).await);
    app.post("/v1/webhooks/{id}/rotate", &hook, json!({})).await;
    app.go(Method::PATCH, "/v1/webhooks/{id}", &hook, json!({ "topics": ["NEW_ORDER"] })).await;
    app.post("/v1/orders", "", seed::order(&seeded.snapshot, "told")).await;
    let words = json!({ "subject": "{{ order.number }}", "body": "Thank you." });
    app.go(Method::PUT, "/v1/message-templates/{name}/{language}", "order_confirmed", words).await;
    app.go(Method::DELETE, "/v1/message-templates/{name}/{language}", "order_confirmed", Value::Null).await;
    let listed = app.go(Method::GET, "/v1/messages", "", Value::Null).await;
    let message = id(&listed["items"][0]);
    let mut tx = test.db.begin("test").await.expect("a transaction");
    let (named, sent) = (message.parse().expect("a message's id"), MessageState::Sent);
    messages::end(&mut tx, SystemClock::wall(), seeded.tenant, named, sent, "").await.expect("ended");
    tx.commit().await.expect("committed");
    app.post("/v1/messages/{id}/redeliver", &message, json!({ "reason": "they ask for it" })).await;
    app.post("/v1/webhooks/{id}/recover", &hook, json!({ "since": "2026-01-01T00:00:00Z" })).await;
    app.go(Method::DELETE, "/v1/webhooks/{id}", &hook, Value::Null).await;
}

async fn work(app: &mut Driver) {
    app.post("/v1/catalogue/syncs", "", json!({ "provider": "gelato" })).await;
    let payload = json!({ "provider": "gelato", "generation": "g1" });
    let job = id(&app.post("/v1/jobs", "", json!({ "kind": "sync_catalog", "payload": payload.clone() })).await);
    app.post("/v1/jobs/{id}/snooze", &job, json!({ "until": "2026-01-01T00:00:00Z", "reason": "a test" })).await;
    app.post("/v1/jobs/{id}/cancel", &job, json!({ "reason": "not now" })).await;
    app.post("/v1/jobs/{id}/retry", &job, json!({ "reason": "now" })).await;
    let pause = app.post("/v1/pauses", "", json!({ "scope": "queue", "value": "sync", "reason": "a test" })).await;
    app.go(Method::DELETE, "/v1/pauses/{id}", &id(&pause), Value::Null).await;
    let body = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "0 3 * * *", "zone": "Europe/Paris" });
    app.go(Method::PUT, "/v1/schedules/{name}", "nightly", body).await;
    app.go(Method::DELETE, "/v1/schedules/{name}", "nightly", Value::Null).await;
}

/// What the document says can be written.
async fn promised(app: &Driver) -> BTreeSet<String> {
    let answer = app.http.get(format!("{}/openapi.json", app.url)).send().await.expect("an answer");
    let document: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    let mut found = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let methods = operations.as_object().expect("operations").keys();
        let methods = methods.filter(|method| ["post", "put", "patch", "delete"].contains(&method.as_str()));
        found.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_route_calls_the_outside() {
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (url, heard) = trap().await;
    let api: Api = api::start(&test.url, folder.path(), &outside(&url)).await;
    let seeded = seed::seed(&test.db, &api.url).await;
    let mut app = Driver { http: api::client(), url: api.url.clone(), key: seeded.key.clone(), used: BTreeSet::new() };
    tenant_and_keys(&mut app).await;
    designs(&mut app, &test, folder.path(), &seeded).await;
    money_and_printing(&mut app, &test, &seeded).await;
    packaging(&mut app).await;
    told(&mut app, &test, &seeded).await;
    work(&mut app).await;
    let missing: Vec<String> = promised(&app).await.difference(&app.used).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "these writes are in the document and were not driven: add them above");
    api.kill().await;
    assert_eq!(heard.load(Ordering::SeqCst), 0, "a write route called the outside");
    // The trap does hear.
    let _probe = TcpStream::connect(url.trim_start_matches("http://")).await.expect("the trap listens");
    until("the trap to hear", || async { heard.load(Ordering::SeqCst) == 1 }).await;
}
