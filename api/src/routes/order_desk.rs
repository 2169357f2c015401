//! What a desk does with orders: trying again what stopped, asking for a quote, and a reviewer's word.

use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::build_bundle::BuildBundle;
use platen_jobs::workflow;
use platen_shared::db::Tx;
use platen_shared::domain::order::{CancelState, OrderState, QuoteState, ReviewState};
use platen_shared::id::OrderId;
use platen_shared::ledger::{control, read};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{cancellations, order_details, order_quotes};
use serde::Deserialize;

use super::cancel::submission;
use super::jobs::JobView;
use super::order_changes::moved;
use super::orders::{changed, hold, not_ready};
use super::refunds;
use super::snapshots::Empty;
use crate::call::Call;
use crate::check::{Checks, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// Why, and what the caller saw.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryOrder {
    /// 1 to 500 characters; kept in the history and the audit.
    reason: String,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Sets an order going again that is on hold or failed: from the step that it stopped at.
#[utoipa::path(post, path = "/v1/orders/{id}/retry", tag = "orders", request_body = RetryOrder,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn retry(call: Call, Named(id): Named<OrderId>, Input(body): Input<RetryOrder>) -> Reply<Response> {
    reason(&body.reason)?;
    let mut tx = call.begin("retry_order").await?;
    let order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    go_on(&call, &mut tx, &order, &body.reason).await?;
    changed(&call, tx, id).await
}

/// The same in a transaction that holds the order.
pub(crate) async fn go_on(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<()> {
    let state: OrderState = orders::parse(&order.state)?;
    if ![OrderState::OnHold, OrderState::Failed].contains(&state) {
        return Err(Problem::state(format!(
            "Only an order that is on hold or failed is set going again; this one is {state}."
        )));
    }
    call.audit(tx, "order.retry", order.id, why).await?;
    let details = order_details::get(tx, call.tenant(), order.id).await?;
    if details.held {
        let free = order_details::Details { held: false, ..details };
        order_details::put(tx, call.now(), call.tenant(), order.id, &free).await?;
    }
    match submission(call, tx, order).await? {
        Some(job) if !job.finished() => Err(Problem::state("A job is placing the order at the printer already.")),
        Some(job) if job.state == "succeeded" => {
            workflow::anew(tx, &call.origin(0), call.now(), order, why).await.map(drop).map_err(not_ready)
        }
        Some(job) => {
            moved(call, tx, order, OrderState::Ready, why).await?;
            moved(call, tx, order, OrderState::Submitting, "a job is placing it at the printer").await?;
            control::retry(tx, call.ledger_now(), call.tenant(), job.id).await?;
            Ok(())
        }
        None => before_submission(call, tx, order, why).await,
    }
}

/// From the quote, from the payment or from the print files.
async fn before_submission(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<()> {
    let quote = order_quotes::get(tx, call.tenant(), order.id).await?;
    let refused = quote.is_some_and(|quote| quote.state == QuoteState::Refused.word());
    if refused || order.payment_state == "unpaid" {
        moved(call, tx, order, OrderState::Received, why).await?;
        if refused {
            workflow::ask(tx, &call.origin(0), call.now(), order).await?;
        }
        return Ok(());
    }
    let bundle = BuildBundle { order: order.id, revision: order.revision.clone() };
    if let Some(job) = read::of_key(tx, call.tenant(), BuildBundle::KIND, &bundle.key().text).await?
        && control::retry(tx, call.ledger_now(), call.tenant(), job).await?
    {
        return moved(call, tx, order, OrderState::Accepted, why).await;
    }
    workflow::proceed(tx, &call.origin(0), call.now(), order).await?;
    Ok(())
}

/// Asks the printer what an order would cost, and whether it can be made and sent at all, through a job. Its answer stands with the order.
#[utoipa::path(post, path = "/v1/orders/{id}/quote", tag = "orders", request_body = Empty, params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn quote(call: Call, Named(id): Named<OrderId>, Input(Empty {}): Input<Empty>) -> Reply<Response> {
    let mut tx = call.begin("quote_order").await?;
    let order = hold(&call, &mut tx, id).await?;
    let state: OrderState = orders::parse(&order.state)?;
    if ![OrderState::Draft, OrderState::Received, OrderState::OnHold].contains(&state) {
        return Err(Problem::state(format!("An order that is {state} is past its quote.")));
    }
    let job = workflow::ask(&mut tx, &call.origin(0), call.now(), &order).await?;
    tx.commit().await?;
    call.work(job).await
}

/// A reviewer's word.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// Somebody should look at it first.
    Ask,
    /// It may be made.
    Approve,
    /// It must not be made: it is cancelled, and its money is owed back.
    Reject,
}

