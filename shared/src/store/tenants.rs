//! Tenants: whose work, data and money everything is.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::Currency;
use crate::id::TenantId;
use crate::sql;

/// A tenant's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// The one currency of its prices and books.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// The platform's fee on the margin of a sale.
    pub platform_fee_bps: i64,
    /// Its orders are drafts for ever: nothing is released at a printer.
    pub test_mode: bool,
    /// Nothing of it is submitted.
    pub frozen: bool,
    /// Ready orders are submitted without being asked.
    pub auto_submit: bool,
    /// What all its orders together may cost at printers; `None` is no cap.
    pub spending_cap_minor: Option<i64>,
    /// How many of its jobs may start in a row while others wait; the installation decides it.
    pub weight: i64,
    /// Since when.
    pub created_at: At,
}

/// Writes a new tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn create(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO tenants (id, name, currency, platform_fee_bps, test_mode, frozen, auto_submit, spending_cap_minor, weight, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    ))
    .bind(tenant.id)
    .bind(&tenant.name)
    .bind(tenant.currency.code())
    .bind(tenant.platform_fee_bps)
    .bind(tenant.test_mode)
    .bind(tenant.frozen)
    .bind(tenant.auto_submit)
    .bind(tenant.spending_cap_minor)
    .bind(tenant.weight)
    .bind(tenant.created_at)
    .exec()
    .await
    .map(drop)
}

/// A tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId) -> Result<Option<Tenant>> {
    source
        .query(sql!(
            "SELECT id, name, currency, platform_fee_bps, test_mode, frozen, auto_submit, spending_cap_minor, weight, created_at
             FROM tenants WHERE id = $1"
        ))
        .bind(tenant)
        .opt()
        .await
}

/// Every tenant of the installation, oldest first: for its operator's command line, never for a tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn list(source: &mut impl Source) -> Result<Vec<Tenant>> {
    source
        .query(sql!(
            "SELECT id, name, currency, platform_fee_bps, test_mode, frozen, auto_submit, spending_cap_minor, weight, created_at
             FROM tenants ORDER BY id"
        ))
        .all()
        .await
}

/// Writes what may change of a tenant; its currency and id never do.
///
/// # Errors
/// Whatever the database says.
pub async fn change(tx: &mut Tx, tenant: &Tenant) -> Result<()> {
    tx.query(sql!(
        "UPDATE tenants SET name = $2, platform_fee_bps = $3, test_mode = $4, frozen = $5, auto_submit = $6,
           spending_cap_minor = $7 WHERE id = $1"
    ))
    .bind(tenant.id)
    .bind(&tenant.name)
    .bind(tenant.platform_fee_bps)
    .bind(tenant.test_mode)
    .bind(tenant.frozen)
    .bind(tenant.auto_submit)
    .bind(tenant.spending_cap_minor)
    .exec()
    .await
    .map(drop)
}

/// Sets a tenant's share of the workers. `false` when there is no such tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn weigh(tx: &mut Tx, tenant: TenantId, weight: i64) -> Result<bool> {
    let n = tx.query(sql!("UPDATE tenants SET weight = $2 WHERE id = $1")).bind(tenant).bind(weight).exec().await?;
    Ok(n == 1)
}
