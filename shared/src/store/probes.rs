//! How a tenant's connection answered when it was last probed.

use crate::db::{At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A probe of a connection.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Probe {
    /// At whom.
    pub provider: String,
    /// When (the ledger's time).
    pub at: At,
    /// Whether the provider did what was asked.
    pub ok: bool,
    /// How long it took, in milliseconds; `None` when it did not answer as it should, never 0.
    pub latency_ms: Option<i64>,
    /// What was wrong, as a sentence; empty when nothing was.
    pub said: String,
}

/// Writes a probe, unless a later one is known.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, probe: &Probe) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO provider_probes (tenant, provider, at, ok, latency_ms, said) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, provider) DO UPDATE SET at = excluded.at, ok = excluded.ok, latency_ms = excluded.latency_ms, said = excluded.said
         WHERE provider_probes.at <= excluded.at"
    ))
    .bind(tenant)
    .bind(&probe.provider)
    .bind(probe.at)
    .bind(probe.ok)
    .bind(probe.latency_ms)
    .bind(&probe.said)
    .exec()
    .await
    .map(drop)
}

/// The last probe of each of a tenant's connections, by provider.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId) -> Result<Vec<Probe>> {
    db.query(sql!("SELECT provider, at, ok, latency_ms, said FROM provider_probes WHERE tenant = $1 ORDER BY provider"))
        .bind(tenant)
        .all()
        .await
}
