//! The one way to enqueue: an insert in the caller's transaction, together with the business change; one job or many.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use super::paused;
use crate::canon;
use crate::db::{self, At, Json, Rows, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// A job to be.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Whose work it is.
    pub tenant: TenantId,
    /// The lane.
    pub queue: super::Queue,
    /// The kind's name.
    pub kind: &'static str,
    /// What makes two requests the same work, within (tenant, kind).
    pub key: String,
    /// The design it is about.
    pub spec_hash: Option<String>,
    /// The provider it talks to, or empty.
    pub provider: String,
    /// The kind's payload.
    pub payload: Value,
    /// Higher first; 0 is usual.
    pub priority: i64,
    /// Not before; in the past means now.
    pub run_at: At,
    /// Of the request or job that caused it.
    pub correlation_id: String,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// A new row.
    New(JobId),
    /// The same work was there already: its id.
    Known(JobId),
}

impl Enqueued {
    /// The job, new or known.
    #[must_use]
    pub fn id(self) -> JobId {
        match self {
            Enqueued::New(id) | Enqueued::Known(id) => id,
        }
    }
}

/// Why nothing was enqueued.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The key belongs to work with another payload.
    #[error("this key already belongs to a job with another payload")]
    KeyTaken(JobId),
    /// The payload is no JSON.
    #[error("the payload cannot be written as canonical JSON: {0}")]
    Payload(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// Inserts the key first, then the job. A repeat answers the first job; the same key with another payload is refused.
///
/// # Errors
/// [`EnqueueError`]; then the caller drops the transaction.
pub async fn enqueue(tx: &mut Tx, now: At, job: &NewJob) -> Result<Enqueued, EnqueueError> {
    let mut outcomes = enqueue_all(tx, now, &[job]).await?;
    outcomes.pop().unwrap_or_else(|| Err(db::Error::RowNotFound.into()))
}

/// The same for many jobs, in as many statements as for one; each has its own outcome, in their order, and a key that is taken spoils no
/// other's.
///
/// # Errors
/// When a payload is no JSON or the database fails; then the caller drops the transaction.
pub async fn enqueue_all(
    tx: &mut Tx,
    now: At,
    jobs: &[&NewJob],
) -> Result<Vec<Result<Enqueued, EnqueueError>>, EnqueueError> {
    let rows: Vec<Row<'_>> = jobs.iter().copied().map(Row::of).collect::<Result<_, _>>()?;
    // Everybody takes keys in one order, or two transactions could wait for each other.
    let mut in_order: Vec<&Row<'_>> = rows.iter().collect();
    in_order.sort_by_key(|row| (row.job.tenant, row.job.kind, &row.job.key));
    let known = insert(tx, now, &rows, &db::rows(in_order.into_iter().map(Row::placed))).await?;
    if known.len() < rows.len() {
        tx.ring();
    }
    let mut outcomes = vec![];
    for row in &rows {
        outcomes.push(if known.contains(&row.id) { holder(tx, row).await? } else { Ok(Enqueued::New(row.id)) });
    }
    Ok(outcomes)
}

/// A job to be written.
struct Row<'a> {
    id: JobId,
    digest: String,
    job: &'a NewJob,
}

