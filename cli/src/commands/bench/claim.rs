//! What a claim costs: with few jobs ready, behind many that are not due, and with very many ready.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use platen_jobs::Job;
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;

use super::figures::{median_us, tell};
use super::fill;
use super::kind::Bench;
use super::place::{Place, new_tenant};
use super::single::ready;

/// The usual depth, to compare with.
const FEW: u64 = 1000;
/// Claims of a round, and jobs of a claim: a fifth of the few, so that the depth hardly changes.
const CLAIMS: u64 = 20;
const AT_A_TIME: i64 = 10;
/// Far enough away.
const LATER: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) async fn run(place: &Place, rounds: u32, (many, future): (u64, u64)) -> Result<()> {
    let ledger = place.fresh().await?;
    let mut bench = Claims { tenant: new_tenant(&ledger, "bench").await?, ledger, enqueued: 0 };
    let engine = bench.ledger.db.engine();
    bench.measure(1, FEW).await?; // warms what is compared with
    let few = bench.measure(rounds, FEW).await?;
    tell(&format!("claim of {AT_A_TIME}, {FEW} ready, {engine}"), "µs", &few);
    if future > 0 {
        bench.enqueue(future, LATER).await?;
        let behind = bench.measure(rounds, FEW).await?;
        tell(&format!("claim of {AT_A_TIME}, {FEW} ready behind {future} future, {engine}"), "µs", &behind);
    }
    let deep = bench.measure(rounds, many).await?;
    tell(&format!("claim of {AT_A_TIME}, {many} ready, {engine}"), "µs", &deep);
    bench.ledger.db.close().await;
    Ok(())
}

/// A database that is filled and claimed from.
pub(super) struct Claims {
    pub(super) ledger: Ledger,
    pub(super) tenant: TenantId,
    pub(super) enqueued: u64,
}

impl Claims {
    async fn enqueue(&mut self, n: u64, delay: Duration) -> Result<()> {
        fill::in_blocks(&self.ledger, self.tenant, (n, self.enqueued, 0), delay).await?;
        self.enqueued += n;
        Ok(())
    }

    /// The median claim of each round at this depth, in microseconds.
    pub(super) async fn measure(&mut self, rounds: u32, depth: u64) -> Result<Vec<f64>> {
        let mut medians = Vec::new();
        for _ in 0..rounds {
            let there = ready(&self.ledger).await?;
            self.enqueue(depth.saturating_sub(there), Duration::ZERO).await?;
            let mut times = Vec::new();
            for _ in 0..CLAIMS {
                let began = Instant::now();
                let got = self.ledger.claim("bench", &[Bench::QUEUE], AT_A_TIME).await?;
                times.push(began.elapsed());
                ensure!(got.len() == usize::try_from(AT_A_TIME)?, "a claim of {AT_A_TIME} got {}", got.len());
            }
            medians.push(median_us(&times));
        }
        Ok(medians)
    }
}
