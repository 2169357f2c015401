//! The watch over accounts at providers: the last verdicts, and the incidents they opened and closed.

use crate::db::{At, Result, Source, Tx};
use crate::id::{IncidentId, TenantId};
use crate::sql;

/// An incident's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// At whom.
    pub provider: String,
    /// `slow` or `away`.
    pub kind: String,
    /// What was seen, as a sentence.
    pub said: String,
    /// Since when.
    pub opened_at: At,
    /// Until when; none while it lasts.
    pub closed_at: Option<At>,
}

/// The last verdicts on an account (oldest first, a letter each), and when it last answered; nothing before the first.
///
/// # Errors
/// Whatever the database says.
pub async fn watched(db: &mut impl Source, tenant: TenantId, provider: &str) -> Result<Option<(String, Option<At>)>> {
    db.query(sql!("SELECT recent, heard_at FROM provider_watch WHERE tenant = $1 AND provider = $2"))
        .bind(tenant)
        .bind(provider)
        .opt()
        .await
}

/// Keeps the last verdicts.
///
/// # Errors
/// Whatever the database says.
pub async fn watch(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    recent: &str,
    heard: Option<At>,
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO provider_watch (tenant, provider, recent, heard_at, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, provider) DO UPDATE SET recent = excluded.recent, updated_at = excluded.updated_at,
           heard_at = coalesce(excluded.heard_at, provider_watch.heard_at)"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(recent)
    .bind(heard)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// Opens an incident, unless one of its kind lasts; answers the new one's id.
///
/// # Errors
/// Whatever the database says.
pub async fn open(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    kind: &str,
    said: &str,
) -> Result<Option<IncidentId>> {
    let id = IncidentId::new();
    let n = tx
        .query(sql!(
            "INSERT INTO incidents (tenant, id, provider, kind, said, opened_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, provider, kind) WHERE closed_at IS NULL DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .bind(provider)
        .bind(kind)
        .bind(said)
        .bind(at)
        .exec()
        .await?;
    Ok((n == 1).then_some(id))
}

/// Closes what lasts of one kind at a provider; answers it, once.
///
/// # Errors
/// Whatever the database says.
pub async fn close(tx: &mut Tx, at: At, tenant: TenantId, provider: &str, kind: &str) -> Result<Option<Incident>> {
    tx.query(sql!(
        "UPDATE incidents SET closed_at = $4 WHERE tenant = $1 AND provider = $2 AND kind = $3 AND closed_at IS NULL
         RETURNING id, provider, kind, said, opened_at, closed_at"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(kind)
    .bind(at)
    .opt()
    .await
}

/// A page of a tenant's incidents, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    before: Option<IncidentId>,
    limit: i64,
) -> Result<Vec<Incident>> {
    db.query(sql!(
        "SELECT id, provider, kind, said, opened_at, closed_at FROM incidents
         WHERE tenant = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    ))
    .bind(tenant)
    .bind(before)
    .bind(limit)
    .all()
    .await
}
