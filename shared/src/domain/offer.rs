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
