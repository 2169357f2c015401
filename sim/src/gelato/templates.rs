//! Templates of the e-commerce API: one per line of products, with a place for each print area.

use serde_json::{Value, json};

use super::catalog::{Catalogue, Product};
use super::reply::{Refusal, Reply};

pub(crate) fn template(catalogue: &Catalogue, id: &str) -> Result<Reply, Refusal> {
    let found = catalogue.templates.iter().find(|template| template.id == id);
    let found = found.ok_or_else(|| Refusal::not_found("Template"))?;
    let variants: Vec<Value> =
        catalogue.products[found.products.clone()].iter().map(|product| variant(id, product)).collect();
    Ok(Reply::ok(json!({
        "id": id,
        "templateName": found.name,
        "title": found.name,
        "description": null,
        "previewUrl": null,
        "productType": "Printable Material",
        "vendor": "Gelato",
        "variants": variants,
        // The e-commerce API writes its times without a colon.
        "createdAt": "2026-01-05T09:00:00+0000",
        "updatedAt": "2026-01-05T09:00:00+0000",
    })))
}

/// Every template, for whoever looks for an id: theirs stand in the dashboard only.
pub(crate) fn list(catalogue: &Catalogue) -> Value {
    let rows = catalogue
        .templates
        .iter()
        .map(|template| json!({"id": template.id, "templateName": template.name, "variants": template.products.len()}));
    json!({"templates": rows.collect::<Vec<_>>()})
}

fn variant(template: &str, product: &Product) -> Value {
    let options: Vec<Value> =
        product.attributes.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let places: Vec<Value> = product.areas().iter().map(|area| place(product, area)).collect();
    json!({
        "id": format!("{template}-{}", product.uid),
        "title": product.name,
        "productUid": product.uid,
        "variantOptions": options,
        "imagePlaceholders": places,
        "textPlaceholders": null,
    })
}

/// Widths come as text of some products: both occur.
fn place(product: &Product, area: &str) -> Value {
    let (width, height) = product.area_mm();
    let name = format!("{area}.jpg");
    if product.odd_forms() {
        return json!({"name": name, "printArea": area, "width": width.to_string(), "height": height});
    }
    json!({"name": name, "printArea": area, "width": width, "height": height})
}
