//! Enqueuing a job that is the whole of its caller's change: many callers share one transaction.

use std::sync::{Arc, OnceLock};

use super::enqueue::enqueue_all;
use super::{EnqueueError, Enqueued, Job, Ledger, NewJob};
use crate::db::{self, At, Json, Tx};
use crate::id::JobId;
use crate::sql;
use crate::store::audit::{self, Audit};

/// A job, and who commanded it.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    job: NewJob,
    audit: Option<Audit>,
    /// Of a caller who wants to see the row: when it was written, if it is new and holds nothing but what was asked for.
    plain: Option<Arc<OnceLock<At>>>,
}

impl Ledger {
    /// Enqueues a job, and notes who commanded it, in a transaction shared with whoever else submits now; answers after its commit.
    /// A job that belongs to a business change is enqueued in that change's own transaction instead ([`super::enqueue::enqueue`]).
    ///
    /// # Errors
    /// [`EnqueueError`]; after a database error it is unknown whether the job is there, and a repeat is harmless.
    pub async fn submit(&self, job: NewJob, audit: Option<Audit>) -> Result<Enqueued, EnqueueError> {
        self.join(Submission { job, audit, plain: None }).await
    }

    /// The same for who wants to see the job's row. That of a new job is not read: it is what was just written.
    ///
    /// # Errors
    /// As those of [`Ledger::submit`].
    pub async fn submit_and_show(&self, job: NewJob, audit: Option<Audit>) -> Result<Job, EnqueueError> {
        let plain = Arc::new(OnceLock::new());
        let id = self.join(Submission { job: job.clone(), audit, plain: Some(plain.clone()) }).await?.id();
        if let Some(at) = plain.get() {
            return Ok(job.written(id, *at));
        }
        self.job(job.tenant, id).await?.ok_or_else(|| db::Error::RowNotFound.into())
    }

    async fn join(&self, submission: Submission) -> Result<Enqueued, EnqueueError> {
        let ledger = self.clone();
        let write = move |all| {
            let ledger = ledger.clone();
            async move { ledger.submit_all(all).await }
        };
        let outcome = self.submissions.join(submission, write).await;
        outcome.unwrap_or_else(|| Err(db::Error::WorkerCrashed.into()))
    }

    async fn submit_all(&self, all: Vec<Submission>) -> Vec<Result<Enqueued, EnqueueError>> {
        match self.submit_together(&all).await {
            Ok(outcomes) => outcomes,
            Err(error) if all.len() == 1 => vec![Err(error)],
            // One that the database refuses must not take the others with it. The same key twice is the same job.
            Err(error) => {
                tracing::debug!(%error, "{} jobs could not be enqueued together; one by one now", all.len());
                let mut outcomes = vec![];
                for one in &all {
                    let outcome = self.submit_together(std::slice::from_ref(one)).await;
                    outcomes.extend(outcome.unwrap_or_else(|error| vec![Err(error)]));
                }
                outcomes
            }
        }
    }

    async fn submit_together(&self, all: &[Submission]) -> Result<Vec<Result<Enqueued, EnqueueError>>, EnqueueError> {
        let mut tx: Tx = self.db.begin("submit").await?;
        let now = self.now();
        let jobs: Vec<&NewJob> = all.iter().map(|one| &one.job).collect();
        let outcomes = enqueue_all(&mut tx, now, &jobs).await?;
        // A command that was refused leaves no row.
        let notes = all.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        let notes: Vec<&Audit> = notes.filter_map(|(one, _)| one.audit.as_ref()).collect();
        audit::write_all(&mut tx, &notes).await?;
        let plain = all.iter().any(|one| one.plain.is_some()) && !is_anything_paused(&mut tx).await?;
        tx.commit().await?;
        for (one, outcome) in all.iter().zip(&outcomes).filter(|_| plain) {
            if let (Some(cell), Ok(Enqueued::New(_))) = (&one.plain, outcome) {
                let _ = cell.set(now);
            }
        }
        Ok(outcomes)
    }
}

/// Whether there is any pause, whoever it is for: then a new row may say more than its caller did.
async fn is_anything_paused(tx: &mut Tx) -> db::Result<bool> {
    let (n,): (i64,) = tx.query(sql!("SELECT count(*) FROM (SELECT id FROM pauses LIMIT 1) p")).one().await?;
    Ok(n > 0)
}

impl NewJob {
    /// The row that [`enqueue_all`] makes of it while nothing is paused.
    fn written(self, id: JobId, now: At) -> Job {
        Job {
            kind: self.kind.to_owned(),
            key: self.key,
            spec_hash: self.spec_hash,
            provider: self.provider,
            payload: Json(self.payload),
            priority: self.priority,
            state: if self.run_at > now { "scheduled" } else { "ready" }.to_owned(),
            run_at: self.run_at,
            correlation_id: self.correlation_id,
            ..Job::bare(self.tenant, id, self.queue, now)
        }
    }
}
