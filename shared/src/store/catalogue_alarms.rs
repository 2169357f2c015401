//! Alarms about what a tenant sells: its cost moved away from the price, it is sold at a loss, out of stock, or not made any more. One alarm
//! per product and kind is open at a time; it is resolved by the sync that finds it mended.

use std::collections::BTreeSet;

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::{BPS_WHOLE, share};
use crate::domain::region::is_out;
use crate::id::{EventId, TenantId};
use crate::sql;

/// An alarm's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Alarm {
    /// Its id.
    pub id: EventId,
    /// Who makes the product.
    pub provider: String,
    /// The tenant's product.
    pub product: String,
    /// The provider's.
    pub uid: String,
    /// `price`, `loss`, `stock` or `retired`.
    pub kind: String,
    /// A sentence.
    pub detail: String,
    /// Since when.
    pub raised_at: At,
    /// Until when.
    pub resolved_at: Option<At>,
}

/// A product that is sold, beside what the catalogue says of it now.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Sold {
    product: String,
    uid: String,
    price_minor: i64,
    base_minor: Option<i64>,
    cost_minor: Option<i64>,
    stock: String,
    retired: bool,
}

impl Sold {
    /// (kind, sentence) of everything that is wrong with it.
    fn wrong(&self, drift_bps: i64) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.retired {
            found.push(("retired", "the printer has it no more: take it out of the shop".to_owned()));
        } else if is_out(&self.stock) {
            found.push(("stock", format!("the printer says that it is {}", self.stock)));
        }
        let Some(cost) = self.cost_minor else { return found };
        if let Some(base) = self.base_minor.filter(|base| (cost - base).abs() > share(*base, drift_bps, BPS_WHOLE)) {
            found.push((
                "price",
                format!("its price was made of a cost of {base} minor units, and it costs {cost} now"),
            ));
        }
        if cost >= self.price_minor {
            found.push(("loss", format!("it costs {cost} minor units and is sold for {}", self.price_minor)));
        }
        found
    }
}

/// Compares what is sold with what the last sync found: (raised, resolved).
///
/// # Errors
/// Whatever the database says.
pub async fn review(tx: &mut Tx, now: At, tenant: TenantId, provider: &str, drift_bps: i64) -> Result<(u64, u64)> {
    let sold: Vec<Sold> = tx
        .query(sql!(
            "SELECT p.id AS product, p.provider_uid AS uid, p.price_minor, CAST(p.revenue->'pricing'->>'baseMinor' AS BIGINT) AS base_minor,
               i.cost_minor, i.stock, i.retired_at IS NOT NULL AS retired
             FROM products p JOIN catalogue_items i ON i.tenant = p.tenant AND i.provider = p.provider AND i.uid = p.provider_uid
             WHERE p.tenant = $1 AND p.provider = $2 AND p.version = (SELECT max(version) FROM products q WHERE q.tenant = $1 AND q.id = p.id)
             ORDER BY p.id"
        ))
        .bind(tenant)
        .bind(provider)
        .all()
        .await?;
    let (mut raised, mut wrong) = (0, BTreeSet::new());
    for item in &sold {
        for (kind, detail) in item.wrong(drift_bps) {
            raised += raise(tx, now, tenant, provider, item, (kind, &detail)).await?;
            wrong.insert((item.product.clone(), kind.to_owned()));
        }
    }
    let mut resolved = 0;
    for alarm in list(tx, tenant, true, None, i64::MAX).await? {
        if alarm.provider == provider && !wrong.contains(&(alarm.product, alarm.kind)) {
            resolved += tx
                .query(sql!(
                    "UPDATE catalogue_alarms SET resolved_at = $3 WHERE tenant = $1 AND id = $2 AND resolved_at IS NULL"
                ))
                .bind(tenant)
                .bind(alarm.id)
                .bind(now)
                .exec()
                .await?;
        }
    }
    Ok((raised, resolved))
}

async fn raise(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    provider: &str,
    item: &Sold,
    (kind, detail): (&str, &str),
) -> Result<u64> {
    tx.query(sql!(
        "INSERT INTO catalogue_alarms (tenant, id, provider, product, uid, kind, detail, raised_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant, provider, product, kind) WHERE resolved_at IS NULL DO NOTHING"
    ))
    .bind(tenant)
    .bind(EventId::new())
    .bind(provider)
    .bind(&item.product)
    .bind(&item.uid)
    .bind(kind)
    .bind(detail)
    .bind(now)
    .exec()
    .await
}

/// A page of alarms, newest first; only those that are open when `open`.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    open: bool,
    before: Option<EventId>,
    limit: i64,
) -> Result<Vec<Alarm>> {
    db.query(sql!(
        "SELECT id, provider, product, uid, kind, detail, raised_at, resolved_at FROM catalogue_alarms
         WHERE tenant = $1 AND (NOT $2 OR resolved_at IS NULL) AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    ))
    .bind(tenant)
    .bind(open)
    .bind(before)
    .bind(limit)
    .all()
    .await
}
