//! The order object: the answer of create, get and patch.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::lenient::{Amount, Count, Text, money, or_default};
use super::stage;
use crate::db::At;
use crate::domain::money::{Currency, Money};
use crate::ports::provider::{Parcel, Part, PartItem, PartShipment};

/// What we read of it; live answers hold far more, which is kept in the raw body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    id: Text,
    #[serde(default, deserialize_with = "or_default")]
    order_type: Text,
    #[serde(default, deserialize_with = "or_default")]
    order_reference_id: Text,
    #[serde(default, deserialize_with = "or_default")]
    fulfillment_status: Text,
    #[serde(default, deserialize_with = "or_default")]
    updated_at: Text,
    #[serde(default, deserialize_with = "or_default")]
    items: Vec<Item>,
    shipment: Option<Shipment>,
    #[serde(default, deserialize_with = "or_default")]
    receipts: Vec<Receipt>,
    #[serde(default, deserialize_with = "or_default")]
    connected_order_ids: Vec<Text>,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason: Text,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason_code: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default, deserialize_with = "or_default")]
    item_reference_id: Text,
    #[serde(default, deserialize_with = "or_default")]
    product_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    quantity: Count,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shipment {
    #[serde(default, deserialize_with = "or_default")]
    shipment_method_name: Text,
    #[serde(default, deserialize_with = "or_default")]
    shipment_method_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    min_delivery_date: Text,
    #[serde(default, deserialize_with = "or_default")]
    max_delivery_date: Text,
    #[serde(default, deserialize_with = "or_default")]
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(default, deserialize_with = "or_default")]
    tracking_code: Text,
    #[serde(default, deserialize_with = "or_default")]
    tracking_url: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    #[serde(default, deserialize_with = "or_default")]
    transaction_type: Text,
    #[serde(default, deserialize_with = "or_default")]
    currency: Text,
    #[serde(default, deserialize_with = "or_default")]
    total: Amount,
    #[serde(default, deserialize_with = "or_default")]
    total_vat: Amount,
    #[serde(default, deserialize_with = "or_default")]
    total_incl_vat: Amount,
}

impl Order {
    /// The order in our words; `raw` is the body it was read from.
    pub(super) fn part(self, raw: Value) -> Part {
        let Text(id) = self.id;
        let Text(status) = self.fulfillment_status;
        let mut connected: Vec<String> = Vec::new();
        for Text(other) in self.connected_order_ids {
            if !other.is_empty() && !connected.contains(&other) {
                connected.push(other);
            }
        }
        if !connected.contains(&id) {
            connected.insert(0, id.clone());
        }
        let items = self.items.into_iter().map(|item| PartItem {
            reference: item.item_reference_id.0,
            uid: item.product_uid.0,
            quantity: item.quantity.0,
        });
        let reason = [self.refusal_reason.known(), self.refusal_reason_code.known()];
        Part {
            reference: self.order_reference_id.0,
            stage: stage(&status),
            released: match self.order_type.0.as_str() {
                "" => !matches!(status.as_str(), "" | "draft"),
                kind => kind != "draft",
            },
            connected,
            items: items.collect(),
            shipment: self.shipment.map(Shipment::part),
            cost: cost(&self.receipts),
            as_of: self.updated_at.0.parse::<jiff::Timestamp>().ok().map(At::from),
            refusal: reason.into_iter().flatten().next(),
            id,
            status,
            raw,
        }
    }
}

impl Shipment {
    fn part(self) -> PartShipment {
        let mut parcels: Vec<Parcel> = Vec::new();
        for package in self.packages {
            let (Text(code), Text(url)) = (package.tracking_code, package.tracking_url);
            if !code.is_empty() && !parcels.iter().any(|parcel| parcel.code == code) {
                parcels.push(Parcel { code, url });
            }
        }
        PartShipment {
            method: self.shipment_method_name.known().or(self.shipment_method_uid.known()).unwrap_or_default(),
            min_delivery: self.min_delivery_date.known(),
            max_delivery: self.max_delivery_date.known(),
            parcels,
        }
    }
}

/// Purchases less refunds, tax included, summed exactly and rounded once. `None` when that cannot be said in one currency.
fn cost(receipts: &[Receipt]) -> Option<Money> {
    let mut sum: Option<(Decimal, Currency)> = None;
    for receipt in receipts {
        let sign = match receipt.transaction_type.0.as_str() {
            "purchase" => Decimal::ONE,
            "refund" => Decimal::NEGATIVE_ONE,
            _ => continue,
        };
        let currency: Currency = receipt.currency.0.parse().ok()?;
        let parts = || receipt.total.0?.checked_add(receipt.total_vat.0.unwrap_or_default());
        let amount = receipt.total_incl_vat.0.or_else(parts)?;
        sum = match sum {
            None => Some((amount * sign, currency)),
            Some((so_far, held)) if held == currency => Some((so_far.checked_add(amount * sign)?, currency)),
            Some(_) => return None,
        };
    }
    sum.and_then(|(amount, currency)| money(amount, currency))
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
