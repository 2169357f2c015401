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

/// How a connection's incoming webhooks prove themselves: the header's name and sealed secrets, the one before for a while too.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Door {
    /// The connection.
    pub id: ConnectionId,
    /// Whose.
    pub tenant: TenantId,
    /// At whom.
    pub provider: String,
    /// The header that carries the secret.
    pub hook_header: String,
    /// Sealed to [`hook_bound`].
    pub hook_secret: String,
    /// The one before, sealed likewise.
    pub hook_secret_before: Option<String>,
    /// When it was changed.
    pub hook_changed_at: At,
}

/// What a webhook's secret is sealed to.
#[must_use]
pub fn hook_bound(tenant: TenantId, id: ConnectionId) -> String {
    format!("{tenant}:{id}:hook")
}

/// Sets the header and the secret of a connection's webhooks; the secret so far stays as the one before. `false` when the tenant has no
/// such connection.
///
/// # Errors
/// Whatever the database says.
pub async fn put_door(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    provider: &str,
    (header, sealed): (&str, &str),
) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE connections SET hook_header = $3, hook_secret_before = hook_secret, hook_secret = $4, hook_changed_at = $5
             WHERE tenant = $1 AND provider = $2"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(header)
        .bind(sealed)
        .bind(now)
        .exec()
        .await?;
    Ok(n == 1)
}

/// The door of a connection by its id alone, which is what an incoming webhook's address names; `None` when it has none.
///
/// # Errors
/// Whatever the database says.
pub async fn door(source: &mut impl Source, id: ConnectionId) -> Result<Option<Door>> {
    source
        .query(sql!(
            "SELECT id, tenant, provider, hook_header, hook_secret, hook_secret_before, hook_changed_at FROM connections
             WHERE id = $1 AND hook_secret IS NOT NULL"
        ))
        .bind(id)
        .opt()
        .await
}
