//! How a tenant's accounts at providers stand: what operators read at `GET /v1/providers`, on `/ops` and from `platen providers list`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::http::{AccountKey, Budget, Gates, Rate, State, Stepped};
use crate::db::{At, Read, Result};
use crate::id::TenantId;
use crate::store::{connections, gates};

/// Use is told for these last minutes.
pub const USE_MINUTES: u64 = 15;

/// The settings' budget of every provider that has one.
pub type Rates = BTreeMap<&'static str, Rate>;

/// A tenant's account at a provider, as it stands now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Provider)]
pub struct Standing {
    /// Its name.
    pub provider: String,
    /// How many requests may go out.
    pub budget: BudgetStanding,
    /// Whether any may.
    pub breaker: BreakerStanding,
    /// No request goes out before that; null when none was asked to wait.
    pub paused_until: Option<At>,
    /// Why, as a sentence; null when not paused.
    pub paused_why: Option<String>,
    /// Who used it in the last fifteen minutes.
    pub used: Vec<Used>,
    /// The last look whether it can be reached; null before the first.
    pub last_probe: Option<ProbeStanding>,
    /// Jobs that wait for it.
    pub waiting: WaitingJobs,
}

/// A request budget.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderBudget)]
pub struct BudgetStanding {
    /// Requests per second in the long run.
    pub per_second: u32,
    /// Requests that may go out at once after a rest.
    pub burst: u32,
    /// Of them, those that could go out now; null while the shared state cannot be reached.
    pub available: Option<i64>,
    /// Where replicas share it: `redis`, `database` or `process`; `divided` while that cannot be reached and each takes its part.
    pub sharing: &'static str,
    /// Living workers, by which it is divided then.
    pub replicas: u32,
}

/// A circuit breaker.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderBreaker)]
pub struct BreakerStanding {
    /// `closed`, `open`, `probing` (the next call decides, or is out already), or `unknown` while the shared state cannot be reached.
    pub state: &'static str,
    /// When it opened; null when it is not open.
    pub since: Option<At>,
    /// No call before that; null when calls go out.
    pub until: Option<At>,
    /// Failures in a row.
    pub failures: Option<i64>,
}

/// What a kind of work asked of an account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderUse)]
pub struct Used {
    /// The kind of job; empty for calls outside any job.
    pub kind: String,
    /// Calls that went out.
    pub calls: i64,
    /// Of them, those that got no answer, a 5xx or a 429.
    pub failed: i64,
    /// Calls that did not go out: the budget was used up or the breaker open.
    pub put_off: i64,
}

/// A look whether an account can be reached.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderProbe)]
pub struct ProbeStanding {
    /// When.
    pub at: At,
    /// Whether it went well.
    pub ok: bool,
    /// How long the answer took; null when none came.
    pub latency_ms: Option<i64>,
    /// What came of it.
    pub said: String,
}

/// Jobs that wait for an account, by what for.
#[derive(Clone, Copy, Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProviderWaiting)]
pub struct WaitingJobs {
    /// Its budget is used up.
    pub budget: i64,
    /// Its breaker is open.
    pub breaker: i64,
    /// An answer of its was lost, and a look-up comes next.
    pub lookup: i64,
}

/// Every account of a tenant, by provider.
///
/// # Errors
/// Whatever the database says; a shared state that cannot be reached is no error, it is told.
pub async fn standings(
    read: &mut Read,
    all: &Gates,
    rates: &Rates,
    tenant: TenantId,
    now: At,
) -> Result<Vec<Standing>> {
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
