//! What people change of an order: its content, its status, that it arrived. Each is a command that the tables of states allow or refuse,
//! and each may expect a version.

use axum::response::Response;
use platen_jobs::distribute_revenue;
use platen_jobs::workflow;
use platen_shared::db::{At, Tx};
use platen_shared::domain::address::{Limits, Recipient};
use platen_shared::domain::money::Money;
use platen_shared::domain::order::{FulfilmentState, OrderState};
use platen_shared::id::OrderId;
use platen_shared::store::order_details::{self, Metadata};
use platen_shared::store::orders::{self, Moved, Order};
use platen_shared::store::{fulfilment, order_quotes};
use serde::Deserialize;

use super::cancel::{cancel, submission};
use super::order_desk::go_on;
use super::order_items::{self, ItemChange};
use super::orders::{bound, changed, hold, recipient};
use crate::call::Call;
use crate::check::{Checks, PROVIDER, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// States in which an order's content may change.
const OPEN: [OrderState; 7] = [
    OrderState::Draft,
    OrderState::Received,
    OrderState::Accepted,
    OrderState::InReview,
    OrderState::Ready,
    OrderState::OnHold,
    OrderState::Failed,
];

/// Notes of a shop: at most 20 pairs of at most 100 characters.
pub(crate) fn check_notes(checks: &mut Checks, customer: Option<&str>, metadata: Option<&Metadata>) {
    if let Some(customer) = customer {
        checks.text("/customer", customer, 0, 100);
    }
    let Some(metadata) = metadata else { return };
    checks.need(metadata.len() <= 20, "count", "/metadata", "At most 20 pairs are kept.");
    let short = |text: &str| text.chars().count() <= 100 && !text.chars().any(char::is_control);
    let all = metadata.iter().all(|(key, value)| !key.is_empty() && short(key) && short(value));
    checks.need(
        all,
        "too-long",
        "/metadata",
        "A key has 1 to 100 characters, a value at most 100, and no control character.",
    );
}

/// What is to change; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentChange {
    /// The whole recipient. Once it is paid, the country stays: its shipping and tax were computed for it.
    recipient: Option<Recipient>,
    /// Your own name for the buyer.
    customer: Option<String>,
    /// All your notes, in the place of those before.
    metadata: Option<Metadata>,
    /// Other quantities; items that are left out stay as they are. What they come to is computed from the prices frozen at the sale.
    #[serde(default)]
    items: Vec<ItemChange>,
    /// Tax on all of it, with other quantities; left out, it changes with the rest in proportion.
    tax: Option<Money>,
    /// 1 to 500 characters; kept in the history and the audit.
    reason: String,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Changes the recipient, the notes or the quantities of an order that no printer has. Where the printer had been asked for a quote, it is asked again.
#[utoipa::path(patch, path = "/v1/orders/{id}/content", tag = "orders", request_body = ContentChange,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn content(
    call: Call,
    Named(id): Named<OrderId>,
    Input(body): Input<ContentChange>,
) -> Reply<Response> {
    let to = body.recipient.map(Recipient::normalised);
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1, 500);
    check_notes(&mut checks, body.customer.as_deref(), body.metadata.as_ref());
    for problem in to.iter().flat_map(|to| to.problems(Limits::of(PROVIDER))) {
        checks.fault(problem.code, &format!("/recipient{}", problem.pointer), problem.message);
    }
    order_items::check(&mut checks, &body.items, body.tax);
    checks.done()?;
    let mut tx = call.begin("change_order").await?;
    let mut order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    open(&call, &mut tx, &order).await?;
    let mut what = Vec::new();
    if let Some(to) = &to
        && recipient(&call, &order)?.as_ref() != Some(to)
    {
        if order.payment_state != "unpaid" && order.country != to.country {
            let why = "The order is paid, and its shipping and tax are for another country; cancel it and order again.";
            return Err(Problem::field("country", "/recipient/country", why));
        }
        let text = serde_json::to_string(to).map_err(|e| Problem::internal(&e))?;
        order.recipient = call.app().keyring.seal(&text, &bound(&order))?;
        order.country.clone_from(&to.country);
        what.push("recipient");
    }
    if order_items::change(&call, &mut tx, &mut order, &body.items, body.tax).await? {
        what.push("quantities");
    }
    let mut details = order_details::get(&mut tx, call.tenant(), id).await?;
    let before = details.clone();
    details.customer = body.customer.unwrap_or(details.customer);
    details.metadata.0 = body.metadata.unwrap_or(details.metadata.0);
    if details != before {
        order_details::put(&mut tx, call.now(), call.tenant(), id, &details).await?;
        what.push("notes");
    }
    if !what.is_empty() {
        let line = (call.actor(), what.join(", "));
        orders::amend(&mut tx, call.now(), &order, (&line.0, &line.1, &body.reason)).await?;
        call.audit(&mut tx, "order.change", id, &body.reason).await?;
    }
    let requoted = what.contains(&"recipient") || what.contains(&"quantities");
    if requoted && order_quotes::get(&mut tx, call.tenant(), id).await?.is_some() {
        let order = hold(&call, &mut tx, id).await?;
        workflow::ask(&mut tx, &call.origin(0), call.now(), &order).await?;
    }
    if what.contains(&"quantities") {
        order_items::go_on(&call, &mut tx, id).await?;
    }
    changed(&call, tx, id).await
}

