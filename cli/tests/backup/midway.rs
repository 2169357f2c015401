//! An order that the printer has accepted and the killed worker could not record: backed up in that very state, while the api runs,
//! restored elsewhere, and it goes on there: one order at the printer, as its own books say.

use std::process::Stdio;

use platen_shared::canon::sha256_hex;
use platen_shared::testing::{databases, suite_ran, until};
use platen_sim::gelato::{Config, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::api::{self, call, client};
use crate::cli::said;
use crate::seed::{self, Seeded};
use crate::shop::{SECRET, Shop};

/// A front and a key to it.
struct Front {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Front {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.url);
        let idempotency = format!("{method} {path}");
        let (status, answer) = call(&self.http, &self.key, method, &url, &idempotency, &body).await.expect("an answer");
        assert!((200..300).contains(&status), "{path} answered {status}: {answer}");
        answer
    }

    async fn state(&self, order: &str) -> String {
        let order = self.ask(Method::GET, &format!("/v1/orders/{order}"), Value::Null).await;
        order["state"].as_str().expect("a state").to_owned()
    }
}

async fn start_api(shop: &Shop) -> api::Api {
    let env = shop.env();
    let limits = [("PLATEN_HTTP__PUBLIC_REQUESTS_PER_SECOND", "100000".to_owned())];
    api::start(&shop.test.url, shop.folder(), &[env.as_slice(), &limits].concat()).await
}

/// A worker; with `crash_at`, it kills itself there.
fn start_worker(shop: &Shop, public_url: &str, gelato: &str, crash_at: Option<&str>) -> Child {
    let mut command = Command::from(shop.command(&["worker"]));
    command.env("PUBLIC_URL", public_url).env("PLATEN_GELATO__URL", gelato).env("PLATEN_LOG__LEVEL", "off");
    command.env("PLATEN_GELATO__REQUESTS_PER_SECOND", "500").env("PLATEN_GELATO__BURST", "500");
    if let Some(point) = crash_at {
        command.env("PLATEN_CRASH_AT", point);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().expect("a worker starts")
}

/// A paid order whose files are built.
async fn ready_order(front: &Front, seeded: &Seeded) -> String {
    front.ask(Method::PUT, "/v1/connections/gelato", json!({ "apiKey": "sim-key" })).await;
    let made = front.ask(Method::POST, "/v1/orders", seed::order(&seeded.snapshot, "midway")).await;
    let order = made["id"].as_str().expect("an id").to_owned();
    let payment =
        json!({ "reference": "midway", "method": "card", "amount": { "minor": seed::TOTAL_MINOR, "currency": "EUR" } });
    front.ask(Method::POST, &format!("/v1/orders/{order}/payments"), payment).await;
    until("the print files are built", async || front.state(&order).await == "ready").await;
    order
}

async fn bundle(front: &Front, order: &str) -> (String, Vec<u8>) {
    let bundle = front.ask(Method::GET, &format!("/v1/orders/{order}/bundle"), Value::Null).await;
    let url = bundle["url"].as_str().expect("a link");
    let path = &url[url.find("/f/").expect("a signed link")..];
    let file = front.http.get(format!("{}{path}", front.url)).send().await.expect("an answer");
    (bundle["sha256"].as_str().expect("a hash").to_owned(), file.bytes().await.expect("bytes").to_vec())
}

async fn goes_on_elsewhere(engine: &'static str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let sim = Server::start(listener, Config::default()).await.expect("the stand-in starts");
    let (here, there) = (Shop::new(engine, false).await, Shop::new(engine, engine == "postgres").await);
    let api = start_api(&here).await;
    let seeded = seed::seed(&here.test.db, &api.url).await;
    let front = Front { http: client(), url: api.url.clone(), key: seeded.key.clone() };
    let mut worker = start_worker(&here, &api.url, &sim.base_url(), Some("submit_order:released"));
    let order = ready_order(&front, &seeded).await;
    front.ask(Method::POST, &format!("/v1/orders/{order}/submit"), json!({})).await;
    let ended = tokio::time::timeout(platen_shared::testing::DEADLINE, worker.wait()).await.expect("it dies in time");
    assert!(!ended.expect("it can be waited for").success(), "killed at its crash point");
    assert_eq!((front.state(&order).await.as_str(), sim.counts().released_groups), ("submitting", 1));

    let backup = here.folder().join("backup");
    let path = backup.to_str().expect("UTF-8");
    let (code, out, err) = said(&here.run(&["backup", path]).await);
    assert_eq!(code, 0, "{out}{err}");
    assert!(err.contains("secrets.key (PLATEN_SECRETS__KEY) is not in a backup") && !err.contains(SECRET), "{err}");
    assert!(err.contains("database: orders, 1 rows") && err.contains("files: "), "progress: {err}");
    assert!(backup.join("files").join(seeded.tenant.to_string()).is_dir(), "laid out as the file store is");
    let files = bundle(&front, &order).await;
    api.kill().await;
    let (code, out, err) = said(&there.run(&["backup", "verify", path]).await);
    assert!(code == 0 && out.contains("is whole"), "{out}{err}");
    let (code, out, err) = said(&there.run(&["restore", path]).await);
    assert!(code == 0 && out.starts_with("Restored a "), "{out}{err}");
    let (code, _, err) = said(&there.run(&["restore", path]).await);
    assert!(code == 1 && err.contains("the database is not empty"), "{err}");

    let api = start_api(&there).await;
    let front = Front { http: client(), url: api.url.clone(), key: seeded.key };
    assert_eq!(front.state(&order).await, "submitting", "as it was, with the same key");
    let worker = start_worker(&there, &api.url, &sim.base_url(), None);
    until("the order is in production", async || front.state(&order).await == "in_production").await;
    assert_eq!(sim.counts().released_groups, 1, "one order at the printer");
    let restored = bundle(&front, &order).await;
    assert_eq!(restored, files, "the files came along");
    assert_eq!(sha256_hex(&restored.1), restored.0);
    if there.is_in_bucket() {
        suite_ran("backup", "s3");
    }
    drop(worker);
    api.kill().await;
    sim.stop().await;
    here.test.drop_it().await;
    there.test.drop_it().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_midway_goes_on_from_its_backup() {
    for test in databases().await {
        let engine = test.engine();
        test.drop_it().await;
        goes_on_elsewhere(engine).await;
        suite_ran("backup", engine);
    }
}
