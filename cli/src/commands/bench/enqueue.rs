//! Filling the queue, one by one, in blocks, or at a pace.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use platen_shared::db::Tx;
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;
use platen_shared::ledger::enqueue::{NewJob, enqueue};
use serde_json::json;

use super::log::now;
use super::{KIND, Options, Payload, QUEUE, own_tenant};

/// Enqueue calls in flight in the mode `single`.
const LANES: u64 = 64;
/// Jobs of one transaction in the mode `bulk`.
const BLOCK: u64 = 1000;

pub(super) async fn run(ledger: &Ledger, options: &Options) -> Result<()> {
    let (n, from) = (options.number("n", 0)?, options.number("from", 0)?);
    let (w, interval) = (options.number("work-ms", 0)?, options.number("interval-ms", 0)?);
    let tenant = own_tenant(ledger).await?.id;
    let began = now();
    match options.0.get("mode").map_or("single", String::as_str) {
        "single" => lanes(ledger, tenant, LANES, (n, from, w)).await?,
        "serial" => lanes(ledger, tenant, 1, (n, from, w)).await?,
        "bulk" => {
            for first in (0..n).step_by(usize::try_from(BLOCK)?) {
                let mut tx = ledger.db.begin("bench_bulk").await?;
                for k in first..(first + BLOCK).min(n) {
                    insert(&mut tx, ledger, tenant, Payload { i: from + k, t: now(), w }).await?;
                }
                tx.commit().await?;
            }
        }
        "paced" => {
            for k in 0..n {
                one(ledger, tenant, Payload { i: from + k, t: now(), w }).await?;
                tokio::time::sleep(Duration::from_millis(interval)).await;
            }
        }
        other => bail!("{other} is not a mode; the modes are single, serial, bulk and paced"),
    }
    let seconds = (now() - began) as f64 / 1e9;
    crate::commands::print(&format!("{}\n", json!({ "n": n, "seconds": seconds })));
    ledger.db.close().await;
    Ok(())
}

async fn lanes(ledger: &Ledger, tenant: TenantId, lanes: u64, (n, from, w): (u64, u64, u64)) -> Result<()> {
    let next = AtomicU64::new(0);
    let lane = || async {
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= n {
                return anyhow::Ok(());
            }
            one(ledger, tenant, Payload { i: from + k, t: now(), w }).await?;
        }
    };
    futures::future::try_join_all((0..lanes).map(|_| lane())).await.map(drop)
}

async fn one(ledger: &Ledger, tenant: TenantId, payload: Payload) -> Result<()> {
    let mut tx = ledger.db.begin("bench_one").await?;
    insert(&mut tx, ledger, tenant, payload).await?;
    Ok(tx.commit().await?)
}

async fn insert(tx: &mut Tx, ledger: &Ledger, tenant: TenantId, payload: Payload) -> Result<()> {
    let at = ledger.now();
    let job = NewJob {
        tenant,
        queue: QUEUE,
        kind: KIND,
        key: format!("{}:{}", payload.i, payload.t),
        spec_hash: None,
        provider: String::new(),
        payload: serde_json::to_value(payload)?,
        priority: 0,
        run_at: at,
        correlation_id: KIND.to_owned(),
    };
    Ok(enqueue(tx, at, &job).await.map(drop)?)
}
