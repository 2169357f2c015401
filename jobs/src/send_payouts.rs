//! Hands an approved batch of payouts to the rail that pays it: today a CSV file for a bank.
//!
//! Twice is harmless: the batch is read as it was approved, the same batch makes the same file, and a rail that speaks to a bank looks for the
//! batch's id before it sends anything. The money left the balances when the batch was approved, not here. Fatal means that
//! the rail refuses the batch: a person mends what it names and retries the job.

use std::time::Duration;

use platen_shared::db::{self, Tx};
use platen_shared::domain::money::Money;
use platen_shared::domain::payout::PayoutState;
use platen_shared::id::{BatchId, PayoutId};
use platen_shared::ledger::Queue;
use platen_shared::ports::payout::Transfer;
use platen_shared::store::parties::{self, bound};
use platen_shared::store::payouts::{self, Payout};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Recording, Retry};

/// Which batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendPayouts {
    /// Approved.
    pub batch: BatchId,
}

/// What the rail answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handed {
    /// The file, by the SHA-256 of its bytes, where the rail makes one.
    pub file: Option<String>,
}

impl Job for SendPayouts {
    const KIND: &'static str = "send_payouts";
    const QUEUE: Queue = Queue::Money;
    const RETRY: Retry = Retry::A_DAY;
    const TIMEOUT: Duration = Duration::from_secs(120);
    const POINTS: &'static [&'static str] = &["sent"];
    type Output = Handed;

    fn key(&self) -> Key {
        Key::effect(self.batch, "send")
    }

    async fn run(&self, ctx: &Ctx) -> Result<Handed, Failure> {
        let batch = payouts::batch(&mut ctx.read(), ctx.tenant, self.batch)
            .await?
            .ok_or_else(|| Failure::fatal("not_found", "there is no such batch"))?;
        if ["exported", "closed"].contains(&batch.state.as_str()) {
            return Ok(Handed { file: batch.file });
        }
        if batch.state != "approved" {
            let why = format!("a batch that is {} is not sent", batch.state);
            return Err(Failure::fatal("illegal_state", why));
        }
        let mut transfers = Vec::new();
        for payout in payouts::of_batch(&mut ctx.read(), ctx.tenant, self.batch).await? {
            if payout.state != PayoutState::Dropped.word() {
                transfers.push(transfer(ctx, payout).await?);
            }
        }
        let sent = ctx.ports.payouts.send(ctx.tenant, self.batch, &transfers).await?;
        ctx.point("sent").await;
        Ok(Handed { file: sent.file })
    }

    async fn record(&self, tx: &mut Tx, done: &Recording, out: &Handed) -> db::Result<()> {
        payouts::exported(tx, done.business_now, done.tenant, self.batch, out.file.as_deref()).await
    }
}

/// A payout with its party's name and destination, which is opened only here.
async fn transfer(ctx: &Ctx, payout: Payout) -> Result<Transfer, Failure> {
    let Payout { id, party, currency, amount_minor, .. } = payout;
    let row = parties::get(&mut ctx.read(), ctx.tenant, &party).await?;
    let Some((name, sealed)) = row.and_then(|row| Some((row.display_name, row.payout_to?))) else {
        return Err(lost(id));
    };
    let opened = ctx.ports.links.keyring().open(&sealed, &bound(ctx.tenant, &party));
    let to = opened.map_err(|error| Failure::fatal("sealed", error))?;
    Ok(Transfer { id, party, name, to, amount: Money { minor: amount_minor, currency } })
}

fn lost(id: PayoutId) -> Failure {
    Failure::fatal("destination", format!("the party of {id} does not say any more where it is paid: PUT /v1/parties"))
}
