//! Takes away what is old: finished jobs with their attempts, keys of cron lines' firings, messages that came to their end, replies kept
//! for repeated requests, who used which provider, probes of connections that are gone, where snapshots came from (90 days), who fetched
//! files (three years), webhooks that providers sent (30 days).
//!
//! Twice is harmless: what is gone is gone, and a piece that is deleted again deletes nothing. It goes piece by piece, each in a short
//! transaction of its own (the ledger's, as a checkpoint is; nothing outside is touched), so that a kill loses one piece at most. What
//! does not fit into one run is left to the next. Fatal cannot happen; a dead one means that the database failed three times.

use std::time::Duration;

use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::ledger::Queue;
use platen_shared::store::tenants;
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Retry};

/// Rows of one transaction.
const PIECE: i64 = 1000;
/// Pieces of one kind of rows in one run.
const PIECES_MAX: u32 = 500;
/// Kinds of rows that are looked through.
const STEPS: u64 = 5;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Housekeeping {
    /// The run's name: the same name is the same run. A cron line writes `{fire}` here.
    pub run: String,
    /// How long finished jobs and their attempts are kept.
    pub keep_history_days: u32,
    /// How long succeeded jobs of cron lines are kept, which come by the minute.
    #[serde(default = "two")]
    pub keep_lines_days: u32,
    /// How long messages are kept after their end, with their notices and attempts.
    #[serde(default = "half_a_year")]
    pub keep_messages_days: u32,
}

fn two() -> u32 {
    2
}

fn half_a_year() -> u32 {
    180
}

/// What went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trimmed {
    /// Finished jobs.
    pub jobs: u64,
    /// Keys of firings.
    pub keys: u64,
    /// Notices, with their messages.
    #[serde(default)]
    pub notices: u64,
    /// All else.
    pub rest: u64,
}

impl Job for Housekeeping {
    const KIND: &'static str = "housekeeping";
    const QUEUE: Queue = Queue::Housekeeping;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(900);
    const POINTS: &'static [&'static str] = &["trimmed"];
    const RECORDS: bool = false;
    const INSTALLATION: bool = true;
    type Output = Trimmed;

    fn key(&self) -> Key {
        Key::effect("installation", &self.run)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Trimmed, Failure> {
        if ctx.tenant != TenantId::INSTALLATION {
            return Err(Failure::fatal("forbidden", "only the installation keeps house"));
        }
        let before = |days: u32| ctx.wall().minus(DAY * days);
        let (history, lines) = (before(self.keep_history_days), before(self.keep_lines_days));
        let mut gone = Trimmed::default();
        ctx.progress(0, STEPS, "succeeded jobs of cron lines");
        gone.jobs += pieces(ctx, Old::Lines(lines)).await?;
        ctx.progress(1, STEPS, "finished jobs");
        gone.jobs += pieces(ctx, Old::History(history)).await?;
        ctx.progress(2, STEPS, "keys of firings");
        gone.keys = pieces(ctx, Old::Keys(lines)).await?;
        ctx.progress(3, STEPS, "messages");
        for tenant in tenants::list(&mut ctx.read()).await? {
            gone.notices += pieces(ctx, Old::Messages(tenant.id, before(self.keep_messages_days))).await?;
        }
        ctx.progress(4, STEPS, "replies, use of providers, probes");
        gone.rest = ctx.ledger.trim_rest(lines).await?;
        Ok(gone)
    }
}

/// What is taken away piece by piece, and before when it ended.
#[derive(Clone, Copy)]
enum Old {
    Lines(At),
    History(At),
    Keys(At),
    Messages(TenantId, At),
}

/// Piece after piece until one is not full; counts the rows. Whoever asks the job to stop is heard between two.
async fn pieces(ctx: &Ctx, old: Old) -> Result<u64, Failure> {
    let mut gone = 0;
    for _ in 0..PIECES_MAX {
        let piece = match old {
            Old::Lines(before) => ctx.ledger.trim_lines(before, PIECE).await?,
            Old::History(before) => ctx.ledger.trim_history(before, PIECE).await?,
            Old::Keys(before) => ctx.ledger.trim_keys(before, PIECE).await?,
            Old::Messages(tenant, before) => ctx.ledger.trim_messages(tenant, before, PIECE).await?,
        };
        gone += piece;
        ctx.point("trimmed").await;
        if piece < PIECE.unsigned_abs() {
            break;
        }
        if ctx.cancelled() {
            return Err(Failure::Cancelled);
        }
    }
    Ok(gone)
}
