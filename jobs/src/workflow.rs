//! How an order moves on: one function that looks at what is true and does the next thing. Whoever learns a fact calls it in the
//! transaction that stores the fact: the payment's route, the bundle's record, an operator's submit.

use platen_shared::db::{self, At, Tx};
use platen_shared::domain::order::{OrderState, PaymentState, QuoteState, ReviewState};
use platen_shared::id::JobId;
use platen_shared::ledger::{EnqueueError, control};
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::order_quotes::{self, QuoteRow};
use platen_shared::store::orders::{self, Moved, Order};
use platen_shared::store::{artefacts, fulfilment, order_details, tenants};

use crate::build_bundle::BuildBundle;
use crate::job::Job;
use crate::quote_order::QuoteOrder;
use crate::registry::{Origin, enqueue};
use crate::submit_order::{SubmitOrder, gelato};

/// Why an order cannot be submitted now, as a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Not in a state, or a fact is missing.
    #[error("{0}")]
    NotReady(String),
    /// The ledger refused.
    #[error(transparent)]
    Enqueue(#[from] EnqueueError),
}

impl From<db::Error> for Refused {
    fn from(error: db::Error) -> Self {
        Refused::Enqueue(error.into())
    }
}

/// An origin whose jobs come as early as the order's service tier says.
fn at_its_tier(origin: &Origin, order: &Order) -> Origin {
    Origin { priority: origin.priority.max(order.terms.priority), ..origin.clone() }
}

/// Moves a paid order on as far as the facts allow: a quote where the tenant wants one first, print files, then ready, then (where the
/// tenant submits by itself) to the printer. Answers the job that does the next thing, if there is one. What a person stopped, or has yet
/// to review, stays where it is.
///
/// # Errors
/// As [`enqueue`].
pub async fn proceed(tx: &mut Tx, origin: &Origin, at: At, order: &Order) -> Result<Option<JobId>, EnqueueError> {
    let paid = [PaymentState::Paid, PaymentState::PartRefunded].map(PaymentState::word);
    if !paid.contains(&order.payment_state.as_str()) || stopped(tx, order).await? {
        return Ok(None);
    }
    match quoted(tx, origin, at, order).await? {
        Quoted::Yes => {}
        Quoted::Wait(job) => return Ok(job),
    }
    let source = origin.correlation_id.as_str();
    let bundle = BuildBundle { order: order.id, revision: order.revision.clone() };
    if artefacts::get(tx, order.tenant, BuildBundle::KIND, &bundle.key().text).await?.is_none() {
        orders::advance(
            tx,
            at,
            order.tenant,
            order.id,
            OrderState::Accepted,
            source,
            "paid; the print files are being made",
        )
        .await?;
        let job = enqueue(tx, &at_its_tier(origin, order), &bundle).await?.id();
        // It was given up when the quantities were others, and these are wanted again.
        control::retry(tx, origin.now, order.tenant, job).await?;
        return Ok(Some(job));
    }
    let by_itself = tenants::get(tx, order.tenant).await?.is_some_and(|tenant| tenant.auto_submit);
    let why =
        if by_itself { "paid, print files ready" } else { "paid, print files ready; waits for someone to submit it" };
    orders::advance(tx, at, order.tenant, order.id, OrderState::Ready, source, why).await?;
    if !by_itself {
        return Ok(None);
    }
    match submit(tx, origin, at, order).await {
        Ok(job) => Ok(Some(job)),
        // It is on hold, or further on already: nothing to do by itself.
        Err(Refused::NotReady(_)) => Ok(None),
        Err(Refused::Enqueue(error)) => Err(error),
    }
}

/// Whether a person stopped it or has yet to say that it may be made, or its money does not fit.
async fn stopped(tx: &mut Tx, order: &Order) -> db::Result<bool> {
    let undecided = [ReviewState::Pending, ReviewState::Rejected].map(ReviewState::word);
    let details = order_details::get(tx, order.tenant, order.id).await?;
    Ok(details.held || details.due_minor != 0 || undecided.contains(&order.review_state.as_str()))
}

/// Whether an order may be accepted as far as its printer's quote goes.
enum Quoted {
    Yes,
    Wait(Option<JobId>),
}

