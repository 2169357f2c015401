//! What people change of an order: where it goes, how much of it is made, and what a reviewer decided.

use super::{Item, Order, event, parse};
use crate::db::{At, Result, Tx};
use crate::domain::order::ReviewState;
use crate::sql;

/// Writes another recipient (sealed) and its country, with a line of history that names what changed and never the address. The order
/// is the row that the transaction holds.
///
/// # Errors
/// Whatever the database says.
pub async fn amend(tx: &mut Tx, at: At, order: &Order, (actor, what, why): (&str, &str, &str)) -> Result<()> {
    tx.query(sql!(
        "UPDATE orders SET recipient = $3, country = $4, updated_at = $5, version = version + 1 WHERE tenant = $1 AND id = $2"
    ))
    .bind(order.tenant)
    .bind(order.id)
    .bind(&order.recipient)
    .bind(&order.country)
    .bind(at)
    .exec()
    .await?;
    event(tx, at, order.tenant, order.id, "edit", "", what, actor, why).await
}

/// Writes other quantities with what they come to, from the row that the transaction holds: its sums, terms and revision.
///
/// # Errors
/// Whatever the database says.
pub async fn requantify(tx: &mut Tx, at: At, order: &Order, items: &[Item]) -> Result<()> {
    for item in items {
        tx.query(sql!(
            "UPDATE order_items SET quantity = $4, line_minor = $5 WHERE tenant = $1 AND order_id = $2 AND id = $3"
        ))
        .bind(order.tenant)
        .bind(order.id)
        .bind(item.id)
        .bind(item.quantity)
        .bind(item.line_minor)
        .exec()
        .await?;
    }
    tx.query(sql!(
        "UPDATE orders SET items_minor = $3, tax_minor = $4, total_minor = $5, terms = $6, revision = $7, updated_at = $8
         WHERE tenant = $1 AND id = $2"
    ))
    .bind(order.tenant)
    .bind(order.id)
    .bind(order.items_minor)
    .bind(order.tax_minor)
    .bind(order.total_minor)
    .bind(&order.terms)
    .bind(&order.revision)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// A line of history about what the printer said of an order's price.
///
/// # Errors
/// Whatever the database says.
pub async fn note_answer(tx: &mut Tx, at: At, order: &Order, what: &str, source: &str, why: &str) -> Result<()> {
    event(tx, at, order.tenant, order.id, "quote", "", what, source, why).await
}

/// Moves the review if the table allows it, with a line of history.
///
/// # Errors
/// Whatever the database says.
pub async fn review(tx: &mut Tx, at: At, order: &Order, to: ReviewState, (actor, why): (&str, &str)) -> Result<bool> {
    shift!(tx, at, order, ReviewState, "review", review_state -> to, (actor, why))
}
