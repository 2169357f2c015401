//! What an order's page says beside the sale: what it waits for, what the printer quoted, what became of a wish to cancel.

use platen_jobs::cancel_order::CancelOrder;
use platen_jobs::{Job as _, readiness};
use platen_shared::db::{At, Source};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::money::Money;
use platen_shared::domain::order::Stage;
use platen_shared::domain::words;
use platen_shared::id::JobId;
use platen_shared::ledger::read;
use platen_shared::store::cancellations::{self, Cancellation};
use platen_shared::store::order_details::{self, Details, Metadata};
use platen_shared::store::order_quotes::{self, QuoteRow};
use platen_shared::store::orders::{self, Order};
use serde::Serialize;

use crate::error::Reply;

/// The rest of an order's page.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderMore)]
pub(crate) struct MoreView {
    /// Your own name for the buyer.
    customer: Option<String>,
    /// Your notes.
    metadata: Metadata,
    /// What other quantities added to a paid order and is to be paid; below zero, what they took from it and is owed back.
    due: Option<Money>,
    readiness: ReadinessView,
    /// The order in the words of the print-on-demand documents (docs/orders.md).
    words: WordsView,
    /// What the printer said before it was accepted, where it was asked.
    quote: Option<QuoteView>,
    /// What became of a wish to cancel it.
    cancellation: Option<CancellationView>,
    /// When the last of it arrived.
    delivered_at: Option<At>,
    /// How it arrived.
    delivery_method: Option<String>,
}

/// What an order waits for before it can go to the printer.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Readiness)]
pub(crate) struct ReadinessView {
    /// Nothing is missing.
    ready: bool,
    /// `waits for: payment, address`.
    sentence: String,
    waits_for: Vec<MissingView>,
}

/// One thing that is missing.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Missing)]
pub(crate) struct MissingView {
    /// `payment`, `address`, `quote`, `review`, `held`, `attention`, `print_files`, `test_mode`, `frozen` or `submission`.
    code: &'static str,
    /// What it is and what to do.
    message: String,
}

/// An order in other vocabularies.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderWords)]
pub(crate) struct WordsView {
    /// `PENDING`, `PROCESSING`, `SHIPPED`, `IN_TRANSIT`, `OUT_FOR_DELIVERY`, `DELIVERED`, `ERROR` or `FAILED`.
    print_on_demand: &'static str,
    /// The same of its parcels; `NOT_SHIPPED` before there are any.
    tracking: &'static str,
}

/// A printer's answer.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OrderQuote)]
pub(crate) struct QuoteView {
    /// `asked`, `accepted` or `refused`.
    state: String,
    /// In words.
    why: String,
    /// Cost of the items, without tax.
    products: Option<Money>,
    /// The cheapest way to ship, without tax.
    shipping: Option<Money>,
    at: At,
}

impl From<QuoteRow> for QuoteView {
    fn from(q: QuoteRow) -> Self {
        let money = |minor: Option<i64>| Some(Money { minor: minor?, currency: q.currency.parse().ok()? });
        QuoteView {
            products: money(q.products_minor),
            shipping: money(q.shipping_minor),
            state: q.state,
            why: q.why,
            at: q.at,
        }
    }
}

/// A wish to cancel, and its true answer.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cancellation)]
pub(crate) struct CancellationView {
    /// `pending` (the printer is being asked), `done` or `too_late`.
    outcome: String,
    /// As it was given.
    reason: String,
    /// What became of it, in words.
    why: String,
    requested_at: At,
    decided_at: Option<At>,
    /// The job that asks the printer.
    job_id: Option<JobId>,
}

impl CancellationView {
    fn new(c: Cancellation, job_id: Option<JobId>) -> Self {
        CancellationView {
            outcome: c.state,
            reason: c.reason,
            why: c.why,
            requested_at: c.requested_at,
            decided_at: c.decided_at,
            job_id,
        }
    }
}

/// Reads it all; `furthest` is the stage of the part that is furthest on its way.
pub(crate) async fn read(
    source: &mut impl Source,
    order: &Order,
    recipient: Option<&Recipient>,
    details: &Details,
    furthest: Option<Stage>,
) -> Reply<MoreView> {
    let missing = readiness::missing(source, order, recipient).await?;
    let arrived = match details.delivered_at {
        None if order.fulfilment_state == "delivered" => {
            order_details::arrived_at(source, order.tenant, order.id).await?
        }
        known => known,
    };
    let cancellation = match cancellations::get(source, order.tenant, order.id).await? {
        Some(known) => {
            let key = CancelOrder { order: order.id }.key().text;
            let job = read::of_key(source, order.tenant, CancelOrder::KIND, &key).await?;
            Some(CancellationView::new(known, job))
        }
        None => None,
    };
    let state = orders::parse(&order.state)?;
    let method = if details.delivery_method.is_empty() {
        arrived.map(|_| "parcel".to_owned())
    } else {
        Some(details.delivery_method.clone())
    };
    Ok(MoreView {
        customer: Some(details.customer.clone()).filter(|customer| !customer.is_empty()),
        metadata: details.metadata.0.clone(),
        due: Some(Money { minor: details.due_minor, currency: order.currency }).filter(|due| due.minor != 0),
        readiness: ReadinessView {
            ready: missing.is_empty(),
            sentence: readiness::sentence(&missing),
            waits_for: missing.into_iter().map(|m| MissingView { code: m.code, message: m.sentence }).collect(),
        },
        words: WordsView {
            print_on_demand: words::print_on_demand(state, furthest),
            tracking: words::tracking(state, furthest),
        },
        quote: order_quotes::get(source, order.tenant, order.id).await?.map(QuoteView::from),
        cancellation,
        delivered_at: arrived,
        delivery_method: method,
    })
}
