//! How fresh what we know of an order is. While its printer cannot be reached, reads go on answering the last that is known, and say so.

use std::time::Duration;

use platen_shared::db::At;
use platen_shared::domain::order::OrderState;
use platen_shared::store::incidents;
use serde::Serialize;

use crate::call::Call;
use crate::check::PROVIDER;
use crate::error::Reply;

/// States in which the printer may know more than we do.
const AT_THE_PRINTER: [OrderState; 5] = [
    OrderState::Submitting,
    OrderState::OutcomeUnknown,
    OrderState::InProduction,
    OrderState::Shipped,
    OrderState::OnHold,
];

/// An answer and how fresh it is.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Known<T> {
    #[serde(flatten)]
    pub(crate) known: T,
    /// The printer cannot be asked now: this is the last that is known.
    pub(crate) stale: bool,
    /// How long ago the printer was last heard of, in seconds; null when it is not stale.
    pub(crate) age_s: Option<u64>,
}

/// How long ago the printer was last heard of, while it cannot be asked.
pub(crate) struct Freshness(Option<Duration>);

impl Freshness {
    /// As it is at this moment, for answers about orders in these states: while none of them is at the printer, nobody is asked.
    pub(crate) async fn now<'a>(call: &Call, states: impl IntoIterator<Item = &'a str>) -> Reply<Freshness> {
        if !states.into_iter().any(at_the_printer) {
            return Ok(Freshness(None));
        }
        let now = call.ledger_now();
        let all = call.app().standings.of(call.tenant(), now).await?;
        let account = all.into_iter().find(|account| account.provider == PROVIDER);
        let Some(account) = account.filter(|account| account.breaker.state != "closed") else {
            return Ok(Freshness(None));
        };
        let heard = incidents::watched(&mut call.read(), call.tenant(), PROVIDER).await?.and_then(|(_, heard)| heard);
        let last: Option<At> = heard.or(account.breaker.since);
        Ok(Freshness(Some(last.map_or(Duration::ZERO, |last| now.since(last)))))
    }

    /// What is known of an order in this state, with its age.
    pub(crate) fn of<T>(&self, state: &str, known: T) -> Known<T> {
        let age = self.0.filter(|_| at_the_printer(state));
        Known { known, stale: age.is_some(), age_s: age.map(|age| age.as_secs()) }
    }
}

fn at_the_printer(word: &str) -> bool {
    AT_THE_PRINTER.iter().any(|state| state.word() == word)
}
