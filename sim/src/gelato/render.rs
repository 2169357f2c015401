//! The order object as create, get and patch answer it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::app::App;
use super::life::{self, Standing};
use super::order::{Item, Order};
use super::receipts;
use crate::dice::{self, Dice};

/// An instant in the orders API's form, `+00:00`.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The date `days` after an instant.
pub(crate) fn date(at: Timestamp, days: i64) -> String {
    let later = at.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(at);
    later.strftime("%Y-%m-%d").to_string()
}

pub(crate) fn order(app: &App, order: &Order) -> Value {
    let standing = app.standing(order);
    let failure = order.failure.as_ref().filter(|_| standing.status == "failed");
    json!({
        "id": order.id,
        "orderType": order_type(order),
        "orderReferenceId": order.reference,
        "customerReferenceId": order.customer_reference,
        "fulfillmentStatus": standing.status,
        "financialStatus": life::financial(order, standing, app.config.life_scale),
        "currency": order.currency,
        "channel": "api",
        "storeId": null,
        "createdAt": time(order.created_at),
        "updatedAt": time(standing.since),
        "orderedAt": order.released_at.map(time),
        "metadata": order.metadata,
        "items": order.items.iter().map(|i| item(i, standing)).collect::<Vec<_>>(),
        "shipment": shipment(app, order, standing),
        "billingEntity": {"id": 4711, "companyName": "Stand-in Billing"},
        "shippingAddress": with_id(app, &order.address, &order.id, "shipping"),
        "returnAddress": with_id(app, &order.return_address, &order.id, "return"),
        "receipts": receipts::receipts(app, order, standing),
        "connectedOrderIds": order.connected,
        "refusalReason": failure.map(|f| &f.comment),
        "refusalReasonCode": failure.map(|f| &f.code),
    })
}

/// A row of search and list answers: no tracking, no items.
pub(crate) fn row(app: &App, order: &Order) -> Value {
    let standing = app.standing(order);
    json!({
        "id": order.id,
        "orderType": order_type(order),
        "orderReferenceId": order.reference,
        "fulfillmentStatus": standing.status,
        "financialStatus": life::financial(order, standing, app.config.life_scale),
        "channel": "api",
        "storeId": null,
        "country": order.country,
        "firstName": order.address["firstName"],
        "lastName": order.address["lastName"],
        "currency": order.currency,
        "itemsCount": order.items.len(),
        "totalInclVat": receipts::total_incl_vat(order).map(crate::money::Micros::text),
        "connectedOrderIds": order.connected,
        "createdAt": time(order.created_at),
        "updatedAt": time(standing.since),
        "orderedAt": order.released_at.map(time),
    })
}

pub(crate) fn order_type(order: &Order) -> &'static str {
    if order.is_draft() { "draft" } else { "order" }
}

fn item(item: &Item, standing: Standing) -> Value {
    let files: Vec<Value> = item.files.iter().map(|f| json!({"type": f.kind, "url": f.url})).collect();
    json!({
        "id": item.id, "itemReferenceId": item.reference, "productUid": item.product_uid,
        "productName": item.title, "pageCount": item.page_count, "quantity": item.quantity,
        "fulfillmentStatus": standing.status, "files": files, "processedFileUrl": null, "previews": [],
        "options": [],
    })
}

fn shipment(app: &App, order: &Order, standing: Standing) -> Value {
    let start = order.released_at.unwrap_or(order.created_at);
    let shipped = life::reached(standing, "shipped");
    let packages = if shipped { packages(app, order, standing) } else { Vec::new() };
    let late = i64::from(order.quirks.delay_days.unwrap_or(0));
    let (min, max) = (order.method.days.0 + late, order.method.days.1 + late);
    json!({
        "id": shipment_id(app, order),
        "shipmentMethodName": order.method.name,
        "shipmentMethodUid": order.method.uid,
        "packageCount": package_count(order),
        "minDeliveryDays": min, "maxDeliveryDays": max,
        "minDeliveryDate": date(start, min), "maxDeliveryDate": date(start, max),
        "totalWeight": order.grams(),
        "fulfillmentCountry": order.facility.get(..2).map(str::to_uppercase),
        "fulfillmentFacilityId": order.facility,
        "packages": packages,
    })
}

pub(crate) fn shipment_id(app: &App, order: &Order) -> String {
    dice::id(app.config.seed, &format!("shipment/{}", order.id))
}

fn package_count(order: &Order) -> u64 {
    if order.quirks.late_package_s.is_some() { 2 } else { 1 }
}

/// The parcels that have left: a late one only after its time.
pub(crate) fn packages(app: &App, order: &Order, standing: Standing) -> Vec<Value> {
    let items: Vec<&String> = order.items.iter().map(|item| &item.id).collect();
    let shipped =
        life::history(order, app.now(), app.config.life_scale).into_iter().find(|step| step.status == "shipped");
    let since = shipped.map_or(standing.since, |step| step.since);
    let late = SignedDuration::from_secs(order.quirks.late_package_s.and_then(|s| i64::try_from(s).ok()).unwrap_or(0));
    let all_left = since.saturating_add(late).is_ok_and(|at| at <= app.now());
    (0..if all_left { package_count(order) } else { 1 })
        .map(|n| {
            let mut dice = Dice::new(app.config.seed, &format!("package/{}/{n}", order.id));
            let id = dice.uuid();
            let code = format!("0034043{:013}", dice.below(10_000_000_000_000));
            let code = order.method.tracked.then_some(code);
            json!({
                "id": id, "orderItemIds": items,
                "trackingUrl": code.as_ref().map(|code| format!("https://carrier.example/t/{code}")),
                "trackingCode": code,
            })
        })
        .collect()
}

fn with_id(app: &App, address: &Value, order_id: &str, label: &str) -> Value {
    let mut address = address.clone();
    if let Some(fields) = address.as_object_mut() {
        let id = dice::id(app.config.seed, &format!("address/{label}/{order_id}"));
        fields.insert("id".to_owned(), Value::from(id));
        // Requests say registrationStateCode, answers registrationState.
        if let Some(state) = fields.remove("registrationStateCode") {
            fields.insert("registrationState".to_owned(), state);
        }
    }
    address
}
