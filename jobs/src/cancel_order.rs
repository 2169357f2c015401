//! Cancels a refunded order at its printer, as far as that is still possible: part by part.
//!
//! Twice is harmless: a part that is cancelled answers so, and one that is printed answers that it is too late; both are facts that
//! merge. While a submission is under way it waits for its end. Fatal means that the printer knows no such part, or that its answer makes
//! no sense: a person looks at the order there. The refund itself is booked already, whatever comes of this.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::order::{OrderState, Stage};
use platen_shared::id::OrderId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting};
use platen_shared::ports::provider::{Cancelled, Part};
use platen_shared::store::{fulfilment as parcels, orders, refunds};
use serde::{Deserialize, Serialize};

use crate::distribute_revenue::DistributeRevenue;
use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::registry::enqueue;
use crate::workflow::into_db;

/// Which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelOrder {
    /// Refunded.
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
        let rows = parcels::parts(&mut ctx.read(), ctx.tenant, self.order).await?;
        let refunds = refunds::of_order(&mut ctx.read(), ctx.tenant, self.order).await?;
        if !refunds.iter().any(|refund| refund.cancels) {
            let why =
                "no refund asks for this order to be cancelled: POST /v1/orders/{id}/refunds with \"cancel\": true";
            return Err(Failure::fatal("illegal_state", why));
        }
        if [OrderState::Submitting, OrderState::OutcomeUnknown].map(OrderState::word).contains(&order.state.as_str()) {
            let trouble =
                Trouble::new("not_ready", "a job is placing the order at the printer; it is cancelled afterwards");
            return Err(Failure::After { wait: Duration::from_secs(5), why: Waiting::NotReady, trouble });
        }
        let (mut parts, mut too_late) = (Vec::new(), 0);
        for row in rows {
            let printer = ctx.ports.providers.open(ctx.tenant, &row.provider).await?;
            if printer.cancel(&row.provider_id).await? == Cancelled::TooLate {
                too_late += 1;
            }
            ctx.point("asked").await;
            parts.push((row.provider, printer.get(&row.provider_id).await?));
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
        if stages.iter().any(|stage| *stage != Stage::Canceled) {
            let why = format!("{} of {} parts are made all the same: it was too late", out.too_late, stages.len());
            return orders::note_money(tx, at, &order, "not_cancelled", &source, &why).await;
        }
        let why = "refunded, and cancelled at the printer";
        orders::advance(tx, at, done.tenant, self.order, OrderState::Cancelled, &source, why).await?;
        let share_out = DistributeRevenue { order: self.order };
        enqueue(tx, &done.follow(), &share_out).await.map(drop).map_err(into_db)
    }

    fn keep(out: &Stopped) -> serde_json::Result<serde_json::Value> {
        let parts: Vec<_> =
            out.parts.iter().map(|(_, part)| serde_json::json!({ "id": part.id, "status": part.status })).collect();
        Ok(serde_json::json!({ "parts": parts, "tooLate": out.too_late }))
    }
}
