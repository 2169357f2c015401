//! Ending many attempts well in one transaction: for kinds whose end is nothing but that.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::{Fence, Fenced, Ledger, columns};
use crate::db::{self, At, Json, Rows, Tx, rows};
use crate::id::JobId;
use crate::sql;

/// An attempt that went well.
#[derive(Clone, Debug)]
pub struct Done {
    /// Who may say so.
    pub fence: Fence,
    /// What is kept of its output.
    pub output: Value,
}

impl Done {
    /// As one row of an argument: tenant, job, worker, attempt, since, output. By place, not by name: each is looked up for each job.
    fn row(&self) -> (Uuid, Uuid, &str, i64, i64, &Value) {
        let Fence { tenant, id, worker, attempt, since } = &self.fence;
        (tenant.0, id.0, worker, *attempt, since.0, &self.output)
    }
}

impl Ledger {
    /// Ends attempts as succeeded, in one transaction where none of them spoils it; answers for each, in their order, after the commit.
    pub async fn finish(&self, all: &[Done]) -> Vec<Result<(), Fenced>> {
        let error = match self.finish_together(all).await {
            Ok(held) => {
                let outcome = |one: &Done| if held.contains(&one.fence.id) { Ok(()) } else { Err(Fenced::Late) };
                return all.iter().map(outcome).collect();
            }
            Err(error) if all.len() == 1 => return vec![Err(error.into())],
            Err(error) => error,
        };
        // One that the database refuses must not take the others with it.
        tracing::debug!(%error, "{} jobs could not be ended together; one by one now", all.len());
        let mut outcomes = vec![];
        for one in all {
            outcomes.push(match self.finish_together(std::slice::from_ref(one)).await {
                Ok(held) if held.is_empty() => Err(Fenced::Late),
                Ok(_) => Ok(()),
                Err(error) => Err(error.into()),
            });
        }
        outcomes
    }

    /// Answers which of the attempts were still what they claim to be. One whose end holds already, since the answer to it got lost, was.
    async fn finish_together(&self, all: &[Done]) -> db::Result<HashSet<JobId>> {
        let list = rows(all.iter().map(Done::row));
        let mut tx = self.db.begin("finish").await?;
        let n = archive(&mut tx, self.now(), &list).await?;
        if tx.engine() == "sqlite" && forget(&mut tx, &list).await? != n {
            // Nobody else writes meanwhile, so this cannot be; if it is, nothing of the group holds.
            tx.rollback().await?;
            return Err(db::Error::Io(std::io::Error::other(
                "not every job that was copied to the history was there to forget",
            )));
        }
        let held = if usize::try_from(n) == Ok(all.len()) {
            all.iter().map(|one| one.fence.id).collect()
        } else {
            held(&mut tx, &list).await?
        };
        tx.commit().await?;
        Ok(held)
    }
}

/// Moves those that are held to the history; answers how many. Postgres moves them in one statement, so each is looked up once and no other
/// worker can come in between; SQLite, which can only copy here and has one writer, forgets them next. COALESCE keeps Postgres off the index
/// of owners: it has what a worker ran before until the next vacuum, and would be looked through whole.
async fn archive(tx: &mut Tx, now: At, list: &Json<Rows>) -> db::Result<u64> {
    tx.query(sql!(concat!(
        "/*pg WITH ended AS (DELETE FROM jobs j USING jsonb_each($1) f
           WHERE j.tenant = CAST(f.value->>0 AS UUID) AND j.id = CAST(f.value->>1 AS UUID) AND COALESCE(j.worker, '') = f.value->>2
             AND j.attempt = CAST(f.value->>3 AS BIGINT) AND COALESCE(j.state, '') = 'running'
             AND j.started_at = CAST('epoch' AS TIMESTAMPTZ) + INTERVAL '1 microsecond' * CAST(f.value->>4 AS BIGINT)
           RETURNING j.*, f.value->5 AS output) */
         INSERT INTO job_history (",
        columns!(),
        ", output, finished_at) SELECT j.id, j.tenant, j.queue, j.kind, j.key, j.spec_hash, j.provider, j.payload, j.priority, 'succeeded', j.attempt,
           j.failures, j.recoveries, j.worker, j.run_at, '', '', j.saved, NULL, j.cancel_requested, j.correlation_id, j.enqueued_at, j.ready_at,
           j.started_at, /*pg j.output, $2 FROM ended j */
           /*lite*/ f.value->5, $2 FROM jsonb_each($1) f CROSS JOIN jobs j WHERE j.tenant = f.value->>0 AND j.id = f.value->>1
             AND j.worker = f.value->>2 AND j.attempt = f.value->>3 AND j.started_at = f.value->>4 AND j.state = 'running' /*end*/"
    )))
    .bind(list)
    .bind(now)
    .planned_anew()
    .exec()
    .await
}

/// Those whose end is told by the history.
async fn held(tx: &mut Tx, list: &Json<Rows>) -> db::Result<HashSet<JobId>> {
    let held: Vec<(JobId,)> = tx
        .query(sql!(
            "SELECT j.id FROM jsonb_each($1) f CROSS JOIN job_history j
             WHERE j.tenant = /*pg CAST( */ f.value->>0 /*pg AS UUID) */ AND j.id = /*pg CAST( */ f.value->>1 /*pg AS UUID) */
               AND j.worker = f.value->>2 AND j.attempt = CAST(f.value->>3 AS BIGINT) AND j.state = 'succeeded'
               AND j.started_at = /*pg CAST('epoch' AS TIMESTAMPTZ) + INTERVAL '1 microsecond' * */ CAST(f.value->>4 AS BIGINT)"
        ))
        .bind(list)
        .all()
        .await?;
    Ok(held.into_iter().map(|(id,)| id).collect())
}

async fn forget(tx: &mut Tx, list: &Json<Rows>) -> db::Result<u64> {
    tx.query(sql!(
        "/*lite*/ DELETE FROM jobs WHERE rowid IN (
           SELECT j.rowid FROM jsonb_each($1) f CROSS JOIN jobs j WHERE j.tenant = f.value->>0 AND j.id = f.value->>1
             AND j.worker = f.value->>2 AND j.attempt = f.value->>3 AND j.started_at = f.value->>4 AND j.state = 'running') /*end*/"
    ))
    .bind(list)
    .exec()
    .await
}
