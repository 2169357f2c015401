//! Jobs that follow an order, found by the order in their payload: whether one is left, and when it should come.

use super::Ledger;
use crate::db::{self, At, Result, Tx};
use crate::id::{JobId, OrderId, TenantId};
use crate::sql;

/// Of these orders, those that a submission or a poll still follows.
///
/// # Errors
/// Whatever the database says.
pub async fn followed(tx: &mut Tx, tenant: TenantId, orders: &[OrderId]) -> Result<Vec<OrderId>> {
    let rows: Vec<(String,)> = tx
        .query(sql!(
            "SELECT DISTINCT j.payload->>'order' FROM jsonb_each($2) o JOIN jobs j ON j.payload->>'order' = o.value->>'o'
             WHERE j.tenant = $1 AND j.kind IN ('poll_tracking', 'submit_order')"
        ))
        .bind(tenant)
        .bind(list(orders))
        .all()
        .await?;
    Ok(rows.into_iter().filter_map(|(text,)| text.parse().ok()).collect())
}

/// Brings the next poll of these orders forward to `now`. One that waits for something else than its time is left alone.
///
/// # Errors
/// Whatever the database says.
pub async fn poll_now(tx: &mut Tx, now: At, tenant: TenantId, orders: &[OrderId]) -> Result<u64> {
    tx.query(sql!(
        "UPDATE jobs SET run_at = $3 WHERE tenant = $1 AND id IN (
           SELECT j.id FROM jsonb_each($2) o JOIN jobs j ON j.payload->>'order' = o.value->>'o'
           WHERE j.tenant = $1 AND j.kind IN ('poll_tracking', 'submit_order') AND j.kind = 'poll_tracking')
         AND state = 'scheduled' AND waiting_for = '' AND run_at > $3"
    ))
    .bind(tenant)
    .bind(list(orders))
    .bind(now)
    .exec()
    .await
}

/// Lets the submissions look again now that wait for something of their tenant's: a freeze, a cap, the test mode.
///
/// # Errors
/// Whatever the database says.
pub async fn submit_now(tx: &mut Tx, now: At, tenant: TenantId) -> Result<u64> {
    let n = tx
        .query(sql!(
            "UPDATE jobs SET run_at = $2 WHERE tenant = $1 AND kind = 'submit_order' AND state = 'scheduled' AND waiting_for = 'not_ready' AND run_at > $2"
        ))
        .bind(tenant)
        .bind(now)
        .exec()
        .await?;
    tx.ring();
    Ok(n)
}

/// Brings one job forward to a moment, if it waits for a later one and for nothing else.
///
/// # Errors
/// Whatever the database says.
pub async fn bring_forward(tx: &mut Tx, tenant: TenantId, id: JobId, to: At) -> Result<()> {
    tx.query(sql!(
        "UPDATE jobs SET run_at = $3 WHERE tenant = $1 AND id = $2 AND state = 'scheduled' AND waiting_for = '' AND run_at > $3"
    ))
    .bind(tenant)
    .bind(id)
    .bind(to)
    .exec()
    .await
    .map(drop)
}

/// Puts the next poll of these orders off until `until`, if it would come before `soon` and was planned after `fresh`: an order that was
/// just looked at needs no poll soon, but none goes unread for ever.
///
/// # Errors
/// Whatever the database says.
pub async fn poll_later(
    tx: &mut Tx,
    tenant: TenantId,
    orders: &[OrderId],
    until: At,
    soon: At,
    fresh: At,
) -> Result<u64> {
    tx.query(sql!(
        "UPDATE jobs SET run_at = $3 WHERE tenant = $1 AND id IN (
           SELECT j.id FROM jsonb_each($2) o JOIN jobs j ON j.payload->>'order' = o.value->>'o'
           WHERE j.tenant = $1 AND j.kind IN ('poll_tracking', 'submit_order') AND j.kind = 'poll_tracking')
         AND state = 'scheduled' AND waiting_for = '' AND run_at < $4 AND enqueued_at > $5"
    ))
    .bind(tenant)
    .bind(list(orders))
    .bind(until)
    .bind(soon)
    .bind(fresh)
    .exec()
    .await
}

/// Whether a job, ended or not, may have had an effect outside: it noted something, or an attempt of it came to no end of its own.
///
/// # Errors
/// Whatever the database says.
pub async fn may_have_acted(tx: &mut Tx, tenant: TenantId, id: JobId) -> Result<bool> {
    let rows: Vec<(i64, i64, bool)> = tx
        .query(sql!(
            "SELECT attempt, recoveries, saved IS NOT NULL FROM jobs WHERE tenant = $1 AND id = $2
             UNION ALL SELECT attempt, recoveries, saved IS NOT NULL FROM job_history WHERE tenant = $1 AND id = $2"
        ))
        .bind(tenant)
        .bind(id)
        .all()
        .await?;
    Ok(rows.into_iter().any(|(attempt, recoveries, saved)| saved || recoveries > 0 || attempt > 1))
}

impl Ledger {
    /// Whether a job of a kind that is about an order has not ended yet.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn has_job_of_order(&self, tenant: TenantId, kind: &str, order: OrderId) -> Result<bool> {
        let found: Option<(i64,)> = self
            .db
            .query(sql!(
                "SELECT CAST(1 AS BIGINT) FROM jobs WHERE tenant = $1 AND payload->>'order' = $2
                   AND kind IN ('poll_tracking', 'submit_order') AND kind = $3 LIMIT 1"
            ))
            .bind(tenant)
            .bind(order.to_string())
            .bind(kind)
            .opt()
            .await?;
        Ok(found.is_some())
    }
}

fn list(orders: &[OrderId]) -> db::Json<db::Rows> {
    db::rows(orders.iter().map(|order| serde_json::json!({ "o": order.to_string() })))
}
