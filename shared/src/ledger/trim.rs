//! What housekeeping takes away, of every tenant: bounded pieces, each a short transaction of its own, oldest first. Keys of effects stay:
//! they are the memory of what was done.

use std::time::Duration;

use serde_json::json;

use super::Ledger;
use crate::db::{At, Result, Sql, rows};
use crate::id::{JobId, OrderId, TenantId};
use crate::sql;
use crate::store::{buyers, fetches, hooks, idempotency, old_messages, references, snapshots};

/// How long it is known who made a snapshot with what.
const ORIGINS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// Webhooks that providers sent are kept for so long.
const HOOKS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long it is known who fetched what.
const FETCHES_KEPT: Duration = Duration::from_secs(3 * 365 * 24 * 3600);

impl Ledger {
    /// Deletes up to `n` finished jobs that ended before a moment, with their attempts. Answers how many jobs went.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_history(&self, before: At, n: i64) -> Result<u64> {
        let old = sql!(
            "DELETE FROM job_history WHERE (tenant, id) IN (
               SELECT tenant, id FROM job_history WHERE finished_at < $1 ORDER BY finished_at, id LIMIT $2) RETURNING tenant, id"
        );
        self.trim("trim_history", old, before, n).await
    }

    /// The same for succeeded jobs of cron lines, which come by the minute and tell little afterwards.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_lines(&self, before: At, n: i64) -> Result<u64> {
        let old = sql!(
            "DELETE FROM job_history WHERE (tenant, id) IN (SELECT tenant, id FROM job_history
               WHERE finished_at < $1 AND substr(key, 1, 5) = 'cron:' AND state = 'succeeded' ORDER BY finished_at, id LIMIT $2) RETURNING tenant, id"
        );
        self.trim("trim_lines", old, before, n).await
    }

    async fn trim(&self, name: &'static str, old: Sql, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin(name).await?;
        let gone: Vec<(TenantId, JobId)> = tx.query(old).bind(before).bind(n).planned_anew().all().await?;
        let list = rows(gone.iter().map(|(tenant, id)| json!({ "t": tenant.0, "i": id.0 })));
        tx.query(sql!(
            "DELETE FROM job_attempts WHERE (tenant, job) IN (
               SELECT /*pg CAST( */ value->>'t' /*pg AS UUID) */, /*pg CAST( */ value->>'i' /*pg AS UUID) */ FROM jsonb_each($1))"
        ))
        .bind(list)
        .planned_anew()
        .exec()
        .await?;
        tx.commit().await?;
        Ok(gone.len() as u64)
    }

    /// Deletes up to `n` keys of cron lines' firings before a moment: the line has moved on, so none of them comes again.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_keys(&self, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin("trim_keys").await?;
        let gone = tx
            .query(sql!(
                "DELETE FROM job_keys WHERE (tenant, kind, key) IN (
                   SELECT tenant, kind, key FROM job_keys WHERE created_at < $1 AND substr(key, 1, 5) = 'cron:' ORDER BY created_at LIMIT $2)"
            ))
            .bind(before)
            .bind(n)
            .exec()
            .await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// As [`old_messages::forget`], in a transaction of its own.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_messages(&self, tenant: TenantId, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin("trim_messages").await?;
        let gone = old_messages::forget(&mut tx, tenant, before, n).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// As [`references::forget_renders`], in a transaction of its own.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_renders(&self, tenant: TenantId, press_version: &str, before: At) -> Result<u64> {
        let mut tx = self.db.begin("forget_renders").await?;
        let gone = references::forget_renders(&mut tx, tenant, press_version, before).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Forgets the buyers of these orders (order, its sealed recipient, the hash that is left), in a transaction of its own; answers how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_buyers(&self, tenant: TenantId, at: At, orders: &[(OrderId, String, String)]) -> Result<u64> {
        let (mut tx, mut gone) = (self.db.begin("forget_buyers").await?, 0);
        for (order, sealed, buyer) in orders {
            gone += u64::from(buyers::forget(&mut tx, at, tenant, *order, sealed, buyer).await?);
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Deletes what else is old: who used providers before a moment, probes of connections that nobody has probed since then, and
    /// replies that are not kept for repeated requests any more.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_rest(&self, before: At) -> Result<u64> {
        let mut tx = self.db.begin("trim_rest").await?;
        let mut gone = tx.query(sql!("DELETE FROM gate_use WHERE minute < $1")).bind(before).exec().await?;
        gone += tx.query(sql!("DELETE FROM provider_probes WHERE at < $1")).bind(before).exec().await?;
        gone += snapshots::forget_origins(&mut tx, self.now().minus(ORIGINS_KEPT)).await?;
        gone += fetches::forget(&mut tx, self.now().minus(FETCHES_KEPT)).await?;
        gone += hooks::forget(&mut tx, self.now().minus(HOOKS_KEPT)).await?;
        gone += idempotency::sweep(&mut tx, self.now()).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
