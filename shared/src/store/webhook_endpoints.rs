//! Where tenants take webhooks. Secrets are sealed before they come here, bound to [`bound`].

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::{EndpointId, TenantId};
use crate::sql;

/// An endpoint's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where.
    pub url: String,
    /// What it wants to hear of; empty for everything.
    pub topics: Json<Vec<String>>,
    /// Sealed.
    pub secret: String,
    /// The one before, sealed; signs too until [`Endpoint::old_until`].
    pub old_secret: Option<String>,
    /// Business clock.
    pub old_until: Option<At>,
    /// Whether anything is sent to it.
    pub enabled: bool,
    /// Why not; empty while it is on.
    pub off_why: String,
    /// Since when every attempt failed.
    pub failing_since: Option<At>,
    /// Since when.
    pub created_at: At,
    /// Last changed.
    pub updated_at: At,
}

/// What an endpoint's secrets are sealed to.
#[must_use]
pub fn bound(tenant: TenantId, id: EndpointId) -> String {
    format!("{tenant}:{id}")
}

/// Writes an endpoint, new or changed.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, tenant: TenantId, row: &Endpoint) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO webhook_endpoints (tenant, id, url, topics, secret, old_secret, old_until, enabled, off_why, failing_since, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant, id) DO UPDATE SET url = excluded.url, topics = excluded.topics, secret = excluded.secret,
           old_secret = excluded.old_secret, old_until = excluded.old_until, enabled = excluded.enabled, off_why = excluded.off_why,
           failing_since = excluded.failing_since, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(row.id)
    .bind(&row.url)
    .bind(&row.topics)
    .bind(&row.secret)
    .bind(row.old_secret.clone())
    .bind(row.old_until)
    .bind(row.enabled)
    .bind(&row.off_why)
    .bind(row.failing_since)
    .bind(row.created_at)
    .bind(row.updated_at)
    .exec()
    .await
    .map(drop)
}

macro_rules! columns {
    () => {
        "SELECT id, url, topics, secret, old_secret, old_until, enabled, off_why, failing_since, created_at, updated_at
         FROM webhook_endpoints WHERE tenant = $1"
    };
}

/// One endpoint.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: EndpointId) -> Result<Option<Endpoint>> {
    db.query(sql!(concat!(columns!(), " AND id = $2"))).bind(tenant).bind(id).opt().await
}

/// One endpoint, locked until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: EndpointId) -> Result<Option<Endpoint>> {
    tx.query(sql!(concat!(columns!(), " AND id = $2 /*pg FOR UPDATE */"))).bind(tenant).bind(id).opt().await
}

/// All of a tenant's, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId) -> Result<Vec<Endpoint>> {
    db.query(sql!(concat!(columns!(), " ORDER BY id"))).bind(tenant).all().await
}

/// Those that are on and want to hear of a topic.
///
/// # Errors
/// Whatever the database says.
pub async fn listening(db: &mut impl Source, tenant: TenantId, topic: &str) -> Result<Vec<EndpointId>> {
    let all = list(db, tenant).await?;
    Ok(all.into_iter().filter(|endpoint| endpoint.enabled && endpoint.wants(topic)).map(|e| e.id).collect())
}

/// Removes an endpoint; `false` when there is none.
///
/// # Errors
/// Whatever the database says.
pub async fn remove(tx: &mut Tx, tenant: TenantId, id: EndpointId) -> Result<bool> {
    let n = tx
        .query(sql!("DELETE FROM webhook_endpoints WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(id)
        .exec()
        .await?;
    Ok(n == 1)
}

impl Endpoint {
    /// Whether it wants to hear of a topic.
    #[must_use]
    pub fn wants(&self, topic: &str) -> bool {
        self.topics.0.is_empty() || self.topics.0.iter().any(|wanted| wanted == topic)
    }
}
