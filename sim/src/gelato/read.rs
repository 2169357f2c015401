//! Reading orders: one by id, or searched and paged.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::app::{App, World};
use super::faults::{FaultKind, Subject};
use super::life;
use super::order::Order;
use super::render;
use super::reply::{Refusal, Reply};
use crate::lock;

const SEARCH_LIMIT: usize = 50;
const SEARCH_LIMIT_MAX: usize = 100;

pub(crate) async fn get(app: &App, subject: &Subject, account: &str, id: &str) -> Result<Reply, Refusal> {
    app.settle(&app.find(account, id)?).await;
    let mut body = render::order(app, &app.find(account, id)?);
    if let Some(word) = unknown_status(app, subject) {
        body["fulfillmentStatus"] = Value::from(word.clone());
        for item in body["items"].as_array_mut().into_iter().flatten() {
            item["fulfillmentStatus"] = Value::from(word.clone());
        }
    }
    Ok(Reply::ok(body))
}

/// `POST /v4/orders:search`, newest first. `GET /v4/orders` is the same with nothing asked.
pub(crate) async fn search(app: &App, subject: &Subject, account: &str, body: &Value) -> Result<Reply, Refusal> {
    let limit = number(body, "limit", SEARCH_LIMIT)?;
    let offset = number(body, "offset", 0)?;
    if limit > SEARCH_LIMIT_MAX {
        return Err(Refusal::bad("invalid_request", "limit must be 100 or less."));
    }
    let picked = page(app, account, body, limit, offset);
    for order in &picked {
        app.settle(order).await;
    }
    let word = unknown_status(app, subject);
    let rows: Vec<Value> = picked
        .iter()
        .filter_map(|order| app.find(account, &order.id).ok())
        .map(|order| {
            let mut row = render::row(app, &order);
            if let Some(word) = &word {
                row["fulfillmentStatus"] = Value::from(word.clone());
            }
            row
        })
        .collect();
    Ok(Reply::ok(json!({"orders": rows})))
}

fn page(app: &App, account: &str, body: &Value, limit: usize, offset: usize) -> Vec<Order> {
    let world = lock(&app.world);
    let now = app.now();
    let real_ms = u64::try_from(app.config.clock.real_elapsed().as_millis()).unwrap_or(u64::MAX);
    let shows = |o: &&Order| o.visible.from <= now && o.visible.real_ms <= real_ms && matches(app, o, body);
    let newest = |mut found: Vec<Order>| {
        found.sort_by_key(|order| std::cmp::Reverse(order.seq));
        found.into_iter().skip(offset).take(limit).collect()
    };
    match body["orderReferenceId"].as_str() {
        Some(reference) => newest(world.of_reference(account, reference).filter(shows).cloned().collect()),
        None => all(&world, account).filter(shows).skip(offset).take(limit).cloned().collect(),
    }
}

fn all<'a>(world: &'a World, account: &'a str) -> impl Iterator<Item = &'a Order> {
    world.orders.iter().rev().filter(move |o| o.account == account && !o.is_deleted())
}

fn matches(app: &App, order: &Order, body: &Value) -> bool {
    let at = order.released_at.unwrap_or(order.created_at);
    let one_of = |field: &str, value: &str| match &body[field] {
        Value::Array(wanted) if !wanted.is_empty() => wanted.iter().any(|w| w == value),
        _ => true,
    };
    one_of("ids", &order.id)
        && one_of("orderReferenceIds", &order.reference)
        && one_of("orderTypes", render::order_type(order))
        && one_of("channels", "api")
        && one_of("countries", &order.country)
        && one_of("currencies", &order.currency)
        && one_of("storeIds", "")
        && instant(&body["startDate"], false).is_none_or(|start| at >= start)
        && instant(&body["endDate"], true).is_none_or(|end| at <= end)
        && body["search"].as_str().is_none_or(|text| mentions(order, text))
        // Last, because these two have to be computed.
        && one_of("fulfillmentStatuses", app.standing(order).status)
        && one_of("financialStatuses", life::financial(order, app.standing(order), app.config.life_scale))
}

fn mentions(order: &Order, text: &str) -> bool {
    let text = text.to_lowercase();
    let fields =
        [order.address["firstName"].as_str(), order.address["lastName"].as_str(), Some(order.reference.as_str())];
    fields.into_iter().flatten().any(|field| field.to_lowercase().contains(&text))
}

/// An instant, or a bare date meaning its first (or, as an end, its last) moment.
fn instant(value: &Value, end: bool) -> Option<Timestamp> {
    let text = value.as_str()?;
    text.parse().ok().or_else(|| {
        let date: Date = text.parse().ok()?;
        let date = if end { date.tomorrow().ok()? } else { date };
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

/// An optional whole number of a body.
pub(crate) fn number(body: &Value, field: &str, default: usize) -> Result<usize, Refusal> {
    match &body[field] {
        Value::Null => Ok(default),
        value => value
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| Refusal::bad("invalid_request", format!("{field} must be a whole number."))),
    }
}

fn unknown_status(app: &App, subject: &Subject) -> Option<String> {
    app.fault(subject, |k| match k {
        FaultKind::UnknownStatus { value } => Some(value.clone()),
        _ => None,
    })
}
