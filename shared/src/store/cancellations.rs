//! Who asked for an order to be cancelled, and what became of that: one answer per order, and it is kept.

use crate::db::{At, Result, Source, Tx};
use crate::domain::order::CancelState;
use crate::id::{OrderId, TenantId};
use crate::sql;

/// A wish to cancel.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Cancellation {
    /// [`CancelState`]'s word.
    pub state: String,
    /// In the actor's words.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// What became of it, as a sentence.
    pub why: String,
    /// When it was asked for.
    pub requested_at: At,
    /// When it was known.
    pub decided_at: Option<At>,
}

/// Of one order.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Option<Cancellation>> {
    db.query(sql!(
        "SELECT state, reason, actor, why, requested_at, decided_at FROM order_cancellations WHERE tenant = $1 AND order_id = $2"
    ))
    .bind(tenant)
    .bind(order)
    .opt()
    .await
}

/// Notes the wish; a wish that was noted before stays as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn request(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    (actor, reason): (&str, &str),
    why: &str,
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO order_cancellations (tenant, order_id, state, reason, actor, why, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant, order_id) DO NOTHING"
    ))
    .bind(tenant)
    .bind(order)
    .bind(CancelState::Pending.word())
    .bind(reason)
    .bind(actor)
    .bind(why)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// Notes what became of it, as far as the table allows: what was too late may yet be done, when the printer failed.
///
/// # Errors
/// Whatever the database says.
pub async fn decide(tx: &mut Tx, at: At, tenant: TenantId, order: OrderId, to: CancelState, why: &str) -> Result<()> {
    let known = get(tx, tenant, order).await?.map(|known| known.state);
    let from = known.as_deref().map(super::orders::parse::<CancelState>).transpose()?;
    if from.is_none_or(|from| !from.may_become(to)) {
        return Ok(());
    }
    tx.query(sql!(
        "UPDATE order_cancellations SET state = $3, why = $4, decided_at = $5 WHERE tenant = $1 AND order_id = $2"
    ))
    .bind(tenant)
    .bind(order)
    .bind(to.word())
    .bind(why)
    .bind(at)
    .exec()
    .await
    .map(drop)
}
