//! What the shared limits cost: the same jobs, each with and without a token of one account's budget, in turns.

use std::time::Duration;

use anyhow::Result;

use super::drain::drain;
use super::figures::tell;
use super::fill;
use super::kind::LIMITED;
use super::place::{Place, new_tenant};

pub(super) async fn run(place: &Place, rounds: u32, n: u64) -> Result<()> {
    // No-op jobs show the limiter alone; a call to a provider takes at least some milliseconds.
    for ms in [0, 5] {
        let (mut free, mut limited, mut share) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            free.push(filled(place, (n, 0, ms)).await?);
            limited.push(filled(place, (n, LIMITED, ms)).await?);
            share.extend(free.last().zip(limited.last()).map(|(free, limited)| 100.0 * (1.0 - limited / free)));
            eprintln!("round {} of {rounds}", round + 1);
        }
        tell(&format!("jobs of {ms} ms without a limit"), "/s", &free);
        tell(&format!("jobs of {ms} ms, each with a token"), "/s", &limited);
        tell(&format!("what the limit costs jobs of {ms} ms"), "% of throughput", &share);
    }
    Ok(())
}

async fn filled(place: &Place, what: (u64, u64, u64)) -> Result<f64> {
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    fill::in_blocks(&ledger, tenant, what, Duration::ZERO).await?;
    ledger.db.close().await;
    drain(place, what.0).await
}
