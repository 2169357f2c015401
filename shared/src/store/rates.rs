//! Exchange rates as somebody wrote them down, with their source. Nothing is converted without one of these.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::Currency;
use crate::domain::rate::Rate;
use crate::id::{RateId, TenantId};
use crate::sql;

/// A rate that holds from a moment on, until there is a newer one.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RateRow {
    /// Its id.
    pub id: RateId,
    /// Of this currency …
    #[sqlx(try_from = "String")]
    pub from_currency: Currency,
    /// … one unit is so many of this one.
    #[sqlx(try_from = "String")]
    pub to_currency: Currency,
    /// A decimal.
    pub rate: String,
    /// Where it comes from: `ecb 2026-11-27`.
    pub source: String,
    /// Who wrote it down.
    pub actor: String,
    /// Since when.
    pub at: At,
}

impl RateRow {
    /// The number.
    ///
    /// # Errors
    /// When the database holds none.
    pub fn rate(&self) -> Result<Rate> {
        self.rate.parse().map_err(super::journal::out_of_range)
    }
}

/// Writes a rate.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, row: &RateRow) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO exchange_rates (tenant, id, from_currency, to_currency, rate, source, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(tenant)
    .bind(row.id)
    .bind(row.from_currency.code())
    .bind(row.to_currency.code())
    .bind(&row.rate)
    .bind(&row.source)
    .bind(&row.actor)
    .bind(row.at)
    .exec()
    .await
    .map(drop)
}

/// The rate of a pair that held at a moment.
///
/// # Errors
/// Whatever the database says.
pub async fn at(
    db: &mut impl Source,
    tenant: TenantId,
    from: Currency,
    to: Currency,
    at: At,
) -> Result<Option<RateRow>> {
    db.query(sql!(
        "SELECT id, from_currency, to_currency, rate, source, actor, at FROM exchange_rates
         WHERE tenant = $1 AND from_currency = $2 AND to_currency = $3 AND at <= $4 ORDER BY at DESC, id DESC LIMIT 1"
    ))
    .bind(tenant)
    .bind(from.code())
    .bind(to.code())
    .bind(at)
    .opt()
    .await
}

/// Rates, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId, before: Option<RateId>, limit: i64) -> Result<Vec<RateRow>> {
    db.query(sql!(
        "SELECT id, from_currency, to_currency, rate, source, actor, at FROM exchange_rates
         WHERE tenant = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    ))
    .bind(tenant)
    .bind(before)
    .bind(limit)
    .all()
    .await
}
