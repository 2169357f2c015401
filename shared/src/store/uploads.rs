//! Uploaded pictures: one row per tenant and hash; the bytes are in the blob store.

use crate::db::{At, Result, Source, Tx};
use crate::id::{TenantId, UploadId};
use crate::sql;

/// An upload's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose.
    pub tenant: TenantId,
    /// For what it was sent: `buyer` or `artwork`.
    pub profile: String,
    /// Of the stored bytes; what specs name it by.
    pub sha256: String,
    /// Of the bytes as they were sent.
    pub source_sha256: Option<String>,
    /// As the bytes say.
    pub media_type: String,
    /// How many.
    pub bytes: i64,
    /// Pixels across, upright.
    pub width: i64,
    /// Pixels down, upright.
    pub height: i64,
    /// Since when.
    pub created_at: At,
}

/// Writes an upload; `false` when the tenant has the same bytes already.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, upload: &Upload) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO uploads (tenant, id, profile, sha256, source_sha256, media_type, bytes, width, height, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, sha256) DO NOTHING"
        ))
        .bind(upload.tenant)
        .bind(upload.id)
        .bind(&upload.profile)
        .bind(&upload.sha256)
        .bind(&upload.source_sha256)
        .bind(&upload.media_type)
        .bind(upload.bytes)
        .bind(upload.width)
        .bind(upload.height)
        .bind(upload.created_at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// An upload by its id.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId, id: UploadId) -> Result<Option<Upload>> {
    source
        .query(sql!(
            "SELECT id, tenant, profile, sha256, source_sha256, media_type, bytes, width, height, created_at FROM uploads WHERE tenant = $1 AND id = $2"
        ))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// An upload by the hash of its bytes.
///
/// # Errors
/// Whatever the database says.
pub async fn of_hash(source: &mut impl Source, tenant: TenantId, sha256: &str) -> Result<Option<Upload>> {
    source
        .query(sql!(
            "SELECT id, tenant, profile, sha256, source_sha256, media_type, bytes, width, height, created_at FROM uploads WHERE tenant = $1 AND sha256 = $2"
        ))
        .bind(tenant)
        .bind(sha256)
        .opt()
        .await
}

/// The upload that was made of these bytes for this profile.
///
/// # Errors
/// Whatever the database says.
pub async fn of_source(
    source: &mut impl Source,
    tenant: TenantId,
    profile: &str,
    source_sha256: &str,
) -> Result<Option<Upload>> {
    source
        .query(sql!(
            "SELECT id, tenant, profile, sha256, source_sha256, media_type, bytes, width, height, created_at FROM uploads
             WHERE tenant = $1 AND source_sha256 = $2 AND profile = $3"
        ))
        .bind(tenant)
        .bind(source_sha256)
        .bind(profile)
        .opt()
        .await
}

/// How long a tenant's artwork may be, when an operator decided it for this tenant.
///
/// # Errors
/// Whatever the database says.
pub async fn artwork_limit(source: &mut impl Source, tenant: TenantId) -> Result<Option<i64>> {
    let found: Option<(i64,)> =
        source.query(sql!("SELECT artwork_bytes_max FROM upload_limits WHERE tenant = $1")).bind(tenant).opt().await?;
    Ok(found.map(|(bytes,)| bytes))
}

/// Decides how long a tenant's artwork may be.
///
/// # Errors
/// Whatever the database says.
pub async fn limit_artwork(tx: &mut Tx, tenant: TenantId, bytes: i64) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO upload_limits (tenant, artwork_bytes_max) VALUES ($1, $2)
         ON CONFLICT (tenant) DO UPDATE SET artwork_bytes_max = excluded.artwork_bytes_max"
    ))
    .bind(tenant)
    .bind(bytes)
    .exec()
    .await
    .map(drop)
}
