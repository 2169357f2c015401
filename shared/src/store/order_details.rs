//! What is known of an order beside its sale: whose it is, what the shop notes about it, whether a person stopped it, how it arrived.
//! An order without such a row has none of it.

use std::collections::BTreeMap;

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::{OrderId, TenantId};
use crate::sql;

/// Free notes of the shop.
pub type Metadata = BTreeMap<String, String>;

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Details {
    /// The shop's own name for the buyer; empty when it gave none.
    pub customer: String,
    /// Free notes of the shop.
    pub metadata: Json<Metadata>,
    /// A person stopped it.
    pub held: bool,
    /// When the last of it arrived.
    pub delivered_at: Option<At>,
    /// How; empty until it arrived.
    pub delivery_method: String,
    /// What changed quantities added to the total of a paid order and nobody has paid yet; below zero, what they took from it and nobody has
    /// given back yet. Nothing is submitted meanwhile.
    pub due_minor: i64,
    /// How often the order was set to be made anew after all that the printer had accepted of it had failed.
    pub round: i64,
    /// What the tenant's form asked for, sealed like the recipient.
    pub form: Option<String>,
    /// The version of the form that it was checked by; 0 without one.
    pub form_version: i64,
    /// The keyed hash of who bought; empty where the tenant keeps its buyers.
    pub buyer: String,
    /// Since when only that is left of the buyer.
    pub forgotten_at: Option<At>,
}

/// Of one order.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Details> {
    let row = db
        .query(sql!(
            "SELECT customer, metadata, held, delivered_at, delivery_method, due_minor, round, form, form_version, buyer, forgotten_at
             FROM order_details WHERE tenant = $1 AND order_id = $2"
        ))
        .bind(tenant)
        .bind(order)
        .opt()
        .await?;
    Ok(row.unwrap_or_default())
}

/// Writes it, beside the order's lock.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, at: At, tenant: TenantId, order: OrderId, details: &Details) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO order_details (tenant, order_id, customer, metadata, held, delivered_at, delivery_method, updated_at, due_minor, round, form,
           form_version, buyer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (tenant, order_id) DO UPDATE SET customer = excluded.customer, metadata = excluded.metadata, held = excluded.held,
           delivered_at = excluded.delivered_at, delivery_method = excluded.delivery_method, updated_at = excluded.updated_at,
           due_minor = excluded.due_minor, round = excluded.round, form = excluded.form, form_version = excluded.form_version,
           buyer = excluded.buyer"
    ))
    .bind(tenant)
    .bind(order)
    .bind(&details.customer)
    .bind(&details.metadata)
    .bind(details.held)
    .bind(details.delivered_at)
    .bind(&details.delivery_method)
    .bind(at)
    .bind(details.due_minor)
    .bind(details.round)
    .bind(details.form.clone())
    .bind(details.form_version)
    .bind(&details.buyer)
    .exec()
    .await
    .map(drop)
}

/// Money was given back: of what an order owes its buyer after its quantities changed, so much less is owed.
///
/// # Errors
/// Whatever the database says.
pub async fn gave_back(tx: &mut Tx, tenant: TenantId, order: OrderId, minor: i64) -> Result<()> {
    tx.query(sql!(
        "UPDATE order_details SET due_minor = CASE WHEN due_minor + $3 > 0 THEN 0 ELSE due_minor + $3 END
         WHERE tenant = $1 AND order_id = $2 AND due_minor < 0"
    ))
    .bind(tenant)
    .bind(order)
    .bind(minor)
    .exec()
    .await
    .map(drop)
}

/// When the last parcel of an order arrived by what the printer and the carriers said.
///
/// # Errors
/// Whatever the database says.
pub async fn arrived_at(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Option<At>> {
    let (at,): (Option<At>,) = db
        .query(sql!("SELECT max(at) FROM tracking_events WHERE tenant = $1 AND order_id = $2 AND stage = 'delivered'"))
        .bind(tenant)
        .bind(order)
        .one()
        .await?;
    Ok(at)
}
