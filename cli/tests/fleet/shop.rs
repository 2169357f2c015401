//! One shop of the story: what a web app does over HTTP, and what it sees in the end.

use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::testing::until_within;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{ROOT, call, client};

/// The key of the stand-in's only account.
pub(crate) const PRINTER_KEY: &str = "stand-in-key";
/// For whatever takes the whole fleet a while.
const LONG: Duration = Duration::from_secs(400);
const UID: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

/// A tenant with its key and one locked design.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) tenant: TenantId,
    http: reqwest::Client,
    key: String,
    number: usize,
    snapshot: String,
}

impl Shop {
    /// A tenant, its account at the printer, its catalogue, a product, a locked design, and a schedule of every minute.
    pub(crate) async fn open(url: &str, number: usize) -> Shop {
        let http = client();
        let body = json!({ "name": format!("Shop {number}"), "currency": "EUR", "platformFeeBps": 1000 });
        let made =
            good(call(&http, ROOT, Method::POST, &format!("{url}/v1/tenants"), &format!("t{number}"), &body).await);
        let tenant = made["tenant"]["id"].as_str().unwrap().parse().unwrap();
        let key = made["key"]["secret"].as_str().unwrap().to_owned();
        let mut shop = Shop { tenant, http, key, number, snapshot: String::new() };
        shop.put(url, "/v1/connections/gelato", json!({ "apiKey": PRINTER_KEY })).await;
        shop.post(url, "/v1/catalogue/syncs", "first sync", json!({ "provider": "gelato" })).await;
        shop.until(url, "/v1/catalogue", |seen| seen["items"][0]["state"] == "done").await;
        shop.put(url, "/v1/products/mug", product()).await;
        let spec = shop.post(url, "/v1/specs", "spec", spec(&format!("Zoë {number}"))).await;
        let snapshot = shop.post(url, "/v1/snapshots", "snapshot", json!({ "specHash": spec["hash"] })).await;
        shop.snapshot = snapshot["id"].as_str().unwrap().to_owned();
        for step in ["approve", "lock"] {
            shop.post(url, &format!("/v1/snapshots/{}/{step}", shop.snapshot), step, json!({})).await;
        }
        let nightly = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "* * * * *" });
        shop.put(url, "/v1/schedules/often", nightly).await;
        shop
    }

    /// Orders, pays, submits; and previews designs in between.
    pub(crate) async fn trade(&self, url: &str, orders: usize, previews: usize) {
        for n in 0..orders.max(previews) {
            if n < previews {
                let spec = self.post(url, "/v1/specs", &format!("s{n}"), spec(&format!("{}·{n}", self.number))).await;
                self.post(url, "/v1/renders", &format!("r{n}"), json!({ "specHash": spec["hash"] })).await;
            }
            if n < orders {
                self.order(url, n).await;
            }
        }
    }

    async fn order(&self, url: &str, n: usize) {
        let body = json!({
            "externalId": format!("web-{n}"), "items": [{ "snapshotId": self.snapshot, "quantity": 1 }],
            "shipping": { "minor": 490, "currency": "EUR" },
            "recipient": {
                "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003",
                "country": "FR", "email": "lena@example.org",
            },
        });
        let made = self.post(url, "/v1/orders", &format!("o{n}"), body).await;
        let at = format!("/v1/orders/{}", made["id"].as_str().unwrap());
        let paid = json!({ "reference": format!("pay-{}-{n}", self.number), "method": "card", "amount": made["totals"]["total"] });
        self.post(url, &format!("{at}/payments"), &format!("p{n}"), paid).await;
        self.post(url, &format!("{at}/bundle"), &format!("b{n}"), json!({})).await;
        // The bundle comes first; a shop asks again until the order is ready.
        let submit = format!("{url}{at}/submit");
        until_within(LONG, "the order is ready", async || {
            let asked = call(&self.http, &self.key, Method::POST, &submit, &format!("submit {at}"), &json!({})).await;
            match asked.unwrap() {
                (200..300, _) => true,
                (409 | 422, _) => false,
                (status, said) => panic!("{status}: {said}"),
            }
        })
        .await;
    }

    /// Waits until every order has arrived.
    pub(crate) async fn until_delivered(&self, url: &str, orders: usize) {
        let all = |seen: &Value| seen["items"].as_array().is_some_and(|items| items.len() == orders);
        self.until(url, "/v1/orders?state=delivered&limit=200", all).await;
    }

    /// Every order was paid once and shared out once, and its lines sum to nothing.
    pub(crate) async fn books_balance(&self, url: &str) {
        let orders = self.get(url, "/v1/orders?limit=200").await;
        for order in orders["items"].as_array().unwrap() {
            let money = self.get(url, &format!("/v1/orders/{}/money", order["id"].as_str().unwrap())).await;
            let entries = money["entries"].as_array().unwrap();
            for purpose in ["payment", "distribution"] {
                assert_eq!(entries.iter().filter(|entry| entry["purpose"] == purpose).count(), 1, "{money}");
            }
            let sum = |entry: &Value| {
                entry["lines"].as_array().unwrap().iter().map(|line| line["minor"].as_i64().unwrap()).sum()
            };
            assert!(entries.iter().map(sum).all(|sum: i64| sum == 0), "{money}");
        }
    }

    async fn until(&self, url: &str, path: &str, holds: impl Fn(&Value) -> bool) {
        until_within(LONG, path, async || holds(&self.get(url, path).await)).await;
    }

    async fn get(&self, url: &str, path: &str) -> Value {
        let answer = self.http.get(format!("{url}{path}")).bearer_auth(&self.key).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn put(&self, url: &str, path: &str, body: Value) -> Value {
        good(call(&self.http, &self.key, Method::PUT, &format!("{url}{path}"), path, &body).await)
    }

    async fn post(&self, url: &str, path: &str, idempotency: &str, body: Value) -> Value {
        let idempotency = format!("{path} {idempotency}");
        good(call(&self.http, &self.key, Method::POST, &format!("{url}{path}"), &idempotency, &body).await)
    }
}

fn good(answer: Option<(u16, Value)>) -> Value {
    let (status, body) = answer.expect("an answer");
    assert!((200..300).contains(&status), "{status}: {body}");
    body
}

/// Small on purpose: the story is about jobs, not about pixels.
fn zones() -> Value {
    json!([{ "id": "front", "widthMm": 20, "heightMm": 10, "bleedMm": 1 }])
}

fn product() -> Value {
    json!({
        "title": "Mug", "kind": "mug", "zones": zones(), "provider": "gelato", "providerUid": UID,
        "price": { "minor": 1900, "currency": "EUR" }, "revenue": { "creator": "ada", "royalties": [{ "holder": "label", "bps": 500 }] },
    })
}

fn spec(words: &str) -> Value {
    json!({
        "specVersion": "1.0.0", "product": { "id": "mug", "kind": "mug", "zones": zones() },
        "layers": [{
            "zone": "front", "type": "text", "text": words, "font": "Noto Sans", "color": "#1d3557", "sizeMm": 4, "minSizeMm": 2,
            "fit": "shrink", "align": "center", "box": { "x": 1, "y": 2, "w": 18, "h": 6 },
        }],
    })
}
