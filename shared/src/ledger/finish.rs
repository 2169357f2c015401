//! How attempts end. Every end is fenced: it holds for (id, worker, attempt, since) only, so a late worker changes nothing.

use serde_json::{Value, json};

use super::{Job, Ledger, Waiting, columns};
use crate::db::{self, At, Json, Tx};
use crate::id::{JobId, TenantId};
use crate::sql;

/// Who may end an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// Whose job it is.
    pub tenant: TenantId,
    /// The job.
    pub id: JobId,
    /// Its owner.
    pub worker: String,
    /// The attempt.
    pub attempt: i64,
    /// When it began. A claim that a crash of the database took back is made again under the same number, maybe by the same worker, who
    /// still runs what it was given first.
    pub since: At,
}

/// The job is no longer this worker's: whatever it wanted to write was not written.
#[derive(Debug, thiserror::Error)]
pub enum Fenced {
    /// Another attempt has begun, or the job has ended.
    #[error("the job was given to another worker meanwhile")]
    Late,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] db::Error),
}

/// An error as the ledger keeps it: a class for machines, a sentence for people.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// A short word (`transient`, `invalid`, `timeout`, `panic`, …).
    pub class: String,
    /// The sentence.
    pub message: String,
}

impl Trouble {
    /// A class and a sentence; the sentence is cut at 2,000 characters.
    pub fn new(class: impl Into<String>, message: impl std::fmt::Display) -> Trouble {
        let mut message = message.to_string();
        if let Some((end, _)) = message.char_indices().nth(2000) {
            message.truncate(end);
        }
        Trouble { class: class.into(), message }
    }

    fn json(&self) -> Json<Value> {
        Json(json!({ "class": self.class, "message": self.message }))
    }
}

/// A job's last state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Did what it should.
    Succeeded,
    /// Will not be tried again by itself.
    Dead,
    /// Someone stopped it.
    Cancelled,
}

impl End {
    /// The word in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            End::Succeeded => "succeeded",
            End::Dead => "dead",
            End::Cancelled => "cancelled",
        }
    }
}

/// Holds the job's row for this attempt, first thing in the transaction that ends it: from here on nobody else can.
///
/// # Errors
/// [`Fenced::Late`] when the attempt is no longer this worker's.
pub async fn hold(tx: &mut Tx, fence: &Fence) -> Result<(), Fenced> {
    let held: Option<(i64,)> = tx
        .query(sql!(
            "SELECT CAST(1 AS BIGINT) FROM jobs WHERE tenant = $1 AND id = $2 AND worker = $3 AND attempt = $4
             AND started_at = $5 AND state = 'running' /*pg FOR UPDATE */"
        ))
        .bind(fence.tenant)
        .bind(fence.id)
        .bind(&fence.worker)
        .bind(fence.attempt)
        .bind(fence.since)
        .opt()
        .await?;
    held.map(drop).ok_or(Fenced::Late)
}

/// Writes the row of an attempt that was not the job's last, and holds the job's row. Of the last one, the history tells.
async fn close_attempt(
    tx: &mut Tx,
    now: At,
    fence: &Fence,
    outcome: &str,
    trouble: Option<&Trouble>,
) -> Result<(), Fenced> {
    let n = tx
        .query(sql!(
            "INSERT INTO job_attempts (tenant, job, number, worker, started_at, ended_at, outcome, class, message)
             SELECT tenant, id, attempt, worker, started_at, $6, $7, $8, $9 FROM jobs
             WHERE tenant = $1 AND id = $2 AND worker = $3 AND attempt = $4 AND started_at = $5 AND state = 'running' /*pg FOR UPDATE */"
        ))
        .bind(fence.tenant)
        .bind(fence.id)
        .bind(&fence.worker)
        .bind(fence.attempt)
        .bind(fence.since)
        .bind(now)
        .bind(outcome)
        .bind(trouble.map(|t| t.class.as_str()))
        .bind(trouble.map(|t| t.message.as_str()))
        .exec()
        .await?;
    if n == 1 { Ok(()) } else { Err(Fenced::Late) }
}

/// Moves a job that this transaction holds to the history, with its last attempt; the commit makes it so.
///
/// # Errors
/// Whatever the database says.
pub async fn archive(
    tx: &mut Tx,
    now: At,
    (tenant, id): (TenantId, JobId),
    end: End,
    trouble: Option<&Trouble>,
    output: Option<&Value>,
) -> db::Result<()> {
    tx.query(sql!(concat!(
        "INSERT INTO job_history (",
        columns!(),
        ", output, finished_at) SELECT id, tenant, queue, kind, key, spec_hash, provider, payload, priority, $3, attempt, failures, recoveries, worker,
           run_at, '', '', saved, $4, cancel_requested, correlation_id, enqueued_at, ready_at, started_at, $5, $6
         FROM jobs WHERE tenant = $1 AND id = $2"
    )))
    .bind(tenant)
    .bind(id)
    .bind(end.word())
    .bind(trouble.map(Trouble::json))
    .bind(output.map(Json))
    .bind(now)
    .exec()
    .await?;
    tx.query(sql!("DELETE FROM jobs WHERE tenant = $1 AND id = $2")).bind(tenant).bind(id).exec().await.map(drop)
}

