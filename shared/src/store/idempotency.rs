//! Idempotency keys of HTTP writes: a row while the request runs, its reply afterwards.

use std::time::Duration;

use serde_json::Value;

use crate::db::{At, Json, Result, Tx};
use crate::id::TenantId;
use crate::sql;

/// How long a reply is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// A request that has been in progress for so long has lost its process; another may take its place.
pub const LOST_AFTER: Duration = Duration::from_secs(60);

/// A reply as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: i64,
    /// Header name → value, those that a replay repeats.
    pub headers: Value,
    /// The body, sealed by the caller: replies hold addresses and new keys' secrets.
    pub body: String,
}

/// What a key is, when a request comes with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// Not seen before: this request goes on, and must end with [`finish`] or [`forget`].
    Fresh,
    /// The same request ended before, with this.
    Done(Reply),
    /// The same request is being worked on.
    Running,
    /// The key belongs to another request.
    Reused,
}

#[derive(sqlx::FromRow)]
struct Row {
    route: String,
    digest: String,
    status: Option<i64>,
    headers: Option<Json<Value>>,
    body: Option<String>,
}

/// Takes a key for a request (`route` and `digest` say which), or tells what is there.
///
/// # Errors
/// Whatever the database says.
pub async fn begin(tx: &mut Tx, now: At, tenant: TenantId, key: &str, route: &str, digest: &str) -> Result<Begun> {
    tx.query(sql!(
        "DELETE FROM idempotency WHERE tenant = $1 AND key = $2
           AND (created_at <= $3 OR (state = 'running' AND created_at <= $4))"
    ))
    .bind(tenant)
    .bind(key)
    .bind(now.minus(KEPT))
    .bind(now.minus(LOST_AFTER))
    .exec()
    .await?;
    let fresh = tx
        .query(sql!(
            "INSERT INTO idempotency (tenant, key, route, digest, state, created_at) VALUES ($1, $2, $3, $4, 'running', $5)
             ON CONFLICT (tenant, key) DO NOTHING"
        ))
        .bind(tenant)
        .bind(key)
        .bind(route)
        .bind(digest)
        .bind(now)
        .exec()
        .await?;
    if fresh == 1 {
        return Ok(Begun::Fresh);
    }
    let row: Option<Row> = tx
        .query(sql!("SELECT route, digest, status, headers, body FROM idempotency WHERE tenant = $1 AND key = $2"))
        .bind(tenant)
        .bind(key)
        .opt()
        .await?;
    // Gone between the two statements: whoever held it gave it up just now, and the client's next try finds it free.
    let Some(row) = row else { return Ok(Begun::Running) };
    Ok(match (row.status, row.body) {
        _ if row.route != route || row.digest != digest => Begun::Reused,
        (Some(status), Some(body)) => {
            Begun::Done(Reply { status, headers: row.headers.map_or(Value::Null, |h| h.0), body })
        }
        _ => Begun::Running,
    })
}

/// Keeps the reply of a request that took its key at `begun`.
///
/// # Errors
/// Whatever the database says.
pub async fn finish(tx: &mut Tx, begun: At, tenant: TenantId, key: &str, reply: &Reply) -> Result<()> {
    tx.query(sql!(
        "UPDATE idempotency SET state = 'done', status = $4, headers = $5, body = $6
         WHERE tenant = $1 AND key = $2 AND created_at = $3 AND state = 'running'"
    ))
    .bind(tenant)
    .bind(key)
    .bind(begun)
    .bind(reply.status)
    .bind(Json(&reply.headers))
    .bind(&reply.body)
    .exec()
    .await
    .map(drop)
}

/// Gives up a key whose request failed in a way that may pass.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx, begun: At, tenant: TenantId, key: &str) -> Result<()> {
    tx.query(sql!("DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND created_at = $3 AND state = 'running'"))
        .bind(tenant)
        .bind(key)
        .bind(begun)
        .exec()
        .await
        .map(drop)
}

/// Removes replies of every tenant that are older than [`KEPT`]: for housekeeping. Answers how many.
///
/// # Errors
/// Whatever the database says.
pub async fn sweep(tx: &mut Tx, now: At) -> Result<u64> {
    tx.query(sql!("DELETE FROM idempotency WHERE created_at <= $1")).bind(now.minus(KEPT)).exec().await
}
