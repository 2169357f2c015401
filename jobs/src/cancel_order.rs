//! Cancels an order at its printer, as far as that is still possible: part by part, drafts included. A person asked for it, or a refund.
//!
//! Twice is harmless: a part that is cancelled answers so, and one that is printed answers that it is too late; both are facts that
//! merge. While a submission is under way it waits for its end. What a submission left behind without our knowing is looked for: by the
//! ids that it noted, then by our reference. Fatal means that the printer knows no such part, or that its answer makes no sense: a person
//! looks at the order there. A refund is booked already, whatever comes of this.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::order::{CancelState, OrderState, PaymentState, Stage};
use platen_shared::id::OrderId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting, read};
use platen_shared::ports::PortError;
use platen_shared::ports::provider::{Cancelled, Found, Part, PrintProvider, Staged};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{cancellations, fulfilment as parcels, operator_items, refunds};
use serde::{Deserialize, Serialize};

use crate::distribute_revenue::DistributeRevenue;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::submit_order::SubmitOrder;
use crate::workflow::into_db;

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelOrder {
    /// Refunded, or asked for by a person.
    pub order: OrderId,
}

/// What the printers did: (printer, part as read back).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stopped {
    /// Every part.
    pub parts: Vec<(String, Part)>,
    /// Those that are made all the same.
    pub too_late: usize,
}

impl Job for CancelOrder {
    const KIND: &'static str = "cancel_order";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(120);
    const POINTS: &'static [&'static str] = &["asked"];
    type Output = Stopped;

    fn key(&self) -> Key {
        Key::effect(self.order, "cancel")
    }

    async fn run(&self, ctx: &Ctx) -> Result<Stopped, Failure> {
        let order = orders::get(&mut ctx.read(), ctx.tenant, self.order)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such order"))?;
        wanted(ctx, &order).await?;
        let (mut parts, mut too_late) = (Vec::new(), 0);
        for (provider, id) in self.known(ctx, &order).await? {
            let printer = ctx.ports.providers.open(ctx.tenant, &provider).await?;
            let Some(part) = alive(&printer, &id).await? else { continue };
            if matches!(part.stage, Some(Stage::Failed | Stage::Canceled)) {
                parts.push((provider, part));
                continue;
            }
            if !part.released {
                printer.discard(&Staged { ids: vec![id] }).await?;
                continue;
            }
            if printer.cancel(&id).await? == Cancelled::TooLate {
                too_late += 1;
            }
            ctx.point("asked").await;
            parts.push((provider, printer.get(&id).await?));
        }
        Ok(Stopped { parts, too_late })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Stopped) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        let (at, source) = (done.business_now, done.job.to_string());
        let mut stages = Vec::new();
        for (provider, part) in &out.parts {
            stages.push(parcels::merge(tx, at, done.tenant, provider, self.order, part).await?.0);
        }
        if stages.iter().any(|stage| !matches!(stage, Stage::Canceled | Stage::Failed)) {
            let why = format!("{} of {} parts are made all the same: it was too late", out.too_late, stages.len());
            cancellations::decide(tx, at, done.tenant, self.order, CancelState::TooLate, &why).await?;
            return orders::note_money(tx, at, &order, "not_cancelled", &source, &why).await;
        }
        let why =
            if out.parts.is_empty() { "cancelled: the printer had nothing of it" } else { "cancelled at the printer" };
        orders::advance(tx, at, done.tenant, self.order, OrderState::Cancelled, &source, why).await?;
        cancellations::decide(tx, at, done.tenant, self.order, CancelState::Done, why).await?;
        operator_items::settle_order(tx, at, done.tenant, self.order).await?;
        // What was not given back waits for the refund, which shares out what is left.
        if order.payment_state == PaymentState::Unpaid.word() || order.payment_state == PaymentState::Paid.word() {
            return Ok(());
        }
        let share_out = DistributeRevenue { order: self.order };
        enqueue(tx, &done.follow(), &share_out).await.map(drop).map_err(into_db)
    }

    fn keep(out: &Stopped) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> =
            out.parts.iter().map(|(_, part)| serde_json::json!({ "id": part.id, "status": part.status })).collect();
        Ok(serde_json::json!({ "parts": parts, "tooLate": out.too_late }))
    }
}

