//! The ledger's clock: the database's time, as an offset over this machine's that is measured now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use platen_shared::clock::{Clock, SystemClock};
use platen_shared::db::{At, Db, Result};

const MEASURE_EVERY: Duration = Duration::from_secs(60);

/// Shows the database's time without asking it each time.
#[derive(Debug)]
pub(crate) struct LedgerClock {
    offset_us: AtomicI64,
}

impl LedgerClock {
    /// Measured once, now.
    pub(crate) async fn of(db: &Db) -> Result<LedgerClock> {
        Ok(LedgerClock { offset_us: AtomicI64::new(measure(db).await?) })
    }

    /// Measures again every minute, for as long as the process lives.
    pub(crate) async fn follow(self: Arc<Self>, db: Db) {
        let mut tick = tokio::time::interval(MEASURE_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tick.tick().await;
        loop {
            tick.tick().await;
            match measure(&db).await {
                Ok(offset) => self.offset_us.store(offset, Ordering::Relaxed),
                Err(error) => tracing::warn!(%error, "the database's time was not measured; the last offset stays"),
            }
        }
    }
}

/// The database's time less ours, as of the middle of the question.
async fn measure(db: &Db) -> Result<i64> {
    let before = SystemClock::wall();
    let theirs = db.now().await?;
    let after = SystemClock::wall();
    Ok(theirs.0 - i64::midpoint(before.0, after.0))
}

impl Clock for LedgerClock {
    fn now(&self) -> At {
        At(SystemClock::wall().0.saturating_add(self.offset_us.load(Ordering::Relaxed)))
    }
}
