//! Handing out work: promote what is due, share it fairly over tenants, and begin attempts. Not scoped to a tenant.

use super::{Job, Ledger, Queue, hot, paused};
use crate::db::{self, At, Json, Result, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// So many tenants are looked at in one claim; the rotation reaches the others next time.
const TENANTS_MAX: i64 = 32;

pub(super) fn words(queues: &[Queue]) -> Json<serde_json::Value> {
    db::rows(queues.iter().map(|q| serde_json::json!({ "q": q.word() })))
}

impl Ledger {
    /// Those of the queues, in the order given, where a claim would find something: a read, so that idling costs no write.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn with_work(&self, queues: &[Queue]) -> Result<Vec<Queue>> {
        let found: Vec<(String,)> = self
            .db
            .query(sql!(
                "SELECT w.q FROM (SELECT value->>'q' AS q FROM jsonb_each($1)) w
                 WHERE EXISTS (SELECT 1 FROM jobs WHERE queue = w.q AND state = 'ready')
                   OR EXISTS (SELECT 1 FROM jobs WHERE queue = w.q AND state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $2)"
            ))
            .bind(words(queues))
            .bind(self.now())
            .all()
            .await?;
        Ok(queues.iter().copied().filter(|queue| found.iter().any(|(word,)| word == queue.word())).collect())
    }

    /// Makes due rows ready, then gives up to `n` ready ones to a worker: the queues in the order given, in each the tenants in turn, of
    /// each its jobs by priority and age. Nothing is counted yet: see [`Ledger::start`].
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn claim(&self, worker: &str, queues: &[Queue], n: i64) -> Result<Vec<JobId>> {
        let mut tx = self.db.begin("claim").await?;
        promote(&mut tx, self.now()).await?;
        let mut ids = vec![];
        for queue in queues {
            let want = n - i64::try_from(ids.len()).unwrap_or(n);
            if want <= 0 {
                break;
            }
            ids.extend(self.claim_fairly(&mut tx, worker, *queue, want).await?);
        }
        tx.commit().await?;
        Ok(ids)
    }

    async fn claim_fairly(&self, tx: &mut Tx, worker: &str, queue: Queue, n: i64) -> Result<Vec<JobId>> {
        let mut turn = self.turn(queue);
        let waiting = tenants_waiting(tx, queue, turn.last).await?;
        let (mut ids, mut more) = (vec![], i64::try_from(waiting.len()) == Ok(TENANTS_MAX));
        for (tenant, share) in turn.deal(&waiting, n) {
            let got = claim_of(tx, worker, queue, tenant, share).await?;
            more |= i64::try_from(got.len()).unwrap_or(share) == share;
            ids.extend(got);
        }
        self.keep_turn(queue, turn);
        // A share that was not used up goes to those who may have more: no slot stays empty while a job is ready.
        let want = n - i64::try_from(ids.len()).unwrap_or(n);
        if want > 0 && more {
            ids.extend(claim_any(tx, worker, queue, want).await?);
        }
        Ok(ids)
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
        begun(tx, now, job).await
    }

    /// Claims one ready job by its id and begins its attempt at once: what a dispatcher does that was handed the id. `None` when it is not
    /// to be had: it runs, has ended, waits, is paused, or never was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn take(&self, id: JobId, worker: &str) -> Result<Option<Job>> {
        let now = self.now();
        let mut tx = self.db.begin("take").await?;
        let job: Option<Job> = tx
            .query(sql!(concat!(
                "UPDATE jobs AS j SET state = 'running', worker = $2, attempt = attempt + 1, started_at = $3, waiting_for = '', waiting_why = ''
                 WHERE id = $1 AND state = 'ready' AND NOT ",
                paused!(),
                " RETURNING ",
                hot!()
            )))
            .bind(id)
            .bind(worker)
            .bind(now)
            .opt()
            .await?;
        begun(tx, now, job).await
    }
}

/// Makes everything ready whose time has come.
pub(super) async fn promote(tx: &mut Tx, now: At) -> Result<u64> {
    tx.query(sql!(
        "UPDATE jobs SET state = 'ready', waiting_for = '', waiting_why = '', ready_at = $1, offered_at = NULL WHERE id IN (
           SELECT id FROM jobs WHERE state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $1
           ORDER BY run_at LIMIT 1000 /*pg FOR UPDATE SKIP LOCKED */)"
    ))
    .bind(now)
    .exec()
    .await
}

