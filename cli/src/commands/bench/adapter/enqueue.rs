//! Filling the queue, one by one, in blocks, or at a pace.

use std::time::Duration;

use anyhow::{Result, bail};
use platen_shared::ledger::Ledger;
use serde_json::json;

use super::super::fill;
use super::super::kind::{Bench, now};
use super::{Options, own_tenant};

/// Enqueue calls in flight in the mode `single`.
const CALLERS: u64 = 64;

pub(super) async fn run(ledger: &Ledger, options: &Options) -> Result<()> {
    let (n, from) = (options.number("n", 0)?, options.number("from", 0)?);
    let (w, interval) = (options.number("work-ms", 0)?, options.number("interval-ms", 0)?);
    let tenant = own_tenant(ledger, options).await?;
    let began = now();
    match options.word("mode", "single") {
        "single" => fill::singly(ledger, tenant, CALLERS, (n, from, w)).await?,
        "serial" => fill::singly(ledger, tenant, 1, (n, from, w)).await?,
        "bulk" => fill::block_by_block(ledger, tenant, (n, from, w)).await?,
        "paced" => {
            for k in 0..n {
                fill::one(ledger, tenant, Bench::new(from + k, w)).await?;
                tokio::time::sleep(Duration::from_millis(interval)).await;
            }
        }
        other => bail!("{other} is not a mode; the modes are single, serial, bulk and paced"),
    }
    let seconds = (now() - began) as f64 / 1e9;
    crate::commands::print(&format!("{}\n", json!({ "n": n, "seconds": seconds })));
    Ok(())
}
