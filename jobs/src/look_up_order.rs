//! Finds out what became of an order whose submission ended without anybody knowing: the job died, was stopped or ran out of time after
//! an answer was lost. The order is `outcome_unknown` meanwhile, and nothing but this moves it on.
//!
//! Twice is harmless: it only looks, at the printer's side nothing changes, and parts merge. It never stages and never releases. While
//! the printer cannot be asked it waits, for as long as that takes. Fatal means that the account is missing or refused: a person mends
//! the connection and retries this job.

use std::time::Duration;

use platen_shared::db::{self, At, Tx};
use platen_shared::domain::order::OrderState;
use platen_shared::id::OrderId;
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Queue, Waiting};
use platen_shared::ports::PortError;
use platen_shared::ports::provider::{Found, Part, PrintProvider};
use platen_shared::store::operator_items::{self, Kind};
use platen_shared::store::{cancellations, fulfilment as parcels, orders, spending};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};
use crate::placing::{self, Placed};

/// So long nothing may show in the printer's search of what it has: before that, nothing found means nothing.
pub const GRACE: Duration = Duration::from_secs(300);

/// Which order, and since when its outcome is unknown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LookUpOrder {
    /// The order.
    pub order: OrderId,
    /// The printer.
    pub provider: String,
    /// The ledger's time when the submission ended.
    pub since: At,
}

/// What the look showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All of it is in production.
    Placed(Vec<Part>),
    /// A part of it is in production, the rest are drafts.
    Half(Vec<Part>),
    /// Nothing of it costs anything there.
    Nothing,
}

impl Job for LookUpOrder {
    const KIND: &'static str = "look_up_order";
    const QUEUE: Queue = Queue::Orders;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(120);
    const POINTS: &'static [&'static str] = &["looked"];
    type Output = Outcome;

    fn key(&self) -> Key {
        Key::effect(self.order, self.since)
    }

    fn provider(&self) -> &str {
        &self.provider
    }

    async fn run(&self, ctx: &Ctx) -> Result<Outcome, Failure> {
        let provider = ctx.ports.providers.open(ctx.tenant, &self.provider).await?;
        let outcome = look(&*provider, self.order).await.map_err(|error| match error {
            PortError::Transient(_) | PortError::Ambiguous(_) => wait(error),
            error => error.into(),
        })?;
        ctx.point("looked").await;
        let young = ctx.wall() < self.since.plus(GRACE);
        if young && matches!(outcome, Outcome::Nothing) {
            return Err(wait("the printer shows nothing of the order yet; a new one can take minutes to show"));
        }
        Ok(outcome)
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Outcome) -> db::Result<()> {
        let Some(order) = orders::lock(tx, done.tenant, self.order).await? else { return Ok(()) };
        if order.state != OrderState::OutcomeUnknown.word() {
            return Ok(());
        }
        let (at, source) = (done.business_now, done.job.to_string());
        let (kind, why) = match out {
            Outcome::Placed(parts) => {
                let placed = Placed { parts: parts.clone(), quoted: None };
                return placing::record(tx, done, &self.provider, self.order, &placed).await;
            }
            Outcome::Half(parts) => {
                for part in parts.iter().filter(|part| part.released) {
                    parcels::merge(tx, at, done.tenant, &self.provider, self.order, part).await?;
                }
                placing::follow_up(tx, done, &self.provider, &order).await?;
                (
                    Kind::HalfReleased,
                    "a part of the order is in production and the rest is not: retry its submission, which goes on there",
                )
            }
            Outcome::Nothing => {
                spending::release(tx, done.tenant, self.order).await?;
                (
                    Kind::NotPlaced,
                    "the printer has nothing of the order: it was looked up after the submission had ended",
                )
            }
        };
        orders::advance(tx, at, done.tenant, self.order, OrderState::OnHold, &source, why).await?;
        orders::announce(tx, at, &order, "not_placed", &source, why).await?;
        let subject = self.order.to_string();
        operator_items::settle(tx, at, done.tenant, Kind::OutcomeUnknown, &subject).await?;
        // What somebody does not want any more is nobody's trouble.
        if cancellations::get(tx, done.tenant, self.order).await?.is_some() {
            return Ok(());
        }
        operator_items::open(tx, at, done.tenant, kind, (&subject, Some(self.order)), why).await.map(drop)
    }

    fn keep(out: &Outcome) -> serde_json::Result<serde_json::Value> {
        let (word, parts) = match out {
            Outcome::Placed(parts) => ("placed", parts.len()),
            Outcome::Half(parts) => ("half", parts.len()),
            Outcome::Nothing => ("nothing", 0),
        };
        Ok(serde_json::json!({ "found": word, "parts": parts }))
    }

    async fn gave_up(&self, tx: &mut Tx, done: &Recording, trouble: &Trouble) -> db::Result<()> {
        let detail = format!(
            "Whether the printer has the order is unknown, and it cannot be looked up: {}. Mend the connection, then retry job {}.",
            trouble.message, done.job
        );
        let subject = self.order.to_string();
        let about = (subject.as_str(), Some(self.order));
        operator_items::open(tx, done.business_now, done.tenant, Kind::OutcomeUnknown, about, &detail).await.map(drop)
    }
}

async fn look(provider: &dyn PrintProvider, order: OrderId) -> Result<Outcome, PortError> {
    let drafts = match provider.find(&order.to_string()).await? {
        Found::Released(parts) => return Ok(Outcome::Placed(parts)),
        Found::Nothing => return Ok(Outcome::Nothing),
        Found::Drafts(drafts) => drafts,
    };
    // A half-promoted group comes first among drafts: it is told by reading its parts.
    let mut parts = Vec::new();
    for id in drafts.iter().take(1).flat_map(|draft| &draft.ids) {
        parts.push(provider.get(id).await?);
    }
    Ok(if parts.iter().any(|part| part.released) { Outcome::Half(parts) } else { Outcome::Nothing })
}

fn wait(why: impl std::fmt::Display) -> Failure {
    Failure::After { wait: Duration::from_secs(60), why: Waiting::Lookup, trouble: Trouble::new("looking", why) }
}
