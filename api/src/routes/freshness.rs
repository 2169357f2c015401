//! How fresh what we know of an order is. While its printer cannot be reached, reads go on answering the last that is known, and say so.

use std::time::Duration;

use platen_shared::db::At;
use platen_shared::domain::order::OrderState;
use platen_shared::store::incidents;
use platen_shared::store::orders::Order;
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

/// Says how fresh what is known of an order is.
pub(crate) async fn known<T>(call: &Call, order: &Order, known: T) -> Reply<Known<T>> {
    let age = age(call, order).await?;
    Ok(Known { known, stale: age.is_some(), age_s: age.map(|age| age.as_secs()) })
}

/// `None` while the printer can be asked, or has nothing to add.
async fn age(call: &Call, order: &Order) -> Reply<Option<Duration>> {
    if !AT_THE_PRINTER.iter().any(|state| state.word() == order.state) {
        return Ok(None);
    }
    let now = call.ledger_now();
    let all = call.app().standings.of(call.tenant(), now).await?;
    let Some(account) = all.into_iter().find(|account| account.provider == PROVIDER) else { return Ok(None) };
    if account.breaker.state == "closed" {
        return Ok(None);
    }
    let heard = incidents::watched(&mut call.read(), call.tenant(), PROVIDER).await?.and_then(|(_, heard)| heard);
    let last: Option<At> = heard.or(account.breaker.since);
    Ok(Some(last.map_or(Duration::ZERO, |last| now.since(last))))
}
