//! The server of the shop whose page is at `/demo`: it holds the secret keys and does what a page may not.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use platen_api::demo::{Asked, Desk};
use serde_json::{Value, json};

use super::client::Client;
use super::follow::Story;
use super::people::Cast;
use super::shop::{Shop, text};

/// Print files of one design are built by then.
const FILES_WITHIN: Duration = Duration::from_secs(90);

/// The desk; closed until [`DemoDesk::open_with`].
#[derive(Clone, Default)]
pub(crate) struct DemoDesk(Arc<OnceLock<Open>>);

struct Open {
    shop: Shop,
    cast: Cast,
    /// The publishable key.
    key: String,
    speed: u32,
}

impl DemoDesk {
    /// Opens for business.
    pub(crate) fn open_with(&self, client: &Client, admin: &str, cast: Cast, key: String, speed: u32) {
        let shop = Shop::known(client, &Story::silent(Instant::now()), admin);
        let _ = self.0.set(Open { shop, cast, key, speed });
    }

    /// Runs one request of the page; trouble becomes a sentence for it.
    fn ask<F: Future<Output = Result<Value>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<OnceLock<Open>>) -> F,
    ) -> Asked {
        let work = work(self.0.clone());
        Box::pin(async move { work.await.map_err(|error| format!("{error:#}.")) })
    }
}

fn open(desk: &OnceLock<Open>) -> Result<&Open> {
    desk.get().context("the shop opens in a moment")
}

impl Desk for DemoDesk {
    fn open(&self) -> Asked {
        self.ask(|desk| async move {
            let open = open(&desk)?;
            let products = open.shop.client.get(&open.shop.admin, "/v1/products").await?;
            let one = |p: &Value| json!({ "id": p["id"], "title": p["title"], "kind": p["kind"], "price": p["price"] });
            let list: Vec<Value> = products["items"].as_array().into_iter().flatten().map(one).collect();
            Ok(json!({ "key": open.key, "products": list, "speed": open.speed }))
        })
    }

    fn approve(&self, snapshot: String) -> Asked {
        self.ask(|desk| async move {
            let open = open(&desk)?;
            let path = format!("/v1/snapshots/{snapshot}");
            let known = open.shop.client.get(&open.shop.admin, &path).await?;
            if !known["lock"].is_null() {
                // The same design by another buyer: it is approved and locked already.
                return Ok(known);
            }
            let note = json!({ "note": "approved by the buyer on the demo page" });
            open.shop.client.post(&open.shop.admin, &format!("{path}/approve"), note).await?;
            open.shop.client.post(&open.shop.admin, &format!("{path}/lock"), json!({})).await
        })
    }

    fn order(&self, snapshot: String) -> Asked {
        self.ask(|desk| async move {
            let placed = open(&desk)?.shop.place(&open(&desk)?.cast, &snapshot).await?;
            let id = text(&placed, "/id")?;
            let answer = json!({ "id": id, "number": placed["number"], "total": placed["totals"]["total"] });
            // The page follows; what is left to do for it goes on by itself.
            tokio::spawn(async move {
                if let Ok(open) = open(&desk)
                    && let Err(error) = open.shop.send_off(&id).await
                {
                    tracing::warn!(order = %id, "the demo page's order {id} was not submitted: {error:#}");
                }
            });
            Ok(answer)
        })
    }

    fn follow(&self, order: String) -> Asked {
        self.ask(|desk| async move {
            let open = open(&desk)?;
            let get = |path: String| async move { open.shop.client.get(&open.shop.admin, &path).await };
            let seen = get(format!("/v1/orders/{order}")).await?;
            let shipments = get(format!("/v1/orders/{order}/shipments")).await?;
            Ok(json!({ "state": seen["state"], "number": seen["number"], "why": seen["why"], "shipments": shipments["items"] }))
        })
    }
}

impl Shop {
    /// One of what a snapshot shows, for the cast's buyer, paid.
    async fn place(&self, cast: &Cast, snapshot: &str) -> Result<Value> {
        let euro = |minor: i64| json!({ "minor": minor, "currency": "EUR" });
        let number = platen_shared::id::EventId::new().to_string();
        let body = json!({
            "externalId": format!("demo-{}", &number[number.len() - 10..]), "items": [{ "snapshotId": snapshot, "quantity": 1 }],
            "recipient": cast.recipient, "shipping": euro(cast.shipping_minor), "tax": euro(0),
        });
        let placed = self.client.post(&self.admin, "/v1/orders", body).await?;
        let id = text(&placed, "/id")?;
        let amount = &placed["totals"]["total"];
        let paid = json!({ "reference": format!("pay-{id}"), "method": "card", "amount": amount });
        self.client.post(&self.admin, &format!("/v1/orders/{id}/payments"), paid).await?;
        Ok(placed)
    }

    /// Waits for an order's print files and sends it to the printer.
    async fn send_off(&self, order: &str) -> Result<()> {
        let path = format!("/v1/orders/{order}");
        self.client.post(&self.admin, &format!("{path}/bundle"), json!({})).await?;
        tokio::time::timeout(FILES_WITHIN, self.ready(&path)).await.context("the print files took too long")??;
        self.client.post(&self.admin, &format!("{path}/submit"), json!({})).await.map(drop)
    }

    /// Looks until an order has its print files.
    async fn ready(&self, path: &str) -> Result<()> {
        loop {
            let seen = self.client.get(&self.admin, path).await?;
            match seen["state"].as_str() {
                Some("ready") => return Ok(()),
                Some("on_hold") => bail!("the order is on hold: {}", seen["why"].as_str().unwrap_or_default()),
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}
