//! What the printer said of an order before it was accepted, and whether a tenant's orders wait for that.

use crate::db::{At, Result, Source, Tx};
use crate::domain::order::QuoteState;
use crate::id::{OrderId, TenantId};
use crate::sql;
use crate::store::buyers;

/// A quote's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct QuoteRow {
    /// [`QuoteState`]'s word.
    pub state: String,
    /// What the printer said, as a sentence.
    pub why: String,
    /// Cost of the items, without tax; of an accepted one.
    pub products_minor: Option<i64>,
    /// The cheapest way to ship, without tax; of an accepted one.
    pub shipping_minor: Option<i64>,
    /// Of both.
    pub currency: String,
    /// When it was asked or answered.
    pub at: At,
}

/// Of one order.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Option<QuoteRow>> {
    db.query(sql!(
        "SELECT state, why, products_minor, shipping_minor, currency, at FROM order_quotes WHERE tenant = $1 AND order_id = $2"
    ))
    .bind(tenant)
    .bind(order)
    .opt()
    .await
}

/// Writes what was said last.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, order: OrderId, quote: &QuoteRow) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO order_quotes (tenant, order_id, state, why, products_minor, shipping_minor, currency, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant, order_id) DO UPDATE SET state = excluded.state, why = excluded.why, products_minor = excluded.products_minor,
           shipping_minor = excluded.shipping_minor, currency = excluded.currency, at = excluded.at"
    ))
    .bind(tenant)
    .bind(order)
    .bind(&quote.state)
    .bind(&quote.why)
    .bind(quote.products_minor)
    .bind(quote.shipping_minor)
    .bind(&quote.currency)
    .bind(quote.at)
    .exec()
    .await
    .map(drop)
}

impl QuoteRow {
    /// The printer is being asked.
    #[must_use]
    pub fn asked(at: At) -> QuoteRow {
        let state = QuoteState::Asked.word().to_owned();
        QuoteRow { state, why: String::new(), products_minor: None, shipping_minor: None, currency: String::new(), at }
    }
}

/// Whether a tenant's orders are accepted only after the printer quoted them.
///
/// # Errors
/// Whatever the database says.
pub async fn gate(db: &mut impl Source, tenant: TenantId) -> Result<bool> {
    Ok(buyers::rules(db, tenant).await?.quote_gate)
}