/// Refuses a change of what a printer has, or is being told.
async fn open(call: &Call, tx: &mut Tx, order: &Order) -> Reply<()> {
    let state: OrderState = orders::parse(&order.state)?;
    let parts = fulfilment::parts(tx, call.tenant(), order.id).await?;
    let placing = submission(call, tx, order).await?.is_some_and(|job| !job.finished());
    if state == OrderState::Cancelled {
        return Err(Problem::state("The order is cancelled; it is not changed any more."));
    }
    if !OPEN.contains(&state) || !parts.is_empty() || placing {
        return Err(Problem::state(format!(
            "The order is {state} and the printer has it, or is being told; it is not changed any more."
        )));
    }
    Ok(())
}

/// What an order should be.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    /// Stopped by a person, before it is at the printer; nothing moves it on until `ready` is wished.
    OnHold,
    /// Going on from where a person or a trouble stopped it.
    Ready,
    /// Cancelled, as far as that is possible.
    Cancelled,
    /// Delivered, and nothing more will happen.
    Closed,
}

/// A status to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusChange {
    status: Wish,
    /// 1 to 500 characters; kept in the history and the audit.
    reason: String,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Moves an order by hand, where its table of states allows that.
#[utoipa::path(patch, path = "/v1/orders/{id}/status", tag = "orders", request_body = StatusChange,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn status(call: Call, Named(id): Named<OrderId>, Input(body): Input<StatusChange>) -> Reply<Response> {
    reason(&body.reason)?;
    let mut tx = call.begin("order_status").await?;
    let order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    match body.status {
        Wish::OnHold => stop(&call, &mut tx, &order, &body.reason).await?,
        Wish::Ready => go_on(&call, &mut tx, &order, &body.reason).await?,
        Wish::Cancelled => cancel(&call, &mut tx, &order, &body.reason).await?,
        Wish::Closed => {
            moved(&call, &mut tx, &order, OrderState::Closed, &body.reason).await?;
            call.audit(&mut tx, "order.close", id, &body.reason).await?;
        }
    }
    changed(&call, tx, id).await
}

/// Stops an order before it is at the printer.
async fn stop(call: &Call, tx: &mut Tx, order: &Order, why: &str) -> Reply<()> {
    open(call, tx, order).await?;
    moved(call, tx, order, OrderState::OnHold, why).await?;
    let details = order_details::get(tx, call.tenant(), order.id).await?;
    let held = order_details::Details { held: true, ..details };
    order_details::put(tx, call.now(), call.tenant(), order.id, &held).await?;
    call.audit(tx, "order.hold", order.id, why).await
}

/// Moves it, or says why it does not.
pub(crate) async fn moved(call: &Call, tx: &mut Tx, order: &Order, to: OrderState, why: &str) -> Reply<()> {
    match orders::advance(tx, call.now(), call.tenant(), order.id, to, &call.actor(), why).await? {
        Moved::Yes | Moved::Already => Ok(()),
        Moved::Illegal(from) => Err(Problem::state(format!("An order that is {from} does not become {to}."))),
        Moved::Unknown => Err(Problem::missing("order")),
    }
}

/// How an order arrived.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrived {
    /// `parcel`, `courier`, `pickup`, `digital`, …
    method: String,
    /// When; now when left out.
    at: Option<At>,
    /// Of the order, as it was read; left out, any will do.
    version: Option<i64>,
}

/// Notes that an order arrived, where no carrier says so; its revenue is shared out as after any delivery.
#[utoipa::path(patch, path = "/v1/orders/{id}/delivered", tag = "orders", request_body = Arrived,
    params(("id" = OrderId, Path, description = "The order.")), responses((status = 200, body = super::orders::OrderView)))]
pub(crate) async fn delivered(call: Call, Named(id): Named<OrderId>, Input(body): Input<Arrived>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.name("/method", &body.method);
    let at = body.at.unwrap_or(call.now());
    checks.need(at <= call.now(), "range", "/at", "An order does not arrive in the future.");
    checks.done()?;
    let mut tx = call.begin("order_delivered").await?;
    let order = hold(&call, &mut tx, id).await?;
    call.expects(order.version, body.version)?;
    if order.state != OrderState::Delivered.word() {
        moved(&call, &mut tx, &order, OrderState::Delivered, "an operator says that it arrived").await?;
    }
    orders::fulfil(&mut tx, call.now(), &order, FulfilmentState::Delivered, &call.actor()).await?;
    let details = order_details::get(&mut tx, call.tenant(), id).await?;
    let details = order_details::Details { delivered_at: Some(at), delivery_method: body.method.clone(), ..details };
    order_details::put(&mut tx, call.now(), call.tenant(), id, &details).await?;
    if order.payment_state != "unpaid" {
        distribute_revenue::arrived(&mut tx, &call.origin(0), call.app().speed, &order).await?;
    }
    call.audit(&mut tx, "order.delivered", id, &body.method).await?;
    changed(&call, tx, id).await
}
