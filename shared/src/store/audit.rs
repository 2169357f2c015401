//! The audit: who commanded what, and why. Rows are added, never changed.

use crate::db::{At, Result, Source, Tx};
use crate::id::{EventId, TenantId};
use crate::sql;

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Audit {
    /// Its id.
    pub id: EventId,
    /// Whose.
    pub tenant: TenantId,
    /// When.
    pub at: At,
    /// A key's id, `root`, or a person at the command line.
    pub actor: String,
    /// What was done: `job.cancel`, `key.revoke`, ….
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why, in the actor's words; may be empty where none is asked for.
    pub reason: String,
}

/// Writes a row, in the transaction of the command itself.
///
/// # Errors
/// Whatever the database says.
pub async fn write(tx: &mut Tx, audit: &Audit) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO audit (tenant, id, at, actor, action, subject, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    ))
    .bind(audit.tenant)
    .bind(audit.id)
    .bind(audit.at)
    .bind(&audit.actor)
    .bind(&audit.action)
    .bind(&audit.subject)
    .bind(&audit.reason)
    .exec()
    .await
    .map(drop)
}

/// A page of a tenant's audit, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    source: &mut impl Source,
    tenant: TenantId,
    before: Option<EventId>,
    limit: i64,
) -> Result<Vec<Audit>> {
    source
        .query(sql!(
            "SELECT id, tenant, at, actor, action, subject, reason FROM audit WHERE tenant = $1 AND ($2 IS NULL OR id < $2)
             ORDER BY id DESC LIMIT $3"
        ))
        .bind(tenant)
        .bind(before)
        .bind(limit)
        .all()
        .await
}
