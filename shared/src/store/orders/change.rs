//! What people change of an order: where it goes, and what a reviewer decided.

use super::{Order, event, parse};
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
