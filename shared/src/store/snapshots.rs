//! Snapshots: immutable copies of designs, approved by people and then locked. Rows are added, never changed.

use crate::db::{At, Result, Source, Tx};
use crate::id::{EventId, SnapshotId, TenantId};
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
            "SELECT id, actor, note, at FROM snapshot_approvals WHERE tenant = $1 AND snapshot = $2 ORDER BY id"
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
        "INSERT INTO snapshot_approvals (tenant, id, snapshot, actor, note, at) VALUES ($1, $2, $3, $4, $5, $6)"
    ))
    .bind(tenant)
    .bind(approval.id)
    .bind(id)
    .bind(&approval.actor)
    .bind(&approval.note)
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
