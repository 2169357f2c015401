//! The ledger's own machinery: claim, start, return, promote, recover. The one place that is not scoped to a tenant.

use std::time::Duration;

use super::{DEAD_AFTER_S, Job, Ledger, Queue, hot, paused};
use crate::db::{self, Json, Result};
use crate::id::JobId;
use crate::sql;

/// What the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Workers found dead.
    pub dead_workers: u64,
    /// Jobs taken back from them.
    pub recovered: u64,
}

fn words(queues: &[Queue]) -> Json<serde_json::Value> {
    db::rows(queues.iter().map(|q| serde_json::json!({ "q": q.word() })))
}

impl Ledger {
    /// Whether a claim or a promotion would find something: a read, so that idling costs no write.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn has_work(&self, queues: &[Queue]) -> Result<bool> {
        let found: Option<(i64,)> = self
            .db
            .query(sql!(
                "SELECT CAST(1 AS BIGINT) FROM jobs WHERE queue IN (SELECT value->>'q' FROM jsonb_each($1))
                   AND (state = 'ready' OR (state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $2)) LIMIT 1"
            ))
            .bind(words(queues))
            .bind(self.now())
            .opt()
            .await?;
        Ok(found.is_some())
    }

    /// Makes due rows ready, then gives up to `n` ready ones to a worker, by priority and age. Nothing is counted yet: see [`Ledger::start`].
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn claim(&self, worker: &str, queues: &[Queue], n: i64) -> Result<Vec<JobId>> {
        let now = self.now();
        let mut tx = self.db.begin("claim").await?;
        tx.query(sql!(
            "UPDATE jobs SET state = 'ready', waiting_for = '', waiting_why = '', ready_at = $1 WHERE id IN (
               SELECT id FROM jobs WHERE state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $1
               ORDER BY run_at LIMIT 1000 /*pg FOR UPDATE SKIP LOCKED */)"
        ))
        .bind(now)
        .exec()
        .await?;
        let picked: Vec<(JobId,)> = tx
            .query(sql!(concat!(
                "WITH picked AS MATERIALIZED (
                   SELECT id FROM jobs j WHERE state = 'ready' AND queue IN (SELECT value->>'q' FROM jsonb_each($1)) AND NOT ",
                paused!(),
                " ORDER BY priority DESC, run_at, id LIMIT $2 /*pg FOR UPDATE OF j SKIP LOCKED */)
                 UPDATE jobs SET state = 'running', worker = $3, started_at = NULL WHERE id IN (SELECT id FROM picked) RETURNING id"
            )))
            .bind(words(queues))
            .bind(n)
            .bind(worker)
            .all()
            .await?;
        tx.commit().await?;
        Ok(picked.into_iter().map(|(id,)| id).collect())
    }

    /// Begins an attempt of a claimed job: counts it and opens its row. `None` when it was taken away meanwhile.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn start(&self, id: JobId, worker: &str) -> Result<Option<Job>> {
        let now = self.now();
        let mut tx = self.db.begin("start").await?;
        let job: Option<Job> = tx
            .query(sql!(concat!(
                "UPDATE jobs SET attempt = attempt + 1, started_at = $3, waiting_for = '', waiting_why = ''
                 WHERE id = $1 AND worker = $2 AND state = 'running' AND started_at IS NULL RETURNING ",
                hot!()
            )))
            .bind(id)
            .bind(worker)
            .bind(now)
            .opt()
            .await?;
        let Some(job) = job else {
            tx.rollback().await?;
            return Ok(None);
        };
        tx.query(sql!(
            "INSERT INTO job_attempts (job, number, tenant, worker, started_at) VALUES ($1, $2, $3, $4, $5)"
        ))
        .bind(id)
        .bind(job.attempt)
        .bind(job.tenant)
        .bind(worker)
        .bind(now)
        .exec()
        .await?;
        tx.commit().await?;
        Ok(Some(job))
    }

    /// Gives claimed jobs that never started back, uncharged.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn give_back(&self, worker: &str, ids: &[JobId]) -> Result<u64> {
        let mut tx = self.db.begin("give_back").await?;
        let ids = db::rows(ids.iter().map(|id| serde_json::json!({ "id": id.0 })));
        let n = tx
            .query(sql!(
                "UPDATE jobs SET state = 'ready', worker = NULL WHERE state = 'running' AND started_at IS NULL AND worker = $1
                   AND id IN (SELECT /*pg CAST( */ value->>'id' /*pg AS UUID) */ FROM jsonb_each($2))"
            ))
            .bind(worker)
            .bind(ids)
            .exec()
            .await?;
        tx.commit().await?;
        Ok(n)
    }

    /// The worker lives: beats its heart (registering it if it is new or was given up) and answers which of its jobs should stop.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn beat(&self, worker: &str, process: &str, queues: &str) -> Result<Vec<JobId>> {
        let now = self.now();
        let mut tx = self.db.begin("beat").await?;
        tx.query(sql!(
            "INSERT INTO workers (id, process, queues, started_at, heartbeat_at) VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at"
        ))
        .bind(worker)
        .bind(process)
        .bind(queues)
        .bind(now)
        .exec()
        .await?;
        tx.commit().await?;
        let stop: Vec<(JobId,)> = self
            .db
            .query(sql!("SELECT id FROM jobs WHERE worker = $1 AND state = 'running' AND cancel_requested"))
            .bind(worker)
            .all()
            .await?;
        Ok(stop.into_iter().map(|(id,)| id).collect())
    }

    /// The worker leaves in good order: whatever it still holds goes back at once, as after its death.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn leave(&self, worker: &str) -> Result<()> {
        let mut tx = self.db.begin("leave").await?;
        tx.query(sql!("DELETE FROM workers WHERE id = $1")).bind(worker).exec().await?;
        tx.commit().await?;
        self.sweep().await.map(drop)
    }

    /// The one path from a dead owner back to ready: everything running whose worker has no living heart. Attempts that had begun count
    /// as recoveries, never as failures.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn sweep(&self) -> Result<Swept> {
        let now = self.now();
        let alive_since = now.minus(Duration::from_secs(DEAD_AFTER_S));
        let orphans: Option<(i64,)> = self
            .db
            .query(sql!(
                "SELECT CAST(1 AS BIGINT) WHERE EXISTS (SELECT 1 FROM workers WHERE heartbeat_at < $1)
                   OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND worker NOT IN (SELECT id FROM workers))"
            ))
            .bind(alive_since)
            .opt()
            .await?;
        if orphans.is_none() {
            return Ok(Swept::default());
        }
        let mut tx = self.db.begin("sweep").await?;
        let dead_workers =
            tx.query(sql!("DELETE FROM workers WHERE heartbeat_at < $1")).bind(alive_since).exec().await?;
        tx.query(sql!(
            "UPDATE job_attempts SET ended_at = $1, outcome = 'lost', class = 'owner_died', message = 'the worker stopped beating; the job goes on elsewhere'
             WHERE ended_at IS NULL AND job IN (
               SELECT id FROM jobs WHERE state = 'running' AND started_at IS NOT NULL AND worker NOT IN (SELECT id FROM workers))"
        ))
        .bind(now)
        .exec()
        .await?;
        let recovered = tx
            .query(sql!(
                "UPDATE jobs SET state = 'ready', ready_at = $1, recoveries = recoveries + CASE WHEN started_at IS NULL THEN 0 ELSE 1 END,
                   worker = NULL, started_at = NULL
                 WHERE state = 'running' AND worker NOT IN (SELECT id FROM workers)"
            ))
            .bind(now)
            .exec()
            .await?;
        tx.commit().await?;
        if recovered > 0 {
            tracing::warn!(dead_workers, recovered, "took {recovered} jobs back from dead workers");
            metrics::counter!("platen_jobs_recovered_total").increment(recovered);
            self.nudge();
        }
        Ok(Swept { dead_workers, recovered })
    }

    /// Deletes finished jobs and their attempts older than `keep`. Keys stay: they are the memory of what was done.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim(&self, keep: Duration) -> Result<u64> {
        let before = self.now().minus(keep);
        let mut tx = self.db.begin("trim").await?;
        tx.query(sql!("DELETE FROM job_attempts WHERE job IN (SELECT id FROM job_history WHERE finished_at < $1)"))
            .bind(before)
            .exec()
            .await?;
        let n = tx.query(sql!("DELETE FROM job_history WHERE finished_at < $1")).bind(before).exec().await?;
        tx.commit().await?;
        Ok(n)
    }

    /// A job of any tenant by id: what a dispatcher needs that was handed an id only.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn any(&self, id: JobId) -> Result<Option<Job>> {
        self.db.query(sql!(concat!("SELECT ", hot!(), " FROM jobs WHERE id = $1"))).bind(id).opt().await
    }
}
