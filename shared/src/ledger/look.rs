//! One look at many jobs, for whoever streams their states to people. Not scoped to a tenant: the watcher looks for all of them at once,
//! and each job is named together with its tenant.

use super::{Job, Ledger, ended, hot};
use crate::db::{self, Result};
use crate::id::{JobId, TenantId};
use crate::sql;

/// The jobs that an argument names.
macro_rules! named {
    ($from:literal) => {
        concat!(
            " FROM ",
            $from,
            " WHERE (tenant, id) IN (SELECT /*pg CAST( */ value->>'t' /*pg AS UUID) */, /*pg CAST( */ value->>'i' /*pg AS UUID) */ \
             FROM jsonb_each($1))"
        )
    };
}

impl Ledger {
    /// Those of these jobs that there are, hot or finished, in no order.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn look(&self, jobs: &[(TenantId, JobId)]) -> Result<Vec<Job>> {
        let names = jobs.iter().map(|(tenant, id)| serde_json::json!({ "t": tenant.0, "i": id.0 }));
        self.db
            .query(sql!(concat!(
                "SELECT ",
                hot!(),
                named!("jobs"),
                " UNION ALL SELECT ",
                ended!(),
                named!("job_history")
            )))
            .bind(db::rows(names))
            .all()
            .await
    }
}
