//! What pure kinds made: files by (kind, key). The row is the proof that the files are complete.

use serde::{Deserialize, Serialize};

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// A stored file of an artefact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredFile {
    /// `preview`, `thumbnail`, or a path inside a bundle.
    pub name: String,
    /// Its content, and its name in the blob store.
    pub sha256: String,
    /// For the `Content-Type`.
    pub media_type: String,
    /// Length.
    pub bytes: u64,
}

/// An artefact's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Artefact {
    /// The job that made it.
    pub job: JobId,
    /// Its files.
    pub files: Json<Vec<StoredFile>>,
    /// When.
    pub created_at: At,
}

/// Writes an artefact; one that is there already stays (the same key means the same bytes).
///
/// # Errors
/// Whatever the database says.
pub async fn put(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    kind: &str,
    key: &str,
    job: JobId,
    files: &[StoredFile],
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO artefacts (tenant, kind, key, job, files, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, kind, key) DO NOTHING"
    ))
    .bind(tenant)
    .bind(kind)
    .bind(key)
    .bind(job)
    .bind(Json(files))
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// The artefact of a key.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, kind: &str, key: &str) -> Result<Option<Artefact>> {
    db.query(sql!("SELECT job, files, created_at FROM artefacts WHERE tenant = $1 AND kind = $2 AND key = $3"))
        .bind(tenant)
        .bind(kind)
        .bind(key)
        .opt()
        .await
}
