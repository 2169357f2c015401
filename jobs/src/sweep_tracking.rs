//! Looks at all open orders of a connection, a page of them in one call, and lets only those be read whose status changed: the next poll
//! of such an order comes at once, the polls of all others are put off, to once a day. An order that no poll follows any more gets one.
//!
//! Twice is harmless: looking changes nothing outside, a poll that was brought forward is brought forward again, and an order gets a new
//! poll only while it has none, under the lock of its row. The next page is a job with a key of its own. A sweep that fails costs
//! nothing: the orders' own polls go on. Fatal means that the account is missing or refused: a person mends the connection.

use std::collections::HashMap;
use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::order::Stage;
use platen_shared::id::OrderId;
use platen_shared::ledger::{Queue, follow};
use platen_shared::ports::provider::Standing;
use platen_shared::store::open_orders::{self, OpenPart};
use platen_shared::store::orders;
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::poll_tracking::{FOLLOWED_FOR, POLL_EVERY, PollTracking};
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Orders of one look-up.
pub const PAGE: usize = 100;
/// However often an order is looked at, it is read in full this often: costs and receipts change without a change of status.
const READ_EVERY: Duration = Duration::from_secs(24 * 3600);

/// One page of one sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SweepTracking {
    /// The printer.
    pub provider: String,
    /// The sweep's name: the same name is the same sweep. A cron line writes `{fire}` here.
    pub run: String,
    /// Where to go on; absent on the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<OrderId>,
}

/// What the look-up showed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Looked {
    /// Orders of which something is new.
    pub changed: Vec<OrderId>,
    /// The others.
    pub same: Vec<OrderId>,
    /// Where to go on; `None` after the last page.
    pub next: Option<OrderId>,
}

impl Job for SweepTracking {
    const KIND: &'static str = "sweep_tracking";
    const QUEUE: Queue = Queue::Tracking;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(120);
    const POINTS: &'static [&'static str] = &["looked"];
    type Output = Looked;

    fn key(&self) -> Key {
        let page = self.after.map_or_else(|| "begin".to_owned(), |after| after.to_string());
        Key::effect(&self.provider, format!("{}:{page}", self.run))
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Looked, Failure> {
        let n = i64::try_from(PAGE).map_err(|e| Failure::fatal("bug", e))?;
        let parts = open_orders::page(
            &mut ctx.read(),
            ctx.tenant,
            &self.provider,
            self.after,
            n,
            ctx.clock.now().minus(FOLLOWED_FOR),
        )
        .await?;
        let mut open: Vec<OrderId> = parts.iter().map(|part| part.order_id).collect();
        open.dedup();
        if open.is_empty() {
            return Ok(Looked::default());
        }
        let references: Vec<String> = open.iter().map(OrderId::to_string).collect();
        let seen = ctx.ports.providers.open(ctx.tenant, &self.provider).await?.statuses(&references).await?;
        ctx.point("looked").await;
        let next = open.last().copied().filter(|_| open.len() == PAGE);
        let changed = changed(&parts, &seen);
        let (changed, same) = open.into_iter().partition(|order| changed.contains(order));
        Ok(Looked { changed, same, next })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Looked) -> db::Result<()> {
        let speed = done.speed.max(1);
        follow::poll_now(tx, done.now, done.tenant, &out.changed).await?;
        let (every, read) = (POLL_EVERY / speed, READ_EVERY / speed);
        let (until, soon) = (done.now.plus(every), done.now.plus(every / 2));
        follow::poll_later(tx, done.tenant, &out.same, until, soon, done.now.minus(read - every)).await?;
        let open: Vec<OrderId> = out.changed.iter().chain(&out.same).copied().collect();
        let followed = follow::followed(tx, done.tenant, &open).await?;
        for order in open.into_iter().filter(|order| !followed.contains(order)) {
            self.mend(tx, done, order).await?;
        }
        let Some(after) = out.next else { return Ok(()) };
        let next = SweepTracking { after: Some(after), ..self.clone() };
        enqueue(tx, &done.follow(), &next).await.map(drop).map_err(into_db)
    }

    fn keep(out: &Looked) -> serde_json::Result<serde_json::Value> {
        Ok(
            serde_json::json!({ "orders": out.changed.len() + out.same.len(), "changed": out.changed.len(), "next": out.next }),
        )
    }
}

impl SweepTracking {
    /// A poll for an order that has none. The lock of its row is the one that a poll's end takes before it leaves the next poll behind.
    async fn mend(&self, tx: &mut Tx, done: &Recording, order: OrderId) -> db::Result<()> {
        orders::lock(tx, done.tenant, order).await?;
        if !follow::followed(tx, done.tenant, &[order]).await?.is_empty() {
            return Ok(());
        }
        tracing::warn!(tenant = %done.tenant, "no poll followed order {order} any more; it gets one");
        // Seconds are beyond every round that was counted from 1: no earlier poll has this key.
        let round = u32::try_from(done.now.timestamp().as_second()).unwrap_or(u32::MAX / 2);
        let poll = PollTracking { order, round, provider: self.provider.clone() };
        enqueue(tx, &done.follow(), &poll).await.map(drop).map_err(into_db)
    }
}

/// Orders of which a part has another status than we know, or a part that we do not know is being made.
fn changed(known: &[OpenPart], seen: &[Standing]) -> Vec<OrderId> {
    let held: HashMap<&str, &OpenPart> = known.iter().map(|part| (part.provider_id.as_str(), part)).collect();
    let news = |row: &&Standing| match held.get(row.id.as_str()) {
        Some(part) => part.status != row.status,
        // Drafts and what came to nothing under the same reference are no parts of the order.
        None => !matches!(row.stage, Some(Stage::Draft | Stage::Canceled | Stage::Failed)),
    };
    seen.iter().filter(news).filter_map(|row| row.reference.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_read() {
        let order = OrderId::new();
        let known = [("a", "shipped"), ("b", "printed")].map(|(id, status)| OpenPart {
            order_id: order,
            provider_id: id.to_owned(),
            status: status.to_owned(),
        });
        let row = |id: &str, status: &str, stage| Standing {
            id: id.to_owned(),
            reference: order.to_string(),
            status: status.to_owned(),
            stage,
        };
        let is_news = |row: Standing| changed(&known, &[row]) == [order];
        assert!(!is_news(row("a", "shipped", Some(Stage::Shipped))), "known");
        assert!(is_news(row("b", "shipped", Some(Stage::Shipped))), "it moved");
        assert!(is_news(row("b", "on_the_moon", None)), "a word that came later is read, and then known");
        assert!(is_news(row("c", "passed", Some(Stage::Accepted))), "the printer split the order late");
        assert!(!is_news(row("d", "draft", Some(Stage::Draft))), "a stray");
        assert!(!is_news(row("e", "failed", Some(Stage::Failed))), "an attempt that came to nothing");
    }
}
