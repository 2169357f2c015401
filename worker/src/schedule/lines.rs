//! Fires the cron lines of the configuration. A line of the installation is one job, in the transaction that moves the line on. One of
//! each tenant or connection is a walk: the line moves on, then chunk after chunk is enqueued, each in one transaction with the place
//! that the walk has reached, by whichever replica comes first.

use anyhow::Result;
use platen_jobs::{Entry, Origin, enqueue_by_kind, find};
use platen_shared::db::{At, Tx};
use platen_shared::id::TenantId;
use platen_shared::ledger::fires::{self, Each, Fire, Subject};
use platen_shared::ledger::schedules::next_after;
use platen_shared::ledger::{EnqueueError, Ledger};
use serde_json::Value;

use super::filled;

/// Jobs enqueued in one transaction.
const CHUNK: usize = 200;
/// Chunks of one line in one tick: dead workers are swept between ticks, and must not wait for long.
const CHUNKS_PER_TICK: usize = 5;

pub(super) async fn tick(ledger: &Ledger) -> Result<()> {
    let now = ledger.now();
    for fire in ledger.lines().await? {
        // A newer release's work is left to its workers.
        let Some(entry) = find(&fire.kind) else { continue };
        if let Err(error) = move_on(ledger, entry, fire.clone(), now).await {
            tracing::error!(schedule = %fire.name, %error, "the cron line {} did not fire; it stays due", fire.name);
        }
    }
    Ok(())
}

async fn move_on(ledger: &Ledger, entry: &'static Entry, mut fire: Fire, now: At) -> Result<()> {
    if fire.spread_tenant.is_none() {
        if fire.next_fire > now || !begin(ledger, entry, &mut fire, now).await? {
            return Ok(());
        }
        tracing::info!(schedule = %fire.name, "the cron line {} fired", fire.name);
    }
    for _ in 0..CHUNKS_PER_TICK {
        if fire.spread_tenant.is_none() || !walk(ledger, entry, &mut fire, now).await? {
            break;
        }
    }
    Ok(())
}

/// Moves the line on; `false` when another replica did.
async fn begin(ledger: &Ledger, entry: &'static Entry, fire: &mut Fire, now: At) -> Result<bool> {
    let next = next_after(&fire.cron, &fire.zone, now)?;
    let walks = fire.each_of != Each::Installation.word();
    let mut tx = ledger.db.begin("fire_line").await?;
    let one = !walks && !fires::still_there(&mut tx, fire).await?;
    if !fires::advance(&mut tx, fire, now, next, walks, i64::from(one)).await? {
        return Ok(false);
    }
    fire.last_fire = Some(fire.next_fire);
    fire.next_fire = next;
    fire.spread_tenant = walks.then_some(TenantId::INSTALLATION);
    fire.spread_provider = String::new();
    if one {
        let whole = Subject { tenant: TenantId::INSTALLATION, provider: String::new() };
        put(&mut tx, entry, fire, &whole, now).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// One chunk of a walk; `false` when another replica was faster.
async fn walk(ledger: &Ledger, entry: &'static Entry, fire: &mut Fire, now: At) -> Result<bool> {
    let mut tx = ledger.db.begin("spread_line").await?;
    let found = fires::subjects(&mut tx, fire, i64::try_from(CHUNK)?).await?;
    let to = found.last().filter(|_| found.len() == CHUNK);
    if !fires::spread(&mut tx, fire, to, found.len()).await? {
        return Ok(false);
    }
    for subject in &found {
        put(&mut tx, entry, fire, subject, now).await?;
    }
    tx.commit().await?;
    fire.spread_tenant = to.map(|subject| subject.tenant);
    fire.spread_provider = to.map_or_else(String::new, |subject| subject.provider.clone());
    Ok(true)
}

async fn put(tx: &mut Tx, entry: &'static Entry, fire: &Fire, subject: &Subject, now: At) -> Result<()> {
    let at = fire.last_fire.unwrap_or(now);
    let mut payload = filled(&fire.payload, &at.to_string());
    if let (Value::Object(fields), false) = (&mut payload, subject.provider.is_empty()) {
        fields.insert("provider".to_owned(), Value::from(subject.provider.as_str()));
    }
    let key = fire.key(at, &subject.provider);
    let origin = Origin { tenant: subject.tenant, now, run_at: now, priority: 0, correlation_id: key.clone() };
    match enqueue_by_kind(tx, &origin, entry, &payload, Some(key)).await {
        // The line was changed in the middle of a walk: the job of this firing is there with the payload of before.
        Ok(_) | Err(EnqueueError::KeyTaken(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
