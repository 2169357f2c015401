//! Places an order at the printer: find → quote → stage → checkpoint → release → read back.
//!
//! Twice is harmless: every attempt begins by looking for our reference at the printer, and adopts what it finds; only a release costs
//! money, and it happens after a fenced checkpoint on a draft that later attempts find again. An answer that was lost leads to the same
//! look-up, never to a blind repeat. Fatal means that the printer refuses (address, file, stock, price): the order goes on hold with the
//! printer's sentence; a person mends it and retries the job, or cancels the order.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::{OrderState, fulfilment};
use platen_shared::id::OrderId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting};
use platen_shared::ports::PortError;
use platen_shared::ports::links::PROVIDER_TTL;
use platen_shared::ports::provider::{Found, OrderRequest, Part, PrintProvider, Quote, RequestItem, Staged};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::fulfilment as parcels;
use platen_shared::store::orders::{self, Item, Order};
use platen_shared::store::tenants::{self, Tenant};
use serde::{Deserialize, Serialize};

use crate::build_bundle::BuildBundle;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::poll_tracking::{POLL_EVERY, PollTracking};
use crate::registry::enqueue;
use crate::workflow::into_db;

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
}

/// The printer of payloads that name none.
pub(crate) fn gelato() -> String {
    "gelato".to_owned()
}

/// What the printer accepted: every part of the order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Placed {
    /// One per facility.
    pub parts: Vec<Part>,
    /// What it had quoted for them, unless an earlier attempt's draft was found without its quote.
    #[serde(default)]
    pub quoted: Option<Money>,
}

/// What must not be forgotten before a release: the draft, and the quote it was made after.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Draft {
    #[serde(flatten)]
    staged: Staged,
    #[serde(default)]
    quoted: Option<Money>,
}

impl Job for SubmitOrder {
    const KIND: &'static str = "submit_order";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(300);
    const POINTS: &'static [&'static str] = &["staged", "checkpointed", "released"];
    type Output = Placed;

    fn key(&self) -> Key {
        Key::effect(self.order, &self.revision)
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Placed, Failure> {
        let sale = Sale::load(ctx, self).await?;
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        let mut quoted = ctx.saved::<Draft>().and_then(|draft| draft.quoted);
        let parts = match provider.find(&self.order.to_string()).await? {
            Found::Released(parts) => parts,
            Found::Drafts(drafts) => {
                let staged = adopt(ctx, &provider, drafts).await?;
                release(ctx, &provider, Draft { staged, quoted }).await?
            }
            // Search may lag behind a release: what we checkpointed is asked for by its own ids before anything new is made.
            Found::Nothing => match checkpointed(ctx, &provider).await? {
                Some(parts) => parts,
                None => {
                    let draft = sale.stage(ctx, &provider).await?;
                    quoted = draft.quoted;
                    release(ctx, &provider, draft).await?
                }
            },
        };
        ctx.point("released").await;
        sale.must_match(&parts)?;
        Ok(Placed { parts, quoted })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Placed) -> db::Result<()> {
        let mut stages = Vec::new();
        for part in &out.parts {
            stages.push(parcels::merge(tx, done.business_now, done.tenant, &self.provider, self.order, part).await?.0);
        }
        if let Some(quoted) = out.quoted {
            orders::note_quote(tx, done.tenant, self.order, quoted.minor).await?;
        }
        let source = done.job.to_string();
        orders::advance(
            tx,
            done.business_now,
            done.tenant,
            self.order,
            OrderState::InProduction,
            &source,
            "the printer accepted it",
        )
        .await?;
        if let (Some(order), Some(to)) = (orders::get(tx, done.tenant, self.order).await?, fulfilment(&stages)) {
            orders::fulfil(tx, done.business_now, &order, to, &source).await?;
        }
        let poll = PollTracking { order: self.order, round: 1, provider: self.provider.clone() };
        enqueue(tx, &done.follow_after(POLL_EVERY), &poll).await.map(drop).map_err(into_db)
    }

    fn keep(out: &Placed) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> =
            out.parts.iter().map(|p| serde_json::json!({ "id": p.id, "status": p.status, "items": p.items })).collect();
        Ok(serde_json::json!({ "parts": parts }))
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        let why = format!("not placed at the printer: {}", trouble.message);
        orders::advance(tx, done.business_now, done.tenant, self.order, OrderState::OnHold, &done.job.to_string(), &why)
            .await
            .map(drop)
    }
}

