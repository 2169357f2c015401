//! Orders: read and submitted. Taking one in is in `new_order`, its payment in `payments`, lists in `order_lists`, changes in `order_changes`,
//! `order_desk` and `cancel`.

use axum::Json;
use axum::response::Response;
use platen_jobs::workflow::{self, Refused};
use platen_shared::db::{At, Source, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::Stage;
use platen_shared::domain::words;
use platen_shared::id::{ItemId, OrderId, SnapshotId};
use platen_shared::store::orders::{self, Event, Item, Order};
use platen_shared::store::{fulfilment, order_details};
use serde::Serialize;
use serde_json::Value;

use super::freshness::{Freshness, Known};
use super::jobs::JobView;
use super::order_form;
use super::order_more::{self, MoreView};
use super::snapshots::Empty;
use crate::call::{Call, Page, versioned, whole};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// An order in a list.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderSummary)]
pub(crate) struct OrderSummary {
    id: OrderId,
    /// For people; not guessable.
    number: String,
    channel: String,
    external_id: String,
    state: String,
    payment_state: String,
    fulfilment_state: String,
    review_state: String,
    /// Why it is where it is.
    why: String,
    /// Digest of its items: what jobs about it are keyed on.
    revision: String,
    country: String,
    /// Never released at a printer.
    test: bool,
    /// Grows with every change; what a change may expect.
    version: i64,
    /// `pending`, `processing`, `completed`, `failed` or `cancelled` (docs/orders.md).
    status: &'static str,
    totals: Totals,
    created_at: At,
    updated_at: At,
}

/// What an order comes to.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Totals {
    items: Money,
    shipping: Money,
    packaging: Money,
    tax: Money,
    total: Money,
}

impl From<Order> for OrderSummary {
    fn from(o: Order) -> Self {
        let state = o.state.parse().ok();
        let money = |minor| Money { minor, currency: o.currency };
        OrderSummary {
            id: o.id,
            number: o.number,
            channel: o.channel,
            external_id: o.external_id,
            state: o.state,
            payment_state: o.payment_state,
            fulfilment_state: o.fulfilment_state,
            review_state: o.review_state,
            why: o.state_why,
            revision: o.revision,
            country: o.country,
            test: o.test,
            version: o.version,
            status: state.map_or("processing", words::product_order),
            totals: Totals {
                items: money(o.items_minor),
                shipping: money(o.shipping_minor),
                packaging: money(o.packaging_minor),
                tax: money(o.tax_minor),
                total: money(o.total_minor),
            },
            created_at: o.created_at,
            updated_at: o.updated_at,
        }
    }
}

/// An item of an order.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderItem)]
pub(crate) struct ItemView {
    id: ItemId,
    product_id: String,
    product_version: i64,
    snapshot_id: SnapshotId,
    spec_hash: String,
    title: String,
    provider: String,
    provider_uid: String,
    quantity: i64,
    unit_price: Money,
    line_total: Money,
}

impl ItemView {
    fn new(i: Item, currency: Currency) -> Self {
        ItemView {
            id: i.id,
            product_id: i.product_id,
            product_version: i.product_version,
            snapshot_id: i.snapshot,
            spec_hash: i.spec_hash,
            title: i.title,
            provider: i.provider,
            provider_uid: i.provider_uid,
            quantity: i.quantity,
            unit_price: Money { minor: i.unit_minor, currency },
            line_total: Money { minor: i.line_minor, currency },
        }
    }
}

/// An order, whole.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(crate) struct OrderView {
    #[serde(flatten)]
    order: OrderSummary,
    items: Vec<ItemView>,
    /// Null once the buyer is forgotten.
    recipient: Option<Recipient>,
    /// The keyed hash of the buyer, where the tenant does not keep its buyers: `GET /v1/orders?buyer=…` finds all orders of the same.
    buyer: Option<String>,
    /// Since when only that is left of the buyer.
    forgotten_at: Option<At>,
    /// What the tenant's form asked for.
    #[schema(value_type = Option<Object>)]
    form: Option<Value>,
    /// The version of the form that it was checked by.
    form_version: Option<i64>,
    #[serde(flatten)]
    more: MoreView,
    /// Parts at the printer.
    provider_orders: usize,
    /// What the printer's receipts add up to, where they are in one currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_cost: Option<Money>,
}

