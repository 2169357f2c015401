//! Looks for orders of a tenant that are in production for longer than usual, in business days, and tells their buyers and the tenant's
//! people, once per order and threshold. Takes up messages that were left without a job, too.
//!
//! Twice is harmless: it asks nothing outside, and what it tells has the order and the threshold as its key. Fatal cannot happen; a dead
//! one means that the database failed three times, and the next hour's does its work.

use std::collections::BTreeMap;
use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::business_days::{self, Date};
use platen_shared::domain::notice::Topic;
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::store::message_settings;
use platen_shared::store::notices::{self, Telling};
use platen_shared::store::open_orders;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// Orders of one look, and looks of one run.
const PAGE: i64 = 500;
const PAGES_MAX: usize = 40;

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WatchOrders {
    /// The run's name: the same name is the same run. A cron line writes `{fire}` here.
    pub run: String,
}

/// An order that is late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Late {
    /// Which.
    pub order: OrderId,
    /// For people.
    pub number: String,
    /// Business days in production.
    pub days: u32,
    /// The largest threshold that this reaches.
    pub threshold: u32,
    /// When it should have left: `YYYY-MM-DD`.
    pub estimate: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// Every order that is late, told before or not.
    pub late: Vec<Late>,
}

impl Job for WatchOrders {
    const KIND: &'static str = "watch_orders";
    const QUEUE: Queue = Queue::Tracking;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(120);
    type Output = Seen;

    fn key(&self) -> Key {
        Key::effect("orders", &self.run)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Seen, Failure> {
        let Some(settings) = message_settings::get(&mut ctx.read(), ctx.tenant).await? else {
            return Ok(Seen { late: Vec::new() });
        };
        let holidays: Vec<Date> = settings.holidays.0.iter().filter_map(|day| day.parse().ok()).collect();
        let today = business_days::day(ctx.clock.now().timestamp());
        let (mut late, mut after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let page = open_orders::in_production(&mut ctx.read(), ctx.tenant, after, PAGE).await?;
            after = page.last().map(|(order, ..)| *order);
            for (order, number, since) in page {
                let days = business_days::between(business_days::day(since.timestamp()), today, &holidays);
                late.extend(judge(&settings.delay_days.0, days).map(|(threshold, left)| {
                    let estimate = business_days::after(today, left, &holidays).to_string();
                    Late { order, number, days, threshold, estimate }
                }));
            }
            if after.is_none() {
                break;
            }
        }
        Ok(Seen { late })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Seen) -> db::Result<()> {
        let (now, tenant) = (done.business_now, done.tenant);
        let mut news: BTreeMap<u32, Vec<&Late>> = BTreeMap::new();
        for late in &out.late {
            let facts = json!({ "days": late.days, "threshold": late.threshold, "newEstimate": late.estimate });
            if notices::order_delayed(tx, now, tenant, late.order, late.threshold, facts).await? {
                news.entry(late.threshold).or_default().push(late);
            }
        }
        for (threshold, orders) in news {
            let list: Vec<_> = orders
                .iter()
                .map(|late| json!({ "orderId": late.order, "orderNumber": late.number, "days": late.days }))
                .collect();
            let data = json!({ "count": list.len(), "threshold": threshold, "orders": list });
            let (key, topic) = (format!("delays:{threshold}:{}", self.run), Topic::ProductionDelays);
            notices::tell(tx, now, tenant, Telling { key, topic, order: None, data, people: true }).await?;
        }
        // Whatever was left without a job goes with this commit.
        tx.tell();
        Ok(())
    }

    fn keep(out: &Seen) -> serde_json::Result<serde_json::Value> {
        Ok(json!({ "late": out.late.len() }))
    }
}

/// The largest threshold that so many days reach, and the days that are left until the next one: what a buyer is told to expect.
fn judge(thresholds: &[u32], days: u32) -> Option<(u32, u32)> {
    let reached = thresholds.iter().rposition(|threshold| *threshold <= days)?;
    let threshold = thresholds[reached];
    let next = thresholds.get(reached + 1).copied().unwrap_or(threshold * 2);
    Some((threshold, next.saturating_sub(days).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_threshold_counts_and_the_estimate_is_before_the_next() {
        for (days, told) in [(4, None), (5, Some((5, 3))), (7, Some((5, 1))), (8, Some((8, 8))), (40, Some((8, 1)))] {
            assert_eq!(judge(&[5, 8], days), told, "{days} days");
        }
        assert_eq!(judge(&[], 99), None);
    }
}
