//! How many single enqueues a second become durable, each caller answered after its commit.

use std::fs::File;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use platen_shared::id::JobId;
use platen_shared::ledger::Ledger;

use super::figures::{rate, tell};
use super::fill;
use super::place::{Place, new_tenant};

/// With `answers`, every caller writes the id it was told into a file at once, one `write(2)` each: `bench/syscalls.py` looks at the order.
pub(super) async fn run(place: &Place, rounds: u32, n: u64, in_flight: u64, answers: bool) -> Result<()> {
    let file = answers.then(|| File::create(place.path("answers"))).transpose().context("no file for the answers")?;
    let told = |id: JobId| {
        let Some(mut file) = file.as_ref() else { return Ok(()) };
        Ok(file.write_all(format!("{id}\n").as_bytes())?)
    };
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    let mut rates = Vec::new();
    for round in 0..u64::from(rounds) {
        let began = Instant::now();
        fill::singly_told(&ledger, tenant, in_flight, (n, round * n, 0), &told).await?;
        rates.push(rate(n, began.elapsed()));
        eprintln!("round {} of {rounds}", round + 1);
    }
    let there = ready(&ledger).await?;
    ensure!(there == u64::from(rounds) * n, "{} jobs were answered and {there} are there", u64::from(rounds) * n);
    tell(&format!("single enqueue, {in_flight} in flight, {}", ledger.db.engine()), "/s", &rates);
    ledger.db.close().await;
    Ok(())
}

/// Jobs that are ready, of all queues: what the rows say, not what callers were told.
pub(super) async fn ready(ledger: &Ledger) -> Result<u64> {
    let depths = ledger.totals().await?;
    Ok(depths.iter().map(|depth| u64::try_from(depth.ready).unwrap_or(0)).sum())
}
