//! How many jobs a second can be enqueued in blocks of one transaction.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::figures::{rate, tell};
use super::fill::{self, BLOCK};
use super::place::{Place, new_tenant};
use super::single::ready;

pub(super) async fn run(place: &Place, rounds: u32, n: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    let mut rates = Vec::new();
    for round in 0..u64::from(rounds) {
        let began = Instant::now();
        fill::in_blocks(&ledger, tenant, (n, round * n, 0), Duration::ZERO).await?;
        rates.push(rate(n, began.elapsed()));
        eprintln!("round {} of {rounds}", round + 1);
    }
    let there = ready(&ledger).await?;
    ensure!(there == u64::from(rounds) * n, "{} jobs were committed and {there} are there", u64::from(rounds) * n);
    tell(&format!("enqueue in blocks of {BLOCK}, two callers, {}", ledger.db.engine()), "/s", &rates);
    ledger.db.close().await;
    Ok(())
}
