//! What the shared limits cost: the same jobs, each with and without a token of one account's budget, in turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use platen_shared::adapters::http::{Budget, Class, Gates, RedisBoard};
use platen_shared::clock::SystemClock;
use platen_shared::id::TenantId;

use super::drain::{drain, drain_past};
use super::figures::tell;
use super::fill;
use super::kind::{LIMITED, PLENTY, account};
use super::place::{Place, check_redis, forget, new_tenant};

/// Until an account that Redis never saw has a full bucket, which takes three seconds.
const FULL_WITHIN: Duration = Duration::from_secs(30);

pub(super) async fn run(place: &Place, rounds: u32, n: u64, redis_url: Option<&str>) -> Result<()> {
    let mut redis = redis_url.map(Redis::take).transpose()?;
    // No-op jobs show the limiter alone; a call to a provider takes at least some milliseconds.
    for (n, ms) in [(n, 0), ((n / 5).max(100), 5)] {
        measure(place, rounds, (n, ms), redis.as_mut()).await?;
    }
    Ok(())
}

/// Limits in a Redis of this machine, whose keys are gone when it is dropped.
struct Redis {
    url: String,
    prefix: String,
    gates: Arc<Gates>,
    /// Whose accounts were used.
    tenants: Vec<TenantId>,
}

impl Redis {
    fn take(url: &str) -> Result<Redis> {
        check_redis(url)?;
        let prefix = format!("platen-bench:{}", std::process::id());
        let gates = Gates::on(Box::new(RedisBoard::new(url, &prefix)), Arc::new(SystemClock::new()));
        Ok(Redis { url: url.to_owned(), prefix, gates: Arc::new(gates), tenants: Vec::new() })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let prefix = &self.prefix;
        let key = |tenant: &TenantId| format!("{prefix}:gate:{}:{tenant}", account(*tenant).provider);
        let keys: Vec<String> = self.tenants.iter().map(key).chain([format!("{prefix}:gate:since")]).collect();
        if let Err(error) = forget(&self.url, &keys) {
            eprintln!("keys that begin with {prefix} may be left in Redis: {error:#}");
        }
    }
}

/// Drains of `n` jobs of `ms` milliseconds each.
async fn measure(place: &Place, rounds: u32, (n, ms): (u64, u64), mut redis: Option<&mut Redis>) -> Result<()> {
    let (mut free, mut limited, mut share) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        // Neither is always the first.
        let order = if round % 2 == 0 { [0, LIMITED] } else { [LIMITED, 0] };
        for from in order {
            let rate = filled(place, (n, from, ms), redis.as_deref_mut()).await?;
            (if from == LIMITED { &mut limited } else { &mut free }).push(rate);
        }
        share.extend(free.last().zip(limited.last()).map(|(free, limited)| 100.0 * (1.0 - limited / free)));
        eprintln!("round {} of {rounds}", round + 1);
    }
    tell(&format!("jobs of {ms} ms without a limit"), "/s", &free);
    tell(&format!("jobs of {ms} ms, each with a token"), "/s", &limited);
    tell(&format!("what the limit costs jobs of {ms} ms"), "% of throughput", &share);
    Ok(())
}

async fn filled(place: &Place, what: (u64, u64, u64), redis: Option<&mut Redis>) -> Result<f64> {
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    fill::in_blocks(&ledger, tenant, what, Duration::ZERO).await?;
    ledger.db.close().await;
    let Some(redis) = redis else { return drain(place, what.0).await };
    redis.tenants.push(tenant);
    until_full(&redis.gates, tenant).await?;
    drain_past(place, what.0, Some(&redis.gates)).await
}

/// Waits until the account has its whole burst.
async fn until_full(gates: &Gates, tenant: TenantId) -> Result<()> {
    let (gate, began) = (gates.gate(account(tenant), PLENTY), Instant::now());
    let budget = Budget::share(PLENTY, 1);
    loop {
        let entered = gate.enter(Class::Prompt).await.is_ok();
        let seen = gate.look().await?;
        if entered && 2 * budget.available(&seen.state, seen.now) > budget.burst + budget.burst / 2 {
            return Ok(());
        }
        ensure!(began.elapsed() < FULL_WITHIN, "the account in Redis was not full after {FULL_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
