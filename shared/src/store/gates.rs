//! What stands before outside calls, as rows: the shared state of an account's gate, who used it, and the last probe of it.

use std::time::Duration;

use crate::db::{self, At, Result, Source, Tx};
use crate::id::TenantId;
use crate::sql;

/// How long it is remembered who used an account.
pub const USE_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Budget, pause and breaker of one account. Instants are microseconds of the clock that the state is kept by; 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct State {
    /// When the bucket would be full again, if nobody took a token.
    pub full_at: i64,
    /// No call before that: a 429 asked for it.
    pub paused_until: i64,
    /// 429s in a row.
    pub throttles: i64,
    /// Failures in a row.
    pub failures: i64,
    /// When the breaker opened; it stays through failed probes.
    pub opened_at: i64,
    /// No call before that; later one probe decides. 0: the breaker is closed.
    pub open_until: i64,
    /// Until then a probe is out, and nobody else may be it.
    pub probe_until: i64,
}

/// An account's state, kept from others until the transaction ends. An account that was never called has none.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, tenant: TenantId, provider: &str) -> Result<Option<State>> {
    tx.query(sql!(
        "SELECT full_at, paused_until, throttles, failures, opened_at, open_until, probe_until FROM gates
         WHERE tenant = $1 AND provider = $2 /*pg FOR UPDATE */"
    ))
    .bind(tenant)
    .bind(provider)
    .opt()
    .await
}

