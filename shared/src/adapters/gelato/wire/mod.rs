//! Gelato's JSON and ours, both ways. Pure: no I/O, no clock.

mod lenient;
mod order;
mod quote;
mod request;
mod shop;
mod template;

use serde::Deserialize;

use self::lenient::{Text, or_default};
use self::order::Order;
use crate::adapters::http::Answer;
use crate::db::At;
use crate::domain::order::Stage;
use crate::ports::PortResult;
use crate::ports::provider::{Draft, Part, Standing};

pub(super) use quote::{QuoteAnswer, quotes};
pub(super) use request::{check, create_body, private, quote_body};
pub(super) use shop::{Catalogue, PriceRow, ProductsAnswer, Row, StockAnswer};
pub(super) use template::TemplateAnswer;

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
    part.raw["createdAt"]
        .as_str()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map_or(i64::MAX, |at| at.as_second())
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
    #[serde(default, deserialize_with = "or_default")]
    order_type: Text,
    #[serde(default, deserialize_with = "or_default")]
    created_at: Text,
}

impl SearchRow {
    /// The row as a draft; `None` for what is none, whatever was asked for.
    pub(super) fn draft(self) -> Option<Draft> {
        let created = self.created_at.0.parse::<jiff::Timestamp>().ok().map(At::from);
        (self.order_type.0 == "draft").then_some(Draft { id: self.id.0, reference: self.order_reference_id.0, created })
    }

    /// The row as where an order stands.
    pub(super) fn standing(self) -> Standing {
        let Text(status) = self.fulfillment_status;
        Standing { id: self.id.0, reference: self.order_reference_id.0, stage: stage(&status), status }
    }

    /// Nothing will come of it any more.
    pub(super) fn is_dead(&self) -> bool {
        matches!(stage(&self.fulfillment_status.0), Some(Stage::Canceled | Stage::Failed))
    }

    /// Whether it was made under this reference.
    pub(super) fn is_of(&self, reference: &str) -> bool {
        self.order_reference_id.0 == reference
    }
}
