//! Payments, as a key with the scope `operate` records them. No card data comes here.

use axum::response::Response;
use platen_jobs::workflow;
use platen_shared::domain::money::Money;
use platen_shared::id::{JobId, OrderId};
use platen_shared::store::order_details;
use platen_shared::store::orders::{self, Paid, Payment};
use serde::{Deserialize, Serialize};

use super::orders::{OrderView, hold, view};
use crate::call::{Call, made};
use crate::check::Checks;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// A payment that was received.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    /// The payment provider's name for it: unique; 1 to 100 characters.
    reference: String,
    /// `card`, `transfer`, …
    method: String,
    /// Exactly the order's total, or what is due since the quantities of a paid order changed.
    amount: Money,
    /// What the payment provider took of it, where that is known; the order's terms say it otherwise.
    fee: Option<Money>,
}

/// A recorded payment.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    reference: String,
    method: String,
    amount: Money,
    /// As it stands now.
    order: OrderView,
    /// The job that makes the print files.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

/// Records an order's payment, and sets the making of its print files going. The same payment again answers 200.
#[utoipa::path(post, path = "/v1/orders/{id}/payments", tag = "orders", request_body = NewPayment,
    params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 201, body = PaymentView), (status = 200, body = PaymentView, description = "It was recorded before.")))]
pub(crate) async fn create(call: Call, Named(id): Named<OrderId>, Input(body): Input<NewPayment>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/reference", &body.reference, 1, 100);
    checks.name("/method", &body.method);
    let fee = body.fee;
    checks.done()?;
    let mut tx = call.begin("record_payment").await?;
    let order = hold(&call, &mut tx, id).await?;
    let more = order_details::get(&mut tx, call.tenant(), id).await?.due_minor;
    let due = if more > 0 { more } else { order.total_minor };
    let fits = body.amount.minor == due && body.amount.currency == order.currency;
    // A repeat is told apart from another payment by its reference.
    let repeated =
        order.payment_state != "unpaid" && orders::is_recorded(&mut tx, call.tenant(), &body.reference).await?;
    if !fits && !repeated {
        return Err(Problem::field(
            "amount",
            "/amount",
            "The amount must be exactly what is to be paid, in the order's currency.",
        ));
    }
    if let Some(fee) = fee {
        let mut checks = Checks::default();
        checks.amount("/fee", fee, order.currency);
        checks.need(fee.minor <= order.total_minor, "range", "/fee", "The fee is more than the payment.");
        checks.done()?;
    }
    let payment = Payment {
        reference: body.reference,
        method: body.method,
        amount_minor: body.amount.minor,
        currency: body.amount.currency,
        actor: call.actor(),
    };
    let live = !["cancelled", "failed", "closed", "draft"].contains(&order.state.as_str());
    if order.payment_state == "unpaid" && !live {
        return Err(Problem::state(format!("An order that is {} takes no payment.", order.state)));
    }
    let job = match orders::pay(&mut tx, call.now(), &order, &payment).await? {
        Paid::Now => {
            if let Some(fee) = fee {
                orders::note_fee(&mut tx, call.tenant(), &payment.reference, fee.minor).await?;
            }
            call.audit(&mut tx, "order.pay", id, &payment.method).await?;
            let paid = hold(&call, &mut tx, id).await?;
            Some(workflow::proceed(&mut tx, &call.origin(0), call.now(), &paid).await?)
        }
        Paid::Before => None,
        Paid::Clash => {
            let why = "The reference belongs to another payment, or the order is paid by another one.";
            return Err(Problem::new(Code::Conflict, why));
        }
    };
    let order = hold(&call, &mut tx, id).await?;
    let order = view(&call, &mut tx, order).await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    let (reference, method) = (payment.reference, payment.method);
    Ok(made(job.is_some(), PaymentView { reference, method, amount: body.amount, order, job_id: job.flatten() }))
}
