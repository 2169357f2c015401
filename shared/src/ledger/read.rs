//! What the ledger tells: one job with its attempts, lists, and the depth of queues. Tenant first, always.

use serde::{Deserialize, Serialize};

use super::{Job, Ledger, ended, hot};
use crate::db::{At, Result, Source};
use crate::id::{JobId, TenantId};
use crate::sql;

/// An attempt's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AttemptRow {
    /// From 1.
    pub number: i64,
    /// Who made it.
    pub worker: String,
    /// When it began.
    pub started_at: At,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<At>,
    /// `succeeded`, `failed`, `postponed`, `dead`, `cancelled` or `lost`.
    pub outcome: Option<String>,
    /// Error class.
    pub class: Option<String>,
    /// The operator's sentence.
    pub message: Option<String>,
}

/// Which jobs to list; all of a tenant's by default, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    /// Only this state.
    pub state: Option<String>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this queue.
    pub queue: Option<String>,
    /// Only about this design.
    pub spec_hash: Option<String>,
    /// Only older than this one (the last of the page before).
    pub before: Option<JobId>,
}

/// How deep a queue is, for one tenant.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Depth {
    /// The queue.
    pub queue: String,
    /// Can start now.
    pub ready: i64,
    /// Running.
    pub running: i64,
    /// Not due, or waiting for something.
    pub scheduled: i64,
    /// Since when the oldest ready job has been ready.
    pub oldest_ready_at: Option<At>,
}

impl Ledger {
    /// A job, hot or finished.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn job(&self, tenant: TenantId, id: JobId) -> Result<Option<Job>> {
        job(&mut self.db.reader(), tenant, id).await
    }

    /// A page of jobs, newest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn jobs(&self, tenant: TenantId, filter: &Filter, limit: i64) -> Result<Vec<Job>> {
        self.db
            .query(sql!(concat!(
                "SELECT * FROM (SELECT ", hot!(), " FROM jobs UNION ALL SELECT ", ended!(), " FROM job_history) j
                 WHERE tenant = $1 AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR kind = $3) AND ($4 IS NULL OR queue = $4)
                   AND ($5 IS NULL OR spec_hash = $5) AND ($6 IS NULL OR id < $6)
                 ORDER BY id DESC LIMIT $7"
            )))
            .bind(tenant)
            .bind(&filter.state)
            .bind(&filter.kind)
            .bind(&filter.queue)
            .bind(&filter.spec_hash)
            .bind(filter.before)
            .bind(limit)
            .all()
            .await
    }

    /// The attempts of a job, first to last. One that runs, and the last one of a job that has ended, are told by the job's own row.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn attempts(&self, tenant: TenantId, id: JobId) -> Result<Vec<AttemptRow>> {
        self.db
            .query(sql!(
                "SELECT number, worker, started_at, ended_at, outcome, class, message FROM job_attempts WHERE tenant = $1 AND job = $2
                 UNION ALL
                 SELECT attempt, worker, started_at, ended_at, outcome, class, message FROM (
                   SELECT attempt, worker, started_at, NULL AS ended_at, NULL AS outcome, NULL AS class, NULL AS message
                   FROM jobs WHERE tenant = $1 AND id = $2 AND state = 'running'
                   UNION ALL
                   SELECT attempt, worker, started_at, finished_at, state, error->>'class', error->>'message'
                   FROM job_history WHERE tenant = $1 AND id = $2) last
                 WHERE started_at IS NOT NULL AND worker IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM job_attempts WHERE tenant = $1 AND job = $2 AND number = last.attempt)
                 ORDER BY number"
            ))
            .bind(tenant)
            .bind(id)
            .all()
            .await
    }

    /// The depth of every queue that holds something of this tenant's.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn depths(&self, tenant: TenantId) -> Result<Vec<Depth>> {
        self.db
            .query(sql!(
                "SELECT queue, CAST(sum(CASE WHEN state = 'ready' THEN 1 ELSE 0 END) AS BIGINT) AS ready,
                   CAST(sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END) AS BIGINT) AS running,
                   CAST(sum(CASE WHEN state = 'scheduled' THEN 1 ELSE 0 END) AS BIGINT) AS scheduled,
                   min(CASE WHEN state = 'ready' THEN ready_at END) AS oldest_ready_at
                 FROM jobs WHERE tenant = $1 GROUP BY queue ORDER BY queue"
            ))
            .bind(tenant)
            .all()
            .await
    }

    /// How many of a tenant's jobs ended how, and how many were ever taken back from a dead worker: (state, count, recovered).
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tally(&self, tenant: TenantId) -> Result<Vec<(String, i64, i64)>> {
        self.db
            .query(sql!(
                "SELECT state, count(*), CAST(sum(CASE WHEN recoveries > 0 THEN 1 ELSE 0 END) AS BIGINT) FROM
                   (SELECT state, recoveries FROM jobs WHERE tenant = $1 UNION ALL SELECT state, recoveries FROM job_history WHERE tenant = $1) j
                 GROUP BY state ORDER BY state"
            ))
            .bind(tenant)
            .all()
            .await
    }
}

/// A job, hot or finished.
///
/// # Errors
/// Whatever the database says.
pub async fn job(db: &mut impl Source, tenant: TenantId, id: JobId) -> Result<Option<Job>> {
    db.query(sql!(concat!(
        "SELECT ",
        hot!(),
        " FROM jobs WHERE tenant = $1 AND id = $2 UNION ALL SELECT ",
        ended!(),
        " FROM job_history WHERE tenant = $1 AND id = $2"
    )))
    .bind(tenant)
    .bind(id)
    .opt()
    .await
}

/// The job of a key.
///
/// # Errors
/// Whatever the database says.
pub async fn of_key(db: &mut impl Source, tenant: TenantId, kind: &str, key: &str) -> Result<Option<JobId>> {
    let row: Option<(JobId,)> = db
        .query(sql!("SELECT job FROM job_keys WHERE tenant = $1 AND kind = $2 AND key = $3 ORDER BY job"))
        .bind(tenant)
        .bind(kind)
        .bind(key)
        .opt()
        .await?;
    Ok(row.map(|(id,)| id))
}
