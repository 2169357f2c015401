//! What outside calls pass first: budgets and breakers, where the whole fleet sees them; and what keeps them current, once a second.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::adapters::http::{Board, Gates, RedisBoard, SqlBoard};
use platen_shared::clock::Clock;
use platen_shared::ledger::{DEAD_AFTER_S, Ledger};
use platen_shared::store::gates;
use secrecy::ExposeSecret;

use crate::config::Config;

const EVERY: Duration = Duration::from_secs(1);
/// Rounds between two times that old use is forgotten.
const FORGET_EVERY: u32 = 60;

/// The gates of all accounts: states in Redis where there is one, in the database otherwise. Providers count real seconds, also while a
/// demo runs fast, and so does the ledger's clock.
pub(crate) fn gates(config: &Config, ledger: &Ledger, clock: &Arc<dyn Clock>) -> Gates {
    let board: Box<dyn Board> = match config.redis.url.expose_secret() {
        "" => Box::new(SqlBoard::new(ledger.db.clone(), clock.clone())),
        url => Box::new(RedisBoard::new(url, &config.redis.prefix)),
    };
    Gates::on(board, clock.clone())
}

/// Tells the gates how many replicas live, and writes down who used what, for as long as the process lives.
pub(crate) async fn tend(all: Arc<Gates>, ledger: Ledger) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0_u32.. {
        tick.tick().await;
        // While the database does not answer, the last number stands.
        if let Ok(n) = living(&ledger).await {
            all.share_among(n);
        }
        if let Err(error) = keep_use(&all, &ledger, round % FORGET_EVERY == 0).await {
            tracing::warn!(%error, "who used the providers' budgets in the last second was not written down");
        }
        all.measure();
    }
}

/// How many workers live.
pub(crate) async fn living(ledger: &Ledger) -> Result<u32> {
    let since = ledger.now().minus(Duration::from_secs(DEAD_AFTER_S));
    let workers = ledger.workers().await.context("the workers cannot be counted")?;
    Ok(u32::try_from(workers.iter().filter(|worker| worker.heartbeat_at >= since).count())?)
}

/// Writes down who used what since the last time; with `forget`, the same tenants' old use goes.
pub(crate) async fn keep_use(all: &Gates, ledger: &Ledger, forget: bool) -> Result<()> {
    let used = all.take_use();
    if used.is_empty() {
        return Ok(());
    }
    let now = ledger.now();
    let mut tx = ledger.db.begin("gate_use").await?;
    gates::add_use(&mut tx, now, &used).await?;
    for row in used.iter().filter(|_| forget) {
        gates::forget_use(&mut tx, now, row.tenant).await?;
    }
    tx.commit().await?;
    Ok(())
}
