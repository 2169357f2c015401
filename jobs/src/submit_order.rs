//! Places an order at the printer: find → quote → stage → checkpoint → release → read back.
//!
//! Twice is harmless: every attempt begins by looking for our reference at the printer, and adopts what it finds; only a release costs
//! money, and it happens after a fenced checkpoint on a draft that later attempts find again. An answer that was lost makes the order
//! `outcome_unknown` and leads to the same look-up, never to a blind repeat; when the job ends like that, `look_up_order` goes on looking.
//! Test mode, a freeze or a spending limit hold the order, with the reason on it, and the job goes on by itself once that is over.
//! An order whose parts had all failed after the printer accepted them is made anew by a submission of its own, which reads those parts again
//! first.
//! Fatal means that the printer refuses (address, file, stock, price), or that its rules refuse a print file: the order goes on hold with the printer's sentence; a person mends
//! it and retries the job, or cancels the order.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::{self, Source, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::{OrderState, Stage};
use platen_shared::id::OrderId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting, follow};
use platen_shared::ports::PortError;
use platen_shared::ports::links::PROVIDER_TTL;
use platen_shared::ports::provider::{Found, OrderRequest, PrintProvider, Quote};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::orders::{self, Item, Order};
use platen_shared::store::spending::{self, Over};
use platen_shared::store::{cancellations, fulfilment, order_details, tenants};
use serde::{Deserialize, Serialize};

use crate::build_bundle::BuildBundle;
use crate::drafts::{Draft, adopt, released};
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::look_up_order::LookUpOrder;
use crate::order_request::request;
use crate::placing;
pub use crate::placing::Placed;
use crate::production::inspected;
use crate::readiness::clause;
use crate::registry::enqueue;
use crate::workflow::into_db;

/// The class of a wait for something of the tenant's that holds releases.
const HELD: &str = "held";
/// An outcome that is unknown for so long is told to an operator.
const UNKNOWN_TOLD_AFTER: Duration = Duration::from_secs(3600);
/// Ends of which nobody knows what they left at the printer.
const UNSURE: [&str; 5] = ["ambiguous", "poison", "timeout", "panic", "record"];

/// Which order, as it was specified, and to whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubmitOrder {
    /// The order; its id is our reference at the printer.
    pub order: OrderId,
    /// Digest of its items.
    pub revision: String,
    /// The printer.
    #[serde(default = "gelato")]
    pub provider: String,
    /// How often the order was set to be made anew before: each time is a submission of its own.
    #[serde(default, skip_serializing_if = "is_first")]
    pub round: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first(round: &i64) -> bool {
    *round == 0
}

impl SubmitOrder {
    /// The submission of an order as it stands now.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn of(source: &mut impl Source, order: &Order) -> db::Result<SubmitOrder> {
        let round = order_details::get(source, order.tenant, order.id).await?.round;
        Ok(SubmitOrder { order: order.id, revision: order.revision.clone(), provider: gelato(), round })
    }
}

/// The printer of payloads that name none.
pub(crate) fn gelato() -> String {
    "gelato".to_owned()
}

