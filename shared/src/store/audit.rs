//! The audit: who commanded what, and why. Rows are added, never changed.

use serde_json::json;

use crate::db::{At, Result, Source, Tx, rows};
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

/// Writes rows of one moment, in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn write_all(tx: &mut Tx, audits: &[&Audit]) -> Result<()> {
    let Some(first) = audits.first() else { return Ok(()) };
    tx.query(sql!(
        "INSERT INTO audit (tenant, id, at, actor, action, subject, reason)
         SELECT /*pg CAST( */ value->>'t' /*pg AS UUID) */, /*pg CAST( */ value->>'i' /*pg AS UUID) */, $2, value->>'who', value->>'what',
           value->>'which', value->>'why' FROM jsonb_each($1)"
    ))
    .bind(rows(audits.iter().map(|a| {
        let (tenant, id) = (a.tenant.0, a.id.0);
        json!({ "t": tenant, "i": id, "who": a.actor, "what": a.action, "which": a.subject, "why": a.reason })
    })))
    .bind(first.at)
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
