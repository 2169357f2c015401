//! What operators see of the whole fleet: workers and what they run, totals over all tenants. Beside [`super::system`] these are the only
//! reads that are not scoped to a tenant; they tell counts and workers, and a job only to those who may see its tenant.

use super::read::Depth;
use super::{Job, Ledger, ended, hot};
use crate::codes;
use crate::db::{At, Json, Result};
use crate::id::{JobId, TenantId};
use crate::sql;

/// A worker process that beats, or beat until a moment ago.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Worker {
    /// Its name, new at every start.
    pub id: String,
    /// Process id on its host.
    pub process: String,
    /// The machine's name; empty when it is not known.
    pub host: String,
    /// The release it runs; empty when it is not known.
    pub release: String,
    /// `ledger` or `redis`; empty when it is not known.
    pub dispatcher: String,
    /// Words of [`super::Queue`], separated by commas.
    pub queues: String,
    /// Jobs at a time; 0 when it is not known.
    pub slots: i64,
    /// It was asked to stop, and starts nothing new.
    pub draining: bool,
    /// Since when.
    pub started_at: At,
    /// The last beat of its heart.
    pub heartbeat_at: At,
}

/// A job that runs now.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Running {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// The kind's name.
    pub kind: String,
    /// The lane.
    pub queue: String,
    /// The attempt's number.
    pub attempt: i64,
    /// Since when.
    pub started_at: At,
    /// Who runs it.
    pub worker: String,
    /// Someone asked it to stop.
    pub cancel_requested: bool,
    /// `{"done", "total", "label"}`, when it tells.
    pub progress: Option<Json<serde_json::Value>>,
}

/// How much of a tenant's work is where.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Load {
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// Can start now.
    pub ready: i64,
    /// Running.
    pub running: i64,
    /// Not due, or waiting for something.
    pub scheduled: i64,
    /// Given up.
    pub dead: i64,
}

impl Ledger {
    /// Every worker, oldest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn workers(&self) -> Result<Vec<Worker>> {
        self.db
            .query(sql!(
                "SELECT id, process, host, release, dispatcher, queues, slots, draining, started_at, heartbeat_at FROM workers ORDER BY started_at, id"
            ))
            .all()
            .await
    }

    /// What runs now, longest first: a tenant's jobs, or everybody's for `None`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn running(&self, tenant: Option<TenantId>, limit: i64) -> Result<Vec<Running>> {
        self.db
            .query(sql!(
                "SELECT id, tenant, kind, queue, attempt, started_at, worker, cancel_requested, progress FROM jobs
                 WHERE state = 'running' AND started_at IS NOT NULL AND worker IS NOT NULL AND ($1 IS NULL OR tenant = $1)
                 ORDER BY started_at, id LIMIT $2"
            ))
            .bind(tenant)
            .bind(limit)
            .all()
            .await
    }

    /// How many jobs each worker runs: (worker, jobs).
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn busy(&self) -> Result<Vec<(String, i64)>> {
        self.db
            .query(sql!(
                "SELECT worker, count(*) FROM jobs WHERE state = 'running' AND started_at IS NOT NULL AND worker IS NOT NULL GROUP BY worker"
            ))
            .all()
            .await
    }

    /// The depth of every queue that holds something, over all tenants.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn totals(&self) -> Result<Vec<Depth>> {
        self.db
            .query(sql!(
                "SELECT queue, CAST(sum(CASE WHEN state = 'ready' THEN 1 ELSE 0 END) AS BIGINT) AS ready,
                   CAST(sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END) AS BIGINT) AS running,
                   CAST(sum(CASE WHEN state = 'scheduled' THEN 1 ELSE 0 END) AS BIGINT) AS scheduled,
                   min(CASE WHEN state = 'ready' THEN ready_at END) AS oldest_ready_at
                 FROM jobs GROUP BY queue ORDER BY queue"
            ))
            .all()
            .await
    }

    /// How many jobs are dead: a tenant's, or everybody's for `None`.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn dead(&self, tenant: Option<TenantId>) -> Result<i64> {
        let (n,): (i64,) = self
            .db
            .query(sql!("SELECT count(*) FROM job_history WHERE state = 'dead' AND ($1 IS NULL OR tenant = $1)"))
            .bind(tenant)
            .one()
            .await?;
        Ok(n)
    }

    /// How jobs ended since a moment, a tenant's or everybody's for `None`: (all that ended, those that were given up for a fault of ours).
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn ended(&self, tenant: Option<TenantId>, since: At) -> Result<(i64, i64)> {
        let rows: Vec<(String, String, i64)> = self
            .db
            .query(sql!(
                "SELECT state, CASE WHEN state = 'dead' THEN COALESCE(error->>'class', '') ELSE '' END, count(*) FROM job_history
                 WHERE finished_at >= $2 AND ($1 IS NULL OR tenant = $1) GROUP BY 1, 2"
            ))
            .bind(tenant)
            .bind(since)
            .all()
            .await?;
        let ours = rows.iter().filter(|(state, class, _)| state == "dead" && codes::is_ours(class));
        Ok((rows.iter().map(|(.., n)| n).sum(), ours.map(|(.., n)| n).sum()))
    }

    /// A tenant's dead jobs, newest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn dead_jobs(&self, tenant: TenantId, limit: i64) -> Result<Vec<Job>> {
        self.db
            .query(sql!(concat!(
                "SELECT ",
                ended!(),
                " FROM job_history WHERE tenant = $1 AND state = 'dead' ORDER BY id DESC LIMIT $2"
            )))
            .bind(tenant)
            .bind(limit)
            .all()
            .await
    }

    /// What of a tenant's is not ready: first what waits for something and says so, then what is merely not due; the soonest first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn waiting(&self, tenant: TenantId, limit: i64) -> Result<Vec<Job>> {
        self.db
            .query(sql!(concat!(
                "SELECT ",
                hot!(),
                " FROM jobs WHERE tenant = $1 AND state = 'scheduled'
                 ORDER BY CASE WHEN waiting_for = '' THEN 1 ELSE 0 END, run_at, id LIMIT $2"
            )))
            .bind(tenant)
            .bind(limit)
            .all()
            .await
    }

    /// Every tenant with its work, those with dead jobs first, then by name; the installation's own work is not among them.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn loads(&self, limit: i64) -> Result<Vec<Load>> {
        self.db
            .query(sql!(
                "SELECT t.id AS tenant, t.name, COALESCE(j.ready, 0) AS ready, COALESCE(j.running, 0) AS running,
                   COALESCE(j.scheduled, 0) AS scheduled, COALESCE(d.dead, 0) AS dead
                 FROM tenants t
                 LEFT JOIN (SELECT tenant, CAST(sum(CASE WHEN state = 'ready' THEN 1 ELSE 0 END) AS BIGINT) AS ready,
                     CAST(sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END) AS BIGINT) AS running,
                     CAST(sum(CASE WHEN state = 'scheduled' THEN 1 ELSE 0 END) AS BIGINT) AS scheduled
                   FROM jobs GROUP BY tenant) j ON j.tenant = t.id
                 LEFT JOIN (SELECT tenant, count(*) AS dead FROM job_history WHERE state = 'dead' GROUP BY tenant) d ON d.tenant = t.id
                 ORDER BY COALESCE(d.dead, 0) DESC, t.name, t.id LIMIT $1"
            ))
            .bind(limit)
            .all()
            .await
    }
}
