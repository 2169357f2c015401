//! Snapshots: immutable copies of designs, approved by people and then locked. Rows are added, never changed.

use crate::db::{At, Result, Source, Tx};
use crate::id::{EventId, JobId, OrderId, SnapshotId, TenantId};
use crate::sql;

/// A snapshot's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Whose.
    pub tenant: TenantId,
    /// The design.
    pub spec_hash: String,
    /// Where it came from, in the shop's words.
    pub source: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: At,
}

/// Somebody's approval.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Approval {
    /// Its id.
    pub id: EventId,
    /// Who.
    pub actor: String,
    /// What they said.
    pub note: String,
    /// How: `api`, `widget`, `proof`, `phone`… in the shop's words.
    pub how: String,
    /// SHA-256 of the file they looked at, one of the snapshot's assets.
    pub seen: Option<String>,
    /// When.
    pub at: At,
}

/// The lock: nothing about the snapshot is decided any more.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Lock {
    /// Who.
    pub actor: String,
    /// When.
    pub at: At,
}

/// Writes a snapshot; `false` when the design has one already.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, snapshot: &Snapshot) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO snapshots (tenant, id, spec_hash, source, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, spec_hash) DO NOTHING"
        ))
        .bind(snapshot.tenant)
        .bind(snapshot.id)
        .bind(&snapshot.spec_hash)
        .bind(&snapshot.source)
        .bind(&snapshot.created_by)
        .bind(snapshot.created_at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// A snapshot by its id.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Option<Snapshot>> {
    source
        .query(sql!(
            "SELECT id, tenant, spec_hash, source, created_by, created_at FROM snapshots WHERE tenant = $1 AND id = $2"
        ))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// The snapshot of a design.
///
/// # Errors
/// Whatever the database says.
pub async fn of_spec(source: &mut impl Source, tenant: TenantId, spec_hash: &str) -> Result<Option<Snapshot>> {
    source
        .query(sql!(
            "SELECT id, tenant, spec_hash, source, created_by, created_at FROM snapshots WHERE tenant = $1 AND spec_hash = $2"
        ))
        .bind(tenant)
        .bind(spec_hash)
        .opt()
        .await
}

/// A snapshot, held against other deciders until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn hold(tx: &mut Tx, tenant: TenantId, id: SnapshotId) -> Result<Option<Snapshot>> {
    tx.query(sql!(
        "SELECT id, tenant, spec_hash, source, created_by, created_at FROM snapshots WHERE tenant = $1 AND id = $2 /*pg FOR UPDATE */"
    ))
    .bind(tenant)
    .bind(id)
    .opt()
    .await
}

/// The approvals of a snapshot, first to last.
///
/// # Errors
/// Whatever the database says.
pub async fn approvals(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Vec<Approval>> {
    source
        .query(sql!(
            "SELECT id, actor, note, how, seen, at FROM snapshot_approvals WHERE tenant = $1 AND snapshot = $2 ORDER BY id"
        ))
        .bind(tenant)
        .bind(id)
        .all()
        .await
}

/// The lock of a snapshot, if it has one.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_of(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Option<Lock>> {
    source
        .query(sql!("SELECT actor, at FROM snapshot_locks WHERE tenant = $1 AND snapshot = $2"))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// Adds an approval.
///
/// # Errors
/// Whatever the database says.
pub async fn approve(tx: &mut Tx, tenant: TenantId, id: SnapshotId, approval: &Approval) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO snapshot_approvals (tenant, id, snapshot, actor, note, how, seen, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(tenant)
    .bind(approval.id)
    .bind(id)
    .bind(&approval.actor)
    .bind(&approval.note)
    .bind(&approval.how)
    .bind(&approval.seen)
    .bind(approval.at)
    .exec()
    .await
    .map(drop)
}

/// Locks a snapshot; one that is locked already keeps its first lock, and `false` is answered.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: SnapshotId, lock: &Lock) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO snapshot_locks (tenant, snapshot, actor, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant, snapshot) DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .bind(&lock.actor)
        .bind(lock.at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// A file that belongs to a snapshot: what was shown, with its hash.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Asset {
    /// `<profile>/<file>`; a name is given once.
    pub name: String,
    /// Its content, and its name in the blob store.
    pub sha256: String,
    /// For the `Content-Type`.
    pub media_type: String,
    /// Length.
    pub bytes: i64,
    /// The job that rendered it.
    pub render: JobId,
    /// Since when it belongs to it.
    pub at: At,
}

/// The files of a snapshot, by name.
///
/// # Errors
/// Whatever the database says.
pub async fn assets(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Vec<Asset>> {
    source
        .query(sql!(
            "SELECT name, sha256, media_type, bytes, render, at FROM snapshot_assets WHERE tenant = $1 AND snapshot = $2 ORDER BY name"
        ))
        .bind(tenant)
        .bind(id)
        .all()
        .await
}

/// Adds a file to a snapshot; `false` when it has one of this name, which stays.
///
/// # Errors
/// Whatever the database says: it refuses a locked snapshot by itself.
pub async fn add_asset(tx: &mut Tx, tenant: TenantId, id: SnapshotId, asset: &Asset) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO snapshot_assets (tenant, snapshot, name, sha256, media_type, bytes, render, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, snapshot, name) DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .bind(&asset.name)
        .bind(&asset.sha256)
        .bind(&asset.media_type)
        .bind(asset.bytes)
        .bind(asset.render)
        .bind(asset.at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Keeps who made a snapshot with what, sealed.
///
/// # Errors
/// Whatever the database says.
pub async fn keep_origin(tx: &mut Tx, tenant: TenantId, id: SnapshotId, sealed: &str, now: At) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO snapshot_origins (tenant, snapshot, sealed, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, snapshot) DO NOTHING"
    ))
    .bind(tenant)
    .bind(id)
    .bind(sealed)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// Who made a snapshot with what, while it is kept; sealed.
///
/// # Errors
/// Whatever the database says.
pub async fn origin(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Option<String>> {
    let found: Option<(String,)> = source
        .query(sql!("SELECT sealed FROM snapshot_origins WHERE tenant = $1 AND snapshot = $2"))
        .bind(tenant)
        .bind(id)
        .opt()
        .await?;
    Ok(found.map(|(sealed,)| sealed))
}

/// Forgets who made snapshots before a moment, of every tenant: the machinery's own clean-up.
///
/// # Errors
/// Whatever the database says.
pub async fn forget_origins(tx: &mut Tx, before: At) -> Result<u64> {
    tx.query(sql!("DELETE FROM snapshot_origins WHERE created_at < $1")).bind(before).exec().await
}

/// An order that a snapshot was sold in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Sold {
    /// The order.
    pub order_id: OrderId,
    /// As it was specified.
    pub revision: String,
    /// The item's place in it.
    pub position: i64,
    /// Pieces.
    pub quantity: i64,
}

/// The orders that a snapshot was sold in, first to last.
///
/// # Errors
/// Whatever the database says.
pub async fn sold(source: &mut impl Source, tenant: TenantId, id: SnapshotId) -> Result<Vec<Sold>> {
    source
        .query(sql!(
            "SELECT i.order_id, o.revision, i.position, i.quantity FROM order_items i JOIN orders o ON o.id = i.order_id AND o.tenant = i.tenant
             WHERE i.tenant = $1 AND i.snapshot = $2 ORDER BY i.order_id, i.position"
        ))
        .bind(tenant)
        .bind(id)
        .all()
        .await
}
