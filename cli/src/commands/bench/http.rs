//! Enqueueing through `platen api`, a process of its own on the loopback: as fast as its callers can, then at a steady rate.

mod api;
mod caller;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::figures::{rate, tell, tell_times};
use super::place::Place;
use super::single::ready;
pub(super) use api::{Api, SECRET};
pub(super) use caller::Caller;

/// Connections, each with one request in flight.
const CALLERS: u64 = 64;

pub(super) async fn run(place: &Place, rounds: u32, n: u64, (per_second, seconds): (u64, u64)) -> Result<()> {
    let ledger = place.fresh().await?;
    let engine = ledger.db.engine();
    let api = Api::start(place, &ledger).await?;
    let mut rates = Vec::new();
    let next = AtomicU64::new(0);
    for round in 0..u64::from(rounds) {
        let began = Instant::now();
        send(&api, &next, (round + 1) * n, |_| began).await?;
        rates.push(rate(n, began.elapsed()));
        eprintln!("round {} of {rounds}", round + 1);
    }
    let first = u64::from(rounds) * n;
    let began = Instant::now() + Duration::from_millis(100);
    let due = |k: u64| {
        began + Duration::from_secs(1) * u32::try_from(k - first).unwrap_or(0) / u32::try_from(per_second).unwrap_or(1)
    };
    next.store(first, Ordering::Relaxed);
    let times = send(&api, &next, first + per_second * seconds, due).await?;
    api.stop().await?;
    let (there, answered) = (ready(&ledger).await?, first + per_second * seconds);
    ensure!(there == answered, "{answered} requests were answered and {there} jobs are there");
    tell(&format!("POST /v1/jobs, {CALLERS} callers, {engine}"), "/s", &rates);
    tell_times(&format!("POST /v1/jobs at {per_second}/s, {engine}"), &times);
    ledger.db.close().await;
    Ok(())
}

/// All callers together, until number `end` is sent; request `k` not before `due(k)`. Answers how long each took from then on, so that a
/// slow answer is not hidden by the requests that had to wait for it.
async fn send(api: &Api, next: &AtomicU64, end: u64, due: impl Fn(u64) -> Instant) -> Result<Vec<Duration>> {
    let caller = || async {
        let mut caller = Caller::connect(api).await?;
        let mut times = Vec::new();
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= end {
                return anyhow::Ok(times);
            }
            tokio::time::sleep_until(due(k).into()).await;
            let body =
                format!(r#"{{"kind":"sync_catalog","payload":{{"provider":"gelato","generation":"bench {k}"}}}}"#);
            caller.post("/v1/jobs", &body).await?;
            times.push(due(k).elapsed());
        }
    };
    let all = futures::future::try_join_all((0..CALLERS).map(|_| caller())).await?;
    next.store(end, Ordering::Relaxed);
    Ok(all.into_iter().flatten().collect())
}
