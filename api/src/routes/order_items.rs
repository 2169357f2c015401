//! Other quantities of an order that no printer has: what it comes to is computed here, from the prices frozen at its sale.
//!
//! A paid order keeps its payment. What the change adds is due, and what it takes is owed back; nothing is submitted before that is settled,
//! by a payment or a refund of just that amount.

use std::collections::BTreeSet;

use platen_jobs::workflow;
use platen_shared::db::Tx;
use platen_shared::domain::money::{MINOR_MAX, Money, share};
use platen_shared::domain::order::OrderState;
use platen_shared::id::{ItemId, OrderId};
use platen_shared::store::orders::{self, Item, Order, revision};
use platen_shared::store::{order_details, work_orders};
use serde::Deserialize;

use super::cancel::submission;
use super::new_order::{QUANTITY_MAX, overflow};
use super::order_changes::moved;
use super::orders::hold;
use crate::call::Call;
use crate::check::Checks;
use crate::error::{Problem, Reply};

/// Another quantity of an item.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemChange {
    /// Of the order.
    id: ItemId,
    /// 1 to 1,000.
    quantity: i64,
}

/// What is wrong with other quantities, whatever the order.
pub(crate) fn check(checks: &mut Checks, items: &[ItemChange], tax: Option<Money>) {
    let mut seen = BTreeSet::new();
    for (n, item) in items.iter().enumerate() {
        let within = (1..=QUANTITY_MAX).contains(&item.quantity);
        checks.need(within, "range", &format!("/items/{n}/quantity"), "quantity must be between 1 and 1,000.");
        let once = seen.insert(item.id.to_string());
        checks.need(once, "repeated", &format!("/items/{n}/id"), "The item is named twice.");
    }
    checks.need(tax.is_none() || !items.is_empty(), "alone", "/tax", "Tax changes with quantities only.");
}

/// Writes other quantities, and says whether any was another.
pub(crate) async fn change(
    call: &Call,
    tx: &mut Tx,
    order: &mut Order,
    changes: &[ItemChange],
    tax: Option<Money>,
) -> Reply<bool> {
    let mut items = orders::items(tx, call.tenant(), order.id).await?;
    for (n, change) in changes.iter().enumerate() {
        let Some(item) = items.iter_mut().find(|item| item.id == change.id) else {
            return Err(Problem::field("unknown", &format!("/items/{n}/id"), "The order has no such item."));
        };
        let taken = work_orders::taken(tx, call.tenant(), item.id).await?;
        if change.quantity < taken {
            return Err(Problem::state(format!(
                "Work orders have taken {taken} pieces of the item; cancel them first."
            )));
        }
        item.quantity = change.quantity;
    }
    let wanted = revision(items.iter().map(|item| (item.spec_hash.as_str(), item.quantity)));
    if wanted == order.revision {
        return Ok(false);
    }
    never_submitted(call, tx, order).await?;
    let before = order.total_minor;
    reprice(order, &mut items, tax)?;
    order.revision = wanted;
    orders::requantify(tx, call.now(), order, &items).await?;
    if order.payment_state != "unpaid" {
        let details = order_details::get(tx, call.tenant(), order.id).await?;
        let due_minor = details.due_minor + order.total_minor - before;
        let details = order_details::Details { due_minor, ..details };
        order_details::put(tx, call.now(), call.tenant(), order.id, &details).await?;
    }
    Ok(true)
}

/// A submission that began may have left a draft at the printer, of the quantities before: it would be adopted.
async fn never_submitted(call: &Call, tx: &mut Tx, order: &Order) -> Reply<()> {
    let rounds = order_details::get(tx, call.tenant(), order.id).await?.round;
    let begun = submission(call, tx, order).await?.is_some_and(|job| job.attempt > 0);
    if rounds == 0 && !begun {
        return Ok(());
    }
    Err(Problem::state(
        "The order was submitted before, and the printer may hold a draft of it: its quantities stay; cancel it and order again.",
    ))
}

/// What the order comes to now. Shipping and packaging stay as they were sold.
fn reprice(order: &mut Order, items: &mut [Item], tax: Option<Money>) -> Reply<()> {
    let money = |minor| Money { minor, currency: order.currency };
    let base =
        |items_minor: i64| money(items_minor).plus(money(order.shipping_minor))?.plus(money(order.packaging_minor));
    let mut lines = money(0);
    for item in items.iter_mut() {
        item.line_minor = money(item.unit_minor).times(item.quantity).map_err(overflow)?.minor;
        lines = lines.plus(money(item.line_minor)).map_err(overflow)?;
    }
    let (was, now) = (base(order.items_minor).map_err(overflow)?.minor, base(lines.minor).map_err(overflow)?.minor);
    let tax = match tax {
        Some(tax) if tax.currency != order.currency || !(0..=MINOR_MAX).contains(&tax.minor) => {
            return Err(Problem::field("range", "/tax", "The tax must be an amount in the order's currency."));
        }
        Some(tax) => tax,
        None if was > 0 => money(share(order.tax_minor, now, was)),
        None => money(order.tax_minor),
    };
    order.total_minor = money(now).plus(tax).map_err(overflow)?.minor;
    order.items_minor = lines.minor;
    order.tax_minor = tax.minor;
    // What the catalogue said that the pieces of the sale cost: a markup counts from the printer's receipts now.
    order.terms.0.base_minor = None;
    Ok(())
}

/// Print files are made anew, once the money fits.
pub(crate) async fn go_on(call: &Call, tx: &mut Tx, id: OrderId) -> Reply<()> {
    let order = hold(call, tx, id).await?;
    if order.state == OrderState::Ready.word() {
        moved(call, tx, &order, OrderState::Accepted, "its quantities changed: print files are made anew").await?;
    }
    if ![OrderState::Accepted, OrderState::Ready].map(OrderState::word).contains(&order.state.as_str()) {
        return Ok(());
    }
    let order = hold(call, tx, id).await?;
    workflow::proceed(tx, &call.origin(0), call.now(), &order).await?;
    Ok(())
}
