//! What housekeeping takes away, of every tenant: bounded pieces, each a short transaction of its own, oldest first. Keys of effects stay:
//! they are the memory of what was done.

use super::Ledger;
use crate::db::{At, Result};
use crate::sql;
use crate::store::idempotency;

impl Ledger {
    /// Deletes up to `n` finished jobs that ended before a moment, with their attempts. Answers how many jobs went.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_history(&self, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin("trim_history").await?;
        tx.query(sql!(
            "DELETE FROM job_attempts WHERE job IN (SELECT id FROM job_history WHERE finished_at < $1 ORDER BY finished_at, id LIMIT $2)"
        ))
        .bind(before)
        .bind(n)
        .exec()
        .await?;
        let gone = tx
            .query(sql!(
                "DELETE FROM job_history WHERE id IN (SELECT id FROM job_history WHERE finished_at < $1 ORDER BY finished_at, id LIMIT $2)"
            ))
            .bind(before)
            .bind(n)
            .exec()
            .await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// The same for succeeded jobs of cron lines, which come by the minute and tell little afterwards.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_lines(&self, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin("trim_lines").await?;
        tx.query(sql!(
            "DELETE FROM job_attempts WHERE job IN (SELECT id FROM job_history
               WHERE finished_at < $1 AND substr(key, 1, 5) = 'cron:' AND state = 'succeeded' ORDER BY finished_at, id LIMIT $2)"
        ))
        .bind(before)
        .bind(n)
        .exec()
        .await?;
        let gone = tx
            .query(sql!(
                "DELETE FROM job_history WHERE id IN (SELECT id FROM job_history
                   WHERE finished_at < $1 AND substr(key, 1, 5) = 'cron:' AND state = 'succeeded' ORDER BY finished_at, id LIMIT $2)"
            ))
            .bind(before)
            .bind(n)
            .exec()
            .await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Deletes up to `n` keys of cron lines' firings before a moment: the line has moved on, so none of them comes again.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn trim_keys(&self, before: At, n: i64) -> Result<u64> {
        let mut tx = self.db.begin("trim_keys").await?;
        let gone = tx
            .query(sql!(
                "DELETE FROM job_keys WHERE substr(key, 1, 5) = 'cron:' AND job IN (
                   SELECT job FROM job_keys WHERE created_at < $1 AND substr(key, 1, 5) = 'cron:' ORDER BY created_at LIMIT $2)"
            ))
            .bind(before)
            .bind(n)
            .exec()
            .await?;
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
        gone += idempotency::sweep(&mut tx, self.now()).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
