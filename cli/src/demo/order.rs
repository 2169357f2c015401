//! The order's way: placed, paid, bundled, submitted, delivered.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::people::Cast;
use super::shop::{Design, Shop, euros, text};
use crate::stack::Folder;

/// An order, and what the buyer pays for it.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(super) id: String,
    pub(super) total_minor: i64,
    number: String,
}

impl Order {
    fn path(&self, rest: &str) -> String {
        format!("/v1/orders/{}{rest}", self.id)
    }
}

impl Shop {
    /// Two different items for a French address.
    pub(crate) async fn order(&self, cast: &Cast, mug: &Design, tee: &Design) -> Result<Order> {
        let net = 2 * cast.mug_minor + cast.tee_minor + cast.shipping_minor;
        let tax = net / 5;
        let euro = |minor: i64| json!({ "minor": minor, "currency": "EUR" });
        let body = json!({
            "externalId": format!("web-{}", cast.number),
            "items": [{ "snapshotId": mug.snapshot, "quantity": 2 }, { "snapshotId": tee.snapshot, "quantity": 1 }],
            "recipient": cast.recipient, "shipping": euro(cast.shipping_minor), "tax": euro(tax),
        });
        let made = self.client.post(&self.app, "/v1/orders", body).await?;
        let total_minor = made["totals"]["total"]["minor"].as_i64().unwrap_or(0);
        let order = Order { id: text(&made, "/id")?, total_minor, number: text(&made, "/number")? };
        self.story.say(&format!(
            "Order {} for {}: two mugs and a shirt, {}.",
            order.number,
            cast.buyer(),
            euros(total_minor)
        ));
        Ok(order)
    }

    /// The back office's key, which can do this and could not have placed the order.
    pub(crate) async fn pay(&self, order: &Order) -> Result<()> {
        let amount = json!({ "minor": order.total_minor, "currency": "EUR" });
        let body = json!({ "reference": format!("pay-{}", order.number), "method": "card", "amount": amount });
        self.client.post(&self.office, &order.path("/payments"), body).await?;
        self.story.say(
            "The payment is recorded with a key that may operate and nothing else; the print files are on their way.",
        );
        Ok(())
    }

    /// Waits for the print files and keeps the ZIP in the folder.
    pub(crate) async fn bundle(&self, folder: &Folder, order: &Order) -> Result<()> {
        self.client.post(&self.app, &order.path("/bundle"), json!({})).await?;
        self.wait("the production bundle", Duration::from_secs(90), async || {
            let seen = self.client.get(&self.app, &order.path("")).await?;
            match seen["state"].as_str() {
                Some("ready") => Ok(Some(())),
                Some("on_hold") => bail!("the order is on hold: {}", seen["why"].as_str().unwrap_or_default()),
                _ => Ok(None),
            }
        })
        .await?;
        let bytes = self.client.download(&self.app, &order.path("/bundle/file")).await?;
        let kept = folder.write("bundle.zip", &bytes)?;
        self.story.say(&format!(
            "The production bundle is built: {} ({} kB).",
            kept.display(),
            bytes.len().div_ceil(1024)
        ));
        Ok(())
    }

    /// Sends the order on its way: find, stage, checkpoint, release, read back.
    pub(crate) async fn submit(&self, order: &Order) -> Result<()> {
        self.client.post(&self.office, &order.path("/submit"), json!({})).await?;
        self.story.say("The order is on its way to the printer.");
        Ok(())
    }

    /// Follows it until both parcels have arrived and the money is shared out.
    pub(crate) async fn delivered(&self, order: &Order) -> Result<()> {
        let mut told = Vec::new();
        let parcels = std::cell::RefCell::new(&mut told);
        self.wait("two delivered shipments", Duration::from_secs(90), async || {
            let seen = self.client.get(&self.app, &order.path("")).await?;
            if seen["state"] == "on_hold" {
                bail!("the order is on hold: {}", seen["why"].as_str().unwrap_or_default());
            }
            let shipments = self.client.get(&self.app, &order.path("/shipments")).await?;
            let shipments = shipments["items"].as_array().cloned().unwrap_or_default();
            for line in shipments.iter().map(parcel_line) {
                if !parcels.borrow().contains(&line) {
                    self.story.say(&line);
                    parcels.borrow_mut().push(line);
                }
            }
            let arrived = shipments.len() >= 2 && shipments.iter().all(|s| s["stage"] == "delivered");
            Ok((arrived && seen["state"] == "delivered").then_some(()))
        })
        .await?;
        self.story.say("Both parcels have arrived.");
        self.wait("the revenue to be shared out", Duration::from_secs(30), async || {
            let money = self.client.get(&self.app, &order.path("/money")).await?;
            Ok(money["lines"].as_array().is_some_and(|lines| !lines.is_empty()).then_some(()))
        })
        .await?;
        self.story.say("The revenue is shared out.");
        Ok(())
    }

    /// The files kept in the folder, by name.
    pub(super) fn kept(folder: &Folder) -> [(&'static str, PathBuf); 3] {
        ["preview.png", "thumbnail.png", "bundle.zip"].map(|name| (name, folder.path(name)))
    }

    /// The order as it stands, its shipments, its money.
    pub(super) async fn whole(&self, order: &Order) -> Result<[Value; 3]> {
        let seen = self.client.get(&self.app, &order.path("")).await?;
        let shipments = self.client.get(&self.app, &order.path("/shipments")).await?;
        let money = self.client.get(&self.app, &order.path("/money")).await?;
        Ok([seen, shipments, money])
    }
}

fn parcel_line(shipment: &Value) -> String {
    let code = shipment["parcels"][0]["trackingCode"].as_str();
    let by = shipment["method"].as_str().unwrap_or_default();
    let stage = shipment["stage"].as_str().unwrap_or_default().replace('_', " ");
    let part = shipment["providerOrder"].as_str().unwrap_or_default();
    let part = part.get(part.len().saturating_sub(6)..).unwrap_or(part);
    match code {
        Some(code) => format!("  parcel …{part}: {stage}, by {by}, tracking code {code}"),
        None => format!("  parcel …{part}: {stage}, by {by}"),
    }
}
