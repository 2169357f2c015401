//! Catalogues, products, prices, stock.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::{Amount, Count, Text, money, or_default};
use crate::domain::money::{Currency, Money};
use crate::ports::provider::CatalogueItem;

/// Words for stock that mean something to us. Their documentation also shows one with a typing error.
const STOCK_WORDS: [&str; 5] =
    ["in-stock", "out-of-stock-replenishable", "out-of-stock", "non-stockable", "not-supported"];

/// A row of `GET /v3/catalogs`.
#[derive(Debug, Deserialize)]
pub(in crate::adapters::gelato) struct Catalogue {
    #[serde(rename = "catalogUid")]
    pub(in crate::adapters::gelato) uid: Text,
}

/// Answer of `POST /v3/catalogs/{uid}/products:search`.
#[derive(Debug, Deserialize)]
pub(in crate::adapters::gelato) struct ProductsAnswer {
    #[serde(default, deserialize_with = "or_default")]
    products: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    product_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    product_name: Text,
    #[serde(default, deserialize_with = "or_default")]
    attributes: BTreeMap<String, Text>,
}

/// A product, before its price and stock are known.
#[derive(Debug)]
pub(in crate::adapters::gelato) struct Row {
    pub(in crate::adapters::gelato) item: CatalogueItem,
    /// Its price depends on a number of pages, so that "one piece" has none.
    pub(in crate::adapters::gelato) paged: bool,
}

impl ProductsAnswer {
    /// How many rows came, readable or not: what decides whether another page follows.
    pub(in crate::adapters::gelato) fn len(&self) -> usize {
        self.products.len()
    }

    /// The products; a row that cannot be read is left out, so that one odd product does not hide all others.
    pub(in crate::adapters::gelato) fn rows(&self, catalogue: &str) -> Vec<Row> {
        let rows = self.products.iter().filter_map(|raw| {
            let product: Product = serde_json::from_str(raw.get()).ok()?;
            let raw: Value = serde_json::from_str(raw.get()).ok()?;
            let uid = product.product_uid.known()?;
            let attributes = product.attributes.into_iter().filter_map(|(name, value)| Some((name, value.known()?)));
            let item = CatalogueItem {
                title: product.product_name.known().unwrap_or_else(|| uid.clone()),
                catalogue: catalogue.to_owned(),
                attributes: attributes.collect(),
                cost: None,
                stock: "unknown".into(),
                uid,
                raw,
            };
            let paged = item.raw["validPageCounts"].as_array().is_some_and(|counts| !counts.is_empty());
            Some(Row { item, paged })
        });
        rows.collect()
    }
}

/// A row of `GET /v3/products/{uid}/prices`: the price of the whole quantity, in no order.
#[derive(Debug, Deserialize)]
pub(in crate::adapters::gelato) struct PriceRow {
    #[serde(default, deserialize_with = "or_default")]
    quantity: Count,
    #[serde(default, deserialize_with = "or_default")]
    price: Amount,
    #[serde(default, deserialize_with = "or_default")]
    currency: Text,
}

impl PriceRow {
    /// The price of one piece. Where only larger quantities are listed, one piece has no price: to divide would invent one.
    pub(in crate::adapters::gelato) fn of_one(rows: &[PriceRow], currency: Currency) -> Option<Money> {
        let row = rows.iter().find(|row| row.quantity.0 == 1 && row.currency.0 == currency.code())?;
        row.price.0.and_then(|price| money(price, currency)).filter(|price| price.minor > 0)
    }
}

/// Answer of `POST /v3/stock/region-availability`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::adapters::gelato) struct StockAnswer {
    #[serde(default, deserialize_with = "or_default")]
    products_availability: Vec<ProductStock>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProductStock {
    #[serde(default, deserialize_with = "or_default")]
    product_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    availability: Vec<RegionStock>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionStock {
    #[serde(default, deserialize_with = "or_default")]
    stock_region_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    status: Text,
}

impl StockAnswer {
    /// Product → its word in this region.
    pub(in crate::adapters::gelato) fn by_product(self, region: &str) -> BTreeMap<String, String> {
        let rows = self.products_availability.into_iter().filter_map(|product| {
            let here = product.availability.into_iter().find(|row| row.stock_region_uid.0 == region)?;
            STOCK_WORDS.contains(&here.status.0.as_str()).then_some((product.product_uid.0, here.status.0))
        });
        rows.collect()
    }
}

/// The stock region a country lies in.
pub(in crate::adapters::gelato) fn region(country: &str) -> &'static str {
    match country {
        "US" | "CA" => "US-CA",
        "GB" => "UK",
        "AU" | "NZ" => "OC",
        "BR" | "AR" | "BO" | "CL" | "CO" | "EC" | "GY" | "PY" | "PE" | "SR" | "UY" | "VE" => "SA",
        "SG" | "VN" | "BN" | "KH" | "CN" | "ID" | "JP" | "LA" | "TH" | "TW" | "KR" | "MM" | "PH" | "MY" => "AS",
        "AD" | "AL" | "AT" | "BA" | "BE" | "BG" | "BY" | "CH" | "CY" | "CZ" | "DE" | "DK" | "EE" | "ES" | "FI"
        | "FO" | "FR" | "GE" | "GG" | "GI" | "GR" | "HR" | "HU" | "IE" | "IS" | "IT" | "JE" | "LI" | "LT" | "LU"
        | "LV" | "MC" | "MD" | "ME" | "MK" | "MT" | "NL" | "NO" | "PL" | "PT" | "RO" | "RS" | "RU" | "SE" | "SI"
        | "SK" | "SM" | "TR" | "UA" | "VA" | "XK" => "EU",
        _ => "ROW",
    }
}

#[cfg(test)]
#[path = "shop_tests.rs"]
mod tests;
