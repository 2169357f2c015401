//! Promoting, cancelling and deleting orders.

use std::sync::Arc;

use serde_json::Value;

use super::app::App;
use super::faults::{FaultKind, Op, Subject};
use super::order::{FileRef, Item, Order};
use super::reply::{Refusal, Reply};
use super::validate::parse_files;
use super::{create, files, life, render};
use crate::lock;

/// `PATCH /v4/orders/{id}`: the call that costs money.
pub(crate) fn patch(
    app: &Arc<App>,
    subject: &Subject,
    account: &str,
    id: &str,
    body: &Value,
) -> Result<Reply, Refusal> {
    let promote = match body["orderType"].as_str() {
        Some("order") => true,
        Some("draft") | None => false,
        Some(_) => return Err(Refusal::bad("invalid_request", "orderType must be order or draft.")),
    };
    let mut world = lock(&app.world);
    let order = world.find(account, id).cloned().ok_or_else(|| Refusal::not_found("Order"))?;
    if !order.is_draft() {
        return Err(Refusal::conflict("order_is_not_draft", "Only draft orders can be patched."));
    }
    let order = keep_items(order, &body["items"])?;
    if !promote {
        let reply = render::order(app, &order);
        world.save(app.now(), std::slice::from_ref(&order))?;
        world.put(order);
        return Ok(Reply::ok(reply));
    }
    let mut promoted = vec![order];
    if app.config.promote_connected {
        let siblings = promoted[0].connected.iter().filter(|other| *other != id);
        let drafts = siblings.filter_map(|other| world.find(account, other)).filter(|o| o.is_draft());
        promoted.extend(drafts.cloned().collect::<Vec<_>>());
    }
    let failure = create::failure(&mut world, subject);
    let now = app.now();
    for order in &mut promoted {
        order.released_at = Some(now);
        order.failure.clone_from(&failure);
    }
    let ids: Vec<String> = promoted.iter().map(|order| order.id.clone()).collect();
    let reply = render::order(app, &promoted[0]);
    app.commit(&mut world, Op::Release, promoted)?;
    drop(world);
    files::start(app, Op::Release, &ids);
    Ok(Reply::ok(reply))
}

/// `POST /v4/orders/{id}:cancel`: until the first item is printed.
pub(crate) fn cancel(app: &App, subject: &Subject, account: &str, id: &str) -> Result<Reply, Refusal> {
    let just_printed = app.fault(subject, |k| matches!(k, FaultKind::CancelTooLate).then_some(())).is_some();
    let mut world = lock(&app.world);
    let order = world.find(account, id).cloned().ok_or_else(|| Refusal::not_found("Order"))?;
    let standing = app.standing(&order);
    match standing.status {
        "draft" => return Err(Refusal::bad("order_is_draft", "A draft cannot be canceled; delete it.")),
        "canceled" => return Ok(Reply::ok(render::order(app, &order))),
        "failed" => return Err(Refusal::conflict("order_has_failed", "A failed order cannot be canceled.")),
        _ => {}
    }
    if just_printed || life::reached(standing, "printed") {
        let message = "The order cannot be canceled because at least one item is printed.";
        return Err(Refusal::conflict("order_is_printed", message));
    }
    let order = Order { canceled_at: Some(app.now()), ..order };
    let reply = render::order(app, &order);
    app.commit(&mut world, Op::Cancel, vec![order])?;
    Ok(Reply::ok(reply))
}

/// `DELETE /v4/orders/{id}`: drafts only.
pub(crate) fn delete(app: &App, account: &str, id: &str) -> Result<Reply, Refusal> {
    let mut world = lock(&app.world);
    let order = world.find(account, id).cloned().ok_or_else(|| Refusal::not_found("Order"))?;
    if !order.is_draft() {
        return Err(Refusal::conflict("order_is_not_draft", "Only draft orders can be deleted."));
    }
    let order = Order { deleted_at: Some(app.now()), ..order };
    app.commit(&mut world, Op::Delete, vec![order])?;
    Ok(Reply::ok(Value::Object(serde_json::Map::new())))
}

/// With `items`, every item that is not listed is removed; a listed one may bring new files.
fn keep_items(order: Order, listed: &Value) -> Result<Order, Refusal> {
    let Some(listed) = listed.as_array() else { return Ok(order) };
    let mut kept: Vec<Item> = Vec::new();
    for (i, row) in listed.iter().enumerate() {
        let wanted = row["id"].as_str().unwrap_or_default();
        let Some(item) = order.items.iter().find(|item| item.id == wanted) else {
            return Err(Refusal::bad("item_not_found", format!("items[{i}].id is not an item of this order.")));
        };
        let mut item = item.clone();
        if !row["files"].is_null() {
            let files = parse_files(&row["files"], &format!("items[{i}].files"))?;
            item.files = files.into_iter().map(|(kind, url)| FileRef { kind, url, fetched: Vec::new() }).collect();
        }
        kept.push(item);
    }
    if kept.is_empty() {
        return Err(Refusal::bad("invalid_request", "At least one item must stay."));
    }
    Ok(Order { items: kept, ..order })
}
