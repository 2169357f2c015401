//! What a tenant's files are called in bundles.

use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// The tenant's template; `None` is the usual one.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId) -> Result<Option<String>> {
    let found: Option<(String,)> =
        db.query(sql!("SELECT template FROM file_namings WHERE tenant = $1")).bind(tenant).opt().await?;
    Ok(found.map(|(template,)| template))
}

/// Sets the tenant's template, which has been checked.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, now: At, tenant: TenantId, template: &str) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO file_namings (tenant, template, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant) DO UPDATE SET template = excluded.template, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(template)
    .bind(now)
    .exec()
    .await
    .map(drop)
}
