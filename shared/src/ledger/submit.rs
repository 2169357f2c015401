//! Enqueuing a job that is the whole of its caller's change: many callers share one transaction.

use super::enqueue::enqueue_all;
use super::{EnqueueError, Enqueued, Ledger, NewJob};
use crate::db::{self, Tx};
use crate::store::audit::{self, Audit};

/// A job, and who commanded it.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    job: NewJob,
    audit: Option<Audit>,
}

impl Ledger {
    /// Enqueues a job, and notes who commanded it, in a transaction shared with whoever else submits now; answers after its commit.
    /// A job that belongs to a business change is enqueued in that change's own transaction instead ([`super::enqueue::enqueue`]).
    ///
    /// # Errors
    /// [`EnqueueError`]; after a database error it is unknown whether the job is there, and a repeat is harmless.
    pub async fn submit(&self, job: NewJob, audit: Option<Audit>) -> Result<Enqueued, EnqueueError> {
        let ledger = self.clone();
        let write = move |all| {
            let ledger = ledger.clone();
            async move { ledger.submit_all(all).await }
        };
        let outcome = self.groups.submit.join(Submission { job, audit }, write).await;
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
        let jobs: Vec<&NewJob> = all.iter().map(|one| &one.job).collect();
        let outcomes = enqueue_all(&mut tx, self.now(), &jobs).await?;
        // A command that was refused leaves no row.
        let notes = all.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok());
        let notes: Vec<&Audit> = notes.filter_map(|(one, _)| one.audit.as_ref()).collect();
        audit::write_all(&mut tx, &notes).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}
