//! The one way to enqueue: an insert in the caller's transaction, together with the business change.

use serde_json::Value;

use super::paused;
use crate::canon;
use crate::db::{self, At, Json, Tx};
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
    let id = JobId::new();
    let digest = canon::digest(&job.payload)?;
    let fresh = tx
        .query(sql!(
            "INSERT INTO job_keys (tenant, kind, key, job, digest, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, kind, key) DO NOTHING"
        ))
        .bind(job.tenant)
        .bind(job.kind)
        .bind(&job.key)
        .bind(id)
        .bind(&digest)
        .bind(now)
        .exec()
        .await?;
    if fresh == 0 {
        let (known, held): (JobId, String) = tx
            .query(sql!("SELECT job, digest FROM job_keys WHERE tenant = $1 AND kind = $2 AND key = $3"))
            .bind(job.tenant)
            .bind(job.kind)
            .bind(&job.key)
            .one()
            .await?;
        return if held == digest { Ok(Enqueued::Known(known)) } else { Err(EnqueueError::KeyTaken(known)) };
    }
    insert(tx, now, id, job).await?;
    Ok(Enqueued::New(id))
}

/// The row itself: ready when due, scheduled when not, parked when an operator paused its like.
async fn insert(tx: &mut Tx, now: At, id: JobId, job: &NewJob) -> db::Result<()> {
    tx.query(sql!(concat!(
        "INSERT INTO jobs (id, tenant, queue, kind, key, spec_hash, provider, payload, priority, state, attempt, failures, recoveries,
            run_at, waiting_for, waiting_why, cancel_requested, correlation_id, enqueued_at, ready_at)
         SELECT id, tenant, queue, kind, key, spec_hash, provider, payload, priority,
            CASE WHEN paused OR run_at > now THEN 'scheduled' ELSE 'ready' END, 0, 0, 0,
            run_at, CASE WHEN paused THEN 'paused' ELSE '' END, CASE WHEN paused THEN 'an operator paused this kind of work' ELSE '' END,
            /*pg FALSE OR */ 1 = 0, correlation_id, now, now
         FROM (SELECT j.*, ",
        paused!(),
        " AS paused FROM (SELECT /*pg CAST( */ $1 /*pg AS UUID) */ AS id, /*pg CAST( */ $2 /*pg AS UUID) */ AS tenant, $3 AS queue, $4 AS kind,
            $5 AS key, $6 AS spec_hash, $7 AS provider, /*pg CAST( */ $8 /*pg AS JSONB) */ AS payload, CAST($9 AS BIGINT) AS priority,
            /*pg CAST( */ $10 /*pg AS TIMESTAMPTZ) */ AS run_at, $11 AS correlation_id, /*pg CAST( */ $12 /*pg AS TIMESTAMPTZ) */ AS now) j) k"
    )))
    .bind(id)
    .bind(job.tenant)
    .bind(job.queue.word())
    .bind(job.kind)
    .bind(&job.key)
    .bind(&job.spec_hash)
    .bind(&job.provider)
    .bind(Json(&job.payload))
    .bind(job.priority)
    .bind(job.run_at)
    .bind(&job.correlation_id)
    .bind(now)
    .exec()
    .await
    .map(drop)
}
