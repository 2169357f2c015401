//! Offers: ids of ready jobs that were handed to Redis, and when. An offer promises nothing; whoever is handed an id still claims it here.
//! What was offered and not started is offered again after a while, so that whatever Redis forgets is only late. Not scoped to a tenant.

use std::time::Duration;

use serde_json::json;

use super::claim::{tenants_waiting, words};
use super::{Ledger, Queue};
use crate::db::{At, Result, Tx, rows};
use crate::id::{JobId, TenantId};
use crate::sql;

impl Ledger {
    /// Those of the queues where an offer would find something: a ready job that is not on offer, or was for longer than `stale`; what has
    /// become due is made ready first. A read when nothing is due, so that idling costs no write; ordered for the reason that
    /// [`Ledger::with_work`] has.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn with_offers_due(&self, queues: &[Queue], stale: Duration) -> Result<Vec<Queue>> {
        let now = self.now();
        let found: Vec<(String, i64)> = self
            .db
            .query(sql!(
                "SELECT q, due FROM (SELECT value->>'q' AS q, CAST(0 AS BIGINT) AS due FROM jsonb_each($1)
                   UNION ALL SELECT value->>'q', CAST(1 AS BIGINT) FROM jsonb_each($1)) w
                 WHERE (due = 0 AND (SELECT id FROM jobs WHERE queue = w.q AND state = 'ready' AND (offered_at IS NULL OR offered_at < $2)
                     ORDER BY tenant, priority DESC, run_at, id LIMIT 1) IS NOT NULL)
                   OR (due = 1 AND EXISTS (SELECT 1 FROM jobs WHERE queue = w.q AND state = 'scheduled' AND waiting_for <> 'paused' AND run_at <= $3))"
            ))
            .bind(words(queues))
            .bind(now.minus(stale))
            .bind(now)
            .all()
            .await?;
        if found.iter().any(|(_, due)| *due == 1) {
            self.promote().await?;
        }
        Ok(queues.iter().copied().filter(|queue| found.iter().any(|(word, _)| word == queue.word())).collect())
    }

    /// Picks up to `n` ready jobs of a queue that are not on offer, fairly over tenants, and stamps them.
    /// An offer made before `lost` counts for nothing.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn offer(&self, queue: Queue, n: i64, lost: At) -> Result<Vec<(TenantId, JobId)>> {
        let now = self.now();
        let mut tx = self.db.begin_relaxed("offer").await?;
        let mut turn = self.turn(queue);
        let mut waiting = tenants_waiting(&mut tx, queue, turn.last).await?;
        let mut ids: Vec<(TenantId, JobId)> = vec![];
        let left = |ids: &[(TenantId, JobId)]| n - i64::try_from(ids.len()).unwrap_or(n);
        while left(&ids) > 0 && !waiting.is_empty() {
            for (tenant, share) in turn.deal(&waiting, left(&ids)) {
                let got = offer_of(&mut tx, queue, tenant, share, now, lost).await?;
                if i64::try_from(got.len()) != Ok(share) {
                    waiting.retain(|(id, _)| *id != tenant);
                }
                ids.extend(got);
            }
        }
        tx.commit().await?;
        self.keep_turn(queue, turn);
        Ok(ids)
    }

    /// Stamps those of a queue's jobs that are ready, and answers them: they are offered out of turn.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn offer_these(&self, queue: Queue, ids: &[(TenantId, JobId)]) -> Result<Vec<(TenantId, JobId)>> {
        let mut tx = self.db.begin_relaxed("offer_these").await?;
        let ready = tx
            .query(sql!(
                "UPDATE jobs SET offered_at = $3 WHERE queue = $2 AND state = 'ready' AND (tenant, id) IN (
                   SELECT /*pg CAST( */ value->>'t' /*pg AS UUID) */, /*pg CAST( */ value->>'i' /*pg AS UUID) */ FROM jsonb_each($1))
                 RETURNING tenant, id"
            ))
            .bind(rows(ids.iter().map(|(tenant, id)| json!({ "t": tenant.0, "i": id.0 }))))
            .bind(queue.word())
            .bind(self.now())
            .planned_anew()
            .all()
            .await?;
        tx.commit().await?;
        Ok(ready)
    }
}

async fn offer_of(
    tx: &mut Tx,
    queue: Queue,
    tenant: TenantId,
    n: i64,
    now: At,
    lost: At,
) -> Result<Vec<(TenantId, JobId)>> {
    let picked: Vec<(JobId,)> = tx
        .query(sql!(
            "WITH picked AS MATERIALIZED (
               SELECT id FROM jobs j WHERE tenant = $1 AND queue = $2 AND state = 'ready' AND (offered_at IS NULL OR offered_at < $3)
               ORDER BY priority DESC, run_at, id LIMIT $4 /*pg FOR UPDATE OF j SKIP LOCKED */)
             UPDATE jobs SET offered_at = $5 WHERE tenant = $1 AND id IN (SELECT id FROM picked) RETURNING id"
        ))
        .bind(tenant)
        .bind(queue.word())
        .bind(lost)
        .bind(n)
        .bind(now)
        .planned_anew()
        .all()
        .await?;
    Ok(picked.into_iter().map(|(id,)| (tenant, id)).collect())
}
