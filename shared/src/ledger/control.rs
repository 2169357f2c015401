//! What operators do to jobs: cancel, retry, snooze, pause, resume.

use serde::Serialize;

use super::finish::{End, Trouble, archive};
use super::{Job, Ledger, Waiting, columns, hot, paused};
use crate::db::{At, Result, Tx};
use crate::id::{JobId, PauseId, TenantId};
use crate::sql;

/// What became of a request to cancel.
#[derive(Clone, Debug)]
pub enum Cancelling {
    /// It had not started and is cancelled now.
    Cancelled(Box<Job>),
    /// It runs; its worker was asked to stop.
    Asked,
    /// It had ended before, as this.
    Ended(String),
    /// There is no such job.
    Unknown,
}

/// What an operator stopped.
#[derive(Clone, Debug, sqlx::FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Its id.
    pub id: PauseId,
    /// Whose work; `None` is everybody's.
    pub tenant: Option<TenantId>,
    /// `queue`, `kind`, `tenant` or `provider`.
    pub scope: String,
    /// Which one; empty for `tenant`.
    pub value: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// Since when.
    pub created_at: At,
}

/// Cancels a job in the caller's transaction. A job that has not started ends here (the caller then lets its kind clean up).
///
/// # Errors
/// Whatever the database says.
pub async fn cancel(tx: &mut Tx, now: At, tenant: TenantId, id: JobId, why: &str) -> Result<Cancelling> {
    let waiting: Option<Job> = tx
        .query(sql!(concat!(
            "UPDATE jobs SET state = 'cancelled' WHERE tenant = $1 AND id = $2 AND state IN ('ready', 'scheduled') RETURNING ",
            hot!()
        )))
        .bind(tenant)
        .bind(id)
        .opt()
        .await?;
    if let Some(job) = waiting {
        archive(tx, now, (tenant, id), End::Cancelled, Some(&Trouble::new("cancelled", why)), None).await?;
        return Ok(Cancelling::Cancelled(Box::new(job)));
    }
    let asked = tx
        .query(sql!("UPDATE jobs SET cancel_requested = TRUE WHERE tenant = $1 AND id = $2 AND state = 'running'"))
        .bind(tenant)
        .bind(id)
        .exec()
        .await?;
    if asked == 1 {
        return Ok(Cancelling::Asked);
    }
    let ended: Option<(String,)> = tx
        .query(sql!("SELECT state FROM job_history WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(id)
        .opt()
        .await?;
    Ok(ended.map_or(Cancelling::Unknown, |(state,)| Cancelling::Ended(state)))
}

/// Brings a dead or cancelled job back as ready, with its failures forgiven and its attempts counted on. `false` when there is no
/// such job in such a state.
///
/// # Errors
/// Whatever the database says.
pub async fn retry(tx: &mut Tx, now: At, tenant: TenantId, id: JobId) -> Result<bool> {
    let back = tx
        .query(sql!(concat!(
            "INSERT INTO jobs (",
            columns!(),
            ") SELECT id, tenant, queue, kind, key, spec_hash, provider, payload, priority, 'ready', attempt, 0, 0,
               NULL, $3, '', '', saved, error, /*pg FALSE OR */ 1 = 0, correlation_id, enqueued_at, $3, NULL
             FROM job_history WHERE tenant = $1 AND id = $2 AND state IN ('dead', 'cancelled')"
        )))
        .bind(tenant)
        .bind(id)
        .bind(now)
        .exec()
        .await?;
    if back == 1 {
        tx.ring();
        // Its last attempt, of which only the history told.
        tx.query(sql!(
            "INSERT INTO job_attempts (tenant, job, number, worker, started_at, ended_at, outcome, class, message)
             SELECT tenant, id, attempt, worker, started_at, finished_at, state, error->>'class', error->>'message' FROM job_history
             WHERE tenant = $1 AND id = $2 AND started_at IS NOT NULL AND worker IS NOT NULL
             ON CONFLICT (tenant, job, number) DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .exec()
        .await?;
        tx.query(sql!("DELETE FROM job_history WHERE tenant = $1 AND id = $2")).bind(tenant).bind(id).exec().await?;
    }
    Ok(back == 1)
}

/// Puts a job off that has not started: it is not tried before `until`, and says why. `false` when there is no such job that waits.
///
/// # Errors
/// Whatever the database says.
pub async fn snooze(tx: &mut Tx, tenant: TenantId, id: JobId, until: At, why: &str) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE jobs SET state = 'scheduled', run_at = $3, waiting_for = $4, waiting_why = $5
             WHERE tenant = $1 AND id = $2 AND state IN ('ready', 'scheduled') AND waiting_for <> 'paused'"
        ))
        .bind(tenant)
        .bind(id)
        .bind(until)
        .bind(Waiting::Snoozed.word())
        .bind(why)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Stops what matches from starting; what runs goes on. Rows that wait say so.
///
/// # Errors
/// Whatever the database says.
pub async fn pause(tx: &mut Tx, pause: &Pause) -> Result<u64> {
    tx.query(sql!(
        "INSERT INTO pauses (id, tenant, scope, value, reason, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    ))
    .bind(pause.id)
    .bind(pause.tenant)
    .bind(&pause.scope)
    .bind(&pause.value)
    .bind(&pause.reason)
    .bind(&pause.actor)
    .bind(pause.created_at)
    .exec()
    .await?;
    tx.query(sql!(concat!(
        "UPDATE jobs SET state = 'scheduled', waiting_for = 'paused', waiting_why = $1 WHERE (tenant, id) IN (
           SELECT tenant, id FROM jobs j WHERE state IN ('ready', 'scheduled') AND waiting_for <> 'paused' AND ",
        paused!(),
        ")"
    )))
    .bind(format!("paused by {}: {}", pause.actor, pause.reason))
    .exec()
    .await
}

/// Takes a pause away; what no other pause covers goes on. `None` when there is no such pause of this tenant's.
///
/// # Errors
/// Whatever the database says.
pub async fn resume(tx: &mut Tx, tenant: Option<TenantId>, id: PauseId) -> Result<Option<u64>> {
    let gone = tx
        .query(sql!("DELETE FROM pauses WHERE id = $2 AND ($1 IS NULL OR tenant = $1)"))
        .bind(tenant)
        .bind(id)
        .exec()
        .await?;
    if gone == 0 {
        return Ok(None);
    }
    let n = tx
        .query(sql!(concat!(
            "UPDATE jobs SET waiting_for = '', waiting_why = '' WHERE (tenant, id) IN (
               SELECT tenant, id FROM jobs j WHERE state = 'scheduled' AND waiting_for = 'paused' AND NOT ",
            paused!(),
            ")"
        )))
        .exec()
        .await?;
    tx.ring();
    Ok(Some(n))
}

impl Ledger {
    /// The pauses that touch a tenant (all of them, for `None`).
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn pauses(&self, tenant: Option<TenantId>) -> Result<Vec<Pause>> {
        self.db
            .query(sql!(
                "SELECT id, tenant, scope, value, reason, actor, created_at FROM pauses WHERE $1 IS NULL OR tenant IS NULL OR tenant = $1 ORDER BY id"
            ))
            .bind(tenant)
            .all()
            .await
    }
}

/// What a job's cancellation leaves as its error.
#[must_use]
pub fn cancelled(why: &str) -> (End, Trouble) {
    (End::Cancelled, Trouble::new("cancelled", why))
}
