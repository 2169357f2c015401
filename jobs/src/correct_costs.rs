//! Reads an order back from its printer after its revenue was shared out, and books what its receipts came to since: a week later, and
//! two, four and eight.
//!
//! Twice is harmless: reading changes nothing outside; what is booked is the difference between what should be and what is, so that a
//! second look at the same receipts books nothing. Fatal means that the printer does not know a part any more, or that an exchange rate is missing:
//! a person completes it and retries the job; the balances stay as they were.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::ports::provider::Part;
use platen_shared::store::{fulfilment as parcels, orders, settle};
use serde::{Deserialize, Serialize};

use crate::distribute_revenue::{changed, tell};
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Rounds: 7, 14, 28 and 56 days after the sharing-out.
const ROUNDS: u32 = 4;
const FIRST: Duration = Duration::from_secs(7 * 24 * 3600);

/// One look at one order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CorrectCosts {
    /// The order.
    pub order: OrderId,
    /// From 1.
    pub round: u32,
}

/// What the printers say now: (printer, part).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Read {
    /// Every part.
    pub parts: Vec<(String, Part)>,
}

impl Job for CorrectCosts {
    const KIND: &'static str = "correct_costs";
    const QUEUE: Queue = Queue::Money;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Output = Read;

    fn key(&self) -> Key {
        Key::effect(self.order, self.round)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Read, Failure> {
        let mut parts = Vec::new();
        for row in parcels::parts(&mut ctx.read(), ctx.tenant, self.order).await? {
            let printer = ctx.ports.providers.open(ctx.tenant, &row.provider).await?;
            parts.push((row.provider, printer.get(&row.provider_id).await?));
        }
        Ok(Read { parts })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Read) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        for (provider, part) in &out.parts {
            parcels::merge(tx, done.business_now, done.tenant, provider, self.order, part).await?;
        }
        let settled = settle::correct(tx, done.business_now, &order).await?.map_err(changed)?;
        if settled.entry.is_some() {
            tell(tx, done, &order, &settled).await?;
        }
        if self.round >= ROUNDS {
            return Ok(());
        }
        let next = CorrectCosts { round: self.round + 1, ..self.clone() };
        enqueue(tx, &done.follow_after(next.after()), &next).await.map(drop).map_err(into_db)
    }

    fn keep(out: &Read) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> =
            out.parts.iter().map(|(_, part)| serde_json::json!({ "id": part.id, "cost": part.cost })).collect();
        Ok(serde_json::json!({ "parts": parts }))
    }
}

impl CorrectCosts {
    /// How long after the round before it comes: what doubles the time since the sharing-out.
    pub(crate) fn after(&self) -> Duration {
        FIRST * (1 << self.round.clamp(1, ROUNDS).saturating_sub(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_come_after_one_two_four_and_eight_weeks() {
        let order = OrderId::new();
        let mut since = Duration::ZERO;
        let weeks = (1..=ROUNDS).map(|round| {
            since += CorrectCosts { order, round }.after();
            since.as_secs() / FIRST.as_secs()
        });
        assert_eq!(weeks.collect::<Vec<_>>(), [1, 2, 4, 8]);
    }
}
