//! Running the jobs: claim, start, run, seize, archive, close, as the product's worker does, with its polling, its ear at the database and its heart.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use platen_shared::ledger::{Done, Fenced, Job, Ledger, Presence};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::log::Log;
use super::{Payload, QUEUE};
use crate::stop;

/// The product's poll, when nothing rings.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// The product's heart and sweep.
const BEAT: Duration = Duration::from_secs(1);

pub(super) async fn run(ledger: Ledger, slots: usize) -> Result<()> {
    let (stop, log) = (stop::on_signal()?, Arc::new(Log::open()?));
    let name = format!("bench-{}-{}", std::process::id(), ledger.now().0);
    ledger.beat(&Presence::named(&name)).await?;
    let heart = tokio::spawn(keep_alive(ledger.clone(), name.clone(), stop.clone()));
    let ear = tokio::spawn(listen(ledger.clone(), stop.clone()));
    let free = Arc::new(Semaphore::new(slots));
    while !stop.is_cancelled() {
        let first = free.clone().acquire_owned().await?;
        let mut held = vec![first];
        while let Ok(another) = free.clone().try_acquire_owned() {
            held.push(another);
        }
        let jobs = if !ledger.with_work(&[QUEUE]).await?.is_empty() {
            ledger.claim(&name, &[QUEUE], i64::try_from(held.len())?).await?
        } else {
            Vec::new()
        };
        if jobs.is_empty() {
            drop(held);
            tokio::select! {
                _ = tokio::time::timeout(POLL_EVERY, ledger.nudged()) => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        for (claimed, slot) in jobs.into_iter().zip(held) {
            let (ledger, log) = (ledger.clone(), log.clone());
            tokio::spawn(async move {
                let id = claimed.id;
                if let Err(error) = job(&ledger, &log, claimed).await {
                    eprintln!("job {id}: {error:#}");
                }
                drop(slot);
            });
        }
    }
    let _all = free.acquire_many(u32::try_from(slots)?).await?;
    heart.await?;
    ear.await??;
    Ok(ledger.leave(&name).await?)
}

/// Rings this process's bell when another one wrote, as the product's worker does.
async fn listen(ledger: Ledger, stop: CancellationToken) -> Result<()> {
    let mut watch = ledger.db.watch().await?;
    loop {
        tokio::select! {
            changed = watch.changed() => changed?,
            () = stop.cancelled() => return Ok(()),
        }
        ledger.nudge();
    }
}

async fn job(ledger: &Ledger, log: &Log, job: Job) -> Result<()> {
    let payload: Payload = serde_json::from_value(job.payload.0.clone())?;
    log.line('S', payload.i, payload.t)?;
    if payload.w > 0 {
        tokio::time::sleep(Duration::from_millis(payload.w)).await;
        log.line('D', payload.i, 0)?;
    }
    match ledger.finish(Done { fence: job.fence(), output: serde_json::Value::Null }).await {
        Err(Fenced::Late) => Ok(()),
        ended => Ok(ended?),
    }
}

/// Beats and sweeps once a second, until told to stop.
async fn keep_alive(ledger: Ledger, name: String, stop: CancellationToken) {
    let mut tick = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        let beaten = ledger.beat(&Presence::named(&name)).await.map(drop);
        if let Err(error) = match beaten {
            Ok(()) => ledger.sweep().await.map(drop),
            failed => failed,
        } {
            eprintln!("a heartbeat or sweep failed: {error}");
        }
    }
}