async fn quoted(tx: &mut Tx, origin: &Origin, at: At, order: &Order) -> Result<Quoted, EnqueueError> {
    if !order_quotes::gate(tx, order.tenant).await? {
        return Ok(Quoted::Yes);
    }
    match order_quotes::get(tx, order.tenant, order.id).await? {
        Some(quote) if quote.state == QuoteState::Accepted.word() => Ok(Quoted::Yes),
        Some(_) => Ok(Quoted::Wait(None)),
        None => ask(tx, origin, at, order).await.map(|job| Quoted::Wait(Some(job))),
    }
}

/// Asks the printer what an order as it stands now would cost, through a job; what it said before counts no more.
///
/// # Errors
/// As [`enqueue`].
pub async fn ask(tx: &mut Tx, origin: &Origin, at: At, order: &Order) -> Result<JobId, EnqueueError> {
    order_quotes::put(tx, order.tenant, order.id, &QuoteRow::asked(at)).await?;
    let job =
        QuoteOrder { order: order.id, revision: order.revision.clone(), version: order.version, provider: gelato() };
    Ok(enqueue(tx, &at_its_tier(origin, order), &job).await?.id())
}

/// Moves a ready order to `submitting` and enqueues its submission: both or neither, and once per revision.
///
/// # Errors
/// [`Refused`] with what is missing.
pub async fn submit(tx: &mut Tx, origin: &Origin, at: At, order: &Order) -> Result<JobId, Refused> {
    let why = "a job is placing it at the printer";
    let job = SubmitOrder::of(tx, order).await?;
    if order_details::get(tx, order.tenant, order.id).await?.due_minor != 0 {
        return Err(Refused::NotReady(
            "what was paid is not what the order comes to since its quantities changed".into(),
        ));
    }
    match orders::advance(tx, at, order.tenant, order.id, OrderState::Submitting, &origin.correlation_id, why).await? {
        Moved::Yes | Moved::Already => Ok(enqueue(tx, &at_its_tier(origin, order), &job).await?.id()),
        Moved::Illegal(OrderState::Received) => Err(Refused::NotReady("the order is not paid yet".into())),
        Moved::Illegal(OrderState::Accepted) => Err(Refused::NotReady("the print files are not ready yet".into())),
        Moved::Illegal(OrderState::InProduction | OrderState::Shipped | OrderState::Delivered | OrderState::Closed) => {
            match platen_shared::ledger::read::of_key(tx, order.tenant, SubmitOrder::KIND, &job.key().text).await? {
                Some(known) => Ok(known),
                None => Err(Refused::NotReady("the order is at the printer already".into())),
            }
        }
        Moved::Illegal(state) => Err(Refused::NotReady(format!("an order that is {state} is not submitted"))),
        Moved::Unknown => Err(Refused::NotReady("there is no such order".into())),
    }
}

/// Makes an order anew of which the printer accepted everything before and made nothing: all that it accepted has failed, or was cancelled
/// there, for good, so a fixed order is a new one under the same reference. Its job reads the dead parts again, and looks for our
/// reference, before it stages anything.
///
/// # Errors
/// [`Refused`] while anything of it lives at the printer.
pub async fn anew(tx: &mut Tx, origin: &Origin, at: At, order: &Order, why: &str) -> Result<JobId, Refused> {
    let parts = fulfilment::parts(tx, order.tenant, order.id).await?;
    let now: Vec<_> = parts.iter().filter(|part| !part.superseded).collect();
    let alive = now.iter().filter(|part| !part.is_dead()).count();
    if alive > 0 || now.is_empty() {
        return Err(Refused::NotReady(format!(
            "the printer accepted the order before, and {alive} of its {} parts have not failed: look at them there; cancel the order, or \
             order again what is missing",
            now.len()
        )));
    }
    fulfilment::supersede(tx, order.tenant, order.id).await?;
    for part in now {
        for kind in [Kind::Failed, Kind::Canceled, Kind::NeedsAction] {
            operator_items::settle(tx, at, order.tenant, kind, &part.provider_id).await?;
        }
    }
    let details = order_details::get(tx, order.tenant, order.id).await?;
    let next = order_details::Details { round: details.round + 1, ..details };
    order_details::put(tx, at, order.tenant, order.id, &next).await?;
    orders::advance(tx, at, order.tenant, order.id, OrderState::Ready, &origin.correlation_id, why).await?;
    submit(tx, origin, at, order).await
}

/// An enqueue error inside a record: a taken key is a broken invariant there.
pub(crate) fn into_db(error: EnqueueError) -> db::Error {
    match error {
        EnqueueError::Db(error) => error,
        other => db::Error::Decode(Box::new(other)),
    }
}