impl<'a> Row<'a> {
    fn of(job: &'a NewJob) -> serde_json::Result<Row<'a>> {
        Ok(Row { id: JobId::new(), digest: canon::digest(&job.payload)?, job })
    }

    /// As one row of an argument: id, tenant, queue, kind, key, digest, design, provider, payload, priority, time, correlation id. By place, not
    /// by name: the database would read, sort and look up a dozen names for each job.
    fn placed(&self) -> impl Serialize {
        let NewJob { tenant, queue, kind, key, spec_hash, provider, payload, priority, run_at, correlation_id } =
            self.job;
        let (id, tenant, at) = (self.id.0, tenant.0, run_at.0);
        (id, tenant, queue.word(), kind, key, &self.digest, spec_hash, provider, payload, priority, at, correlation_id)
    }
}

/// Takes the keys that are free, and makes rows of the jobs that got theirs; answers the others, whose work is known already. Postgres does
/// both in one statement, SQLite, which cannot, in two.
async fn insert(tx: &mut Tx, now: At, rows: &[Row<'_>], list: &Json<Rows>) -> db::Result<HashSet<JobId>> {
    if tx.engine() == "postgres" {
        let new = insert_jobs(tx, now, list).await?;
        return known(tx, new, rows, list).await;
    }
    let new = insert_keys(tx, now, list).await?;
    let known = known(tx, new, rows, list).await?;
    if known.is_empty() {
        insert_jobs(tx, now, list).await?;
    } else if known.len() < rows.len() {
        insert_jobs(tx, now, &db::rows(rows.iter().filter(|row| !known.contains(&row.id)).map(Row::placed))).await?;
    }
    Ok(known)
}

async fn insert_keys(tx: &mut Tx, now: At, list: &Json<Rows>) -> db::Result<u64> {
    tx.query(sql!(
        "/*lite*/ INSERT INTO job_keys (tenant, kind, key, job, digest, created_at)
         SELECT value->>1, value->>3, value->>4, value->>0, value->>5, $2 FROM jsonb_each($1) WHERE 1 = 1
         ON CONFLICT (tenant, kind, key) DO NOTHING /*end*/"
    ))
    .bind(list)
    .bind(now)
    .exec()
    .await
}

/// Those whose key is another job's; looked up only where not all of them are `new`.
async fn known(tx: &mut Tx, new: u64, rows: &[Row<'_>], list: &Json<Rows>) -> db::Result<HashSet<JobId>> {
    if new == rows.len() as u64 {
        return Ok(HashSet::new());
    }
    let fresh: Vec<(JobId,)> = tx
        .query(sql!(
            "SELECT k.job FROM jsonb_each($1) f CROSS JOIN job_keys k
             WHERE k.tenant = /*pg CAST( */ f.value->>1 /*pg AS UUID) */ AND k.kind = f.value->>3 AND k.key = f.value->>4
               AND k.job = /*pg CAST( */ f.value->>0 /*pg AS UUID) */"
        ))
        .bind(list)
        .all()
        .await?;
    let fresh: HashSet<JobId> = fresh.into_iter().map(|(id,)| id).collect();
    Ok(rows.iter().map(|row| row.id).filter(|id| !fresh.contains(id)).collect())
}

/// Whose a key is that was not free.
async fn holder(tx: &mut Tx, row: &Row<'_>) -> db::Result<Result<Enqueued, EnqueueError>> {
    let (known, held): (JobId, String) = tx
        .query(sql!("SELECT job, digest FROM job_keys WHERE tenant = $1 AND kind = $2 AND key = $3"))
        .bind(row.job.tenant)
        .bind(row.job.kind)
        .bind(&row.job.key)
        .one()
        .await?;
    Ok(if held == row.digest { Ok(Enqueued::Known(known)) } else { Err(EnqueueError::KeyTaken(known)) })
}

/// The rows themselves: ready when due, scheduled when not, parked when an operator paused their like. On Postgres the keys too, and only
/// the rows that got theirs.
async fn insert_jobs(tx: &mut Tx, now: At, list: &Json<Rows>) -> db::Result<u64> {
    tx.query(sql!(concat!(
        "WITH given AS /*pg MATERIALIZED */ (SELECT j.*, ",
        paused!(),
        " AS paused FROM (
             SELECT /*pg CAST( */ value->>0 /*pg AS UUID) */ AS id, /*pg CAST( */ value->>1 /*pg AS UUID) */ AS tenant, value->>2 AS queue,
               value->>3 AS kind, value->>4 AS key, value->>5 AS digest, value->>6 AS spec_hash, value->>7 AS provider, value->8 AS payload,
               CAST(value->>9 AS BIGINT) AS priority,
               /*pg CAST('epoch' AS TIMESTAMPTZ) + INTERVAL '1 microsecond' * */ CAST(value->>10 AS BIGINT) AS run_at,
               value->>11 AS correlation_id FROM jsonb_each($1)) j)
           /*pg , keys AS (INSERT INTO job_keys (tenant, kind, key, job, digest, created_at)
             SELECT tenant, kind, key, id, digest, $2 FROM given ON CONFLICT (tenant, kind, key) DO NOTHING RETURNING job) */
         INSERT INTO jobs (id, tenant, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries,
            run_at, waiting_for, waiting_why, cancel_requested, correlation_id, enqueued_at, ready_at)
         SELECT id, tenant, queue, kind, key, spec_hash, provider, payload, priority,
            CASE WHEN paused OR run_at > $2 THEN 'scheduled' ELSE 'ready' END, 0, 0, 0,
            run_at, CASE WHEN paused THEN 'paused' ELSE '' END, CASE WHEN paused THEN 'an operator paused this kind of work' ELSE '' END,
            /*pg FALSE OR */ 1 = 0, correlation_id, $2, $2
         FROM given /*pg WHERE id IN (SELECT job FROM keys) */"
    )))
    .bind(list)
    .bind(now)
    .exec()
    .await
}