/// Why something must not be made; what reprint statistics count.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ground {
    /// It would look bad.
    Quality,
    /// It belongs to somebody else.
    Rights,
    /// It is not what was ordered.
    Content,
    /// It is against the rules of the shop.
    Policy,
    /// Something else, which the notes say.
    Other,
}

impl Ground {
    fn word(self) -> &'static str {
        match self {
            Ground::Quality => "quality",
            Ground::Rights => "rights",
            Ground::Content => "content",
            Ground::Policy => "policy",
            Ground::Other => "other",
        }
    }
}

/// A review.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Review {
    decision: Decision,
    /// Needed to reject.
    reason_code: Option<Ground>,
    /// At most 500 characters.
    #[serde(default)]
    notes: String,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Asks for a review, or gives its end. What was refused is cancelled and its money owed back: it never ends like what was made.
#[utoipa::path(patch, path = "/v1/orders/{id}/review", tag = "orders", request_body = Review,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn review(call: Call, Named(id): Named<OrderId>, Input(body): Input<Review>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/notes", &body.notes, 0, 500);
    let given = body.reason_code.is_some() || !matches!(body.decision, Decision::Reject);
    checks.need(given, "required", "/reasonCode", "A rejection needs its reason.");
    checks.done()?;
    let mut tx = call.begin("review_order").await?;
    let order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    let why =
        body.reason_code.map_or_else(|| body.notes.clone(), |ground| format!("{}: {}", ground.word(), body.notes));
    match body.decision {
        Decision::Ask => {
            moved(&call, &mut tx, &order, OrderState::InReview, "a person looks at it first").await?;
            decided(&call, &mut tx, &order, ReviewState::Pending, &why).await?;
        }
        Decision::Approve => {
            decided(&call, &mut tx, &order, ReviewState::Approved, &why).await?;
            if order.payment_state == "unpaid" {
                moved(&call, &mut tx, &order, OrderState::Received, "approved; waits for its payment").await?;
            } else {
                let order = hold(&call, &mut tx, id).await?;
                workflow::proceed(&mut tx, &call.origin(0), call.now(), &order).await?;
            }
        }
        Decision::Reject => {
            decided(&call, &mut tx, &order, ReviewState::Rejected, &why).await?;
            reject(&call, &mut tx, &order, &why).await?;
        }
    }
    call.audit(&mut tx, "order.review", id, &why).await?;
    changed(&call, tx, id).await
}

async fn decided(call: &Call, tx: &mut Tx, order: &Order, to: ReviewState, why: &str) -> Reply<()> {
    if orders::review(tx, call.now(), order, to, (&call.actor(), why)).await? {
        return Ok(());
    }
    Err(Problem::state(format!("A review that is {} does not become {to}.", order.review_state)))
}

/// Ends an order that must not be made, and owes its money back.
async fn reject(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<()> {
    let reason = format!("rejected by a reviewer: {why}");
    moved(call, tx, order, OrderState::Cancelled, &reason).await?;
    cancellations::request(tx, call.now(), call.tenant(), order.id, (&call.actor(), &reason), &reason).await?;
    cancellations::decide(tx, call.now(), call.tenant(), order.id, CancelState::Done, "no printer had it").await?;
    refunds::give_back_all(call, tx, order, "review", &reason).await
}
