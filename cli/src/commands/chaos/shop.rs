//! The web app: a shop whose customers order and pay over HTTP, through whichever api is up, until each order has its yes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use platen_shared::id::{OrderId, TenantId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::SIM_KEY;

/// After an answer that is none.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// An api that does not answer within this time is stopped or gone.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Between two looks at something that is being waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The mug's product at the printer.
const UID: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

/// An open shop.
pub(super) struct Shop {
    http: reqwest::Client,
    apis: Vec<SocketAddr>,
    turn: AtomicUsize,
    key: String,
    snapshot: String,
    /// Whose it is.
    pub(super) tenant: TenantId,
}

impl Shop {
    /// A tenant whose orders are submitted by themselves, its account at the printer, and one locked design.
    pub(super) async fn open(apis: Vec<SocketAddr>, root_key: &str) -> Result<Shop> {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
        let (turn, tenant) = (AtomicUsize::new(0), TenantId::new());
        let mut shop = Shop { http, apis, turn, key: root_key.to_owned(), snapshot: String::new(), tenant };
        let body = json!({ "name": "Chaos", "currency": "EUR", "platformFeeBps": 1000, "autoSubmit": true });
        let made = shop.ask(Method::POST, "/v1/tenants", "tenant", &body).await?;
        shop.tenant = text(&made, "/tenant/id")?.parse().map_err(|_| anyhow::anyhow!("the api made no tenant's id"))?;
        shop.key = text(&made, "/key/secret")?;
        shop.put("/v1/connections/gelato", json!({ "apiKey": SIM_KEY })).await?;
        shop.post("/v1/catalogue/syncs", json!({ "provider": "gelato" })).await?;
        while shop.get("/v1/catalogue").await?["items"][0]["state"] != "done" {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        shop.put("/v1/products/mug", product()).await?;
        let spec = shop.post("/v1/specs", design()).await?;
        let snapshot = shop.post("/v1/snapshots", json!({ "specHash": spec["hash"] })).await?;
        shop.snapshot = text(&snapshot, "/id")?;
        for step in ["approve", "lock"] {
            shop.post(&format!("/v1/snapshots/{}/{step}", shop.snapshot), json!({})).await?;
        }
        Ok(shop)
    }

    /// The `n`-th customer's order, acknowledged and paid; all that follows is Platen's duty.
    pub(super) async fn sell(&self, n: u32) -> Result<OrderId> {
        let made = self.ask(Method::POST, "/v1/orders", &format!("order {n}"), &self.order(n)).await?;
        let id = text(&made, "/id")?;
        let paid =
            json!({ "reference": format!("payment-{n}"), "method": "card", "amount": made["totals"]["total"].clone() });
        self.ask(Method::POST, &format!("/v1/orders/{id}/payments"), &format!("payment {n}"), &paid).await?;
        id.parse().map_err(|_| anyhow::anyhow!("the api answered {id}, which is no order's id"))
    }

    fn order(&self, n: u32) -> Value {
        json!({
            "externalId": format!("web-{n}"), "items": [{ "snapshotId": self.snapshot, "quantity": 1 }],
            "shipping": { "minor": 490, "currency": "EUR" },
            "recipient": {
                "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003",
                "country": "FR", "email": "lena@example.org",
            },
        })
    }

    async fn put(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::PUT, path, path, &body).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::POST, path, path, &body).await
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, "", &Value::Null).await
    }

    /// Asks one api after the other until there is a 2xx. A request that died with its api keeps its key busy for a minute; then another
    /// key does, because an order's external id and a payment's reference are unique as well.
    async fn ask(&self, method: Method, path: &str, key: &str, body: &Value) -> Result<Value> {
        let mut further = 0;
        loop {
            let api = self.apis[self.turn.fetch_add(1, Ordering::Relaxed) % self.apis.len()];
            let mut request = self.http.request(method.clone(), format!("http://{api}{path}")).bearer_auth(&self.key);
            if method != Method::GET {
                request = request.header("Idempotency-Key", format!("{key} {further}")).json(body);
            }
            match answer(request).await {
                Some((200..300, said)) => return Ok(said),
                Some((409, said)) if said["type"] == "/problems/in-progress" => further += 1,
                Some((429 | 500.., _)) | None => {}
                Some((status, said)) => bail!("{method} {path} answered {status}: {}", said["detail"]),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Status and JSON; `None` when no whole answer came.
async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the api's answer has no {pointer}"))
}

/// Small on purpose: this is about jobs, not about pixels.
fn zones() -> Value {
    json!([{ "id": "front", "widthMm": 20, "heightMm": 10, "bleedMm": 1 }])
}

fn product() -> Value {
    json!({
        "title": "Mug", "kind": "mug", "zones": zones(), "provider": "gelato", "providerUid": UID,
        "price": { "minor": 1900, "currency": "EUR" }, "revenue": { "creator": "ada", "royalties": [{ "holder": "label", "bps": 500 }] },
    })
}

fn design() -> Value {
    json!({
        "specVersion": "1.0.0", "product": { "id": "mug", "kind": "mug", "zones": zones() },
        "layers": [{
            "zone": "front", "type": "text", "text": "Zoë", "font": "Noto Sans", "color": "#1d3557", "sizeMm": 4, "minSizeMm": 2,
            "fit": "shrink", "align": "center", "box": { "x": 1, "y": 2, "w": 18, "h": 6 },
        }],
    })
}
