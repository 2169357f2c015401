//! Events that providers sent, as they came: each once, however often it is delivered. They are hints; facts are read back.

use crate::db::{At, Result, Source, Tx};
use crate::id::{ConnectionId, OrderId, TenantId};
use crate::sql;

/// An event's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HookEvent {
    /// Which connection it came to.
    pub connection: ConnectionId,
    /// What makes two deliveries the same event.
    pub dedup: String,
    /// The provider's word for what happened; cut at 100 characters.
    pub event: String,
    /// The provider's id of the order; empty when it is about none.
    pub provider_order: String,
    /// Our reference, as the event says it.
    pub reference: String,
    /// The order of this tenant that it is about.
    pub order_id: Option<OrderId>,
    /// As it came.
    pub body: String,
    /// When (the ledger's time).
    pub received_at: At,
}

/// Keeps an event; `false` when it was there already, and then nothing is written.
///
/// # Errors
/// Whatever the database says.
pub async fn keep(tx: &mut Tx, tenant: TenantId, event: &HookEvent) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO hook_events (tenant, connection, dedup, event, provider_order, reference, order_id, body, received_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant, connection, dedup) DO NOTHING"
        ))
        .bind(tenant)
        .bind(event.connection)
        .bind(&event.dedup)
        .bind(&event.event)
        .bind(&event.provider_order)
        .bind(&event.reference)
        .bind(event.order_id)
        .bind(&event.body)
        .bind(event.received_at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Whether an event about an order has come since a moment.
///
/// # Errors
/// Whatever the database says.
pub async fn heard_since(db: &mut impl Source, tenant: TenantId, order: OrderId, since: At) -> Result<bool> {
    let found: Option<(i64,)> = db
        .query(sql!(
            "SELECT CAST(1 AS BIGINT) FROM hook_events WHERE tenant = $1 AND order_id = $2 AND received_at >= $3 LIMIT 1"
        ))
        .bind(tenant)
        .bind(order)
        .bind(since)
        .opt()
        .await?;
    Ok(found.is_some())
}

/// The newest events of a connection.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    connection: ConnectionId,
    limit: i64,
) -> Result<Vec<HookEvent>> {
    db.query(sql!(
        "SELECT connection, dedup, event, provider_order, reference, order_id, body, received_at FROM hook_events
         WHERE tenant = $1 AND connection = $2 ORDER BY received_at DESC, dedup LIMIT $3"
    ))
    .bind(tenant)
    .bind(connection)
    .bind(limit)
    .all()
    .await
}

/// Deletes events from before `before`, of every tenant: the installation's housekeeping.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx, before: At) -> Result<u64> {
    tx.query(sql!("DELETE FROM hook_events WHERE received_at < $1")).bind(before).exec().await
}