/// Checkpoints a draft, then releases it. Whoever asked us to stop before the release gets his wish, and the draft goes away.
async fn release(ctx: &Ctx, provider: &Arc<dyn PrintProvider>, draft: Draft) -> Result<Vec<Part>, Failure> {
    if let Err(failure) = ctx.checkpoint(&draft).await {
        if matches!(failure, Failure::Cancelled) {
            provider.discard(&draft.staged).await?;
        }
        return Err(failure);
    }
    ctx.point("checkpointed").await;
    match provider.release(&draft.staged).await {
        // Nothing was spent: it was deleted between our look and now. The next attempt looks again and makes another.
        Err(PortError::NotFound(text)) => Err(Failure::passing("draft_gone", text)),
        answer => Ok(answer?),
    }
}

/// Goes on with the draft of an earlier attempt, by its ids; `None` when there was none, or it is gone.
async fn checkpointed(ctx: &Ctx, provider: &Arc<dyn PrintProvider>) -> Result<Option<Vec<Part>>, Failure> {
    let Some(staged) = ctx.saved::<Staged>() else { return Ok(None) };
    match provider.release(&staged).await {
        Ok(parts) => Ok(Some(parts)),
        Err(PortError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Of several drafts (an earlier create answered late) keeps the one we checkpointed, else the oldest, and deletes the others.
async fn adopt(ctx: &Ctx, provider: &Arc<dyn PrintProvider>, mut drafts: Vec<Staged>) -> Result<Staged, Failure> {
    let saved: Option<Staged> = ctx.saved();
    let kept = saved.and_then(|s| drafts.iter().position(|d| d.ids.iter().any(|id| s.ids.contains(id)))).unwrap_or(0);
    let kept = drafts.swap_remove(kept);
    for surplus in drafts {
        match provider.discard(&surplus).await {
            Ok(()) => {}
            // Its production has begun already, so it is the one.
            Err(PortError::Conflict(_)) => return Ok(surplus),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(kept)
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
        if !["submitting", "on_hold", "in_production"].contains(&order.state.as_str()) {
            return Err(Failure::fatal("illegal_state", format!("an order that is {} is not submitted", order.state)));
        }
        let items = orders::items(&mut ctx.read(), ctx.tenant, job.order).await?;
        let key = BuildBundle { order: job.order, revision: job.revision.clone() }.key().text;
        let bundle = artefacts::get(&mut ctx.read(), ctx.tenant, BuildBundle::KIND, &key)
            .await?
            .ok_or_else(|| not_ready("the print files are not made yet"))?;
        let request = request(ctx, &order, &items, &bundle.files)?;
        Ok(Sale { order, items, request })
    }

    /// Through the gate, a quote and the cap to a draft.
    async fn stage(&self, ctx: &Ctx, provider: &Arc<dyn PrintProvider>) -> Result<Draft, Failure> {
        let tenant = self.may_be_released(ctx).await?;
        let quotes = provider.quote(&self.request).await?;
        let quoted = quoted(&quotes, self.order.currency);
        affordable(ctx, &tenant, &quotes).await?;
        let staged = provider.stage(&self.request, &method(&quotes)).await?;
        ctx.point("staged").await;
        Ok(Draft { staged, quoted })
    }

    /// What must be true before anything is made at the printer; answers whose order it is.
    async fn may_be_released(&self, ctx: &Ctx) -> Result<Tenant, Failure> {
        let tenant = tenants::get(&mut ctx.read(), ctx.tenant)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such tenant"))?;
        match self.order.payment_state.as_str() {
            "paid" | "part_refunded" => {}
            "refunded" => {
                return Err(Failure::fatal("refunded", "the buyer got all the money back: nothing is printed"));
            }
            _ => return Err(not_ready("the order is not paid")),
        }
        if self.order.test || tenant.test_mode {
            return Err(not_ready("test mode: nothing is sent to the printer"));
        }
        if tenant.frozen {
            return Err(not_ready("the tenant is frozen"));
        }
        Ok(tenant)
    }

    /// Fewer or other items than sent: production may have started, so a person must look, and no retry may.
    fn must_match(&self, parts: &[Part]) -> Result<(), Failure> {
        for item in &self.items {
            let reference = item.id.to_string();
            let made: i64 = parts
                .iter()
                .flat_map(|p| &p.items)
                .filter(|i| i.reference == reference)
                .map(|i| i64::from(i.quantity))
                .sum();
            if made != item.quantity {
                return Err(Failure::fatal(
                    "mismatch",
                    format!(
                        "item {} was sent with quantity {}, the printer holds {made}: look at the order there",
                        item.position + 1,
                        item.quantity
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// What the quotes come to must fit below the tenant's cap, together with what its orders have cost so far.
async fn affordable(ctx: &Ctx, tenant: &Tenant, quotes: &[Quote]) -> Result<(), Failure> {
    let Some(cap) = tenant.spending_cap_minor else { return Ok(()) };
    let cost: i64 = quotes.iter().map(|q| q.products.minor + q.methods.first().map_or(0, |m| m.price.minor)).sum();
    let spent = orders::committed_cost(&mut ctx.read(), ctx.tenant).await?;
    if spent + cost > cap {
        return Err(not_ready("the tenant's spending cap is reached"));
    }
    Ok(())
}

/// What the quotes come to, with the cheapest way to ship; nothing where they are in another currency.
fn quoted(quotes: &[Quote], currency: Currency) -> Option<Money> {
    let prices = quotes.iter().flat_map(|quote| [Some(quote.products), quote.methods.first().map(|m| m.price)]);
    prices.flatten().try_fold(Money::zero(currency), Money::plus).ok()
}

fn not_ready(why: &str) -> Failure {
    Failure::After { wait: Duration::from_secs(60), why: Waiting::NotReady, trouble: Trouble::new("not_ready", why) }
}

/// The request, from frozen rows and stored files; the recipient is opened only here.
fn request(ctx: &Ctx, order: &Order, items: &[Item], files: &[StoredFile]) -> Result<OrderRequest, Failure> {
    let bound = format!("{}:{}", order.tenant, order.id);
    let opened = ctx.ports.links.keyring().open(&order.recipient, &bound).map_err(|e| Failure::fatal("sealed", e))?;
    let recipient: Recipient = serde_json::from_str(&opened).map_err(|e| Failure::fatal("bug", e))?;
    let audience = format!("{}:{}", items.first().map_or("", |item| item.provider.as_str()), order.id);
    let mut wanted = Vec::new();
    for item in items {
        let mut links = Vec::new();
        for (zone, area) in &item.placements.0 {
            let name = format!("items/{}/{zone}.pdf", item.position);
            let file = files.iter().find(|f| f.name == name);
            let file = file.ok_or_else(|| {
                PortError::Invalid(format!("item {} has no print file for its zone {zone}", item.position + 1))
            })?;
            links.push((
                area.clone(),
                ctx.ports.links.link_for(
                    ctx.wall(),
                    ctx.tenant,
                    (&file.sha256, &file.media_type),
                    PROVIDER_TTL,
                    &audience,
                ),
            ));
        }
        let quantity = u32::try_from(item.quantity).map_err(|e| Failure::fatal("bug", e))?;
        wanted.push(RequestItem {
            reference: item.id.to_string(),
            uid: item.provider_uid.clone(),
            quantity,
            files: links,
        });
    }
    Ok(OrderRequest {
        reference: order.id.to_string(),
        customer: order.number.clone(),
        currency: order.currency,
        items: wanted,
        recipient,
        metadata: notes(order),
    })
}

/// What is noted with the order at the printer: its revision, and how it is packed, from the terms that were frozen at sale.
fn notes(order: &Order) -> Vec<(String, String)> {
    let mut notes = vec![("revision".to_owned(), order.revision.clone())];
    if let Some(tier) = &order.terms.packaging {
        notes.push(("packaging".to_owned(), tier.name.clone()));
        notes.extend(tier.design.clone().map(|design| ("packagingDesign".to_owned(), design)));
    }
    notes
}
