//! Handing out work: promote what is due, share it fairly over tenants, and begin attempts. Not scoped to a tenant. Nothing here waits for
//! the disk: what a power cut takes back is due, ready or given out once more, which every kind can bear.

use std::cmp::Reverse;

use super::{Fence, Job, Ledger, Queue, hot, paused};
use crate::db::{self, Answer, At, Json, Result, Rows, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// So many tenants are looked at in one claim; the rotation reaches the others next time.
const TENANTS_MAX: i64 = 32;

pub(super) fn words(queues: &[Queue]) -> Json<Rows> {
    db::rows(queues.iter().map(|q| serde_json::json!({ "q": q.word() })))
}

impl Ledger {
    /// Those of the queues, in the order given, where a claim would find something; what has become due is made ready first. A read when
    /// nothing is due, so that idling costs no write. It asks for the first ready job in order: of an EXISTS, Postgres would hash them all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn with_work(&self, queues: &[Queue]) -> Result<Vec<Queue>> {
        let found: Vec<(String, i64)> = self
            .db
            .query(sql!(
                "SELECT q, due FROM (SELECT value->>'q' AS q, CAST(0 AS BIGINT) AS due FROM jsonb_each($1)
                   UNION ALL SELECT value->>'q', CAST(1 AS BIGINT) FROM jsonb_each($1)) w
                 WHERE (due = 0 AND (SELECT tenant FROM jobs WHERE queue = w.q AND state = 'ready' ORDER BY tenant LIMIT 1) IS NOT NULL)
                   OR (due = 1 AND EXISTS (SELECT 1 FROM jobs WHERE queue = w.q AND state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $2))"
            ))
            .bind(words(queues))
            .bind(self.now())
            .all()
            .await?;
        if found.iter().any(|(_, due)| *due == 1) {
            self.promote().await?;
        }
        Ok(queues.iter().copied().filter(|queue| found.iter().any(|(word, _)| word == queue.word())).collect())
    }

    /// Makes everything ready whose time has come, a thousand at most.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn promote(&self) -> Result<()> {
        let mut tx = self.db.begin_relaxed("promote").await?;
        promote(&mut tx, self.now()).await?;
        tx.commit().await
    }

    /// Gives up to `n` ready jobs to a worker and begins their attempts: the queues in the order given, in each the tenants in turn, of each
    /// its jobs by priority and age. Key, design, provider and last error, which running does not need, are left empty.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn claim(&self, worker: &str, queues: &[Queue], n: i64) -> Result<Vec<Job>> {
        let mut claim = Claim { worker, now: self.now(), n, got: vec![] };
        let mut tx = self.db.begin_relaxed("claim").await?;
        for queue in queues {
            if claim.left() > 0 {
                self.claim_fairly(&mut tx, &mut claim, *queue).await?;
            }
        }
        tx.commit().await?;
        // Read after the commit: the next transaction need not wait for it.
        claim.jobs()
    }

    async fn claim_fairly(&self, tx: &mut Tx, claim: &mut Claim<'_>, queue: Queue) -> Result<()> {
        let mut turn = self.turn(queue);
        loop {
            let before = claim.left();
            let mut waiting = tenants_waiting(tx, queue, turn.last).await?;
            let more = i64::try_from(waiting.len()) == Ok(TENANTS_MAX);
            // A share that was not used up goes to the others: no slot stays empty while a job is ready.
            while claim.left() > 0 && !waiting.is_empty() {
                for (tenant, share) in turn.deal(&waiting, claim.left()) {
                    if claim.of(tx, queue, tenant, share).await? != share {
                        waiting.retain(|(id, _)| *id != tenant);
                    }
                }
            }
            if claim.left() <= 0 || !more || claim.left() == before {
                self.keep_turn(queue, turn);
                return Ok(());
            }
        }
    }

    /// Claims one ready job by its id and begins its attempt: what a dispatcher does that was handed the id. `None` when it is not
    /// to be had: it runs, has ended, waits, is paused, or never was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn take(&self, tenant: TenantId, id: JobId, worker: &str) -> Result<Option<Job>> {
        let mut tx = self.db.begin_relaxed("take").await?;
        let job: Option<Job> = tx
            .query(sql!(concat!(
                "UPDATE jobs AS j SET state = 'running', worker = $3, attempt = attempt + 1, started_at = $4, waiting_for = '', waiting_why = ''
                 WHERE tenant = $1 AND id = $2 AND state = 'ready' AND NOT ",
                paused!(),
                " RETURNING ",
                hot!()
            )))
            .bind(tenant)
            .bind(id)
            .bind(worker)
            .bind(self.now())
            .opt()
            .await?;
        match job {
            Some(_) => tx.commit().await?,
            None => tx.rollback().await?,
        }
        Ok(job)
    }

    /// Gives jobs back that a worker claimed and did not run: ready as before, and the attempt is not counted. What is no longer its own is
    /// left alone.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn give_back(&self, fences: &[Fence]) -> Result<()> {
        let mut tx = self.db.begin("give_back").await?;
        for fence in fences {
            tx.query(sql!(
                "UPDATE jobs SET state = 'ready', attempt = attempt - 1, worker = NULL, started_at = NULL, offered_at = NULL
                 WHERE tenant = $1 AND id = $2 AND worker = $3 AND attempt = $4 AND started_at = $5 AND state = 'running'"
            ))
            .bind(fence.tenant)
            .bind(fence.id)
            .bind(&fence.worker)
            .bind(fence.attempt)
            .bind(fence.since)
            .exec()
            .await?;
        }
        tx.ring();
        tx.commit().await
    }
}

