//! Deletes drafts that an order left behind at the printer: what a create made whose answer was lost, and what search did not show yet
//! when the order was placed. A draft costs nothing; many of them hide the one that matters.
//!
//! **Which.** A draft goes when all of this holds: it was made over the API more than [`GRACE`] ago; its reference is an order of this
//! tenant; that order is at the printer already, finished or cancelled, so that no submission of it can release anything any more (one
//! that runs or is retried then finds the released group and stops there, `docs/decisions/0003`); no submission of it is left in the
//! ledger; and read once more at the printer, it is a draft still, and no part connected with it is in production. A draft of anybody
//! else who uses the account, or of an order that is on its way to the printer, is never touched.
//!
//! Twice is harmless: a draft that is gone is gone. Fatal means that the account is missing or refused: a person mends the connection.

use std::time::Duration;

use platen_shared::domain::order::Stage;
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::ports::PortError;
use platen_shared::ports::provider::{Draft, PrintProvider, Staged};
use platen_shared::store::orders;
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Retry};
use crate::submit_order::SubmitOrder;

/// Younger drafts are left alone, whatever they are: search and clocks may be behind.
pub const GRACE: Duration = Duration::from_secs(3600);
/// Drafts that one run deletes at most; the next run goes on.
const DELETES_MAX: u32 = 200;
/// States of an order in which no submission can release anything any more.
const SETTLED: [&str; 5] = ["in_production", "shipped", "delivered", "closed", "cancelled"];

/// One sweep of one account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SweepDrafts {
    /// The printer.
    pub provider: String,
    /// The sweep's name: the same name is the same sweep. A cron line writes `{fire}` here.
    pub run: String,
}

/// What it found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Drafts seen.
    pub seen: u32,
    /// Strays among them that were deleted, with their connected parts.
    pub deleted: u32,
    /// Drafts that belong to no order of this tenant: left alone.
    pub foreign: u32,
}

impl Job for SweepDrafts {
    const KIND: &'static str = "sweep_drafts";
    const QUEUE: Queue = Queue::Sync;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(300);
    const POINTS: &'static [&'static str] = &["deleted"];
    const RECORDS: bool = false;
    type Output = Swept;

    fn key(&self) -> Key {
        Key::effect(&self.provider, &self.run)
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Swept, Failure> {
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        let mut swept = Swept::default();
        for draft in provider.drafts().await? {
            swept.seen += 1;
            let Some(order) = ours(ctx, &draft).await? else {
                swept.foreign += 1;
                continue;
            };
            if swept.deleted < DELETES_MAX && stray(ctx, &draft, &order).await? && delete(&*provider, &draft).await? {
                swept.deleted += 1;
                ctx.point("deleted").await;
            }
            if ctx.cancelled() {
                return Err(Failure::Cancelled);
            }
        }
        if swept.deleted > 0 {
            tracing::info!("deleted {} stray drafts at {}", swept.deleted, self.provider);
        }
        Ok(swept)
    }
}

/// The order that a draft was made for, if it is one of this tenant's.
async fn ours(ctx: &Ctx, draft: &Draft) -> Result<Option<orders::Order>, Failure> {
    let Ok(id) = draft.reference.parse::<OrderId>() else { return Ok(None) };
    Ok(orders::get(&mut ctx.read(), ctx.tenant, id).await?)
}

async fn stray(ctx: &Ctx, draft: &Draft, order: &orders::Order) -> Result<bool, Failure> {
    let old = draft.created.is_some_and(|created| created.plus(GRACE) < ctx.clock.now());
    if !old || !SETTLED.contains(&order.state.as_str()) {
        return Ok(false);
    }
    Ok(!ctx.ledger.has_job_of_order(ctx.tenant, SubmitOrder::KIND, order.id).await?)
}

/// Reads the draft once more and deletes it with its connected parts; `false` when it is none (any more).
async fn delete(provider: &dyn PrintProvider, draft: &Draft) -> Result<bool, Failure> {
    let part = match provider.get(&draft.id).await {
        Ok(part) => part,
        // Deleted with a part that came before it in the list.
        Err(PortError::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if part.released || part.stage != Some(Stage::Draft) {
        return Ok(false);
    }
    match provider.discard(&Staged { ids: part.connected }).await {
        Ok(()) => Ok(true),
        // A part of it is in production: it belongs to the order that was released.
        Err(PortError::Conflict(_) | PortError::Invalid(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