/// Up to [`TENANTS_MAX`] tenants with ready work and their weights, those after `last` first: one step of the index per tenant, however
/// many jobs each has.
pub(super) async fn tenants_waiting(tx: &mut Tx, queue: Queue, last: TenantId) -> Result<Vec<(TenantId, i64)>> {
    tx.query(sql!(
        "WITH RECURSIVE ahead (n, tenant) AS (
           SELECT 1, (SELECT tenant FROM jobs WHERE queue = $1 AND state = 'ready' AND tenant > $2 ORDER BY tenant LIMIT 1)
           UNION ALL
           SELECT n + 1, (SELECT j.tenant FROM jobs j WHERE j.queue = $1 AND j.state = 'ready' AND j.tenant > ahead.tenant ORDER BY j.tenant LIMIT 1)
           FROM ahead WHERE n < $3 AND ahead.tenant IS NOT NULL),
         behind (n, tenant) AS (
           SELECT 1, (SELECT tenant FROM jobs WHERE queue = $1 AND state = 'ready' AND tenant <= $2 ORDER BY tenant LIMIT 1)
           UNION ALL
           SELECT n + 1, (SELECT j.tenant FROM jobs j WHERE j.queue = $1 AND j.state = 'ready' AND j.tenant > behind.tenant AND j.tenant <= $2
             ORDER BY j.tenant LIMIT 1)
           FROM behind WHERE n < $3 AND behind.tenant IS NOT NULL)
         SELECT w.tenant, COALESCE(t.weight, 1) AS weight
         FROM (SELECT n, tenant FROM ahead UNION ALL SELECT n + $3, tenant FROM behind) w LEFT JOIN tenants t ON t.id = w.tenant
         WHERE w.tenant IS NOT NULL ORDER BY w.n LIMIT $3"
    ))
    .bind(queue.word())
    .bind(last)
    .bind(TENANTS_MAX)
    .all()
    .await
}

async fn claim_of(tx: &mut Tx, worker: &str, queue: Queue, tenant: TenantId, n: i64) -> Result<Vec<JobId>> {
    let picked: Vec<(JobId,)> = tx
        .query(sql!(concat!(
            "WITH picked AS MATERIALIZED (
               SELECT id FROM jobs j WHERE tenant = $1 AND queue = $2 AND state = 'ready' AND NOT ",
            paused!(),
            " ORDER BY priority DESC, run_at, id LIMIT $3 /*pg FOR UPDATE OF j SKIP LOCKED */)
             UPDATE jobs SET state = 'running', worker = $4, started_at = NULL WHERE id IN (SELECT id FROM picked) RETURNING id"
        )))
        .bind(tenant)
        .bind(queue.word())
        .bind(n)
        .bind(worker)
        .all()
        .await?;
    Ok(picked.into_iter().map(|(id,)| id).collect())
}

async fn claim_any(tx: &mut Tx, worker: &str, queue: Queue, n: i64) -> Result<Vec<JobId>> {
    let picked: Vec<(JobId,)> = tx
        .query(sql!(concat!(
            "WITH picked AS MATERIALIZED (
               SELECT id FROM jobs j WHERE queue = $1 AND state = 'ready' AND NOT ",
            paused!(),
            " ORDER BY priority DESC, run_at, id LIMIT $2 /*pg FOR UPDATE OF j SKIP LOCKED */)
             UPDATE jobs SET state = 'running', worker = $3, started_at = NULL WHERE id IN (SELECT id FROM picked) RETURNING id"
        )))
        .bind(queue.word())
        .bind(n)
        .bind(worker)
        .all()
        .await?;
    Ok(picked.into_iter().map(|(id,)| id).collect())
}

/// Opens the row of an attempt that has just been counted.
async fn begun(mut tx: Tx, now: At, job: Option<Job>) -> Result<Option<Job>> {
    let Some(job) = job else {
        tx.rollback().await?;
        return Ok(None);
    };
    tx.query(sql!("INSERT INTO job_attempts (job, number, tenant, worker, started_at) VALUES ($1, $2, $3, $4, $5)"))
        .bind(job.id)
        .bind(job.attempt)
        .bind(job.tenant)
        .bind(&job.worker)
        .bind(now)
        .exec()
        .await?;
    tx.commit().await?;
    Ok(Some(job))
}
