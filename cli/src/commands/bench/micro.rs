//! Small pieces of work, many times: `cargo xtask instructions` runs each twice with different counts and takes the difference, so that
//! what comes before (opening, migrating, filling) falls out.

use anyhow::{Result, ensure};
use clap::ValueEnum;
use platen_jobs::Job;
use platen_shared::canon;
use platen_shared::id::TenantId;
use platen_shared::ledger::{Done, Ledger};
use serde_json::{Value, json};

use super::fill;
use super::kind::Bench;
use super::place::{Place, new_tenant};

/// Enqueued before a piece begins, however often it runs; as many can be claimed and finished at most.
const READY: u64 = 500;
/// Callers of a group commit.
const CALLERS: u64 = 64;
const AT_A_TIME: i64 = 10;
const CLAIMS_MAX: u64 = 50;

/// What can be counted.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Piece {
    /// The canonical JSON of a design, and its hash
    Canon,
    /// A claim of ten jobs
    Claim,
    /// Finishing ten jobs
    Finish,
    /// 64 callers who enqueue one job each
    GroupCommit,
}

pub(super) async fn run(place: &Place, what: Piece, times: u64) -> Result<()> {
    if let Piece::Canon = what {
        return canonicalise(times);
    }
    ensure!(times <= CLAIMS_MAX, "at most {CLAIMS_MAX} repeats can be counted");
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    fill::in_blocks(&ledger, tenant, (READY, 0, 0), std::time::Duration::ZERO).await?;
    match what {
        Piece::Canon => {}
        Piece::Claim => claim(&ledger, times).await?,
        Piece::Finish => finish(&ledger, times).await?,
        Piece::GroupCommit => group_commit(&ledger, tenant, times).await?,
    }
    ledger.db.close().await;
    Ok(())
}

fn canonicalise(times: u64) -> Result<()> {
    let zone = |n: usize| {
        json!({ "zone": format!("front-{n}"), "text": "Für Zoë — 50 %", "fontSizeUm": 4233, "colour": "#0b6e4f",
        "box": { "xUm": 1000 * n, "yUm": 2500, "widthUm": 80_000, "heightUm": 12_700 }, "align": ["left", "top"], "z": n })
    };
    let spec: Value =
        json!({ "product": "mug-11oz", "templateVersion": 3, "zones": (0..8).map(zone).collect::<Vec<_>>() });
    let first = canon::digest(&spec)?;
    for _ in 0..times {
        ensure!(canon::digest(&spec)? == first, "the same value has two digests");
    }
    Ok(())
}

async fn claim(ledger: &Ledger, times: u64) -> Result<()> {
    for _ in 0..times {
        let got = ledger.claim("bench", &[Bench::QUEUE], AT_A_TIME).await?;
        ensure!(got.len() == usize::try_from(AT_A_TIME)?, "a claim of {AT_A_TIME} got {}", got.len());
    }
    Ok(())
}

/// What a claim gave ends together, as it does in a worker.
async fn finish(ledger: &Ledger, times: u64) -> Result<()> {
    let mut claims = Vec::new();
    for _ in 0..CLAIMS_MAX {
        claims.push(ledger.claim("bench", &[Bench::QUEUE], AT_A_TIME).await?);
    }
    for jobs in claims.iter().take(usize::try_from(times)?) {
        let ends: Vec<_> = jobs.iter().map(|job| Done { fence: job.fence(), output: Value::Null }).collect();
        ledger.finish(&ends).await.into_iter().collect::<Result<(), _>>()?;
    }
    Ok(())
}

async fn group_commit(ledger: &Ledger, tenant: TenantId, times: u64) -> Result<()> {
    for round in 0..times {
        fill::singly(ledger, tenant, CALLERS, (CALLERS, READY + round * CALLERS, 0)).await?;
    }
    Ok(())
}
