//! What we send. Written out field by field: their names are not ours, even where they agree.

use serde_json::{Map, Value, json};

use crate::adapters::gelato::PROVIDER;
use crate::domain::address::{Limits, Recipient};
use crate::ports::provider::{OrderRequest, RequestItem};

/// No limit is documented; one client cuts here.
const REFERENCE_CHARS_MAX: usize = 64;
const METADATA_PAIRS_MAX: usize = 20;
const METADATA_CHARS_MAX: usize = 100;

/// Everything that Gelato would refuse and that can be seen without asking. The sentence names fields, never values.
pub(in crate::adapters::gelato) fn check(order: &OrderRequest) -> Result<(), String> {
    let mut wrong: Vec<String> =
        order.recipient.problems(Limits::of(PROVIDER)).into_iter().map(|problem| problem.message).collect();
    let reference = |text: &str| (1..=REFERENCE_CHARS_MAX).contains(&text.chars().count());
    if !reference(&order.reference) || !reference(&order.customer) {
        wrong.push(format!("The references of order and customer have 1 to {REFERENCE_CHARS_MAX} characters."));
    }
    if order.items.is_empty() {
        wrong.push("The order has no items.".into());
    }
    for (i, item) in order.items.iter().enumerate() {
        if !reference(&item.reference) || order.items[..i].iter().any(|other| other.reference == item.reference) {
            wrong.push(format!("The reference of item {} is empty, too long or used twice.", i + 1));
        }
        if item.quantity == 0 || item.uid.is_empty() {
            wrong.push(format!("Item {} needs a product and a quantity of at least 1.", i + 1));
        }
    }
    let pair = |text: &str| (1..=METADATA_CHARS_MAX).contains(&text.chars().count());
    if order.metadata.len() > METADATA_PAIRS_MAX || !order.metadata.iter().all(|(key, value)| pair(key) && pair(value))
    {
        wrong.push(format!("Metadata is at most {METADATA_PAIRS_MAX} pairs of 1 to {METADATA_CHARS_MAX} characters."));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join(" ")) }
}

/// `POST /v4/orders`, always a draft: an order would be printed and charged at once.
pub(in crate::adapters::gelato) fn create_body(order: &OrderRequest, method: &str) -> Value {
    let metadata: Vec<Value> = order.metadata.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({
        "orderType": "draft",
        "orderReferenceId": order.reference,
        "customerReferenceId": order.customer,
        "currency": order.currency.code(),
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "shipmentMethodUid": method,
        "shippingAddress": address(&order.recipient),
        "metadata": metadata,
    })
}

/// `POST /v4/orders:quote`. One quote per facility: with a single one for all, what that facility lacks looks sold out.
pub(in crate::adapters::gelato) fn quote_body(order: &OrderRequest) -> Value {
    json!({
        "orderReferenceId": order.reference,
        "customerReferenceId": order.customer,
        "currency": order.currency.code(),
        "allowMultipleQuotes": true,
        "recipient": address(&order.recipient),
        "products": order.items.iter().map(item).collect::<Vec<_>>(),
    })
}

/// The texts of a body that must not come back in an error sentence: the address and the links to files.
pub(in crate::adapters::gelato) fn private(body: &Value) -> Vec<String> {
    let addresses = ["shippingAddress", "recipient"].into_iter().filter_map(|name| body[name].as_object());
    let lines = addresses.flat_map(Map::values);
    let items = ["items", "products"].into_iter().filter_map(|name| body[name].as_array()).flatten();
    let links = items.filter_map(|item| item["files"].as_array()).flatten().map(|file| &file["url"]);
    let mut texts: Vec<String> = lines.chain(links).filter_map(Value::as_str).map(str::to_owned).collect();
    // A whole address line before a city that is a part of it.
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts
}

fn item(item: &RequestItem) -> Value {
    let mut body = json!({"itemReferenceId": item.reference, "productUid": item.uid, "quantity": item.quantity});
    // Frames and hangers have no files, and an empty list is not the same as none.
    if !item.files.is_empty() {
        let files = item.files.iter().map(|(area, link)| json!({"type": area, "url": link}));
        body["files"] = files.collect();
    }
    body
}

fn address(recipient: &Recipient) -> Value {
    let mut body = json!({
        "firstName": recipient.first_name,
        "lastName": recipient.last_name,
        "addressLine1": recipient.address_line1,
        "city": recipient.city,
        // Empty where a country has none; the field itself is required.
        "postCode": recipient.post_code,
        "country": recipient.country,
        "email": recipient.email,
    });
    for (name, text) in [
        ("companyName", &recipient.company_name),
        ("addressLine2", &recipient.address_line2),
        ("state", &recipient.state),
        ("phone", &recipient.phone),
        ("federalTaxId", &recipient.federal_tax_id),
        ("stateTaxId", &recipient.state_tax_id),
        ("registrationStateCode", &recipient.registration_state_code),
    ] {
        if !text.is_empty() {
            body[name] = json!(text);
        }
    }
    if recipient.is_business {
        body["isBusiness"] = json!(true);
    }
    body
}

#[cfg(test)]
#[path = "request_tests.rs"]
pub(in crate::adapters::gelato) mod tests;
