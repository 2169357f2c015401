//! The answer of a quote. It can refuse in five forms that all look like success, so everything is checked against the request.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::is_made_up;
use super::lenient::{Amount, Count, Text, money, or_default};
use crate::domain::money::{Currency, Money};
use crate::ports::provider::{Method, OrderRequest, Quote};

/// The method that stands for "a part of this cannot be delivered".
const OUT_OF_STOCK: &str = "api_out_of_stock";

/// Answer of `POST /v4/orders:quote`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::adapters::gelato) struct QuoteAnswer {
    #[serde(default, deserialize_with = "or_default")]
    quotes: Vec<Offer>,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason: Text,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason_code: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    #[serde(default, deserialize_with = "or_default")]
    products: Vec<Product>,
    #[serde(default, deserialize_with = "or_default")]
    shipment_methods: Vec<Carrier>,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason: Text,
    #[serde(default, deserialize_with = "or_default")]
    refusal_reason_code: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    #[serde(default, deserialize_with = "or_default")]
    item_reference_id: Text,
    quantity: Option<Count>,
    #[serde(default, deserialize_with = "or_default")]
    price: Amount,
    #[serde(default, deserialize_with = "or_default")]
    currency: Text,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Carrier {
    #[serde(default, deserialize_with = "or_default")]
    shipment_method_uid: Text,
    #[serde(default, deserialize_with = "or_default")]
    name: Text,
    #[serde(default, deserialize_with = "or_default")]
    price: Amount,
    #[serde(default, deserialize_with = "or_default")]
    currency: Text,
    #[serde(default, deserialize_with = "or_default")]
    min_delivery_days: Count,
    #[serde(default, deserialize_with = "or_default")]
    max_delivery_days: Count,
}

impl QuoteAnswer {
    /// Item → days with the cheapest carrier of its facility. An item that cannot be made, and one without a real carrier or with days
    /// that make no sense, is left out: an estimate is a help, and never a reason to fail.
    pub(in crate::adapters::gelato) fn days(&self) -> BTreeMap<&str, (u32, u32)> {
        let mut found = BTreeMap::new();
        for offer in &self.quotes {
            let real = offer.shipment_methods.iter().filter(|carrier| !is_made_up(&carrier.shipment_method_uid.0));
            let known = real.filter_map(|carrier| {
                let days = (carrier.min_delivery_days.0, carrier.max_delivery_days.0);
                Some((carrier.price.0?, days)).filter(|(_, (min, max))| *max > 0 && min <= max)
            });
            let Some((_, days)) = known.min() else { continue };
            let made =
                offer.products.iter().filter(|product| product.price.0.is_some_and(|price| price > Decimal::ZERO));
            found.extend(made.map(|product| (product.item_reference_id.0.as_str(), days)));
        }
        found
    }
}

/// The quotes, or the sentence that says why the order cannot be made.
pub(in crate::adapters::gelato) fn quotes(answer: QuoteAnswer, order: &OrderRequest) -> Result<Vec<Quote>, String> {
    refused(answer.refusal_reason, answer.refusal_reason_code)?;
    if answer.quotes.is_empty() {
        return Err("gelato offers nothing for this order and address".into());
    }
    for (i, item) in order.items.iter().enumerate() {
        let mut offered = answer.quotes.iter().flat_map(|offer| &offer.products);
        let Some(product) = offered.find(|product| product.item_reference_id.0 == item.reference) else {
            return Err(format!("gelato leaves item {} out of its offer: it cannot be made or sent there", i + 1));
        };
        if product.price.0.is_none_or(|price| price <= Decimal::ZERO) {
            return Err(format!("gelato names no price for item {}: it cannot be made or is out of stock", i + 1));
        }
        if product.quantity.is_some_and(|quantity| quantity.0 != item.quantity) {
            return Err(format!("gelato offers another quantity of item {} than was asked for", i + 1));
        }
    }
    // An offer without one of our items holds nothing to make; its shipping must not be counted.
    answer.quotes.into_iter().filter(|offer| !offer.products.is_empty()).map(|offer| offer.quote(order)).collect()
}

fn refused(reason: Text, code: Text) -> Result<(), String> {
    match reason.known().or(code.known()) {
        Some(why) => Err(format!("gelato cannot make this order: {}", why.chars().take(500).collect::<String>())),
        None => Ok(()),
    }
}

impl Offer {
    fn quote(self, order: &OrderRequest) -> Result<Quote, String> {
        refused(self.refusal_reason, self.refusal_reason_code)?;
        let mut products = Decimal::ZERO;
        for product in &self.products {
            same_currency(&product.currency, order.currency)?;
            products = products.checked_add(product.price.0.unwrap_or_default()).ok_or_else(too_much)?;
        }
        if self.shipment_methods.iter().any(|carrier| carrier.shipment_method_uid.0.starts_with(OUT_OF_STOCK)) {
            return Err("gelato is out of stock for a part of this order".into());
        }
        let real = self.shipment_methods.into_iter().filter(|carrier| !is_made_up(&carrier.shipment_method_uid.0));
        let mut methods = Vec::new();
        for carrier in real.filter(|carrier| !carrier.shipment_method_uid.0.is_empty()) {
            let Some(price) = carrier.price.0 else { continue };
            same_currency(&carrier.currency, order.currency)?;
            let price = in_minor(price, order.currency)?;
            methods.push(Method { uid: carrier.shipment_method_uid.0, name: carrier.name.0, price });
        }
        if methods.is_empty() {
            return Err("gelato has no carrier for this order and address".into());
        }
        methods.sort_by_key(|method| method.price.minor);
        Ok(Quote { products: in_minor(products, order.currency)?, methods })
    }
}

/// An absent currency is the one that was asked for; another one would be added up wrongly.
fn same_currency(text: &Text, asked: Currency) -> Result<(), String> {
    if text.0.is_empty() || text.0 == asked.code() {
        return Ok(());
    }
    Err("gelato quotes in another currency than was asked for".into())
}

fn in_minor(amount: Decimal, currency: Currency) -> Result<Money, String> {
    money(amount, currency).ok_or_else(too_much)
}

fn too_much() -> String {
    "gelato quotes an amount beyond what can be kept exactly".into()
}

#[cfg(test)]
#[path = "quote_tests.rs"]
mod tests;
