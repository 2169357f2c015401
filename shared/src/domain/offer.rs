//! What a provider offers a product at: prices by quantity, stock by region.

use serde::{Deserialize, Serialize};

use super::money::Money;

/// What a quantity of a product costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceTier {
    /// For parcels to there, ISO 3166-1.
    pub country: String,
    /// Of a product with pages: so many, covers included.
    pub pages: Option<u32>,
    /// So many pieces.
    pub quantity: u32,
    /// Of all of them together; never 0.
    pub price: Money,
}

/// How a product stands in a stock region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegionStock {
    /// As the provider says it; `unknown` for a word that we do not know.
    pub status: String,
    /// `YYYY-MM-DD`, when more is expected.
    pub replenished: Option<String>,
}

/// How long one piece takes from the order to the door, with the cheapest way to ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryEstimate {
    /// For parcels to there, ISO 3166-1.
    pub country: String,
    /// Days at the least.
    pub min_days: u32,
    /// Days at the most.
    pub max_days: u32,
}

/// A place of a template that takes a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Placeholder {
    /// As the template calls it.
    pub name: String,
    /// The print area that it lies in: what a file of an order says.
    pub area: String,
    /// In micrometres, where the provider says it.
    pub width_um: Option<i64>,
    /// The same.
    pub height_um: Option<i64>,
}

/// A template's rules for one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateVariant {
    /// The provider's id of it.
    pub id: String,
    /// For people.
    pub title: String,
    /// The provider's product that it is about.
    pub uid: String,
    /// Places that take a picture.
    pub placeholders: Vec<Placeholder>,
    /// Names of the places that take a text.
    pub texts: Vec<String>,
}

/// A template as the provider holds it: which product is printed where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// The provider's id of it.
    pub id: String,
    /// For people.
    pub title: String,
    /// One per product.
    pub variants: Vec<TemplateVariant>,
    /// As it came.
    pub raw: serde_json::Value,
}
