//! A tenant that can take orders: its key, and a design that was approved and locked.

use platen_shared::db::Db;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::id::TenantId;
use platen_shared::ports::provider::CatalogueItem;
use platen_shared::store::catalogue;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{ROOT, call};

/// What the tests go on with.
#[derive(Clone)]
pub(crate) struct Seeded {
    pub(crate) tenant: TenantId,
    /// All scopes.
    pub(crate) key: String,
    /// Locked.
    pub(crate) snapshot: String,
}

/// The mug's product at the printer.
const UID: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

/// A product of one zone.
pub(crate) fn product() -> Value {
    json!({
        "title": "Mug", "kind": "mug", "zones": zones(), "provider": "gelato", "providerUid": UID,
        "price": { "minor": 1900, "currency": "EUR" }, "revenue": { "creator": "ada", "royalties": [{ "holder": "label", "bps": 500 }] },
    })
}

fn zones() -> Value {
    json!([{ "id": "front", "widthMm": 80, "heightMm": 80, "bleedMm": 2 }])
}

/// A design for it.
pub(crate) fn spec(words: &str) -> Value {
    json!({
        "specVersion": "1.0.0", "product": { "id": "mug", "kind": "mug", "zones": zones() },
        "layers": [{
            "zone": "front", "type": "text", "text": words, "font": "Noto Sans", "color": "#1d3557", "sizeMm": 12, "minSizeMm": 4,
            "fit": "shrink", "align": "center", "box": { "x": 5, "y": 30, "w": 70, "h": 20 },
        }],
    })
}

/// An order of it.
pub(crate) fn order(snapshot: &str, external_id: &str) -> Value {
    json!({
        "externalId": external_id, "items": [{ "snapshotId": snapshot, "quantity": 1 }], "shipping": { "minor": 490, "currency": "EUR" },
        "recipient": {
            "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
            "email": "lena@example.org",
        },
    })
}

/// What that order comes to.
pub(crate) const TOTAL_MINOR: i64 = 2390;

/// Makes the tenant over HTTP; the catalogue's one item goes into the database, since no worker syncs here.
pub(crate) async fn seed(db: &Db, url: &str) -> Seeded {
    let http = crate::api::client();
    let body = json!({ "name": "Test shop", "currency": "EUR", "platformFeeBps": 1000 });
    let made = good(call(&http, ROOT, Method::POST, &format!("{url}/v1/tenants"), "tenant", &body).await);
    let tenant: TenantId = made["tenant"]["id"].as_str().expect("an id").parse().expect("a tenant's id");
    let key = made["key"]["secret"].as_str().expect("a secret").to_owned();
    stock(db, tenant).await;
    let put = |path: &'static str, body| ask(http.clone(), key.clone(), Method::PUT, format!("{url}{path}"), body);
    let post = |path: String, body| ask(http.clone(), key.clone(), Method::POST, format!("{url}{path}"), body);
    put("/v1/products/mug", product()).await;
    let stored = post("/v1/specs".into(), spec("Zoë")).await;
    let spec_hash = stored["hash"].as_str().expect("a hash").to_owned();
    let snapshot = post("/v1/snapshots".into(), json!({ "specHash": spec_hash })).await;
    let snapshot = snapshot["id"].as_str().expect("an id").to_owned();
    post(format!("/v1/snapshots/{snapshot}/approve"), json!({})).await;
    post(format!("/v1/snapshots/{snapshot}/lock"), json!({})).await;
    Seeded { tenant, key, snapshot }
}

async fn ask(http: reqwest::Client, key: String, method: Method, url: String, body: Value) -> Value {
    let idempotency = format!("seed {method} {url}");
    good(call(&http, &key, method, &url, &idempotency, &body).await)
}

fn good(answer: Option<(u16, Value)>) -> Value {
    let (status, body) = answer.expect("an answer");
    assert!((200..300).contains(&status), "{status}: {body}");
    body
}

async fn stock(db: &Db, tenant: TenantId) {
    let at = platen_shared::clock::SystemClock::wall();
    let euro: Currency = "EUR".parse().expect("a currency");
    let item = CatalogueItem {
        uid: UID.to_owned(),
        catalogue: "mugs".to_owned(),
        title: "Mug".to_owned(),
        attributes: std::collections::BTreeMap::new(),
        cost: Some(Money { minor: 600, currency: euro }),
        stock: "in-stock".to_owned(),
        raw: json!({}),
        ..CatalogueItem::default()
    };
    let mut tx = db.begin("stock").await.expect("a transaction");
    catalogue::begin(&mut tx, at, tenant, "gelato", "g").await.expect("begun");
    catalogue::page(&mut tx, at, tenant, "gelato", "g", "EUR", &[item]).await.expect("stored");
    catalogue::end(&mut tx, at, tenant, "gelato", "g").await.expect("ended").expect("nothing vanished");
    tx.commit().await.expect("committed");
}
