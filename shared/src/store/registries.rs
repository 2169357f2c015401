//! Lists of royalty holders, version by version, as a registry gave them. A sale freezes the newest; older orders keep theirs.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::terms::Holding;
use crate::id::TenantId;
use crate::ports::registry::Holdings;
use crate::sql;

/// One version of a registry's list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HolderList {
    /// The registry's name.
    pub name: String,
    /// From 1.
    pub version: i64,
    /// `bps` or `tokens`.
    pub unit: String,
    /// `static`, `csv`, or the name of a plug-in.
    pub source: String,
    /// Who holds how much.
    pub holders: Json<Vec<Holding>>,
    /// Who wrote it.
    pub actor: String,
    /// Since when.
    pub created_at: At,
}

/// The newest list of a registry.
///
/// # Errors
/// Whatever the database says.
pub async fn latest(db: &mut impl Source, tenant: TenantId, name: &str) -> Result<Option<HolderList>> {
    db.query(sql!(
        "SELECT name, version, unit, source, holders, actor, created_at FROM holder_lists
         WHERE tenant = $1 AND name = $2 ORDER BY version DESC LIMIT 1"
    ))
    .bind(tenant)
    .bind(name)
    .opt()
    .await
}

/// The newest list of every registry, by name.
///
/// # Errors
/// Whatever the database says.
pub async fn list(db: &mut impl Source, tenant: TenantId) -> Result<Vec<HolderList>> {
    db.query(sql!(
        "SELECT name, version, unit, source, holders, actor, created_at FROM holder_lists h
         WHERE tenant = $1 AND version = (SELECT max(version) FROM holder_lists n WHERE n.tenant = $1 AND n.name = h.name) ORDER BY name"
    ))
    .bind(tenant)
    .all()
    .await
}

/// Writes the next version, unless the newest says the same.
///
/// # Errors
/// Whatever the database says.
pub async fn put(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    name: &str,
    held: &Holdings,
    actor: &str,
) -> Result<(HolderList, bool)> {
    let known = latest(tx, tenant, name).await?;
    let unit = held.unit.word();
    let version = match known {
        Some(known) if known.holders.0 == held.holders && known.unit == unit => return Ok((known, false)),
        Some(known) => known.version + 1,
        None => 1,
    };
    let list = HolderList {
        name: name.to_owned(),
        version,
        unit: unit.to_owned(),
        source: held.source.to_owned(),
        holders: Json(held.holders.clone()),
        actor: actor.to_owned(),
        created_at: now,
    };
    tx.query(sql!(
        "INSERT INTO holder_lists (tenant, name, version, unit, source, holders, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(tenant)
    .bind(&list.name)
    .bind(version)
    .bind(&list.unit)
    .bind(&list.source)
    .bind(&list.holders)
    .bind(&list.actor)
    .bind(now)
    .exec()
    .await?;
    Ok((list, true))
}
