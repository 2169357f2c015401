//! From a valid body to priced items, and from items to parts: one part per facility.

use jiff::Timestamp;

use super::app::App;
use super::catalog::fulfilment_country;
use super::order::{FileRef, Item};
use super::reply::Refusal;
use super::validate::{Parsed, ParsedItem};
use crate::money::Micros;

/// The items of one facility: they travel together, apart from all others.
pub(crate) struct Part {
    pub(crate) facility: String,
    pub(crate) items: Vec<Item>,
}

impl Part {
    pub(crate) fn grams(&self) -> i64 {
        self.items.iter().map(|item| item.grams * item.quantity).sum()
    }
}

/// Prices every item, or says which cannot be ordered at all.
pub(crate) fn items(app: &App, parsed: &Parsed, files_needed: bool) -> Result<Vec<Item>, Refusal> {
    let mut errors = Vec::new();
    let mut items = Vec::new();
    for wanted in &parsed.items {
        match item(app, parsed, wanted, files_needed) {
            Ok(item) => items.push(item),
            Err((field, code, message)) => errors.push(serde_json::json!({
                "reference": wanted.reference, "field": field, "code": code, "message": message,
            })),
        }
    }
    if errors.is_empty() { Ok(items) } else { Err(Refusal::fields(errors)) }
}

/// Groups items by the facility that makes them, in the order of their first item.
pub(crate) fn split(app: &App, items: Vec<Item>, country: &str, force: bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for item in items {
        let kind = app.catalogue.product(&item.product_uid).map_or("paper", |p| p.facility);
        let facility = format!("{}-{kind}-1", fulfilment_country(country).to_lowercase());
        match parts.iter_mut().find(|part| part.facility == facility && !force) {
            Some(part) => part.items.push(item),
            None => parts.push(Part { facility, items: vec![item] }),
        }
    }
    parts
}

/// Why these items cannot be made now, although they may be ordered.
pub(crate) fn out_of_stock(app: &App, items: &[Item], country: &str, now: Timestamp) -> bool {
    items
        .iter()
        .any(|item| app.catalogue.product(&item.product_uid).is_some_and(|p| !app.catalogue.in_stock(p, country, now)))
}

type Problem = (&'static str, &'static str, String);

fn item(app: &App, parsed: &Parsed, wanted: &ParsedItem, files_needed: bool) -> Result<Item, Problem> {
    let Some(product) = app.catalogue.product(&wanted.product_uid) else {
        return Err(("productUid", "product_not_found", "The product does not exist.".to_owned()));
    };
    if !product.is_supported(&parsed.country) {
        let message = format!("The product cannot be shipped to {}.", parsed.country);
        return Err(("productUid", "product_not_supported_in_country", message));
    }
    match wanted.page_count {
        None if !product.pages.is_empty() => {
            return Err(("pageCount", "required", "pageCount is mandatory for multipage products.".to_owned()));
        }
        Some(pages) if !product.pages.is_empty() && !product.pages.contains(&pages) => {
            return Err((
                "pageCount",
                "invalid_page_count",
                "This page count is not valid for the product.".to_owned(),
            ));
        }
        _ => {}
    }
    if files_needed && wanted.files.is_empty() {
        return Err(("files", "required", "A printable product needs at least one file.".to_owned()));
    }
    let price = app
        .catalogue
        .price(product, &parsed.country, &parsed.currency, wanted.quantity, wanted.page_count)
        .unwrap_or(Micros::ZERO);
    let files =
        wanted.files.iter().map(|(kind, url)| FileRef { kind: kind.clone(), url: url.clone(), fetched: Vec::new() });
    Ok(Item {
        id: String::new(),
        reference: wanted.reference.clone(),
        product_uid: product.uid.clone(),
        quantity: wanted.quantity,
        page_count: wanted.page_count,
        files: files.collect(),
        price,
        grams: product.grams,
        title: product.name.clone(),
    })
}
