//! A tenant's accounts at outside systems; credentials are sealed before they come here.

use crate::db::{At, Result, Source, Tx};
use crate::id::{ConnectionId, TenantId};
use crate::sql;

/// A connection's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub tenant: TenantId,
    /// At whom: `gelato`.
    pub provider: String,
    /// Sealed by the installation's keyring, bound to [`bound`].
    pub credential: String,
    /// Since when.
    pub created_at: At,
    /// When the credential last changed.
    pub updated_at: At,
}

/// What a credential is sealed to: it opens for this tenant and provider only.
#[must_use]
pub fn bound(tenant: TenantId, provider: &str) -> String {
    format!("{tenant}:{provider}")
}

/// Writes a connection's sealed credential, new or changed; answers the row.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, now: At, tenant: TenantId, provider: &str, sealed: &str) -> Result<Connection> {
    tx.query(sql!(
        "INSERT INTO connections (tenant, id, provider, credential, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (tenant, provider) DO UPDATE SET credential = excluded.credential, updated_at = excluded.updated_at
         RETURNING id, tenant, provider, credential, created_at, updated_at"
    ))
    .bind(tenant)
    .bind(ConnectionId::new())
    .bind(provider)
    .bind(sealed)
    .bind(now)
    .one()
    .await
}

/// A tenant's connection at a provider.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId, provider: &str) -> Result<Option<Connection>> {
    source
        .query(sql!(
            "SELECT id, tenant, provider, credential, created_at, updated_at FROM connections WHERE tenant = $1 AND provider = $2"
        ))
        .bind(tenant)
        .bind(provider)
        .opt()
        .await
}

/// A tenant's connections, by provider.
///
/// # Errors
/// Whatever the database says.
pub async fn list(source: &mut impl Source, tenant: TenantId) -> Result<Vec<Connection>> {
    source
        .query(sql!(
            "SELECT id, tenant, provider, credential, created_at, updated_at FROM connections WHERE tenant = $1 ORDER BY provider"
        ))
        .bind(tenant)
        .all()
        .await
}
