//! What a crash of the database does to claims that it had not written yet.

use crate::db::Db;
use crate::id::JobId;
use crate::ledger::Fence;
use crate::sql;

/// Takes back the claim of a job, which did not wait for the disk: the row is as it was before, and whoever claimed it knows nothing of that.
///
/// # Panics
/// When the job does not run.
pub async fn forget_claim(db: &Db, id: JobId) {
    let mut tx = db.begin("crash").await.expect("begun");
    let n = tx
        .query(sql!(
            "UPDATE jobs SET state = 'ready', attempt = attempt - 1, worker = NULL, started_at = NULL WHERE id = $1 AND state = 'running'"
        ))
        .bind(id)
        .exec()
        .await
        .expect("taken back");
    assert_eq!(n, 1, "it runs");
    tx.commit().await.expect("committed");
}

/// Has an attempt begun when its fence says so, whenever that was: for tests of what would go wrong then.
///
/// # Panics
/// When the database fails.
pub async fn set_begun(db: &Db, fence: &Fence) {
    let mut tx = db.begin("crash").await.expect("begun");
    tx.query(sql!("UPDATE jobs SET started_at = $1 WHERE tenant = $2 AND id = $3 AND worker = $4 AND attempt = $5"))
        .bind(fence.since)
        .bind(fence.tenant)
        .bind(fence.id)
        .bind(&fence.worker)
        .bind(fence.attempt)
        .exec()
        .await
        .expect("set");
    tx.commit().await.expect("committed");
}
