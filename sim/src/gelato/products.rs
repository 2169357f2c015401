//! The product API: catalogues, paged search with facets, details, prices, covers and stock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::app::App;
use super::catalog::{Catalogue, Product, REGIONS};
use super::read::number;
use super::reply::{Refusal, Reply};
use crate::money::rate;

const PAGE_LIMIT: usize = 50;
const PAGE_LIMIT_MAX: usize = 100;
const STOCK_PRODUCTS_MAX: usize = 250;

pub(crate) fn catalogs(catalogue: &Catalogue) -> Reply {
    let rows = catalogue.catalogs.iter().map(|c| json!({"catalogUid": c.uid, "title": c.title}));
    Reply::ok(Value::from(rows.collect::<Vec<_>>()))
}

pub(crate) fn catalog(catalogue: &Catalogue, uid: &str) -> Result<Reply, Refusal> {
    let found = catalogue.catalogs.iter().find(|c| c.uid == uid).ok_or_else(|| Refusal::not_found("Catalog"))?;
    let attributes: Vec<Value> = facets(of(catalogue, uid))
        .into_iter()
        .map(|(attribute, values)| {
            let values: Vec<Value> =
                values.keys().map(|value| json!({"productAttributeValueUid": value, "title": title(value)})).collect();
            json!({"productAttributeUid": attribute, "title": title(attribute), "values": values})
        })
        .collect();
    Ok(Reply::ok(json!({"catalogUid": uid, "title": found.title, "productAttributes": attributes})))
}

pub(crate) fn search(catalogue: &Catalogue, uid: &str, body: &Value) -> Result<Reply, Refusal> {
    if !catalogue.catalogs.iter().any(|c| c.uid == uid) {
        return Err(Refusal::not_found("Catalog"));
    }
    let (limit, offset) = (number(body, "limit", PAGE_LIMIT)?, number(body, "offset", 0)?);
    if limit > PAGE_LIMIT_MAX {
        return Err(Refusal::bad("invalid_request", "limit must be 100 or less."));
    }
    let found: Vec<&Product> = of(catalogue, uid).filter(|p| passes(p, &body["attributeFilters"])).collect();
    let hits = facets(found.iter().copied());
    let rows: Vec<Value> = found.into_iter().skip(offset).take(limit).map(Product::detail).collect();
    Ok(Reply::ok(json!({"products": rows, "hits": {"attributeHits": hits}})))
}

pub(crate) fn product(catalogue: &Catalogue, uid: &str) -> Result<Reply, Refusal> {
    Ok(Reply::ok(find(catalogue, uid)?.detail()))
}

/// Prices; with no country and currency asked, one home country for each of three currencies.
pub(crate) fn prices(catalogue: &Catalogue, uid: &str, query: &BTreeMap<String, String>) -> Result<Reply, Refusal> {
    let product = find(catalogue, uid)?;
    let pages = query.get("pageCount").and_then(|n| n.parse().ok());
    if !product.pages.is_empty() && pages.is_none_or(|n| !product.pages.contains(&n)) {
        return Err(Refusal::bad("invalid_page_count", "A valid pageCount is mandatory for this product."));
    }
    let homes = [("DE", "EUR"), ("GB", "GBP"), ("US", "USD")];
    let asked = (query.get("country").map(String::as_str), query.get("currency").map(String::as_str));
    let wanted: Vec<(&str, &str)> = match asked {
        (None, None) => homes.to_vec(),
        (Some(country), Some(currency)) => vec![(country, currency)],
        (Some(country), None) => homes.map(|(_, currency)| (country, currency)).to_vec(),
        (None, Some(currency)) => homes.map(|(country, _)| (country, currency)).to_vec(),
    };
    if let Some((_, currency)) = wanted.iter().find(|(_, currency)| rate(currency).is_none()) {
        return Err(Refusal::bad("unsupported_currency", format!("The currency {currency} is not accepted.")));
    }
    let pages = pages.filter(|_| !product.pages.is_empty());
    let rows = wanted
        .into_iter()
        .filter(|(country, _)| product.is_supported(country))
        .flat_map(|(country, currency)| catalogue.price_rows(product, country, currency, pages));
    Ok(Reply::ok(Value::from(rows.collect::<Vec<_>>())))
}

