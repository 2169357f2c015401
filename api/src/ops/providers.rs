//! The providers' part of the first page: what of each account's budget is left, its breaker, who used it and who waits for it.

use platen_shared::db::At;
use platen_shared::ports::standing::{Standing, USE_MINUTES};

use super::frame::{Operator, Refused};
use super::show::{Badge, When};

/// An account in the list.
pub(super) struct ProviderRow {
    pub(super) name: String,
    pub(super) breaker: Badge,
    /// Calls go out again then: the breaker is open, or the account was asked to rest.
    pub(super) until: Option<When>,
    pub(super) why: String,
    pub(super) budget: String,
    pub(super) used: String,
    pub(super) waiting: i64,
    pub(super) probe: Option<(Badge, When, String)>,
    /// Nothing goes out now.
    pub(super) stopped: bool,
}

/// The tenant's accounts.
pub(super) async fn rows(operator: &Operator, now: At) -> Result<Vec<ProviderRow>, Refused> {
    let (call, app) = (&operator.call, operator.call.app());
    let found = app.standings.of(call.tenant(), now).await?;
    Ok(found.into_iter().map(|standing| ProviderRow::of(standing, now)).collect())
}

impl ProviderRow {
    fn of(standing: Standing, now: At) -> ProviderRow {
        let (budget, breaker, waiting) = (&standing.budget, &standing.breaker, standing.waiting);
        let left = budget.available.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
        let used = standing.used.iter().map(|used| {
            let kind = if used.kind.is_empty() { "other calls" } else { &used.kind };
            format!("{} by {kind}", used.calls)
        });
        let used: Vec<String> = used.collect();
        ProviderRow {
            breaker: Badge::of(breaker.state),
            until: breaker.until.or(standing.paused_until).filter(|at| *at > now).map(|at| When::seen(at, now)),
            why: standing.paused_why.clone().unwrap_or_default(),
            budget: format!(
                "{left} of {} now, {} per second, shared by {}",
                budget.burst, budget.per_second, budget.sharing
            ),
            used: if used.is_empty() {
                format!("nothing in {USE_MINUTES} min")
            } else {
                format!("{} in {USE_MINUTES} min", used.join(", "))
            },
            waiting: waiting.budget + waiting.breaker + waiting.lookup,
            probe: standing.last_probe.map(|probe| {
                (Badge::of(if probe.ok { "answered" } else { "failed" }), When::seen(probe.at, now), probe.said)
            }),
            stopped: breaker.state == "open" || standing.paused_until.is_some(),
            name: standing.provider,
        }
    }
}