impl Job for SubmitOrder {
    const KIND: &'static str = "submit_order";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(300);
    const POINTS: &'static [&'static str] = &["staged", "checkpointed", "released"];
    const TELLS: bool = true;
    type Output = Placed;

    fn key(&self) -> Key {
        match self.round {
            0 => Key::effect(self.order, &self.revision),
            round => Key::effect(self.order, format!("{}:{round}", self.revision)),
        }
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Placed, Failure> {
        let sale = Sale::load(ctx, self).await?;
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        still_dead(ctx, &*provider, self.order).await?;
        let placed = sale.place(ctx, &provider).await.map_err(|failure| patient(ctx, failure))?;
        ctx.point("released").await;
        Ok(placed)
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Placed) -> db::Result<()> {
        placing::record(tx, done, &self.provider, self.order, out).await
    }

    fn keep(out: &Placed) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> =
            out.parts.iter().map(|p| serde_json::json!({ "id": p.id, "status": p.status, "items": p.items })).collect();
        Ok(serde_json::json!({ "parts": parts }))
    }

    async fn put_off(&self, tx: &mut Tx, done: &Recording, why: Waiting, trouble: &Trouble) -> db::Result<()> {
        let (at, source) = (done.business_now, done.job.to_string());
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        if why == Waiting::Lookup {
            return unknown(tx, done, &order, &trouble.message).await;
        }
        if trouble.class != HELD {
            return Ok(());
        }
        // Only a look that found nothing released leads to a gate: the outcome is known again.
        orders::advance(tx, at, done.tenant, self.order, OrderState::Submitting, &source, &trouble.message).await?;
        orders::explain(tx, at, &order, &source, &trouble.message).await.map(drop)
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        let unsure = UNSURE.contains(&trouble.class.as_str())
            || order.state == OrderState::OutcomeUnknown.word()
            || (trouble.class == "cancelled" && follow::may_have_acted(tx, done.tenant, done.job).await?);
        if unsure {
            unknown(tx, done, &order, &trouble.message).await?;
            let look = LookUpOrder { order: self.order, provider: self.provider.clone(), since: done.now };
            return enqueue(tx, &done.follow(), &look).await.map(drop).map_err(into_db);
        }
        let (at, source) = (done.business_now, done.job.to_string());
        let why = format!("not placed at the printer: {}", clause(&trouble.message));
        let moved = orders::advance(tx, at, done.tenant, self.order, OrderState::OnHold, &source, &why).await?;
        if moved != orders::Moved::Yes {
            // It was on hold and was tried again: what keeps it there now may be something else.
            return match order.state == OrderState::OnHold.word() {
                true => orders::explain(tx, at, &order, &source, &why).await.map(drop),
                false => Ok(()),
            };
        }
        spending::release(tx, done.tenant, self.order).await?;
        orders::announce(tx, at, &order, "not_placed", &source, &why).await?;
        // What somebody does not want any more is nobody's trouble.
        if cancellations::get(tx, done.tenant, self.order).await?.is_some() {
            return Ok(());
        }
        let subject = self.order.to_string();
        let detail = format!("The order was {why}. Mend that and retry job {}, or cancel the order.", done.job);
        operator_items::open(tx, at, done.tenant, Kind::NotPlaced, (&subject, Some(self.order)), &detail)
            .await
            .map(drop)
    }
}

/// The order is neither at the printer nor not, as far as anybody knows. After an hour of that a person is told.
async fn unknown(tx: &mut Tx, done: &Recording, order: &Order, why: &str) -> db::Result<()> {
    let (at, source) = (done.business_now, done.job.to_string());
    let why = format!("whether the printer has the order is being looked up: {why}");
    let moved = orders::advance(tx, at, done.tenant, order.id, OrderState::OutcomeUnknown, &source, &why).await?;
    if moved == orders::Moved::Yes {
        return orders::announce(tx, at, order, "unknown", &source, &why).await;
    }
    if order.state != OrderState::OutcomeUnknown.word() || at.since(order.updated_at) < UNKNOWN_TOLD_AFTER {
        return Ok(());
    }
    let subject = order.id.to_string();
    let detail =
        format!("For more than an hour, {why}. It goes on by itself; look whether the printer answers at all.");
    operator_items::open(tx, at, done.tenant, Kind::OutcomeUnknown, (&subject, Some(order.id)), &detail).await.map(drop)
}

/// Looks after a lost answer come later and later: each may leave a draft behind, when the one before does not show yet.
fn patient(ctx: &Ctx, failure: Failure) -> Failure {
    match failure {
        Failure::After { wait, why: Waiting::Lookup, trouble } => {
            let wait = wait.saturating_mul(1 << ctx.attempt().saturating_sub(1).min(5)).min(Duration::from_secs(120));
            Failure::After { wait, why: Waiting::Lookup, trouble }
        }
        failure => failure,
    }
}

