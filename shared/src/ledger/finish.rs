//! How attempts end. Every end is fenced: it holds for (id, worker, attempt) only, so a late worker changes nothing.

use serde_json::{Value, json};

use super::{Job, Ledger, Waiting, columns};
use crate::db::{self, At, Json, Tx};
use crate::id::JobId;
use crate::sql;

/// Who may end an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The job.
    pub id: JobId,
    /// Its owner.
    pub worker: String,
    /// The attempt.
    pub attempt: i64,
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

/// Takes the job's row for this attempt, first thing in the finishing transaction: from here on nobody else can end it.
///
/// # Errors
/// [`Fenced::Late`] when it is no longer ours.
pub async fn seize(tx: &mut Tx, fence: &Fence, end: End, trouble: Option<&Trouble>) -> Result<(), Fenced> {
    let n = tx
        .query(sql!(
            "UPDATE jobs SET state = $4, error = $5, waiting_for = '', waiting_why = ''
             WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running' AND started_at IS NOT NULL"
        ))
        .bind(fence.id)
        .bind(&fence.worker)
        .bind(fence.attempt)
        .bind(end.word())
        .bind(trouble.map(Trouble::json))
        .exec()
        .await?;
    if n == 1 { Ok(()) } else { Err(Fenced::Late) }
}

/// Moves a seized job to the history with its output and closes the attempt's row; the transaction's commit makes it so.
///
/// # Errors
/// Whatever the database says.
pub async fn archive(tx: &mut Tx, now: At, id: JobId, output: Option<&Value>) -> db::Result<()> {
    tx.query(sql!(concat!(
        "INSERT INTO job_history (",
        columns!(),
        ", output, finished_at) SELECT ",
        columns!(),
        ", $2, $3 FROM jobs WHERE id = $1"
    )))
    .bind(id)
    .bind(output.map(Json))
    .bind(now)
    .exec()
    .await?;
    tx.query(sql!("DELETE FROM jobs WHERE id = $1")).bind(id).exec().await.map(drop)
}

/// Closes the row of an attempt.
///
/// # Errors
/// Whatever the database says.
pub async fn close_attempt(
    tx: &mut Tx,
    now: At,
    fence: &Fence,
    outcome: &str,
    trouble: Option<&Trouble>,
) -> db::Result<()> {
    tx.query(sql!(
        "UPDATE job_attempts SET ended_at = $3, outcome = $4, class = $5, message = $6 WHERE job = $1 AND number = $2"
    ))
    .bind(fence.id)
    .bind(fence.attempt)
    .bind(now)
    .bind(outcome)
    .bind(trouble.map(|t| t.class.as_str()))
    .bind(trouble.map(|t| t.message.as_str()))
    .exec()
    .await
    .map(drop)
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
        let n = tx
            .query(sql!(
                "UPDATE jobs SET state = 'scheduled', worker = NULL, started_at = NULL, progress = NULL, offered_at = NULL, run_at = $4, waiting_for = $5,
                   waiting_why = $6, error = $7, failures = failures + $8
                 WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running' AND started_at IS NOT NULL"
            ))
            .bind(fence.id)
            .bind(&fence.worker)
            .bind(fence.attempt)
            .bind(at)
            .bind(why.word())
            .bind(&trouble.message)
            .bind(trouble.json())
            .bind(failures)
            .exec()
            .await?;
        if n != 1 {
            return Err(Fenced::Late);
        }
        let outcome = if failures > 0 { "failed" } else { "postponed" };
        close_attempt(&mut tx, self.now(), fence, outcome, Some(trouble)).await?;
        Ok(tx.commit().await?)
    }

    /// Stores what a multi-step effect must not forget. Answers whether the job was asked to stop meanwhile.
    ///
    /// # Errors
    /// [`Fenced::Late`]: stop, and undo what can be undone.
    pub async fn checkpoint(&self, fence: &Fence, value: &Value) -> Result<bool, Fenced> {
        let mut tx = self.db.begin("checkpoint").await?;
        let kept: Option<(bool,)> = tx
            .query(sql!(
                "UPDATE jobs SET saved = $4 WHERE id = $1 AND worker = $2 AND attempt = $3 AND state = 'running' AND started_at IS NOT NULL
                 RETURNING cancel_requested"
            ))
            .bind(fence.id)
            .bind(&fence.worker)
            .bind(fence.attempt)
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
        Fence { id: self.id, worker: self.worker.clone().unwrap_or_default(), attempt: self.attempt }
    }
}
