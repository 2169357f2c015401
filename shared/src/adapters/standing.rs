//! The standing of accounts, put together from the gates' shared state and the database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::http::{AccountKey, Budget, Gates, Rate, State, Stepped};
use crate::db::{At, Read, Result};
use crate::id::TenantId;
use crate::ports::standing::{
    BreakerStanding, BudgetStanding, ProbeStanding, Standing, Standings, USE_MINUTES, Used, WaitingJobs,
};
use crate::store::{connections, gates};

/// The settings' budget of every provider that has one.
pub type Rates = BTreeMap<&'static str, Rate>;

/// The accounts as the gates and the database know them.
#[derive(Clone, Debug)]
pub struct Accounting {
    /// Use, probes, and who waits.
    pub read: Read,
    /// Budgets and breakers.
    pub gates: Arc<Gates>,
    /// The settings' budgets.
    pub rates: Rates,
}

#[async_trait]
impl Standings for Accounting {
    async fn of(&self, tenant: TenantId, now: At) -> Result<Vec<Standing>> {
        standings(&mut self.read.clone(), &self.gates, &self.rates, tenant, now).await
    }
}

async fn standings(read: &mut Read, all: &Gates, rates: &Rates, tenant: TenantId, now: At) -> Result<Vec<Standing>> {
    let since = now.minus(Duration::from_secs(60 * (USE_MINUTES - 1)));
    let used = gates::uses(read, tenant, since).await?;
    let (probes, waiting) = (gates::probes(read, tenant).await?, gates::waiting(read, tenant).await?);
    let mut standings = Vec::new();
    for connection in connections::list(read, tenant).await? {
        let Some((provider, rate)) = rates.get_key_value(connection.provider.as_str()) else { continue };
        let seen = all.gate(AccountKey { provider, tenant }, *rate).look().await.ok();
        let waits = |word: &str| waiting.iter().find(|w| w.0 == *provider && w.1 == word).map_or(0, |w| w.2);
        let (paused_until, paused_why) = pause(provider, seen.as_ref()).unzip();
        standings.push(Standing {
            provider: connection.provider.clone(),
            budget: budget(*rate, seen.as_ref(), all),
            breaker: breaker(seen.as_ref()),
            paused_until,
            paused_why,
            used: used.iter().filter(|u| u.provider == *provider).map(Used::from).collect(),
            last_probe: probes.iter().find(|p| p.provider == *provider).map(ProbeStanding::from),
            waiting: WaitingJobs { budget: waits("budget"), breaker: waits("breaker"), lookup: waits("lookup") },
        });
    }
    Ok(standings)
}

fn budget(rate: Rate, seen: Option<&Stepped>, all: &Gates) -> BudgetStanding {
    let Rate { per_second, burst } = rate;
    let available = seen.map(|seen| Budget::share(rate, 1).available(&seen.state, seen.now));
    let sharing = if seen.is_some() { all.place() } else { "divided" };
    BudgetStanding { per_second, burst, available, sharing, replicas: all.replicas() }
}

fn breaker(seen: Option<&Stepped>) -> BreakerStanding {
    let Some(Stepped { state: State { failures, opened_at, open_until, .. }, now, .. }) = seen else {
        return BreakerStanding { state: "unknown", since: None, until: None, failures: None };
    };
    let (failures, since) = (Some(*failures), (*open_until != 0).then_some(At(*opened_at)));
    let until = (open_until > now).then_some(At(*open_until));
    let state = match (since, until) {
        (None, _) => "closed",
        (_, Some(_)) => "open",
        (_, None) => "probing",
    };
    BreakerStanding { state, since, until, failures }
}

fn pause(provider: &str, seen: Option<&Stepped>) -> Option<(At, String)> {
    let Stepped { state, now, .. } = seen?;
    let times = if state.throttles > 1 { format!(", {} times in a row", state.throttles) } else { String::new() };
    let why = format!("{provider} answered that it gets too many requests (429){times}");
    (state.paused_until > *now).then_some((At(state.paused_until), why))
}

impl From<&gates::Use> for Used {
    fn from(u: &gates::Use) -> Used {
        Used { kind: u.kind.clone(), calls: u.calls, failed: u.failed, put_off: u.put_off }
    }
}

impl From<&gates::Probe> for ProbeStanding {
    fn from(p: &gates::Probe) -> ProbeStanding {
        ProbeStanding { at: p.at, ok: p.ok, latency_ms: p.latency_ms, said: p.said.clone() }
    }
}
