//! What a tenant wants to know with every order: a JSON Schema, by version; the highest is in force.

use serde_json::Value;

use crate::db::{At, Json, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// A version of a tenant's form.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FormRow {
    /// From 1.
    pub version: i64,
    /// `None`: no form is taken.
    pub schema: Option<Json<Value>>,
    /// Since when.
    pub created_at: At,
}

/// The version in force.
///
/// # Errors
/// Whatever the database says.
pub async fn latest(db: &mut impl Source, tenant: TenantId) -> Result<Option<FormRow>> {
    db.query(sql!(
        "SELECT version, schema, created_at FROM order_forms WHERE tenant = $1 ORDER BY version DESC LIMIT 1"
    ))
    .bind(tenant)
    .opt()
    .await
}

/// Writes the next version, unless the one in force says the same; answers the one in force then.
///
/// # Errors
/// Whatever the database says; a conflict when somebody else wrote one at the same moment.
pub async fn put(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    schema: Option<&Value>,
    actor: &str,
) -> Result<Option<FormRow>> {
    let known = latest(tx, tenant).await?;
    let same = known.as_ref().and_then(|row| row.schema.as_ref()).map(|schema| &schema.0) == schema;
    if same {
        return Ok(known);
    }
    tx.query(sql!("INSERT INTO order_forms (tenant, version, schema, actor, created_at) VALUES ($1, $2, $3, $4, $5)"))
        .bind(tenant)
        .bind(known.map_or(1, |row| row.version + 1))
        .bind(schema.map(Json))
        .bind(actor)
        .bind(at)
        .exec()
        .await?;
    latest(tx, tenant).await
}