impl Ledger {
    /// A failure that may pass: the job waits until `at` and is tried again.
    ///
    /// # Errors
    /// [`Fenced`].
    pub async fn retry(&self, fence: &Fence, at: At, trouble: &Trouble) -> Result<(), Fenced> {
        self.postpone_as(fence, at, Waiting::Retry, trouble, 1).await
    }

    /// Not a failure: the job waits until `at` for a reason, and no failure is counted.
    ///
    /// # Errors
    /// [`Fenced`].
    pub async fn postpone(&self, fence: &Fence, at: At, why: Waiting, trouble: &Trouble) -> Result<(), Fenced> {
        self.postpone_as(fence, at, why, trouble, 0).await
    }

    async fn postpone_as(
        &self,
        fence: &Fence,
        at: At,
        why: Waiting,
        trouble: &Trouble,
        failures: i64,
    ) -> Result<(), Fenced> {
        let mut tx = self.db.begin("postpone").await?;
        self.postpone_in(&mut tx, fence, at, (why, trouble), failures).await?;
        Ok(tx.commit().await?)
    }

    /// The same in the caller's transaction, with whatever else the wait is to be seen in. Failures from before a wait for something that
    /// is not true yet are forgiven: the time that was spent in it is not spent trying.
    ///
    /// # Errors
    /// [`Fenced`].
    pub async fn postpone_in(
        &self,
        tx: &mut Tx,
        fence: &Fence,
        at: At,
        (why, trouble): (Waiting, &Trouble),
        failures: i64,
    ) -> Result<(), Fenced> {
        let outcome = if failures > 0 { "failed" } else { "postponed" };
        close_attempt(tx, self.now(), fence, outcome, Some(trouble)).await?;
        tx.query(sql!(
            "UPDATE jobs SET state = 'scheduled', worker = NULL, started_at = NULL, progress = NULL, offered_at = NULL, run_at = $3, waiting_for = $4,
               waiting_why = $5, error = $6, failures = CASE WHEN $4 = 'not_ready' THEN 0 ELSE failures + $7 END WHERE tenant = $1 AND id = $2"
        ))
        .bind(fence.tenant)
        .bind(fence.id)
        .bind(at)
        .bind(why.word())
        .bind(&trouble.message)
        .bind(trouble.json())
        .bind(failures)
        .exec()
        .await?;
        Ok(())
    }

    /// Since when a job has been failing: the end of the first of its failures that still count; `None` when none does.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn failing_since(&self, job: &Job) -> db::Result<Option<At>> {
        if job.failures == 0 {
            return Ok(None);
        }
        let (since,): (Option<At>,) = self
            .db
            .query(sql!(
                "SELECT min(ended_at) FROM (SELECT ended_at FROM job_attempts WHERE tenant = $1 AND job = $2 AND outcome = 'failed'
                 ORDER BY number DESC LIMIT $3) last"
            ))
            .bind(job.tenant)
            .bind(job.id)
            .bind(job.failures)
            .one()
            .await?;
        Ok(since)
    }

    /// Stores what a multi-step effect must not forget. Answers whether the job was asked to stop meanwhile.
    ///
    /// # Errors
    /// [`Fenced::Late`]: stop, and undo what can be undone.
    pub async fn checkpoint(&self, fence: &Fence, value: &Value) -> Result<bool, Fenced> {
        let mut tx = self.db.begin("checkpoint").await?;
        let kept: Option<(bool,)> = tx
            .query(sql!(
                "UPDATE jobs SET saved = $6 WHERE tenant = $1 AND id = $2 AND worker = $3 AND attempt = $4 AND started_at = $5
                 AND state = 'running' RETURNING cancel_requested"
            ))
            .bind(fence.tenant)
            .bind(fence.id)
            .bind(&fence.worker)
            .bind(fence.attempt)
            .bind(fence.since)
            .bind(Json(value))
            .opt()
            .await?;
        let (cancel,) = kept.ok_or(Fenced::Late)?;
        tx.commit().await?;
        Ok(cancel)
    }
}

impl Job {
    /// The fence of its current attempt.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence {
            tenant: self.tenant,
            id: self.id,
            worker: self.worker.clone().unwrap_or_default(),
            attempt: self.attempt,
            since: self.started_at.unwrap_or(At(0)),
        }
    }
}