/// Makes everything ready whose time has come.
pub(super) async fn promote(tx: &mut Tx, now: At) -> Result<u64> {
    tx.query(sql!(
        "UPDATE jobs SET state = 'ready', waiting_for = '', waiting_why = '', ready_at = $1, offered_at = NULL WHERE (tenant, id) IN (
           SELECT tenant, id FROM jobs WHERE state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $1
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

/// Who claims how many, and what was had so far.
struct Claim<'a> {
    worker: &'a str,
    now: At,
    n: i64,
    got: Vec<(Queue, TenantId, Answer)>,
}

impl Claim<'_> {
    fn left(&self) -> i64 {
        self.n - self.got.iter().map(|(.., answer)| answer.rows()).sum::<i64>()
    }

    /// Claims of one tenant; answers how many. Both databases find the rows they have picked by where they lie. OR FAIL spares SQLite a copy of
    /// every page for undoing the statement alone: an error undoes the transaction.
    async fn of(&mut self, tx: &mut Tx, queue: Queue, tenant: TenantId, n: i64) -> Result<i64> {
        let claiming = tx
            .query(sql!(concat!(
                "WITH picked AS MATERIALIZED (
                   SELECT /*lite*/ rowid /*end*/ /*pg ctid */ AS place FROM jobs j WHERE tenant = $1 AND queue = $2 AND state = 'ready' AND NOT ",
                paused!(),
                " ORDER BY priority DESC, run_at, id LIMIT $3 /*pg FOR UPDATE OF j SKIP LOCKED */)
                 UPDATE /*lite*/ OR FAIL /*end*/ jobs
                 SET state = 'running', worker = $4, attempt = attempt + 1, started_at = $5, waiting_for = '', waiting_why = ''
                 WHERE /*lite*/ rowid IN (SELECT place FROM picked) /*end*/ /*pg ctid = ANY (ARRAY(SELECT place FROM picked)) */
                 RETURNING id, kind, payload, priority, attempt, failures, recoveries, run_at, saved, cancel_requested, correlation_id, enqueued_at, ready_at"
            )))
            .bind(tenant)
            .bind(queue.word())
            .bind(n)
            .bind(self.worker)
            .bind(self.now)
            .planned_anew();
        let answer = claiming.answer().await?;
        let rows = answer.rows();
        self.got.push((queue, tenant, answer));
        Ok(rows)
    }

    fn jobs(&self) -> Result<Vec<Job>> {
        let mut jobs = vec![];
        for (queue, tenant, answer) in &self.got {
            let mut claimed: Vec<Claimed> = answer.read()?;
            // An update answers its rows in no order.
            claimed.sort_by_key(|job| (Reverse(job.priority), job.run_at, job.id));
            jobs.extend(claimed.into_iter().map(|job| job.begun(*tenant, *queue, self.worker, self.now)));
        }
        Ok(jobs)
    }
}

/// What running a job needs of its row.
#[derive(sqlx::FromRow)]
struct Claimed {
    id: JobId,
    kind: String,
    payload: Json<serde_json::Value>,
    priority: i64,
    attempt: i64,
    failures: i64,
    recoveries: i64,
    run_at: At,
    saved: Option<Json<serde_json::Value>>,
    cancel_requested: bool,
    correlation_id: String,
    enqueued_at: At,
    ready_at: At,
}

impl Claimed {
    fn begun(self, tenant: TenantId, queue: Queue, worker: &str, now: At) -> Job {
        Job {
            kind: self.kind,
            payload: self.payload,
            priority: self.priority,
            state: "running".to_owned(),
            attempt: self.attempt,
            failures: self.failures,
            recoveries: self.recoveries,
            worker: Some(worker.to_owned()),
            saved: self.saved,
            cancel_requested: self.cancel_requested,
            correlation_id: self.correlation_id,
            enqueued_at: self.enqueued_at,
            ready_at: self.ready_at,
            started_at: Some(now),
            ..Job::bare(tenant, self.id, queue, self.run_at)
        }
    }
}
