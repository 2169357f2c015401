//! How long a tenant's buyers are known, and forgetting them.
//!
//! Of a buyer who is forgotten a keyed hash is left: the same for the same e-mail address, tenant and installation, and of no use to anybody
//! without the installation's key.

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::{OrderId, TenantId};
use crate::sql;

/// Buyers stay known.
pub const KEEP: &str = "keep";
/// Buyers are forgotten some days after the end of their order.
pub const FORGET: &str = "forget";
/// The same, and their e-mail address and telephone number are never kept at all.
pub const HASH: &str = "hash";

/// A tenant's rules about its orders.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rules {
    /// An order is accepted only after the printer quoted it.
    pub quote_gate: bool,
    /// [`KEEP`], [`FORGET`] or [`HASH`].
    pub buyers: String,
    /// From the end of an order to the forgetting.
    pub buyers_days: i64,
    /// Where the printer and letters reach the shop in the place of buyers; only with [`HASH`].
    pub buyers_contact: String,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { quote_gate: false, buyers: KEEP.to_owned(), buyers_days: 30, buyers_contact: String::new() }
    }
}

/// The rules of a tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn rules(db: &mut impl Source, tenant: TenantId) -> Result<Rules> {
    let row = db
        .query(sql!("SELECT quote_gate, buyers, buyers_days, buyers_contact FROM order_rules WHERE tenant = $1"))
        .bind(tenant)
        .opt()
        .await?;
    Ok(row.unwrap_or_default())
}

/// Sets them.
///
/// # Errors
/// Whatever the database says.
pub async fn set_rules(tx: &mut Tx, at: At, tenant: TenantId, rules: &Rules) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO order_rules (tenant, quote_gate, updated_at, buyers, buyers_days, buyers_contact) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant) DO UPDATE SET quote_gate = excluded.quote_gate, updated_at = excluded.updated_at, buyers = excluded.buyers,
           buyers_days = excluded.buyers_days, buyers_contact = excluded.buyers_contact"
    ))
    .bind(tenant)
    .bind(rules.quote_gate)
    .bind(at)
    .bind(&rules.buyers)
    .bind(rules.buyers_days)
    .bind(&rules.buyers_contact)
    .exec()
    .await
    .map(drop)
}

/// The next orders that ended before a moment and whose buyers are still known: (order, its sealed recipient, the hash where it has one).
///
/// # Errors
/// Whatever the database says.
pub async fn due(
    db: &mut impl Source,
    tenant: TenantId,
    before: At,
    n: i64,
) -> Result<Vec<(OrderId, String, Option<String>)>> {
    db.query(sql!(
        "SELECT o.id, o.recipient, d.buyer FROM orders o LEFT JOIN order_details d ON d.tenant = o.tenant AND d.order_id = o.id
         WHERE o.tenant = $1 AND o.state IN ('delivered', 'closed', 'cancelled') AND o.updated_at < $2 AND o.recipient <> '' ORDER BY o.id LIMIT $3"
    ))
    .bind(tenant)
    .bind(before)
    .bind(n)
    .all()
    .await
}

/// Forgets an order's buyer: the recipient, the shop's notes and name for him, what the form said, and what the printer answered of him.
/// An order that moved on meanwhile is left for the next time.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx, at: At, tenant: TenantId, order: OrderId, sealed: &str, buyer: &str) -> Result<bool> {
    let gone = tx
        .query(sql!(
            "UPDATE orders SET recipient = '' WHERE tenant = $1 AND id = $2 AND recipient = $3 AND state IN ('delivered', 'closed', 'cancelled')"
        ))
        .bind(tenant)
        .bind(order)
        .bind(sealed)
        .exec()
        .await?;
    if gone == 0 {
        return Ok(false);
    }
    tx.query(sql!(
        "INSERT INTO order_details (tenant, order_id, customer, metadata, held, delivery_method, updated_at, buyer, forgotten_at)
         VALUES ($1, $2, '', $3, $4, '', $5, $6, $5)
         ON CONFLICT (tenant, order_id) DO UPDATE SET customer = '', metadata = excluded.metadata, form = NULL, buyer = excluded.buyer,
           forgotten_at = excluded.forgotten_at"
    ))
    .bind(tenant)
    .bind(order)
    .bind(Json(serde_json::json!({})))
    .bind(false)
    .bind(at)
    .bind(buyer)
    .exec()
    .await?;
    tx.query(sql!("UPDATE provider_orders SET raw = $3 WHERE tenant = $1 AND order_id = $2"))
        .bind(tenant)
        .bind(order)
        .bind(Json(serde_json::json!({})))
        .exec()
        .await?;
    Ok(true)
}
