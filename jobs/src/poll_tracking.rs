//! Reads an order back from the printer and follows its parcels: one round, and the next round as the next job, until nothing more can
//! happen. How long until the next round depends on where the order stands, how long nothing has moved, and how many orders share the
//! account's budget (`follow.rs`); an event of the printer's brings it forward.
//!
//! Twice is harmless: reading changes nothing outside; facts merge by rank, parcels by code, steps by stage; the next round and the
//! sharing-out each have a key of their own. A round that dies leaves the next one behind, so an order is never forgotten; a person is
//! needed when the printer failed, returned or cancelled the order, or when nothing moves: each is an operator item, closed by the facts.

use std::time::Duration;

use platen_shared::db::{self, At, Tx};
use platen_shared::domain::order::{FulfilmentState, OrderState, Stage, fulfilment};
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ports::provider::Part;
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::{fulfilment as parcels, hooks, open_orders, orders};
use serde::{Deserialize, Serialize};

use crate::distribute_revenue;
use crate::follow;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::placing;
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Business time between two rounds of an order that is being made: four looks a day at what takes days.
pub const POLL_EVERY: Duration = Duration::from_secs(6 * 3600);
/// A parcel that left so long ago and of which nothing was heard since then is followed no more.
pub const FOLLOWED_FOR: Duration = Duration::from_secs(60 * 24 * 3600);

/// One round for one order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PollTracking {
    /// The order.
    pub order: OrderId,
    /// From 1.
    pub round: u32,
    /// The printer.
    #[serde(default = "crate::submit_order::gelato")]
    pub provider: String,
}

/// What the printer says now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// Every part.
    pub parts: Vec<Part>,
    /// When the look began (the ledger's time): an event that came later may tell of something newer.
    #[serde(default)]
    pub began: At,
    /// The next round comes no sooner, for the sake of the account's budget.
    #[serde(default)]
    pub rest_s: u64,
}

impl Job for PollTracking {
    const KIND: &'static str = "poll_tracking";
    const QUEUE: Queue = Queue::Tracking;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Output = Seen;

    fn key(&self) -> Key {
        Key::effect(self.order, self.round)
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Seen, Failure> {
        let began = ctx.wall();
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        let mut ids: Vec<String> = parcels::parts(&mut ctx.read(), ctx.tenant, self.order)
            .await?
            .into_iter()
            .filter(|row| !row.superseded)
            .map(|row| row.provider_id)
            .collect();
        if ids.is_empty() {
            return Err(Failure::fatal("not_found", "the order has no parts at the printer"));
        }
        let (mut parts, mut next) = (Vec::new(), 0);
        while let Some(id) = ids.get(next).cloned() {
            let part = provider.follow(&id).await?;
            // The printer may split an order late: every connected part is ours to follow, if it is of our order.
            if placing::is_of(&part, self.order) {
                ids.extend(part.connected.iter().filter(|c| !ids.contains(c)).cloned().collect::<Vec<_>>());
            }
            parts.push(part);
            next += 1;
        }
        let open = open_orders::count(&mut ctx.read(), ctx.tenant, &self.provider).await?;
        Ok(Seen { parts, began, rest_s: follow::rest_s(open, provider.calls_per_second()) })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Seen) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        let mut stages = Vec::new();
        for part in &out.parts {
            if placing::is_of(part, self.order) {
                let (stage, _) =
                    parcels::merge(tx, done.business_now, done.tenant, &self.provider, self.order, part).await?;
                stages.push(stage);
            } else {
                placing::foreign(tx, done, self.order, part).await?;
            }
        }
        let source = done.job.to_string();
        let reached = fulfilment(&stages);
        if let Some(to) = reached {
            orders::fulfil(tx, done.business_now, &order, to, &source).await?;
        }
        let parts = parcels::followed(tx, done.tenant, self.order).await?;
        follow::watch(tx, done, &order, &parts, out).await?;
        // What a person must look at is not waved on by a later fact about something else.
        let held = operator_items::of_order(tx, done.tenant, self.order).await?;
        let held =
            held.iter().any(|item| [Kind::ItemsDiffer, Kind::HalfReleased].map(Kind::word).contains(&&*item.kind));
        if let Some((to, why)) = order_state(reached, &stages, out).filter(|(to, _)| !held || *to == OrderState::OnHold)
        {
            orders::advance(tx, done.business_now, done.tenant, self.order, to, &source, &why).await?;
        }
        // Every part, not every part that is left: an order with a failed part is a person's to settle before anyone is paid.
        if !stages.is_empty() && stages.iter().all(|stage| *stage == Stage::Delivered) {
            return distribute_revenue::plan(tx, done, &order, true).await;
        }
        if reached == Some(FulfilmentState::Shipped) {
            distribute_revenue::plan(tx, done, &order, false).await?;
        }
        let wait = follow::next_look(&parts, done.business_now);
        let Some(wait) = wait.map(|wait| wait.max(Duration::from_secs(out.rest_s))) else { return Ok(()) };
        // An event that came while we read may tell of something newer.
        let heard = hooks::heard_since(tx, done.tenant, self.order, out.began).await?;
        self.next(tx, done, if heard { Duration::ZERO } else { wait }).await
    }

    fn keep(out: &Seen) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> = out.parts.iter().map(|p| serde_json::json!({ "id": p.id, "status": p.status })).collect();
        Ok(serde_json::json!({ "parts": parts }))
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        // A printer that does not answer is the provider's incident; one that refuses to tell is this order's.
        if ["not_found", "invalid", "conflict"].contains(&trouble.class.as_str()) {
            let detail = format!("The order cannot be followed: {}. Look at it at the printer.", trouble.message);
            let about = (self.order.to_string(), Some(self.order));
            operator_items::open(tx, done.business_now, done.tenant, Kind::Stuck, (&about.0, about.1), &detail).await?;
        }
        self.next(tx, done, POLL_EVERY).await
    }
}

impl PollTracking {
    async fn next(&self, tx: &mut Tx, done: &Recording, wait: Duration) -> db::Result<()> {
        let next = PollTracking { round: self.round + 1, ..self.clone() };
        enqueue(tx, &done.follow_after(wait), &next).await.map(drop).map_err(into_db)
    }
}

/// Where the parts put the whole order, and the sentence that stays with it.
fn order_state(reached: Option<FulfilmentState>, stages: &[Stage], seen: &Seen) -> Option<(OrderState, String)> {
    let refusal = || seen.parts.iter().find_map(|p| p.refusal.clone()).unwrap_or_else(|| "no reason given".to_owned());
    let stuck = |s: &Stage| matches!(s, Stage::Failed | Stage::NeedsAction | Stage::Returned | Stage::Canceled);
    if stages.iter().any(stuck) {
        return Some((OrderState::OnHold, format!("the printer has trouble with it: {}", refusal())));
    }
    match reached? {
        FulfilmentState::PartlyShipped => Some((OrderState::Shipped, "some parcels are on their way".to_owned())),
        FulfilmentState::Shipped => Some((OrderState::Shipped, "all parcels are on their way".to_owned())),
        FulfilmentState::Delivered => Some((OrderState::Delivered, "all parcels have arrived".to_owned())),
        FulfilmentState::InProduction => Some((OrderState::InProduction, "the printer works on it".to_owned())),
        FulfilmentState::Unfulfilled | FulfilmentState::Returned => None,
    }
}
