//! Refunds: decided here, cancelled at the printer by a job, paid by the payment provider and reported back.

use axum::Json;
use axum::response::Response;
use platen_jobs::cancel_order::CancelOrder;
use platen_jobs::distribute_revenue::DistributeRevenue;
use platen_jobs::workflow;
use platen_shared::db::{At, Tx};
use platen_shared::domain::money::{MINOR_MAX, Money};
use platen_shared::domain::order::OrderState;
use platen_shared::domain::payout::RefundState;
use platen_shared::id::{JobId, OrderId, RefundId};
use platen_shared::store::fulfilment;
use platen_shared::store::orders::{self, Moved, Order};
use platen_shared::store::refunds::{self, Refund, Refunded, Repaid};
use serde::{Deserialize, Serialize};

use super::cancel::submission;
use super::orders::{hold, own};
use crate::call::{Call, Page, made, whole};
use crate::check::Checks;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// A refund.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Refund)]
pub(crate) struct RefundView {
    id: RefundId,
    order_id: OrderId,
    /// The caller's name for it.
    key: String,
    amount: Money,
    reason: String,
    /// Where the order was: `before_submission`, `in_production`, `delivered` or `shared_out`.
    phase: String,
    /// Whether the order is to be cancelled, at the printer too, as far as that is possible.
    cancels: bool,
    /// `owed` to the buyer, or `paid`.
    state: String,
    /// The payment provider's name for it; empty until it is paid.
    reference: String,
    /// The job that cancels the order at the printer, or shares out what is left of a cancelled one.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    created_at: At,
}

impl From<Refund> for RefundView {
    fn from(r: Refund) -> Self {
        RefundView {
            id: r.id,
            order_id: r.order_id,
            key: r.key,
            amount: Money { minor: r.amount_minor, currency: r.currency },
            reason: r.reason,
            phase: r.phase,
            cancels: r.cancels,
            state: r.state,
            reference: r.reference,
            job_id: None,
            created_at: r.created_at,
        }
    }
}

/// A refund to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefund {
    /// Your name for it: unique; 1 to 100 characters. The same again is the same refund.
    key: String,
    /// At most what is left of the payment.
    amount: Money,
    /// For the books and the audit; 1 to 500 characters.
    reason: String,
    /// Also cancel the order, as far as that is still possible; when left out, a refund of everything that is left does.
    cancel: Option<bool>,
}

/// Decides a refund: books it at once, and sets the cancelling going where that is wanted. The same key again answers 200.
#[utoipa::path(post, path = "/v1/orders/{id}/refunds", tag = "money", request_body = NewRefund,
    params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 201, body = RefundView), (status = 200, body = RefundView, description = "It was decided before.")))]
pub(crate) async fn create(call: Call, Named(id): Named<OrderId>, Input(body): Input<NewRefund>) -> Reply<Response> {
    let mut tx = call.begin("refund").await?;
    let order = hold(&call, &mut tx, id).await?;
    let mut checks = Checks::default();
    checks.text("/key", &body.key, 1, 100);
    checks.text("/reason", &body.reason, 1, 500);
    checks.amount("/amount", body.amount, order.currency);
    let something = (1..=MINOR_MAX).contains(&body.amount.minor);
    checks.need(something, "range", "/amount/minor", "A refund gives something back.");
    checks.done()?;
    if order.payment_state == "unpaid" {
        return Err(Problem::state("Nothing was paid for this order."));
    }
    let left = refunds::left(&mut tx, call.tenant(), id).await?;
    let new = Refund {
        id: RefundId::new(),
        order_id: id,
        key: body.key,
        amount_minor: body.amount.minor,
        currency: order.currency,
        reason: body.reason,
        phase: String::new(),
        cancels: body.cancel.unwrap_or(body.amount.minor == left),
        state: RefundState::Owed.word().to_owned(),
        reference: String::new(),
        actor: call.actor(),
        created_at: call.now(),
        updated_at: call.now(),
    };
    let refund = match refunds::decide(&mut tx, call.now(), &order, new).await? {
        Refunded::Now(refund) => refund,
        Refunded::Before(refund) => return Ok(made(false, RefundView::from(*refund))),
        Refunded::Clash => {
            return Err(Problem::new(Code::Conflict, "The key belongs to another refund."));
        }
        Refunded::Over { left } => {
            let left = Money { minor: left, currency: order.currency };
            let text = format!("The refund is above what is left of the payment, {left}.");
            return Err(Problem::field("amount", "/amount", &text));
        }
        Refunded::Stuck(missing) => return Err(Problem::state(sentence(&missing.to_string()))),
    };
    call.audit(&mut tx, "order.refund", refund.id, &refund.reason).await?;
    let job = if refund.cancels {
        cancel(&call, &mut tx, &order, &refund).await?
    } else {
        go_on(&call, &mut tx, &order).await?
    };
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(made(true, RefundView { job_id: job, ..RefundView::from(*refund) }))
}

