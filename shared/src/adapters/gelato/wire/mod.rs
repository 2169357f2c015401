//! Gelato's JSON and ours, both ways. Pure: no I/O, no clock.

mod lenient;
mod quote;
mod request;
mod shop;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use self::lenient::{Amount, Count, Text, money, or_default};
use crate::adapters::http::Answer;
use crate::domain::money::{Currency, Money};
use crate::domain::order::Stage;
use crate::ports::PortResult;
use crate::ports::provider::{Parcel, Part, PartItem, PartShipment};

pub(super) use quote::{QuoteAnswer, quotes};
pub(super) use request::{check, create_body, private, quote_body};
pub(super) use shop::{Catalogue, PriceRow, ProductsAnswer, StockAnswer, region};

/// An answer of the orders API as a part, its raw body beside it.
pub(super) fn part(answer: &Answer) -> PortResult<Part> {
    Ok(answer.json::<Order>()?.part(answer.json()?))
}

/// Their word for where an order is, in ours; `None` for a word that came later than this table.
pub(super) fn stage(word: &str) -> Option<Stage> {
    Some(match word {
        "draft" => Stage::Draft,
        "created" => Stage::Submitted,
        "uploading" | "digitizing" => Stage::Validating,
        "pending_approval" | "pending_personalization" | "not_connected" | "on_hold" => Stage::NeedsAction,
        "passed" => Stage::Accepted,
        "in_production" => Stage::InProduction,
        "printed" => Stage::Produced,
        "shipped" => Stage::Shipped,
        "in_transit" => Stage::InTransit,
        "delivered" => Stage::Delivered,
        "returned" => Stage::Returned,
        "canceled" | "cancelled" => Stage::Canceled,
        "failed" => Stage::Failed,
        _ => return None,
    })
}

/// A method that Gelato answers in the place of a carrier: never a way to ship.
pub(super) fn is_made_up(method: &str) -> bool {
    method.starts_with("api_")
}

/// Whether no carrier was found for this order.
pub(super) fn has_made_up_method(part: &Part) -> bool {
    part.raw["shipment"]["shipmentMethodUid"].as_str().is_some_and(is_made_up)
}

/// When an order was created, in seconds; unknown ones are the youngest.
pub(super) fn born(part: &Part) -> i64 {
    part.raw["createdAt"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map_or(i64::MAX, |at| at.as_second())
}

/// Answer of the search.
#[derive(Debug, Deserialize)]
pub(super) struct SearchAnswer {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) orders: Vec<SearchRow>,
}

/// A summary of an order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SearchRow {
    pub(super) id: Text,
    #[serde(default, deserialize_with = "or_default")]
    order_reference_id: Text,
    #[serde(default, deserialize_with = "or_default")]
    fulfillment_status: Text,
}

impl SearchRow {
    /// Nothing will come of it any more.
    pub(super) fn is_dead(&self) -> bool {
        matches!(stage(&self.fulfillment_status.0), Some(Stage::Canceled | Stage::Failed))
    }

    /// Whether it was made under this reference.
    pub(super) fn is_of(&self, reference: &str) -> bool {
        self.order_reference_id.0 == reference
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    id: Text,
    #[serde(default, deserialize_with = "or_default")]
    order_type: Text,
    #[serde(default, deserialize_with = "or_default")]
    order_reference_id: Text,
    #[serde(default, deserialize_with = "or_default")]
    fulfillment_status: Text,
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
    fn part(self, raw: Value) -> Part {
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