impl CancelOrder {
    /// (printer, its id) of everything that may be there: the parts we know, and what a submission noted before it ended half-way.
    async fn known(&self, ctx: &Ctx, order: &Order) -> Result<Vec<(String, String)>, Failure> {
        let rows = parcels::parts(&mut ctx.read(), ctx.tenant, self.order).await?;
        let mut known: Vec<_> = rows.into_iter().map(|row| (row.provider, row.provider_id)).collect();
        let Some(submission) = submission(ctx, order).await? else { return Ok(known) };
        let mut ids = submission.noted;
        // One that succeeded told of all its parts.
        if known.is_empty() || !submission.succeeded {
            let printer = ctx.ports.providers.open(ctx.tenant, &submission.provider).await?;
            match printer.find(&self.order.to_string()).await? {
                Found::Nothing => {}
                Found::Drafts(drafts) => ids.extend(drafts.into_iter().flat_map(|draft| draft.ids)),
                Found::Released(parts) => ids.extend(parts.into_iter().map(|part| part.id)),
            }
        }
        known.extend(ids.into_iter().map(|id| (submission.provider.clone(), id)));
        known.sort();
        known.dedup();
        Ok(known)
    }
}

/// Whether somebody wants it, and nobody is placing it at this moment.
async fn wanted(ctx: &Ctx, order: &Order) -> Result<(), Failure> {
    let refunds = refunds::of_order(&mut ctx.read(), ctx.tenant, order.id).await?;
    let asked = cancellations::get(&mut ctx.read(), ctx.tenant, order.id).await?;
    if asked.is_none() && !refunds.iter().any(|refund| refund.cancels) {
        let why = "nobody asks for this order to be cancelled: POST /v1/orders/{id}/cancel, or a refund with \"cancel\": true";
        return Err(Failure::fatal("illegal_state", why));
    }
    let placing = submission(ctx, order).await?.is_some_and(|submission| submission.under_way);
    let unsure = [OrderState::Submitting, OrderState::OutcomeUnknown].map(OrderState::word);
    if placing || unsure.contains(&order.state.as_str()) {
        let why = "a job is placing the order at the printer; it is cancelled afterwards";
        let trouble = Trouble::new("not_ready", why);
        return Err(Failure::After { wait: Duration::from_secs(5), why: Waiting::NotReady, trouble });
    }
    Ok(())
}

/// What the submission of an order knows.
struct Submission {
    provider: String,
    /// Ids of the draft that it noted before it released it.
    noted: Vec<String>,
    under_way: bool,
    succeeded: bool,
}

async fn submission(ctx: &Ctx, order: &Order) -> Result<Option<Submission>, Failure> {
    let job = SubmitOrder::of(&mut ctx.read(), order).await?;
    let Some(id) = read::of_key(&mut ctx.read(), ctx.tenant, SubmitOrder::KIND, &job.key().text).await? else {
        return Ok(None);
    };
    let known = ctx.ledger.job(ctx.tenant, id).await?;
    let noted =
        known.as_ref().and_then(|known| known.saved.clone()).and_then(|saved| serde_json::from_value(saved.0).ok());
    let noted = noted.map_or_else(Vec::new, |staged: Staged| staged.ids);
    let succeeded = known.as_ref().is_some_and(|known| known.state == "succeeded");
    let under_way = known.is_some_and(|known| !known.finished());
    Ok(Some(Submission { provider: job.provider, noted, under_way, succeeded }))
}

/// A part that is there.
async fn alive(printer: &Arc<dyn PrintProvider>, id: &str) -> Result<Option<Part>, Failure> {
    match printer.get(id).await {
        Ok(part) => Ok(Some(part)),
        Err(PortError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