/// What came to nothing must still be so before the order is made anew: a part that lives after all would be made twice.
async fn still_dead(ctx: &Ctx, provider: &dyn PrintProvider, order: OrderId) -> Result<(), Failure> {
    let parts = fulfilment::parts(&mut ctx.read(), ctx.tenant, order).await?;
    for part in parts.iter().filter(|part| part.superseded) {
        match provider.get(&part.provider_id).await {
            Ok(read) if !matches!(read.stage, Some(Stage::Failed | Stage::Canceled)) => {
                let why = "a part that had failed lives again at the printer; cancel the order, which cancels it there";
                return Err(Failure::fatal("conflict", why));
            }
            Ok(_) | Err(PortError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The cheapest method of each facility; several are named together.
fn method(quotes: &[Quote]) -> String {
    let mut uids: Vec<&str> = quotes.iter().filter_map(|q| q.methods.first()).map(|m| m.uid.as_str()).collect();
    uids.sort_unstable();
    uids.dedup();
    uids.join(",")
}

/// What one attempt needs to know of the order.
struct Sale {
    order: Order,
    items: Vec<Item>,
    files: Vec<StoredFile>,
    request: OrderRequest,
}

impl Sale {
    async fn load(ctx: &Ctx, job: &SubmitOrder) -> Result<Sale, Failure> {
        let order = orders::get(&mut ctx.read(), ctx.tenant, job.order)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such order"))?;
        if order.revision != job.revision {
            return Err(Failure::fatal(
                "changed",
                "the order's items changed after this job was made; submit it again",
            ));
        }
        if !["submitting", "outcome_unknown", "on_hold", "in_production"].contains(&order.state.as_str()) {
            return Err(Failure::fatal("illegal_state", format!("an order that is {} is not submitted", order.state)));
        }
        let items = orders::items(&mut ctx.read(), ctx.tenant, job.order).await?;
        let key = BuildBundle { order: job.order, revision: job.revision.clone() }.key().text;
        let bundle = artefacts::get(&mut ctx.read(), ctx.tenant, BuildBundle::KIND, &key)
            .await?
            .ok_or_else(|| not_ready("not_ready", Duration::from_secs(60), "the print files are not made yet"))?;
        let request = request(ctx, &order, &items, &bundle.files)?;
        Ok(Sale { order, items, files: bundle.files.0, request })
    }

    /// Looks, and does what is left to do.
    async fn place(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>) -> Result<Placed, Failure> {
        let draft = match provider.find(&self.request.reference).await? {
            Found::Released(parts) => {
                let quoted = ctx.saved::<Draft>().and_then(|draft| draft.quoted);
                return Ok(Placed { parts, quoted });
            }
            Found::Drafts(drafts) => {
                let draft = adopt(ctx, provider, drafts).await?;
                if self.outlived(ctx, provider, &draft).await? { self.stage(ctx, provider).await? } else { draft }
            }
            // Search may lag behind a release: what we checkpointed is asked for by its own ids before anything new is made.
            Found::Nothing => {
                if let Some(placed) = self.checkpointed(ctx, provider).await? {
                    return Ok(placed);
                }
                self.stage(ctx, provider).await?
            }
        };
        self.release(ctx, provider, draft).await
    }

    /// Goes on with the draft of an earlier attempt, by its ids; `None` when there was none, or it is gone.
    async fn checkpointed(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>) -> Result<Option<Placed>, Failure> {
        let Some(draft) = ctx.saved::<Draft>() else { return Ok(None) };
        // Whoever asked us to stop gets his wish, unless an attempt before this one was faster.
        if ctx.cancelled() && !released(provider, &draft.staged).await? {
            provider.discard(&draft.staged).await?;
            return Err(Failure::Cancelled);
        }
        if self.outlived(ctx, provider, &draft).await? {
            return Ok(None);
        }
        self.may_be_released(ctx).await?;
        self.afford(ctx, provider, draft.quoted).await?;
        match provider.release(&draft.staged).await {
            Ok(parts) => Ok(Some(Placed { parts, quoted: draft.quoted })),
            Err(PortError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an old draft was taken away, because its links end before the printer is sure to have fetched the files. It stays while
    /// something holds the order, and goes only after a look that shows nothing of it in production: what is half released goes on.
    async fn outlived(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>, draft: &Draft) -> Result<bool, Failure> {
        if draft.lasts(ctx) {
            return Ok(false);
        }
        self.may_be_released(ctx).await?;
        if released(provider, &draft.staged).await? {
            return Ok(false);
        }
        provider.discard(&draft.staged).await?;
        Ok(true)
    }

    /// Through the gate, a last look at the print files, a quote and the caps to a draft.
    async fn stage(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>) -> Result<Draft, Failure> {
        self.may_be_released(ctx).await?;
        inspected(ctx, &self.items, &self.files).await?;
        let quotes = provider.quote(&self.request).await?;
        let quoted = quoted(&quotes, self.order.currency);
        self.afford(ctx, provider, quoted).await?;
        let staged = provider.stage(&self.request, &method(&quotes)).await?;
        ctx.point("staged").await;
        Ok(Draft { staged, quoted, links_until: Some(ctx.wall().plus(PROVIDER_TTL)) })
    }

    /// Checkpoints a draft, then releases it, unless something holds it by now. Whoever asked us to stop before the release gets his wish,
    /// and the draft goes away.
    async fn release(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>, draft: Draft) -> Result<Placed, Failure> {
        if let Err(failure) = ctx.checkpoint(&draft).await {
            if matches!(failure, Failure::Cancelled) {
                provider.discard(&draft.staged).await?;
            }
            return Err(failure);
        }
        ctx.point("checkpointed").await;
        self.may_be_released(ctx).await?;
        self.afford(ctx, provider, draft.quoted).await?;
        match provider.release(&draft.staged).await {
            // Nothing was spent: it was deleted between our look and now. The next attempt looks again and makes another.
            Err(PortError::NotFound(text)) => Err(Failure::passing("draft_gone", text)),
            answer => Ok(Placed { parts: answer?, quoted: draft.quoted }),
        }
    }

    /// What must be true before anything is made at the printer, and again before anything is released there.
    async fn may_be_released(&self, ctx: &Ctx) -> Result<(), Failure> {
        let tenant = tenants::get(&mut ctx.read(), ctx.tenant)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such tenant"))?;
        let order = orders::get(&mut ctx.read(), ctx.tenant, self.order.id).await?;
        match order.as_ref().map_or(self.order.payment_state.as_str(), |order| order.payment_state.as_str()) {
            "paid" | "part_refunded" => {}
            "refunded" => {
                return Err(Failure::fatal("refunded", "the buyer got all the money back: nothing is printed"));
            }
            _ => return Err(not_ready("not_ready", Duration::from_secs(60), "the order is not paid")),
        }
        if order_details::get(&mut ctx.read(), ctx.tenant, self.order.id).await?.due_minor != 0 {
            return Err(not_ready(
                "not_ready",
                Duration::from_secs(60),
                "what was paid is not what the order comes to",
            ));
        }
        if self.order.test || tenant.test_mode {
            return Err(held(ctx, "test mode: nothing is sent to the printer"));
        }
        if tenant.frozen {
            let why = spending::limits(&mut ctx.read(), ctx.tenant).await?.frozen_why;
            let colon = if why.is_empty() { "" } else { ": " };
            return Err(held(ctx, format!("releases are frozen{colon}{why}")));
        }
        Ok(())
    }

    /// Takes what the order costs from what the tenant may spend, once; a draft that was found without its quote is quoted again.
    async fn afford(
        &self,
        ctx: &Ctx,
        provider: &Arc<dyn PrintProvider>,
        quoted_before: Option<Money>,
    ) -> Result<(), Failure> {
        let tenant = tenants::get(&mut ctx.read(), ctx.tenant).await?;
        let total = tenant.and_then(|tenant| tenant.spending_cap_minor);
        let cost = match quoted_before {
            Some(cost) => cost,
            None => match quoted(&provider.quote(&self.request).await?, self.order.currency) {
                Some(cost) => cost,
                None => return Err(held(ctx, "the quote cannot be compared with the spending cap")),
            },
        };
        match ctx.reserve(self.order.id, cost, total).await? {
            Ok(()) => Ok(()),
            Err(Over::Total) => Err(held(ctx, "the tenant's spending cap is reached")),
            Err(Over::Day) => Err(held(ctx, "the tenant's spending cap of this day is reached")),
        }
    }
}

/// What the quotes come to, with the cheapest way to ship; nothing where they are in another currency.
fn quoted(quotes: &[Quote], currency: Currency) -> Option<Money> {
    let prices = quotes.iter().flat_map(|quote| [Some(quote.products), quote.methods.first().map(|m| m.price)]);
    prices.flatten().try_fold(Money::zero(currency), Money::plus).ok()
}

fn not_ready(class: &str, wait: Duration, why: impl std::fmt::Display) -> Failure {
    Failure::After { wait, why: Waiting::NotReady, trouble: Trouble::new(class, why) }
}

/// Waits for something of the tenant's: a minute at first, a quarter of an hour in the end. Whoever changes it wakes the job at once.
fn held(ctx: &Ctx, why: impl std::fmt::Display) -> Failure {
    not_ready(HELD, Duration::from_secs(60) * ctx.attempt().clamp(1, 15), why)
}
