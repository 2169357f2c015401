//! Catalogues, products, prices, stock.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::{Amount, Count, Text, money, or_default};
use crate::domain::money::{Currency, Money};
use crate::domain::offer::{PriceTier, RegionStock};
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
    /// Its price depends on a number of pages, so that "one piece" has none: the fewest there may be.
    pub(in crate::adapters::gelato) pages: Option<u64>,
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
                stock: "unknown".into(),
                uid,
                raw,
                ..CatalogueItem::default()
            };
            let counts = item.raw["validPageCounts"].as_array().map_or(&[][..], Vec::as_slice);
            let pages = counts.iter().filter_map(Value::as_u64).min();
            Some(Row { item, pages })
        });
        rows.collect()
    }
}

/// A row of `GET /v3/products/{uid}/prices`: the price of the whole quantity, in no order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::adapters::gelato) struct PriceRow {
    #[serde(default, deserialize_with = "or_default")]
    quantity: Count,
    #[serde(default, deserialize_with = "or_default")]
    price: Amount,
    #[serde(default, deserialize_with = "or_default")]
    currency: Text,
    #[serde(default, deserialize_with = "or_default")]
    page_count: Count,
}

impl PriceRow {
    /// The price of one piece. Where only larger quantities are listed, one piece has no price: to divide would invent one.
    pub(in crate::adapters::gelato) fn of_one(tiers: &[PriceTier]) -> Option<Money> {
        tiers.iter().find(|tier| tier.quantity == 1 && tier.pages.is_none()).map(|tier| tier.price)
    }

    /// The tiers of a country in a currency, by pages and quantity. A price of 0 means that it cannot be sold, so there is no such tier.
    pub(in crate::adapters::gelato) fn tiers(rows: &[PriceRow], country: &str, currency: Currency) -> Vec<PriceTier> {
        let own = rows.iter().filter(|row| row.currency.0 == currency.code() && row.quantity.0 > 0);
        let tiers = own.filter_map(|row| {
            let price = row.price.0.and_then(|price| money(price, currency)).filter(|price| price.minor > 0)?;
            let pages = (row.page_count.0 > 0).then_some(row.page_count.0);
            Some(PriceTier { country: country.to_owned(), pages, quantity: row.quantity.0, price })
        });
        let mut tiers: Vec<PriceTier> = tiers.collect();
        tiers.sort_by_key(|tier| (tier.pages, tier.quantity, tier.price.minor));
        tiers.dedup_by_key(|tier| (tier.pages, tier.quantity));
        tiers
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
    availability: Vec<InRegion>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InRegion {
    #[serde(default, deserialize_with = "or_default")]
    stock_region_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    status: Text,
    #[serde(default, deserialize_with = "or_default")]
    replenishment_date: Text,
}

impl StockAnswer {
    /// Product → region → how it stands there.
    pub(in crate::adapters::gelato) fn by_product(self) -> BTreeMap<String, BTreeMap<String, RegionStock>> {
        let of_region = |row: InRegion| {
            let known = STOCK_WORDS.contains(&row.status.0.as_str());
            let status = if known { row.status.0 } else { "unknown".to_owned() };
            let replenished = row.replenishment_date.known();
            Some((row.stock_region_uid.known()?, RegionStock { status, replenished }))
        };
        let rows = self.products_availability.into_iter();
        rows.map(|product| (product.product_uid.0, product.availability.into_iter().filter_map(of_region).collect()))
            .collect()
    }
}

#[cfg(test)]
#[path = "shop_tests.rs"]
mod tests;