/// The areas of a photo book's cover: the spine grows with the pages.
pub(crate) fn cover(catalogue: &Catalogue, uid: &str, query: &BTreeMap<String, String>) -> Result<Reply, Refusal> {
    let product = find(catalogue, uid)?;
    let pages: Option<u32> = query.get("pageCount").and_then(|n| n.parse().ok());
    let Some(pages) = pages.filter(|n| product.pages.contains(n)) else {
        return Err(Refusal::bad("invalid_page_count", "A valid pageCount is mandatory."));
    };
    let (width, height) = if product.uid.contains("210x280") { (210.0, 280.0) } else { (200.0, 200.0) };
    let spine = 4.0 + f64::from(pages) * 0.1;
    let area = |width: f64, height: f64, left: f64| json!({"width": width, "height": height, "left": left, "top": 0});
    let mut body = json!({"productUid": uid, "pagesCount": pages + 4, "measureUnit": "mm"});
    if product.uid.contains("_cov_hard") {
        let joint = 8.0;
        let whole = 2.0 * (width + joint) + spine;
        body["wraparoundInsideSize"] = area(whole + 30.0, height + 30.0, -15.0);
        body["wraparoundEdgeSize"] = area(whole, height, 0.0);
        body["contentBackSize"] = area(width, height, 0.0);
        body["jointBackSize"] = area(joint, height, width);
        body["spineSize"] = area(spine, height, width + joint);
        body["jointFrontSize"] = area(joint, height, width + joint + spine);
        body["contentFrontSize"] = area(width, height, width + 2.0 * joint + spine);
    } else {
        body["bleedSize"] = area(2.0 * width + spine + 6.0, height + 6.0, -3.0);
        body["contentBackSize"] = area(width, height, 0.0);
        body["spineSize"] = area(spine, height, width);
        body["contentFrontSize"] = area(width, height, width + spine);
    }
    Ok(Reply::ok(body))
}

pub(crate) fn stock(app: &App, body: &Value) -> Result<Reply, Refusal> {
    let products = body["products"].as_array().map_or(&[][..], Vec::as_slice);
    if products.is_empty() {
        return Err(Refusal::bad("invalid_request_no_products", "No products requested."));
    }
    if products.len() > STOCK_PRODUCTS_MAX {
        let message = format!("Too many products requested: {} of maximum {STOCK_PRODUCTS_MAX}.", products.len());
        return Err(Refusal::bad("invalid_request_too_many_products", message));
    }
    let rows: Vec<Value> = products.iter().map(|uid| availability(app, uid.as_str().unwrap_or_default())).collect();
    Ok(Reply::ok(json!({"productsAvailability": rows})))
}

fn availability(app: &App, uid: &str) -> Value {
    let now: Timestamp = app.now();
    let product = app.catalogue.product(uid);
    let rows: Vec<Value> = REGIONS
        .iter()
        .map(|region| {
            let (status, date) =
                product.map_or(("not-supported", None), |product| app.catalogue.stock(product, region, now));
            json!({"stockRegionUid": region, "status": status, "replenishmentDate": date})
        })
        .collect();
    json!({"productUid": uid, "availability": rows})
}

fn find<'a>(catalogue: &'a Catalogue, uid: &str) -> Result<&'a Product, Refusal> {
    catalogue.product(uid).ok_or_else(|| Refusal::not_found("Product"))
}

fn of<'a>(catalogue: &'a Catalogue, uid: &'a str) -> impl Iterator<Item = &'a Product> {
    catalogue.products.iter().filter(move |p| p.catalog == uid)
}

fn passes(product: &Product, filters: &Value) -> bool {
    filters.as_object().into_iter().flatten().all(|(attribute, wanted)| {
        let Some(have) = product.attributes.get(attribute.as_str()) else { return false };
        wanted.as_array().is_none_or(|wanted| wanted.is_empty() || wanted.iter().any(|w| w == have))
    })
}

fn facets<'a>(products: impl Iterator<Item = &'a Product>) -> BTreeMap<&'static str, BTreeMap<&'a str, u64>> {
    let mut hits: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (attribute, value) in products.flat_map(|p| &p.attributes) {
        *hits.entry(attribute).or_default().entry(value).or_default() += 1;
    }
    hits
}

fn title(uid: &str) -> String {
    uid.replace(['-', '_'], " ")
}