/// Begins an account's state, unless another replica just did; [`lock`] then finds one.
///
/// # Errors
/// Whatever the database says.
pub async fn begin(tx: &mut Tx, now: At, tenant: TenantId, provider: &str) -> Result<u64> {
    tx.query(sql!(
        "INSERT INTO gates (tenant, provider, full_at, paused_until, throttles, failures, opened_at, open_until, probe_until, updated_at)
         VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0, $3) ON CONFLICT (tenant, provider) DO NOTHING"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(now)
    .exec()
    .await
}

/// Writes an account's state, which the transaction has locked.
///
/// # Errors
/// Whatever the database says.
pub async fn put(tx: &mut Tx, now: At, tenant: TenantId, provider: &str, state: &State) -> Result<u64> {
    tx.query(sql!(
        "UPDATE gates SET full_at = $3, paused_until = $4, throttles = $5, failures = $6, opened_at = $7, open_until = $8,
           probe_until = $9, updated_at = $10 WHERE tenant = $1 AND provider = $2"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(state.full_at)
    .bind(state.paused_until)
    .bind(state.throttles)
    .bind(state.failures)
    .bind(state.opened_at)
    .bind(state.open_until)
    .bind(state.probe_until)
    .bind(now)
    .exec()
    .await
}

/// An account's state, for those who only look.
///
/// # Errors
/// Whatever the database says.
pub async fn get(source: &mut impl Source, tenant: TenantId, provider: &str) -> Result<Option<State>> {
    source
        .query(sql!(
            "SELECT full_at, paused_until, throttles, failures, opened_at, open_until, probe_until FROM gates
             WHERE tenant = $1 AND provider = $2"
        ))
        .bind(tenant)
        .bind(provider)
        .opt()
        .await
}

/// What a kind of work asked of an account.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Use {
    /// Whose account.
    pub tenant: TenantId,
    /// At whom.
    pub provider: String,
    /// The kind of job, or empty for calls outside any job.
    pub kind: String,
    /// Calls that went out.
    pub calls: i64,
    /// Of them, those that got no answer, a 5xx or a 429.
    pub failed: i64,
    /// Calls that did not go out: the budget was used up or the breaker open.
    pub put_off: i64,
}

/// Adds to the minute of `now`, all accounts in one statement.
///
/// # Errors
/// Whatever the database says.
pub async fn add_use(tx: &mut Tx, now: At, uses: &[Use]) -> Result<u64> {
    let rows = uses.iter().map(|u| {
        serde_json::json!({ "tenant": u.tenant.0, "provider": u.provider, "kind": u.kind,
            "calls": u.calls, "failed": u.failed, "put_off": u.put_off })
    });
    tx.query(sql!(
        "INSERT INTO gate_use (tenant, provider, minute, kind, calls, failed, put_off)
         SELECT /*pg CAST( */ value->>'tenant' /*pg AS UUID) */, value->>'provider', $1, value->>'kind', CAST(value->>'calls' AS BIGINT),
           CAST(value->>'failed' AS BIGINT), CAST(value->>'put_off' AS BIGINT) FROM jsonb_each($2) WHERE 1 = 1
         ON CONFLICT (tenant, provider, minute, kind) DO UPDATE SET calls = gate_use.calls + excluded.calls,
           failed = gate_use.failed + excluded.failed, put_off = gate_use.put_off + excluded.put_off"
    ))
    .bind(minute(now))
    .bind(db::rows(rows))
    .exec()
    .await
}

/// The beginning of the minute.
fn minute(at: At) -> At {
    At(at.0 - at.0.rem_euclid(60_000_000))
}

/// Forgets a tenant's use from before [`USE_KEPT`].
///
/// # Errors
/// Whatever the database says.
pub async fn forget_use(tx: &mut Tx, now: At, tenant: TenantId) -> Result<u64> {
    tx.query(sql!("DELETE FROM gate_use WHERE tenant = $1 AND minute < $2"))
        .bind(tenant)
        .bind(minute(now.minus(USE_KEPT)))
        .exec()
        .await
}

/// What a tenant's kinds of work asked of its accounts since the minute of `since`.
///
/// # Errors
/// Whatever the database says.
pub async fn uses(source: &mut impl Source, tenant: TenantId, since: At) -> Result<Vec<Use>> {
    source
        .query(sql!(
            "SELECT tenant, provider, kind, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(failed) AS BIGINT) AS failed,
               CAST(SUM(put_off) AS BIGINT) AS put_off FROM gate_use WHERE tenant = $1 AND minute >= $2
             GROUP BY tenant, provider, kind ORDER BY provider, kind"
        ))
        .bind(tenant)
        .bind(minute(since))
        .all()
        .await
}

/// The last look whether an account can be reached and its key is accepted.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Probe {
    /// At whom.
    pub provider: String,
    /// When.
    pub at: At,
    /// Whether it went well.
    pub ok: bool,
    /// How long the answer took; `None` when none came.
    pub latency_ms: Option<i64>,
    /// What came of it, as a sentence.
    pub said: String,
}

/// Keeps a probe as the account's last one; an older one that comes late changes nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn put_probe(tx: &mut Tx, tenant: TenantId, probe: &Probe) -> Result<u64> {
    tx.query(sql!(
        "INSERT INTO provider_probes (tenant, provider, at, ok, latency_ms, said) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, provider) DO UPDATE SET at = excluded.at, ok = excluded.ok, latency_ms = excluded.latency_ms,
           said = excluded.said WHERE provider_probes.at <= excluded.at"
    ))
    .bind(tenant)
    .bind(&probe.provider)
    .bind(probe.at)
    .bind(probe.ok)
    .bind(probe.latency_ms)
    .bind(&probe.said)
    .exec()
    .await
}

/// The last probe of each of a tenant's accounts.
///
/// # Errors
/// Whatever the database says.
pub async fn probes(source: &mut impl Source, tenant: TenantId) -> Result<Vec<Probe>> {
    source
        .query(sql!(
            "SELECT provider, at, ok, latency_ms, said FROM provider_probes WHERE tenant = $1 ORDER BY provider"
        ))
        .bind(tenant)
        .all()
        .await
}

/// How many of a tenant's jobs wait for a provider, and what for.
///
/// # Errors
/// Whatever the database says.
pub async fn waiting(source: &mut impl Source, tenant: TenantId) -> Result<Vec<(String, String, i64)>> {
    source
        .query(sql!(
            "SELECT provider, waiting_for, count(*) FROM jobs WHERE tenant = $1 AND provider <> '' AND state = 'scheduled'
               AND waiting_for IN ('budget', 'breaker', 'lookup') GROUP BY provider, waiting_for ORDER BY provider, waiting_for"
        ))
        .bind(tenant)
        .all()
        .await
}
