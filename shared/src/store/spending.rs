//! What a tenant may spend at printers, and what its orders have taken of it. A reservation is written before the release it is for.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::Money;
use crate::id::{OrderId, TenantId};
use crate::sql;

/// What holds a tenant's releases beside its row.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Limits {
    /// What may be released in one day (UTC, business time), in the tenant's currency; `None` is no limit.
    pub day_minor: Option<i64>,
    /// Why releases are frozen, as whoever froze them said.
    pub frozen_why: String,
}

/// Why an order cannot be afforded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The cap on all orders together.
    Total,
    /// The cap of this day.
    Day,
}

/// A tenant's limits; none were set for `Limits::default()`.
///
/// # Errors
/// Whatever the database says.
pub async fn limits(db: &mut impl Source, tenant: TenantId) -> Result<Limits> {
    let row =
        db.query(sql!("SELECT day_minor, frozen_why FROM release_limits WHERE tenant = $1")).bind(tenant).opt().await?;
    Ok(row.unwrap_or_default())
}

/// Sets a tenant's limits.
///
/// # Errors
/// Whatever the database says.
pub async fn set_limits(tx: &mut Tx, tenant: TenantId, limits: &Limits) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO release_limits (tenant, day_minor, frozen_why) VALUES ($1, $2, $3)
         ON CONFLICT (tenant) DO UPDATE SET day_minor = excluded.day_minor, frozen_why = excluded.frozen_why"
    ))
    .bind(tenant)
    .bind(limits.day_minor)
    .bind(&limits.frozen_why)
    .exec()
    .await
    .map(drop)
}

/// Takes an order's cost from what the tenant may spend, once per order: a repeat replaces what it took before. What is over a cap takes
/// nothing. Reservations of one tenant wait for each other.
///
/// # Errors
/// Whatever the database says.
pub async fn reserve(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    cost: Money,
    total_minor: Option<i64>,
) -> Result<std::result::Result<(), Over>> {
    // The row that all reservations of a tenant hold.
    let _held: Option<(i64,)> = tx
        .query(sql!("SELECT CAST(1 AS BIGINT) FROM tenants WHERE id = $1 /*pg FOR UPDATE */"))
        .bind(tenant)
        .opt()
        .await?;
    let day = at.timestamp().to_string().chars().take(10).collect::<String>();
    if let Some(cap) = total_minor
        && others(tx, tenant, order).await? + cost.minor > cap
    {
        return Ok(Err(Over::Total));
    }
    if let Some(cap) = limits(tx, tenant).await?.day_minor
        && of_day(tx, tenant, order, &day).await? + cost.minor > cap
    {
        return Ok(Err(Over::Day));
    }
    tx.query(sql!(
        "INSERT INTO spending (tenant, order_id, day, minor) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, order_id) DO UPDATE SET day = excluded.day, minor = excluded.minor"
    ))
    .bind(tenant)
    .bind(order)
    .bind(&day)
    .bind(cost.minor)
    .exec()
    .await?;
    Ok(Ok(()))
}

/// Gives back what an order took and will not need.
///
/// # Errors
/// Whatever the database says.
pub async fn release(tx: &mut Tx, tenant: TenantId, order: OrderId) -> Result<()> {
    tx.query(sql!("DELETE FROM spending WHERE tenant = $1 AND order_id = $2"))
        .bind(tenant)
        .bind(order)
        .exec()
        .await
        .map(drop)
}

/// What all other orders have cost by their receipts, or are about to cost.
async fn others(tx: &mut Tx, tenant: TenantId, order: OrderId) -> Result<i64> {
    let (sum,): (i64,) = tx
        .query(sql!(
            "SELECT CAST(coalesce(sum(minor), 0) AS BIGINT) FROM (
               SELECT p.cost_minor AS minor FROM provider_orders p WHERE p.tenant = $1 AND p.order_id <> $2
               UNION ALL
               SELECT s.minor FROM spending s WHERE s.tenant = $1 AND s.order_id <> $2 AND NOT EXISTS (
                 SELECT 1 FROM provider_orders p WHERE p.tenant = $1 AND p.order_id = s.order_id AND p.cost_minor <> 0)) taken"
        ))
        .bind(tenant)
        .bind(order)
        .one()
        .await?;
    Ok(sum)
}

async fn of_day(tx: &mut Tx, tenant: TenantId, order: OrderId, day: &str) -> Result<i64> {
    let (sum,): (i64,) = tx
        .query(sql!(
            "SELECT CAST(coalesce(sum(minor), 0) AS BIGINT) FROM spending WHERE tenant = $1 AND day = $2 AND order_id <> $3"
        ))
        .bind(tenant)
        .bind(day)
        .bind(order)
        .one()
        .await?;
    Ok(sum)
}
