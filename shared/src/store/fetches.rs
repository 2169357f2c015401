//! Who fetched which file through a signed link: the last link of the proof chain.

use crate::db::{At, Result, Source, Tx};
use crate::id::{EventId, TenantId};
use crate::sql;

/// One answer of the file door.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Fetch {
    /// Its id.
    pub id: EventId,
    /// Of the file.
    pub sha256: String,
    /// Whom the link was made for: `gelato:ord_…`, or `link`.
    pub audience: String,
    /// How many bytes left.
    pub bytes: i64,
    /// Whether they were the whole file, checked against its hash on its way.
    pub whole: bool,
    /// When the last of them left.
    pub at: At,
}

/// Writes an answer down.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, tenant: TenantId, fetch: &Fetch) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO file_fetches (tenant, id, sha256, audience, bytes, whole, at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    ))
    .bind(tenant)
    .bind(fetch.id)
    .bind(&fetch.sha256)
    .bind(&fetch.audience)
    .bind(fetch.bytes)
    .bind(fetch.whole)
    .bind(fetch.at)
    .exec()
    .await
    .map(drop)
}

/// The last hundred answers for a file, first to last.
///
/// # Errors
/// Whatever the database says.
pub async fn of_file(source: &mut impl Source, tenant: TenantId, sha256: &str) -> Result<Vec<Fetch>> {
    let mut found: Vec<Fetch> = source
        .query(sql!(
            "SELECT id, sha256, audience, bytes, whole, at FROM file_fetches WHERE tenant = $1 AND sha256 = $2
             ORDER BY id DESC LIMIT 100"
        ))
        .bind(tenant)
        .bind(sha256)
        .all()
        .await?;
    found.reverse();
    Ok(found)
}

/// Forgets answers before a moment, of every tenant: the machinery's own clean-up.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx, before: At) -> Result<u64> {
    tx.query(sql!("DELETE FROM file_fetches WHERE at < $1")).bind(before).exec().await
}
