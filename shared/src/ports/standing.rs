//! How a tenant's accounts at providers stand: what operators read at `GET /v1/providers`, on `/ops` and from `platen providers list`.
//! Looking calls nothing outside: it reads what the replicas wrote down.

use async_trait::async_trait;
use serde::Serialize;

use crate::db::{At, Result};
use crate::id::TenantId;

/// Use is told for these last minutes.
pub const USE_MINUTES: u64 = 15;

/// Where it is read.
#[async_trait]
pub trait Standings: Send + Sync {
    /// Every account of a tenant, by provider.
    ///
    /// # Errors
    /// Whatever the database says; a shared state that cannot be reached is no error, it is told.
    async fn of(&self, tenant: TenantId, now: At) -> Result<Vec<Standing>>;
}

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
