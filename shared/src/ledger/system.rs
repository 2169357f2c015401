//! The ledger's own machinery: hearts, and the one path back from a dead worker. Not scoped to a tenant.

use std::time::Duration;

use super::{DEAD_AFTER_S, Fence, Ledger};
use crate::db::{At, Json, Result};
use crate::id::{JobId, TenantId};
use crate::sql;

/// What the sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Workers found dead.
    pub dead_workers: u64,
    /// Jobs taken back from them.
    pub recovered: Vec<Recovered>,
}

/// A job that was taken back, and is ready.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Recovered {
    /// Whose it is.
    pub tenant: TenantId,
    /// The job.
    pub id: JobId,
    /// [`super::Queue`]'s word.
    pub queue: String,
}

/// How a worker shows itself to the others.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    /// New at every start.
    pub id: String,
    /// Its process id.
    pub process: String,
    /// Its machine or container.
    pub host: String,
    /// The release it runs.
    pub release: String,
    /// The queues it serves, comma-separated.
    pub queues: String,
    /// `ledger` or `redis`: where it hears of work now.
    pub dispatcher: String,
    /// How many jobs it runs at a time.
    pub slots: i64,
    /// It was asked to stop and starts nothing new.
    pub draining: bool,
}

impl Presence {
    /// A worker of this name, and nothing more.
    #[must_use]
    pub fn named(id: &str) -> Presence {
        Presence { id: id.to_owned(), ..Presence::default() }
    }
}

/// How far a running job is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
    /// What it does now.
    pub label: String,
}

impl Ledger {
    /// The worker lives: beats its heart (registering it if it is new or was given up) and answers which of its jobs should stop.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn beat(&self, who: &Presence) -> Result<Vec<JobId>> {
        let now = self.now();
        let mut tx = self.db.begin_relaxed("beat").await?;
        tx.query(sql!(
            "INSERT INTO workers (id, process, host, release, queues, dispatcher, slots, draining, started_at, heartbeat_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
             ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, dispatcher = excluded.dispatcher, draining = excluded.draining"
        ))
        .bind(&who.id)
        .bind(&who.process)
        .bind(&who.host)
        .bind(&who.release)
        .bind(&who.queues)
        .bind(&who.dispatcher)
        .bind(who.slots)
        .bind(who.draining)
        .bind(now)
        .exec()
        .await?;
        tx.commit().await?;
        let stop: Vec<(JobId,)> = self
            .db
            .query(sql!("SELECT id FROM jobs WHERE worker = $1 AND state = 'running' AND cancel_requested"))
            .bind(&who.id)
            .all()
            .await?;
        Ok(stop.into_iter().map(|(id,)| id).collect())
    }

    /// Writes how far a worker's running jobs are; what is no longer its own is left alone.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn report(&self, worker: &str, jobs: &[(TenantId, JobId, Progress)]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin_relaxed("progress").await?;
        for (tenant, id, progress) in jobs {
            tx.query(sql!(
                "UPDATE jobs SET progress = $4 WHERE tenant = $1 AND id = $2 AND worker = $3 AND state = 'running'"
            ))
            .bind(*tenant)
            .bind(*id)
            .bind(worker)
            .bind(Json(progress))
            .exec()
            .await?;
        }
        tx.commit().await
    }

    /// How many workers have a row: those that live, and those that died within seconds.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn living(&self) -> Result<i64> {
        self.db.query(sql!("SELECT count(*) FROM workers")).one().await.map(|(n,)| n)
    }

    /// The attempts of a worker that began longer ago than `age` and have not ended.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn held_by(&self, worker: &str, age: Duration) -> Result<Vec<Fence>> {
        let held: Vec<(TenantId, JobId, i64, At)> = self
            .db
            .query(sql!(
                "SELECT tenant, id, attempt, started_at FROM jobs WHERE worker = $1 AND state = 'running' AND started_at < $2"
            ))
            .bind(worker)
            .bind(self.now().minus(age))
            .all()
            .await?;
        let fence = |(tenant, id, attempt, since)| Fence { tenant, id, worker: worker.to_owned(), attempt, since };
        Ok(held.into_iter().map(fence).collect())
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
        // An attempt that the release before began has its row already.
        tx.query(sql!(
            "INSERT INTO job_attempts (tenant, job, number, worker, started_at, ended_at, outcome, class, message)
             SELECT tenant, id, attempt, worker, started_at, $1, 'lost', 'owner_died', 'the worker stopped beating; the job goes on elsewhere'
             FROM jobs WHERE state = 'running' AND started_at IS NOT NULL AND worker NOT IN (SELECT id FROM workers) /*pg FOR UPDATE */
             ON CONFLICT (tenant, job, number) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome,
               class = excluded.class, message = excluded.message"
        ))
        .bind(now)
        .exec()
        .await?;
        let recovered: Vec<Recovered> = tx
            .query(sql!(
                "UPDATE jobs SET state = 'ready', ready_at = $1, recoveries = recoveries + CASE WHEN started_at IS NULL THEN 0 ELSE 1 END,
                   worker = NULL, started_at = NULL, progress = NULL, offered_at = NULL
                 WHERE state = 'running' AND worker NOT IN (SELECT id FROM workers) RETURNING tenant, id, queue"
            ))
            .bind(now)
            .all()
            .await?;
        if !recovered.is_empty() {
            tx.ring();
        }
        tx.commit().await?;
        let n = recovered.len() as u64;
        if n > 0 {
            tracing::warn!(dead_workers, recovered = n, "took {n} jobs back from dead workers");
            metrics::counter!("platen_jobs_recovered_total").increment(n);
        }
        Ok(Swept { dead_workers, recovered })
    }
}
