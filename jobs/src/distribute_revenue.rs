//! Shares an order's gross among tax, printer, packaging, payment provider, platform, creators and royalty holders, when its hold is over.
//!
//! Twice is harmless: the books take one entry per (order, purpose), and its lines, header and the job's end are one transaction. What the
//! entry says is computed in that transaction, under the order's lock, from terms frozen at sale and the facts so far. Fatal means that
//! a fact is missing (a receipt, an exchange rate): a person completes it and retries the job.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::{FulfilmentState, OrderState, PaymentState};
use platen_shared::domain::revenue::Breakdown;
use platen_shared::id::OrderId;
use platen_shared::ledger::{Queue, Waiting};
use platen_shared::ledger::{finish::Trouble, follow};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::settle::{self, Settled, Unsettled};
use serde::{Deserialize, Serialize};

use crate::correct_costs::CorrectCosts;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::{Origin, enqueue};
use crate::workflow::into_db;

/// Looks again at an order that a person must settle first.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);
const DAY: u64 = 24 * 3600;

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DistributeRevenue {
    /// Paid, and delivered, shipped long ago, returned, or cancelled.
    pub order: OrderId,
}

/// What it came to, before it is written: so that a person sees it with the job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    /// Of all amounts.
    pub currency: Currency,
    /// What is shared out.
    pub gross_minor: i64,
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
        may_be_shared_out(&order)?;
        let case = settle::load(&mut ctx.read(), ctx.clock.now(), &order).await?.map_err(missing)?;
        Ok(Shared { currency: order.currency, gross_minor: case.breakdown(&order).gross })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, _out: &Shared) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        let settled = settle::distribute(tx, done.business_now, &order).await?.map_err(changed)?;
        if settled.entry.is_none() {
            return Ok(());
        }
        tell(tx, done, &order, &settled).await?;
        let next = CorrectCosts { order: self.order, round: 1 };
        enqueue(tx, &done.follow_after(next.after()), &next).await.map(drop).map_err(into_db)
    }
}

/// Whether it is this order's turn.
fn may_be_shared_out(order: &Order) -> Result<(), Failure> {
    let paid = order.payment_state != PaymentState::Unpaid.word();
    let gone =
        [FulfilmentState::Delivered, FulfilmentState::Shipped, FulfilmentState::Returned].map(FulfilmentState::word);
    // Then nobody is paid, and only the costs are booked.
    let all_given_back = order.payment_state == PaymentState::Refunded.word();
    let over = order.state == OrderState::Cancelled.word();
    if order.state == OrderState::OnHold.word() && !all_given_back {
        let why = "the order is on hold: a person settles it before anyone is paid";
        let trouble = Trouble::new("on_hold", why);
        return Err(Failure::After { wait: LOOK_AGAIN, why: Waiting::NotReady, trouble });
    }
    if !paid || !(over || gone.contains(&order.fulfilment_state.as_str())) {
        let why = "revenue is shared out only of an order that is paid, and delivered, shipped, returned or cancelled";
        return Err(Failure::fatal("illegal_state", why));
    }
    Ok(())
}

fn missing(missing: Unsettled) -> Failure {
    let class = match missing {
        Unsettled::NoReceipt(_) => "receipts",
        Unsettled::NoRate { .. } => "rate",
    };
    Failure::fatal(class, missing)
}

/// Between the look and the lock a fact went missing: the attempt fails, and the next one looks again.
pub(crate) fn changed(missing: Unsettled) -> db::Error {
    db::Error::Decode(Box::new(missing))
}

/// Says what an operator should know: a loss, and receipts far from the quote.
pub(crate) async fn tell(tx: &mut Tx, done: &Recording, order: &Order, settled: &Settled) -> db::Result<()> {
    let (at, source) = (done.business_now, done.job.to_string());
    let Breakdown { loss, provider_cost, .. } = settled.breakdown;
    let money = |minor| Money { minor, currency: order.currency };
    if loss > 0 {
        let why = format!("a loss of {}: nobody earns, the platform bears it", money(loss));
        tracing::warn!(tenant = %done.tenant, order = %order.id, "{why}");
        metrics::counter!("platen_losses_total").increment(1);
        orders::note_money(tx, at, order, "loss", &source, &why).await?;
    }
    if let Some(bps) = settled.drift {
        let share = format!("{}{}.{:02} %", if bps < 0 { "-" } else { "+" }, bps.abs() / 100, bps.abs() % 100);
        let why = format!("the printer charged {}, which is {share} of what it quoted away", money(provider_cost));
        tracing::warn!(tenant = %done.tenant, order = %order.id, "{why}");
        metrics::counter!("platen_cost_drifts_total").increment(1);
        orders::note_money(tx, at, order, "drift", &source, &why).await?;
    }
    Ok(())
}

/// Plans the sharing-out of an order whose parcels have left or arrived: once per order. Arrival brings a plan forward that was made
/// when the parcels left.
///
/// # Errors
/// Whatever the database says.
pub(crate) async fn plan(tx: &mut Tx, done: &Recording, order: &Order, arrived: bool) -> db::Result<()> {
    let days = |days: i64| Duration::from_secs(u64::try_from(days).unwrap_or(0) * DAY);
    let hold = days(order.terms.hold_days);
    let wait = match (arrived, order.terms.shipped_days) {
        (true, _) => hold,
        (false, Some(shipped)) => days(shipped) + hold,
        (false, None) => return Ok(()),
    };
    at_last(tx, &done.follow_after(wait), order).await
}

/// The same for an order of which a person says that it arrived; the business clock runs `speed` times as fast as the origin's.
///
/// # Errors
/// Whatever the database says.
pub async fn arrived(tx: &mut Tx, origin: &Origin, speed: u32, order: &Order) -> db::Result<()> {
    let hold = Duration::from_secs(u64::try_from(order.terms.hold_days).unwrap_or(0) * DAY) / speed.max(1);
    at_last(tx, &Origin { run_at: origin.now.plus(hold), ..origin.clone() }, order).await
}

async fn at_last(tx: &mut Tx, origin: &Origin, order: &Order) -> db::Result<()> {
    let job = DistributeRevenue { order: order.id };
    let known = enqueue(tx, origin, &job).await.map_err(into_db)?.id();
    follow::bring_forward(tx, origin.tenant, known, origin.run_at).await
}
