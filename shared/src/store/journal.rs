//! The journal: double entry, append only. Lines go in first and the header last; the header's trigger refuses lines that do not sum to
//! zero per currency, on both databases. One entry per (order, purpose): what runs twice writes once.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::Currency;
use crate::domain::revenue::Line;
use crate::id::{EntryId, OrderId, TenantId};
use crate::sql;

/// A line with its entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LineRow {
    /// The entry.
    pub entry: EntryId,
    /// `payment` or `distribution`.
    pub purpose: String,
    /// When it was written.
    pub at: At,
    /// The account.
    pub account: String,
    /// Positive is owed to the account, negative is taken from it.
    pub minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// Writes an entry; `false` when this order has one for this purpose already, and then nothing changes.
///
/// # Errors
/// When the lines do not sum to zero, or whatever else the database says.
pub async fn post(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    order: OrderId,
    purpose: &str,
    currency: Currency,
    lines: &[Line],
) -> Result<bool> {
    let known: Option<(EntryId,)> = tx
        .query(sql!("SELECT id FROM journal_entries WHERE tenant = $1 AND order_id = $2 AND purpose = $3"))
        .bind(tenant)
        .bind(order)
        .bind(purpose)
        .opt()
        .await?;
    if known.is_some() {
        return Ok(false);
    }
    let entry = EntryId::new();
    for (position, line) in (0i64..).zip(lines) {
        tx.query(sql!("INSERT INTO journal_lines (tenant, entry, position, account, minor, currency) VALUES ($1, $2, $3, $4, $5, $6)"))
            .bind(tenant)
            .bind(entry)
            .bind(position)
            .bind(&line.account)
            .bind(line.minor)
            .bind(currency.code())
            .exec()
            .await?;
    }
    tx.query(sql!("INSERT INTO journal_entries (id, tenant, order_id, purpose, at) VALUES ($1, $2, $3, $4, $5)"))
        .bind(entry)
        .bind(tenant)
        .bind(order)
        .bind(purpose)
        .bind(now)
        .exec()
        .await?;
    Ok(true)
}

/// Every line of an order, entry by entry.
///
/// # Errors
/// Whatever the database says.
pub async fn of_order(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<LineRow>> {
    db.query(sql!(
        "SELECT l.entry, e.purpose, e.at, l.account, l.minor, l.currency FROM journal_entries e
         JOIN journal_lines l ON l.tenant = e.tenant AND l.entry = e.id
         WHERE e.tenant = $1 AND e.order_id = $2 ORDER BY e.id, l.position"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// The sum of all lines of a tenant per account and currency: (account, currency, minor).
///
/// # Errors
/// Whatever the database says.
pub async fn balances(db: &mut impl Source, tenant: TenantId) -> Result<Vec<(String, String, i64)>> {
    db.query(sql!(
        "SELECT account, currency, CAST(sum(minor) AS BIGINT) FROM journal_lines WHERE tenant = $1 GROUP BY account, currency ORDER BY account, currency"
    ))
    .bind(tenant)
    .all()
    .await
}
