//! Takes away files that no row names: what a killed worker stored and never told, and renders of presses before this one. Forgets buyers
//! whose orders ended long enough ago, where the tenant wants that.
//!
//! Mark and sweep, with two graces. A file that nothing names goes into the trash once it is older than the grace; in the trash whoever
//! asks for it still finds it, and takes it out again; it is deleted for good when nothing names it a grace later. So a file that
//! becomes named while it is on its way out comes back: nothing that is referenced is ever deleted, whatever happens at the same time.
//!
//! Twice is harmless: a buyer is forgotten once, a file in the trash is moved there once, and what is gone is gone. Fatal cannot happen; a dead one means that the
//! database or the file store failed three times.

use std::time::Duration;

use futures::TryStreamExt;
use futures::stream::BoxStream;
use platen_shared::db::At;
use platen_shared::domain::address::Recipient;
use platen_shared::ledger::Queue;
use platen_shared::ports::blobs::{BlobError, Found};
use platen_shared::store::{buyers, references};
use serde::{Deserialize, Serialize};

use crate::job::{Ctx, Failure, Job, Key, Retry};

/// Files that one run moves at most; the next run goes on.
const MOVES_MAX: usize = 20_000;
/// Orders whose buyers one transaction forgets.
const BUYERS_AT_ONCE: i64 = 200;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One run over a tenant's files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cleanup {
    /// The run's name: the same name is the same run. A cron line writes `{fire}` here.
    pub run: String,
    /// How long a file that nothing names is left where it is, and then in the trash.
    #[serde(default = "week")]
    pub grace_days: u32,
    /// How long renders of an earlier press are kept.
    #[serde(default = "quarter")]
    pub keep_renders_days: u32,
}

fn week() -> u32 {
    7
}

fn quarter() -> u32 {
    90
}

/// What was done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleaned {
    /// Renders of earlier presses whose rows went.
    pub renders: u64,
    /// Files that went into the trash.
    pub discarded: u64,
    /// Files that came back from it.
    pub restored: u64,
    /// Files that were deleted for good.
    pub purged: u64,
    /// Orders whose buyers were forgotten.
    #[serde(default)]
    pub buyers: u64,
}

impl Job for Cleanup {
    const KIND: &'static str = "cleanup";
    const QUEUE: Queue = Queue::Housekeeping;
    const RETRY: Retry = Retry::THREE;
    const TIMEOUT: Duration = Duration::from_secs(3600);
    const POINTS: &'static [&'static str] = &["discarded"];
    const RECORDS: bool = false;
    type Output = Cleaned;

    fn key(&self) -> Key {
        Key::effect("files", &self.run)
    }

    async fn run(&self, ctx: &Ctx) -> Result<Cleaned, Failure> {
        let mut done = Cleaned::default();
        let renders = ctx.wall().minus(DAY * self.keep_renders_days);
        done.renders = ctx.ledger.forget_renders(ctx.tenant, ctx.ports.press.version(), renders).await?;
        done.buyers = forget_buyers(ctx).await?;
        let before = ctx.wall().minus(DAY * self.grace_days);
        let blobs = &ctx.ports.blobs;
        // Listed first, marked afterwards: what was named in between is marked.
        let (trashed, there) =
            (old(blobs.trash(ctx.tenant), before).await?, old(blobs.list(ctx.tenant), before).await?);
        let named = references::of_tenant(&mut ctx.read(), ctx.tenant).await?;
        for file in trashed.iter().take(MOVES_MAX) {
            if named.contains(&file.sha256) {
                done.restored += u64::from(blobs.restore(ctx.tenant, &file.sha256).await?);
            } else {
                blobs.purge(ctx.tenant, file).await?;
                done.purged += 1;
            }
        }
        for file in there.iter().filter(|file| !named.contains(&file.sha256)).take(MOVES_MAX) {
            blobs.discard(ctx.tenant, &file.sha256, ctx.wall()).await?;
            done.discarded += 1;
            ctx.point("discarded").await;
            if ctx.cancelled() {
                return Err(Failure::Cancelled);
            }
        }
        Ok(done)
    }
}

/// Forgets buyers some days after the end of their orders, as the tenant's rules say.
async fn forget_buyers(ctx: &Ctx) -> Result<u64, Failure> {
    let rules = buyers::rules(&mut ctx.read(), ctx.tenant).await?;
    if rules.buyers == buyers::KEEP {
        return Ok(0);
    }
    let days = u32::try_from(rules.buyers_days).unwrap_or(u32::MAX);
    let before = ctx.clock.now().minus(DAY * days);
    let keyring = ctx.ports.links.keyring();
    let mut forgotten = 0;
    loop {
        let due = buyers::due(&mut ctx.read(), ctx.tenant, before, BUYERS_AT_ONCE).await?;
        let mut hashed = Vec::new();
        for (order, sealed, known) in due {
            let buyer = match known.filter(|known| !known.is_empty()) {
                Some(known) => known,
                None => {
                    let text = keyring.open(&sealed, &format!("{}:{order}", ctx.tenant));
                    let text = text.map_err(|e| Failure::fatal("sealed", e))?;
                    let recipient: Recipient = serde_json::from_str(&text).map_err(|e| Failure::fatal("bug", e))?;
                    keyring.pseudonym(&recipient.email, &ctx.tenant.to_string())
                }
            };
            hashed.push((order, sealed, buyer));
        }
        let gone = ctx.ledger.forget_buyers(ctx.tenant, ctx.clock.now(), &hashed).await?;
        forgotten += gone;
        if gone == 0 || ctx.cancelled() {
            return Ok(forgotten);
        }
    }
}

/// What has been there since before.
async fn old(files: BoxStream<'static, Result<Found, BlobError>>, before: At) -> Result<Vec<Found>, Failure> {
    Ok(files.try_filter(|file| std::future::ready(file.since < before)).try_collect().await?)
}