/// An order that waited for this refund since its quantities changed goes on; any other stays where it is.
async fn go_on(call: &Call, tx: &mut Tx, order: &Order) -> Reply<Option<JobId>> {
    if order.state != OrderState::Accepted.word() {
        return Ok(None);
    }
    let order = hold(call, tx, order.id).await?;
    workflow::proceed(tx, &call.origin(0), call.now(), &order).await?;
    Ok(None)
}

/// Owes back whatever is left of an order's payment, for something that happened to it once; nothing of what was not paid.
pub(crate) async fn give_back_all(call: &Call, tx: &mut Tx, order: &Order, what: &str, reason: &str) -> Reply<()> {
    if order.payment_state == "unpaid" {
        return Ok(());
    }
    let left = refunds::left(tx, call.tenant(), order.id).await?;
    if left == 0 {
        return Ok(());
    }
    let new = Refund {
        id: RefundId::new(),
        order_id: order.id,
        key: format!("{what}:{}", order.id),
        amount_minor: left,
        currency: order.currency,
        reason: reason.to_owned(),
        phase: String::new(),
        cancels: true,
        state: RefundState::Owed.word().to_owned(),
        reference: String::new(),
        actor: call.actor(),
        created_at: call.now(),
        updated_at: call.now(),
    };
    match refunds::decide(tx, call.now(), order, new).await? {
        Refunded::Now(_) | Refunded::Before(_) => {
            platen_jobs::enqueue(tx, &call.origin(0), &DistributeRevenue { order: order.id }).await?;
            Ok(())
        }
        Refunded::Stuck(missing) => Err(Problem::state(sentence(&missing.to_string()))),
        Refunded::Clash | Refunded::Over { .. } => Err(Problem::internal(&"a refund of all that is left was refused")),
    }
}

/// Cancels a refunded order: here, where no printer has it, and what is left of its money is shared out; at the printer, through a job,
/// where one has it or is being told.
async fn cancel(call: &Call, tx: &mut Tx, order: &Order, refund: &Refund) -> Reply<Option<JobId>> {
    let placed = !fulfilment::parts(tx, call.tenant(), order.id).await?.is_empty();
    // A submission that was begun may have left something at the printer that no row knows.
    let begun = submission(call, tx, order).await?.is_some_and(|job| job.state != "succeeded" && job.attempt > 0);
    let placed = placed || (begun && order.state != OrderState::Cancelled.word());
    let placing = [OrderState::Submitting, OrderState::OutcomeUnknown].map(OrderState::word);
    if !placed && !placing.contains(&order.state.as_str()) {
        let to = OrderState::Cancelled;
        let moved = orders::advance(tx, call.now(), call.tenant(), order.id, to, &call.actor(), &refund.reason).await?;
        if matches!(moved, Moved::Yes | Moved::Already) {
            let job = DistributeRevenue { order: order.id };
            return Ok(Some(platen_jobs::enqueue(tx, &call.origin(0), &job).await?.id()));
        }
        return Ok(None);
    }
    if order.fulfilment_state == "returned" || order.state == OrderState::Cancelled.word() {
        let job = DistributeRevenue { order: order.id };
        return Ok(Some(platen_jobs::enqueue(tx, &call.origin(0), &job).await?.id()));
    }
    if ["shipped", "delivered"].contains(&order.fulfilment_state.as_str()) {
        return Ok(None);
    }
    Ok(Some(platen_jobs::enqueue(tx, &call.origin(0), &CancelOrder { order: order.id }).await?.id()))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// The refunds of an order, oldest first.
#[utoipa::path(get, path = "/v1/orders/{id}/refunds", tag = "money", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = Page<RefundView>)))]
pub(crate) async fn list(call: Call, Named(id): Named<OrderId>) -> Reply<Json<Page<RefundView>>> {
    own(&call, id).await?;
    Ok(whole(refunds::of_order(&mut call.read(), call.tenant(), id).await?))
}

/// What the payment provider did.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundPaid {
    /// Its name for the refund: 1 to 100 characters.
    reference: String,
}

/// Notes that a refund was paid to the buyer. The same again changes nothing.
#[utoipa::path(post, path = "/v1/refunds/{id}/paid", tag = "money", request_body = RefundPaid,
    params(("id" = RefundId, Path, description = "The refund.")), responses((status = 200, body = RefundView)))]
pub(crate) async fn paid(
    call: Call,
    Named(id): Named<RefundId>,
    Input(body): Input<RefundPaid>,
) -> Reply<Json<RefundView>> {
    let mut checks = Checks::default();
    checks.text("/reference", &body.reference, 1, 100);
    checks.done()?;
    let mut tx = call.begin("refund_paid").await?;
    match refunds::paid(&mut tx, call.now(), call.tenant(), id, &body.reference).await? {
        Repaid::Yes(refund) => {
            call.audit(&mut tx, "refund.paid", id, &body.reference).await?;
            call.carry(&mut tx).await?;
            tx.commit().await?;
            Ok(Json(RefundView::from(*refund)))
        }
        Repaid::Clash => Err(Problem::new(Code::Conflict, "The refund was paid under another reference.")),
        Repaid::Unknown => Err(Problem::missing("refund")),
    }
}
