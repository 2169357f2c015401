//! Fills Redis: ids of ready jobs, fairly over tenants, never more than a small window per queue, since a long list stops an apalis queue
//! for good. What Redis lost is offered again once its offer is stale.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use platen_shared::ledger::Queue;

use super::link::Link;
use crate::POLL_EVERY;
use crate::execute::Runner;
use crate::lanes::Lanes;

/// So many ids of one queue are in Redis at most, and at least: about as many as the fleet can run at once, so that priority, fair share and
/// what comes back from a dead worker, which the ledger decides, do not stand behind what was offered before.
const WINDOW: std::ops::RangeInclusive<i64> = 8..=128;
/// Slots that are freed within so long are one reason to look.
const BREATH: Duration = Duration::from_millis(5);
/// An offer nobody took up for so long is made again.
const STALE: Duration = Duration::from_secs(10);
/// The same when Redis holds nothing of the queue: it was emptied.
const STALE_WHEN_EMPTY: Duration = Duration::from_secs(2);

/// Offers for as long as Redis takes it.
///
/// # Errors
/// When Redis does not take what it is given; the database's troubles are waited out.
pub(super) async fn run(runner: &Arc<Runner>, lanes: &Arc<Lanes>, link: &Link) -> Result<()> {
    loop {
        let freed = lanes.changed();
        round(runner, lanes, link).await?;
        // Work that was brought, slots that will want the next ids, or the poll.
        tokio::select! {
            () = runner.ledger().nudged() => {}
            () = freed => tokio::time::sleep(BREATH).await,
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
}

/// What came back from a dead worker goes in front of all that Redis holds already: it has waited for its owner's heart.
async fn put_first(runner: &Runner, link: &Link) -> Result<()> {
    let back = runner.take_brought_back();
    for queue in Queue::ALL {
        let jobs = back.iter().filter(|job| job.queue == queue.word());
        let ids: Vec<_> = jobs.map(|job| (job.tenant, job.id)).collect();
        if ids.is_empty() {
            continue;
        }
        match runner.ledger().offer_these(*queue, &ids).await {
            Ok(ids) => link.push_first(*queue, &ids).await?,
            // They are ready and not on offer: their turn comes with the others.
            Err(error) => tracing::warn!(%error, "what came back is offered in its turn"),
        }
    }
    Ok(())
}

async fn round(runner: &Runner, lanes: &Lanes, link: &Link) -> Result<()> {
    put_first(runner, link).await?;
    let queues: Vec<Queue> = lanes.all().iter().map(|lane| lane.queue).collect();
    let busy = match runner.ledger().with_offers_due(&queues, STALE_WHEN_EMPTY).await {
        Ok(busy) => busy,
        Err(error) => {
            tracing::warn!(%error, "the relay cannot ask the database; it asks again");
            return Ok(());
        }
    };
    let replicas = if busy.is_empty() { 1 } else { living(runner).await };
    for queue in busy {
        let now = runner.ledger().now();
        let (held, since) = link.held(queue, now).await?;
        let slots = i64::try_from(lanes.slots_of(queue)).unwrap_or(1);
        let window = (slots * replicas).clamp(*WINDOW.start(), *WINDOW.end());
        if held > window / 2 {
            continue;
        }
        let stale = if held == 0 { STALE_WHEN_EMPTY } else { STALE };
        // What was offered before Redis was emptied is not in it, whatever it was given since.
        let ids = match runner.ledger().offer(queue, window - held, now.minus(stale).max(since)).await {
            Ok(ids) => ids,
            Err(error) => {
                tracing::warn!(%error, "the relay cannot offer work of {}; it tries again", queue.word());
                continue;
            }
        };
        if !ids.is_empty() {
            // If this fails the offers go stale, and whoever is there then makes them again.
            link.push(queue, &ids).await?;
        }
    }
    Ok(())
}

/// How many workers live; one, this one, when nobody can be asked.
async fn living(runner: &Runner) -> i64 {
    runner.ledger().living().await.unwrap_or(1).max(1)
}
