//! Prices. One formula serves the prices call, quotes and receipts, so they cannot disagree.

use serde_json::{Value, json};

use super::{Catalogue, Product};
use crate::dice::Dice;
use crate::money::{Micros, rate};

/// Quantities the prices call lists, with their discount in basis points.
const TIERS: [(i64, i64); 9] =
    [(1, 0), (2, 150), (5, 400), (10, 700), (20, 1000), (50, 1400), (100, 1900), (250, 2300), (700, 2800)];

impl Catalogue {
    /// The price of the whole quantity, or nothing for a currency that is not accepted.
    ///
    /// Between two listed quantities the lower one's discount holds.
    pub(crate) fn price(
        &self,
        product: &Product,
        country: &str,
        currency: &str,
        quantity: i64,
        pages: Option<u32>,
    ) -> Option<Micros> {
        let unit = self.unit(product, country, currency, pages)?;
        let discount = TIERS.iter().rev().find(|(q, _)| *q <= quantity).map_or(0, |(_, bp)| *bp);
        Some(whole(unit, quantity, discount, product.fine_prices))
    }

    /// The rows of the prices call, unsorted as the real ones are.
    pub(crate) fn price_rows(
        &self,
        product: &Product,
        country: &str,
        currency: &str,
        pages: Option<u32>,
    ) -> Vec<Value> {
        let mut rows: Vec<Value> = TIERS
            .iter()
            .filter_map(|(quantity, _)| {
                let price = self.price(product, country, currency, *quantity, pages)?;
                let price = if product.odd_forms { price.text() } else { price.number() };
                Some(json!({
                    "productUid": product.uid, "country": country, "quantity": quantity,
                    "price": price, "currency": currency, "pageCount": pages,
                }))
            })
            .collect();
        Dice::new(self.seed, &format!("tiers/{}", product.uid)).shuffle(&mut rows);
        rows
    }

    fn unit(&self, product: &Product, country: &str, currency: &str, pages: Option<u32>) -> Option<Micros> {
        let local = 950 + Dice::new(self.seed, &format!("country/{country}")).below(150);
        let per_page = product.base.scale(i64::from(pages.unwrap_or(0)), 150);
        Some(
            (product.base + per_page)
                .scale(rate(currency)?, 1_000_000)
                .scale(i64::try_from(local).unwrap_or(1000), 1000),
        )
    }
}

fn whole(unit: Micros, quantity: i64, discount_bp: i64, fine: bool) -> Micros {
    let price = unit.scale(quantity.saturating_mul(10_000 - discount_bp), 10_000);
    if fine { price } else { price.chargeable("EUR") }
}
