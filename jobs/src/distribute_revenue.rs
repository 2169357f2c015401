//! Shares a delivered order's gross among tax, printer, platform, creators and royalty holders.
//!
//! Twice is harmless: the journal takes one entry per (order, purpose), and its lines, header and the job's end are one transaction. The
//! terms were frozen at sale and the cost comes from the printer's receipts, so a repeat computes the same. Fatal means that a fact is
//! missing or in another currency: a person completes it and retries the job.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::Currency;
use platen_shared::domain::revenue::{self, Line, Sale};
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::store::{fulfilment, journal, orders};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistributeRevenue {
    /// Delivered and paid.
    pub order: OrderId,
}

/// Who gets what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shared {
    /// Of all lines.
    pub currency: Currency,
    /// They sum to zero.
    pub lines: Vec<Line>,
}

impl Job for DistributeRevenue {
    const KIND: &'static str = "distribute_revenue";
    const QUEUE: Queue = Queue::Money;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(30);
    type Output = Shared;

    fn key(&self) -> Key {
        Key::effect(self.order, "distribution")
    }

    async fn run(&self, ctx: &Ctx) -> Result<Shared, Failure> {
        let order = orders::get(&mut ctx.read(), ctx.tenant, self.order)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such order"))?;
        if order.fulfilment_state != "delivered" || order.payment_state != "paid" {
            return Err(Failure::fatal(
                "illegal_state",
                "revenue is shared out only of an order that is paid and delivered",
            ));
        }
        let parts = fulfilment::parts(&mut ctx.read(), ctx.tenant, self.order).await?;
        if let Some(part) = parts.iter().find(|p| p.currency != order.currency.code()) {
            let theirs = if part.currency.is_empty() { "no receipt" } else { part.currency.as_str() };
            return Err(Failure::fatal(
                "receipts",
                format!("the printer's receipts ({theirs}) are not in the order's currency ({})", order.currency),
            ));
        }
        let items = orders::items(&mut ctx.read(), ctx.tenant, self.order).await?;
        let sale = Sale {
            gross: order.total_minor,
            tax: order.tax_minor,
            provider_cost: parts.iter().map(|p| p.cost_minor).sum(),
            platform_fee_bps: order.terms.platform_fee_bps,
            items: items.iter().map(|item| (item.line_minor, item.revenue.0.clone())).collect(),
        };
        let currency = order.currency;
        let provider = items.first().map_or("none", |item| item.provider.as_str());
        Ok(Shared { currency, lines: revenue::distribute(&sale, provider) })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Shared) -> db::Result<()> {
        journal::post(tx, done.business_now, done.tenant, self.order, "distribution", out.currency, &out.lines)
            .await
            .map(drop)
    }
}
