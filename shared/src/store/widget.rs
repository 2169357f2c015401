//! Which web pages may use a tenant's publishable keys, by their origin (`https://shop.example`).

use crate::db::{self, At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A tenant's origins, sorted.
///
/// # Errors
/// Whatever the database says.
pub async fn origins(source: &mut impl Source, tenant: TenantId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = source
        .query(sql!("SELECT origin FROM widget_origins WHERE tenant = $1 ORDER BY origin"))
        .bind(tenant)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(origin,)| origin).collect())
}

/// Whether any tenant lists an origin. Not scoped to a tenant: a browser asks before it says whose key it holds.
///
/// # Errors
/// Whatever the database says.
pub async fn is_listed(source: &mut impl Source, origin: &str) -> Result<bool> {
    let row: Option<(i64,)> = source
        .query(sql!("SELECT CAST(1 AS BIGINT) FROM widget_origins WHERE origin = $1 LIMIT 1"))
        .bind(origin)
        .opt()
        .await?;
    Ok(row.is_some())
}

/// Makes these a tenant's origins, and no others.
///
/// # Errors
/// Whatever the database says.
pub async fn set_origins(tx: &mut Tx, now: At, tenant: TenantId, origins: &[String]) -> Result<()> {
    tx.query(sql!("DELETE FROM widget_origins WHERE tenant = $1")).bind(tenant).exec().await?;
    tx.query(sql!(
        "INSERT INTO widget_origins (tenant, origin, created_at) SELECT $1, value->>'o', $3 FROM jsonb_each($2) WHERE 1 = 1"
    ))
    .bind(tenant)
    .bind(db::rows(origins.iter().map(|origin| serde_json::json!({ "o": origin }))))
    .bind(now)
    .exec()
    .await
    .map(drop)
}
