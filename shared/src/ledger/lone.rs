//! Jobs whose owners died while they held them: suspects, which run alone. Not scoped to a tenant.

use super::{Job, Ledger, hot};
use crate::db::{At, Result};
use crate::id::JobId;
use crate::sql;

/// A job that outlived this many owners runs alone, in a process of its own: only such a run can convict it.
pub const LONE_AFTER: i64 = 2;

impl Ledger {
    /// A job that this worker holds at this attempt since then; `None` when it was given to another one, has ended, or never was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn held(&self, worker: &str, id: JobId, attempt: i64, since: At) -> Result<Option<Job>> {
        self.db
            .query(sql!(concat!(
                "SELECT ",
                hot!(),
                " FROM jobs WHERE worker = $1 AND state = 'running' AND id = $2 AND attempt = $3 AND started_at = $4"
            )))
            .bind(worker)
            .bind(id)
            .bind(attempt)
            .bind(since)
            .opt()
            .await
    }
}