/// Reads everything that an order's page shows.
pub(crate) async fn view(call: &Call, source: &mut impl Source, order: Order) -> Reply<OrderView> {
    let items = orders::items(source, order.tenant, order.id).await?;
    let parts = fulfilment::parts(source, order.tenant, order.id).await?;
    let paid: Vec<_> = parts.iter().filter(|part| !part.currency.is_empty()).collect();
    let cost = paid.first().and_then(|first| {
        let one = paid.iter().all(|part| part.currency == first.currency);
        let minor = paid.iter().map(|part| part.cost_minor).sum();
        Some(Money { minor, currency: first.currency.parse().ok()? }).filter(|_| one)
    });
    let recipient = recipient(call, &order)?;
    let furthest = parts.iter().filter_map(|part| Stage::from_word(&part.stage)).filter(|stage| stage.shipped());
    let furthest = furthest.max_by_key(|stage| Stage::ALL.iter().position(|known| known == stage));
    let details = order_details::get(source, order.tenant, order.id).await?;
    let form = order_form::open(call, &order, details.form.as_deref())?;
    let more = order_more::read(source, &order, recipient.as_ref(), &details, furthest).await?;
    Ok(OrderView {
        form_version: form.as_ref().map(|_| details.form_version),
        form,
        buyer: Some(details.buyer).filter(|buyer| !buyer.is_empty()),
        forgotten_at: details.forgotten_at,
        more,
        items: items.into_iter().map(|item| ItemView::new(item, order.currency)).collect(),
        order: order.into(),
        recipient,
        provider_orders: parts.len(),
        provider_cost: cost,
    })
}

/// The order's page, under the ETag of its version.
pub(crate) async fn answer(call: &Call, source: &mut impl Source, order: Order) -> Reply<Response> {
    let version = order.version;
    Ok(versioned(version, view(call, source, order).await?))
}

/// What somebody changed, as it is now, once that is committed.
pub(crate) async fn changed(call: &Call, mut tx: Tx, id: OrderId) -> Reply<Response> {
    let order = hold(call, &mut tx, id).await?;
    let answer = answer(call, &mut tx, order).await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(answer)
}

/// The recipient, unsealed; `None` once the buyer is forgotten.
pub(crate) fn recipient(call: &Call, order: &Order) -> Reply<Option<Recipient>> {
    if order.recipient.is_empty() {
        return Ok(None);
    }
    let text = call.app().keyring.open(&order.recipient, &bound(order))?;
    serde_json::from_str(&text).map(Some).map_err(|_| Problem::internal(&"a stored recipient cannot be read"))
}

/// What a recipient is sealed to.
pub(crate) fn bound(order: &Order) -> String {
    format!("{}:{}", order.tenant, order.id)
}

/// An order of the caller's tenant.
pub(crate) async fn own(call: &Call, id: OrderId) -> Reply<Order> {
    orders::get(&mut call.read(), call.tenant(), id).await?.ok_or_else(|| Problem::missing("order"))
}

/// The same, held against others until the transaction ends.
pub(crate) async fn hold(call: &Call, tx: &mut Tx, id: OrderId) -> Reply<Order> {
    orders::lock(tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("order"))
}

/// One order, with its items, its recipient and what it waits for. Its ETag is what `If-Match` of a change names.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = Known<OrderView>)))]
pub(crate) async fn show(call: Call, Named(id): Named<OrderId>) -> Reply<Response> {
    let order = own(&call, id).await?;
    fresh(&call, order).await
}

/// The order's page, under the ETag of its version, with how fresh it is.
pub(crate) async fn fresh(call: &Call, order: Order) -> Reply<Response> {
    let freshness = Freshness::now(call, [order.state.as_str()]).await?;
    let (version, state) = (order.version, order.state.clone());
    let view = view(call, &mut call.read(), order).await?;
    Ok(versioned(version, freshness.of(&state, view)))
}

/// A line of an order's history.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OrderEvent)]
pub(crate) struct EventView {
    at: At,
    /// `order`, `payment`, `fulfilment`, `review`, `money`, `edit` or `quote`.
    dimension: String,
    from: Option<String>,
    to: String,
    /// A key, a request, a job, or the provider.
    source: String,
    detail: String,
}

impl From<Event> for EventView {
    fn from(e: Event) -> Self {
        let from = Some(e.from_state).filter(|from| !from.is_empty());
        EventView { at: e.at, dimension: e.dimension, from, to: e.to_state, source: e.source, detail: e.detail }
    }
}

/// The history of an order, oldest first.
#[utoipa::path(get, path = "/v1/orders/{id}/events", tag = "orders", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = Page<EventView>)))]
pub(crate) async fn events(call: Call, Named(id): Named<OrderId>) -> Reply<Json<Page<EventView>>> {
    own(&call, id).await?;
    Ok(whole(orders::events(&mut call.read(), call.tenant(), id).await?))
}

/// Places a ready order at its printer, through a job.
#[utoipa::path(post, path = "/v1/orders/{id}/submit", tag = "orders", request_body = Empty, params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn submit(call: Call, Named(id): Named<OrderId>, Input(Empty {}): Input<Empty>) -> Reply<Response> {
    let mut tx = call.begin("submit_order").await?;
    let order = hold(&call, &mut tx, id).await?;
    let job = workflow::submit(&mut tx, &call.origin(0), call.now(), &order).await.map_err(not_ready)?;
    call.audit(&mut tx, "order.submit", id, "").await?;
    call.carry(&mut tx).await?;
    tx.commit().await?;
    call.work(job).await
}

/// What is missing, as a sentence.
pub(crate) fn not_ready(refused: Refused) -> Problem {
    match refused {
        Refused::NotReady(why) => {
            let mut why = why.chars();
            let first = why.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            Problem::state(format!("{first}{}.", why.as_str()))
        }
        Refused::Enqueue(error) => error.into(),
    }
}
