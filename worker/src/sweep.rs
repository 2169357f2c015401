//! Once a second: take jobs back from dead workers, fire due schedules. Every replica does this; the rows decide who wins.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::Ledger;
use platen_shared::store::idempotency;
use tokio_util::sync::CancellationToken;

use crate::execute::Runner;
use crate::schedule;

/// History is trimmed once in so many sweeps.
const TRIM_EVERY: u32 = 3600;

pub(crate) async fn run(runner: Arc<Runner>, keep_history: Duration, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for n in 1u32.. {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = runner.ledger().sweep().await {
            tracing::warn!(%error, "the sweep failed; the next one comes in a second");
        }
        if let Err(error) = schedule::fire(runner.ledger()).await {
            tracing::warn!(%error, "a schedule did not fire; it stays due");
        }
        if n % TRIM_EVERY == 0
            && let Err(error) = trim(runner.ledger(), keep_history).await
        {
            tracing::warn!(%error, "old history was not trimmed; the next try comes in an hour");
        }
    }
}

/// Old finished jobs, and replies kept for repeated requests.
async fn trim(ledger: &Ledger, keep_history: Duration) -> platen_shared::db::Result<()> {
    ledger.trim(keep_history).await?;
    let mut tx = ledger.db.begin("trim_replies").await?;
    idempotency::sweep(&mut tx, ledger.now()).await?;
    tx.commit().await
}
