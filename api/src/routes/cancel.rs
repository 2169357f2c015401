//! Cancelling an order, at any time, with a true answer: done, too late, or pending while the printer is asked.

use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::cancel_order::CancelOrder;
use platen_jobs::submit_order::SubmitOrder;
use platen_shared::db::Tx;
use platen_shared::domain::order::{CancelState, OrderState};
use platen_shared::id::OrderId;
use platen_shared::ledger::control::Cancelling;
use platen_shared::ledger::{Job, read};
use platen_shared::store::orders::{self, Moved, Order};
use platen_shared::store::{cancellations, fulfilment, operator_items};
use serde::Deserialize;

use super::jobs::stop;
use super::orders::{changed, hold};
use crate::call::Call;
use crate::check::reason;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// Why, and what the caller saw.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelOrderBody {
    /// 1 to 500 characters; kept in the audit.
    reason: String,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Cancels an order, whatever its state. `cancellation.outcome` of the answer says what is true: `done`, `too_late`, or `pending` while
/// the printer is being asked; then the order's page tells the end.
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders", request_body = CancelOrderBody,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn create(
    call: Call,
    Named(id): Named<OrderId>,
    Input(body): Input<CancelOrderBody>,
) -> Reply<Response> {
    reason(&body.reason)?;
    let mut tx = call.begin("cancel_order").await?;
    let order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    cancel(&call, &mut tx, &order, &body.reason).await?;
    changed(&call, tx, id).await
}

/// The same in a transaction that holds the order.
pub(crate) async fn cancel(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<()> {
    let state: OrderState = orders::parse(&order.state)?;
    if state == OrderState::Cancelled {
        return Ok(());
    }
    let (at, tenant, id) = (call.now(), call.tenant(), order.id);
    cancellations::request(tx, at, tenant, id, (&call.actor(), why), "the printer is being asked").await?;
    call.audit(tx, "order.cancel", id, why).await?;
    if [OrderState::Shipped, OrderState::Delivered, OrderState::Closed].contains(&state) {
        let why = format!("an order that is {state} cannot be cancelled any more");
        return Ok(cancellations::decide(tx, at, tenant, id, CancelState::TooLate, &why).await?);
    }
    if may_be_at_the_printer(call, tx, order, why).await? {
        platen_jobs::enqueue(tx, &call.origin(0), &CancelOrder { order: id }).await?;
        return Ok(());
    }
    match orders::advance(tx, at, tenant, id, OrderState::Cancelled, &call.actor(), why).await? {
        Moved::Yes | Moved::Already => {
            operator_items::settle_order(tx, at, tenant, id).await?;
            Ok(cancellations::decide(tx, at, tenant, id, CancelState::Done, "no printer had it").await?)
        }
        Moved::Illegal(from) => Err(Problem::state(format!("An order that is {from} is not cancelled."))),
        Moved::Unknown => Err(Problem::missing("order")),
    }
}

/// Whether something of the order may be at the printer: a part that lives, or what a submission left there. A submission that has not
/// started is stopped for good.
async fn may_be_at_the_printer(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<bool> {
    let parts = fulfilment::parts(tx, call.tenant(), order.id).await?;
    if parts.iter().any(|part| !part.is_dead()) {
        return Ok(true);
    }
    let Some(job) = submission(call, tx, order).await? else { return Ok(false) };
    if job.finished() {
        // One that succeeded told of its parts; any other may have left some.
        return Ok(job.state != "succeeded" && job.attempt > 0);
    }
    let said = format!("the order is cancelled by {}: {why}", call.actor());
    Ok(match stop(call, tx, job.id, &said).await? {
        Cancelling::Cancelled(job) => job.attempt > 0,
        Cancelling::Asked | Cancelling::Ended(_) | Cancelling::Unknown => true,
    })
}

/// The job that places an order, if there ever was one.
pub(crate) async fn submission(call: &Call, tx: &mut Tx, order: &Order) -> Reply<Option<Job>> {
    let job = SubmitOrder::of(tx, order).await?;
    let Some(id) = read::of_key(tx, call.tenant(), SubmitOrder::KIND, &job.key().text).await? else { return Ok(None) };
    Ok(read::job(tx, call.tenant(), id).await?)
}
