//! What a long history changes: the same measurement before and after very many jobs have been enqueued and run by the product itself.

use std::time::{Duration, Instant};

use anyhow::Result;
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;

use super::drain::{Worker, drain, until_started};
use super::figures::{rate, tell};
use super::fill;
use super::kind;
use super::place::{Place, new_tenant};

/// Jobs of a round, enqueued one by one and then drained.
const SAMPLE: u64 = 10_000;
const CALLERS: u64 = 64;
/// Of the history, enqueued and run at a time: what is ready stays little.
const CHUNK: u64 = 100_000;

pub(super) async fn run(place: &Place, rounds: u32, finished: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let mut past = Past { tenant: new_tenant(&ledger, "bench").await?, ledger, enqueued: 0 };
    past.measure(place, 1).await?; // warms what is compared with
    let before = past.measure(place, rounds).await?;
    before.tell("an empty history");
    past.grow(place, finished).await?;
    past.measure(place, rounds).await?.tell(&format!("{finished} finished jobs"));
    past.ledger.db.close().await;
    Ok(())
}

/// A database whose history grows.
struct Past {
    ledger: Ledger,
    tenant: TenantId,
    enqueued: u64,
}

/// Per second.
#[derive(Default)]
struct Rates {
    enqueued: Vec<f64>,
    drained: Vec<f64>,
}

impl Rates {
    fn tell(&self, over: &str) {
        tell(&format!("single enqueue, {CALLERS} in flight, over {over}"), "/s", &self.enqueued);
        tell(&format!("drain, one worker, over {over}"), "/s", &self.drained);
    }
}

impl Past {
    async fn measure(&mut self, place: &Place, rounds: u32) -> Result<Rates> {
        let mut rates = Rates::default();
        for _ in 0..rounds {
            let began = Instant::now();
            fill::singly(&self.ledger, self.tenant, CALLERS, (SAMPLE, self.enqueued, 0)).await?;
            rates.enqueued.push(rate(SAMPLE, began.elapsed()));
            self.enqueued += SAMPLE;
            rates.drained.push(drain(place, SAMPLE).await?);
        }
        Ok(rates)
    }

    async fn grow(&mut self, place: &Place, finished: u64) -> Result<()> {
        let worker = Worker::start(place).await?;
        for done in (0..finished).step_by(usize::try_from(CHUNK)?) {
            let n = CHUNK.min(finished - done);
            let before = kind::started();
            fill::in_blocks(worker.ledger(), self.tenant, (n, self.enqueued, 0), Duration::ZERO).await?;
            self.enqueued += n;
            until_started(before + n).await?;
            eprintln!("{} of {finished} are history", done + n);
        }
        worker.stop().await
    }
}
