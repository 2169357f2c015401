//! Once a second: take jobs back from dead workers, fire due schedules; now and then, look for claims whose answer was lost. Every replica does this; the rows decide who wins.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::fires::Line;
use tokio_util::sync::CancellationToken;

use crate::execute::Runner;
use crate::schedule;

/// Beats between two looks for claims whose answer was lost.
const STRAYS_EVERY: u64 = 5;

pub(crate) async fn run(runner: Arc<Runner>, lines: Vec<Line>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut kept, mut beats) = (false, 0_u64);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        match runner.ledger().sweep().await {
            Ok(swept) => runner.brought_back(swept.recovered),
            Err(error) => tracing::warn!(%error, "the sweep failed; the next one comes in a second"),
        }
        beats += 1;
        if beats.is_multiple_of(STRAYS_EVERY)
            && let Err(error) = runner.give_back_strays().await
        {
            tracing::warn!(%error, "it was not looked for claims whose answer was lost; the next look comes in seconds");
        }
        // Once per start: a replica with an older configuration must not undo a newer one's lines again and again.
        if !kept {
            match runner.ledger().keep_lines(&lines).await {
                Ok(()) => kept = true,
                Err(error) => tracing::warn!(%error, "the cron lines were not written; the next try comes in a second"),
            }
        }
        if let Err(error) = schedule::tick(runner.ledger()).await {
            tracing::warn!(%error, "a schedule did not fire; it stays due");
        }
    }
}
