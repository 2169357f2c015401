//! Orders that are still on their way: those with a part of which more will be heard.

use crate::db::{At, Result, Source};
use crate::id::{OrderId, TenantId};
use crate::sql;

/// A part of an open order, as we know it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenPart {
    /// The order.
    pub order_id: OrderId,
    /// The provider's id of the part.
    pub provider_id: String,
    /// The provider's own word.
    pub status: String,
}

/// Parts of open orders at a provider.
///
/// # Errors
/// Whatever the database says.
pub async fn count(db: &mut impl Source, tenant: TenantId, provider: &str) -> Result<i64> {
    let (n,): (i64,) = db
        .query(sql!(
            "SELECT count(*) FROM provider_orders WHERE tenant = $1 AND provider = $2 AND stage NOT IN ('delivered', 'returned', 'canceled', 'failed')"
        ))
        .bind(tenant)
        .bind(provider)
        .one()
        .await?;
    Ok(n)
}

/// Every part of the next `n` open orders at a provider, by order; `after` is the last order of the page before. What left before `since`
/// and was not heard of since then is followed no more.
///
/// # Errors
/// Whatever the database says.
pub async fn page(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    after: Option<OrderId>,
    n: i64,
    since: At,
) -> Result<Vec<OpenPart>> {
    db.query(sql!(
        "SELECT order_id, provider_id, status FROM provider_orders WHERE tenant = $1 AND order_id IN (
           SELECT DISTINCT order_id FROM provider_orders
           WHERE tenant = $1 AND provider = $2 AND order_id > $3 AND stage NOT IN ('delivered', 'returned', 'canceled', 'failed')
             AND NOT (stage IN ('shipped', 'in_transit') AND moved_at IS NOT NULL AND moved_at < $5)
           ORDER BY order_id LIMIT $4)
         AND provider = $2 ORDER BY order_id, provider_id"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(after.unwrap_or(OrderId(uuid::Uuid::nil())))
    .bind(n)
    .bind(since)
    .all()
    .await
}

/// The next `n` orders in production: (order, its number, since when).
///
/// # Errors
/// Whatever the database says.
pub async fn in_production(
    db: &mut impl Source,
    tenant: TenantId,
    after: Option<OrderId>,
    n: i64,
) -> Result<Vec<(OrderId, String, At)>> {
    db.query(sql!(
        "SELECT o.id, o.number, min(e.at) FROM orders o
         JOIN order_events e ON e.tenant = o.tenant AND e.order_id = o.id AND e.dimension = 'order' AND e.to_state = 'in_production'
         WHERE o.tenant = $1 AND o.state = 'in_production' AND o.id > $2 GROUP BY o.id, o.number ORDER BY o.id LIMIT $3"
    ))
    .bind(tenant)
    .bind(after.unwrap_or(OrderId(uuid::Uuid::nil())))
    .bind(n)
    .all()
    .await
}
