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
    /// Of the bytes; what specs name it by.
    pub sha256: String,
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
            "INSERT INTO uploads (tenant, id, sha256, media_type, bytes, width, height, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, sha256) DO NOTHING"
        ))
        .bind(upload.tenant)
        .bind(upload.id)
        .bind(&upload.sha256)
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
            "SELECT id, tenant, sha256, media_type, bytes, width, height, created_at FROM uploads WHERE tenant = $1 AND id = $2"
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
            "SELECT id, tenant, sha256, media_type, bytes, width, height, created_at FROM uploads WHERE tenant = $1 AND sha256 = $2"
        ))
        .bind(tenant)
        .bind(sha256)
        .opt()
        .await
}
