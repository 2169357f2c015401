//! Words of providers that we do not know: kept and counted, and nothing follows from them.

use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A word's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct UnknownWord {
    /// Who used it.
    pub provider: String,
    /// As it came.
    pub word: String,
    /// How many parts of orders were called so.
    pub times: i64,
    /// For the first time.
    pub first_at: At,
    /// For the last time.
    pub last_at: At,
}

/// Counts a word.
///
/// # Errors
/// Whatever the database says.
pub async fn count(tx: &mut Tx, at: At, tenant: TenantId, provider: &str, word: &str) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO unknown_words (tenant, provider, word, times, first_at, last_at) VALUES ($1, $2, $3, 1, $4, $4)
         ON CONFLICT (tenant, provider, word) DO UPDATE SET times = unknown_words.times + 1, last_at = excluded.last_at"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(word)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// A tenant's unknown words, by provider and word.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId) -> Result<Vec<UnknownWord>> {
    db.query(sql!(
        "SELECT provider, word, times, first_at, last_at FROM unknown_words WHERE tenant = $1 ORDER BY provider, word"
    ))
    .bind(tenant)
    .all()
    .await
}
