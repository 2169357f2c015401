//! How long a single job of one tenant waits while another tenant has very many.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::drain::Worker;
use super::figures::tell_times;
use super::fill;
use super::kind::{self, Bench};
use super::place::{Place, new_tenant};

/// Single jobs at most, and how far apart.
const SINGLES: usize = 200;
const EVERY: Duration = Duration::from_millis(20);
/// None waits longer.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) async fn run(place: &Place, n: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let (busy, quiet) = (new_tenant(&ledger, "busy").await?, new_tenant(&ledger, "quiet").await?);
    fill::in_blocks(&ledger, busy, (n, 0, 0), Duration::ZERO).await?;
    let engine = ledger.db.engine();
    ledger.db.close().await;
    let worker = Worker::start(place).await?;
    let mut waits = Vec::new();
    while waits.len() < SINGLES {
        tokio::time::sleep(EVERY).await;
        let began = Instant::now();
        let single = Bench::new(kind::SINGLE + u64::try_from(waits.len())?, 0);
        let seen = kind::singles();
        fill::one(worker.ledger(), quiet, single).await?;
        while kind::singles() == seen {
            ensure!(began.elapsed() < DEADLINE, "a single job did not start within {DEADLINE:?}");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        // One that met no flood says nothing.
        if kind::started() - kind::singles() >= n {
            break;
        }
        waits.push(began.elapsed());
    }
    worker.stop().await?;
    ensure!(!waits.is_empty(), "the worker ran all {n} jobs before a single one could be asked for: take more");
    tell_times(&format!("a single job beside another tenant's {n}, {engine}"), &waits);
    Ok(())
}
