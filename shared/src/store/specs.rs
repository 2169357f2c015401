//! Designs as they were checked: canonical text under its hash. Never changed.

use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A stored design.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredSpec {
    /// Whose.
    pub tenant: TenantId,
    /// SHA-256 of the canonical text: its name.
    pub hash: String,
    /// RFC 8785 JSON, lengths in micrometres.
    pub canonical: String,
    /// The product it is for.
    pub product_id: String,
    /// That product's version.
    pub template_version: i64,
    /// The press in force when it was stored: what its files were first drawn by.
    pub press_version: String,
    /// The design it was before it moved to a later version of the format.
    pub migrated_from: Option<String>,
    /// Since when.
    pub created_at: At,
}

/// Writes a design; `false` when the tenant has it already.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, spec: &StoredSpec) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO specs (tenant, hash, canonical, product_id, template_version, press_version, migrated_from, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tenant, hash) DO NOTHING"
        ))
        .bind(spec.tenant)
        .bind(&spec.hash)
        .bind(&spec.canonical)
        .bind(&spec.product_id)
        .bind(spec.template_version)
        .bind(&spec.press_version)
        .bind(&spec.migrated_from)
        .bind(spec.created_at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// A design by its hash.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId, hash: &str) -> Result<Option<StoredSpec>> {
    source
        .query(sql!(
            "SELECT tenant, hash, canonical, product_id, template_version, press_version, migrated_from, created_at
             FROM specs WHERE tenant = $1 AND hash = $2"
        ))
        .bind(tenant)
        .bind(hash)
        .opt()
        .await
}
