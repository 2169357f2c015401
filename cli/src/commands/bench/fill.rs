//! Enqueueing: one call at a time of many callers, or in blocks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt};
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::Ledger;
use platen_shared::ledger::enqueue::{NewJob, enqueue_all};

use super::kind::Bench;

/// Jobs of one transaction.
pub(super) const BLOCK: u64 = 1000;

/// `n` jobs of `w` milliseconds by `callers` callers, each of which waits for its commit before its next call; numbered from `from`.
pub(super) async fn singly(
    ledger: &Ledger,
    tenant: TenantId,
    callers: u64,
    (n, from, w): (u64, u64, u64),
) -> Result<()> {
    singly_told(ledger, tenant, callers, (n, from, w), &|_| Ok(())).await
}

/// The same; `told` hears of each job as soon as its caller does.
pub(super) async fn singly_told(
    ledger: &Ledger,
    tenant: TenantId,
    callers: u64,
    (n, from, w): (u64, u64, u64),
    told: &(impl Fn(JobId) -> Result<()> + Sync),
) -> Result<()> {
    let next = AtomicU64::new(0);
    let caller = || async {
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= n {
                return anyhow::Ok(());
            }
            told(one(ledger, tenant, Bench::new(from + k, w)).await?)?;
        }
    };
    futures::future::try_join_all((0..callers).map(|_| caller())).await.map(drop)
}

/// One job, answered after its commit.
pub(super) async fn one(ledger: &Ledger, tenant: TenantId, bench: Bench) -> Result<JobId> {
    Ok(ledger.submit(bench.job(tenant, ledger.now())?, None).await?.id())
}

/// `n` jobs in blocks, two callers at a time, due in `delay`; says how far it is when there are many.
pub(super) async fn in_blocks(ledger: &Ledger, tenant: TenantId, what: (u64, u64, u64), delay: Duration) -> Result<()> {
    blocks(ledger, tenant, what, delay, 2).await
}

/// The same by one caller, as the harness does it with everybody.
pub(super) async fn block_by_block(ledger: &Ledger, tenant: TenantId, what: (u64, u64, u64)) -> Result<()> {
    blocks(ledger, tenant, what, Duration::ZERO, 1).await
}

async fn blocks(
    ledger: &Ledger,
    tenant: TenantId,
    (n, from, w): (u64, u64, u64),
    delay: Duration,
    callers: usize,
) -> Result<()> {
    let blocks = (0..n).step_by(usize::try_from(BLOCK)?).map(async |first| {
        let jobs: Vec<_> = (first..(first + BLOCK).min(n)).map(|k| Bench::new(from + k, w)).collect();
        block(ledger, tenant, &jobs, delay).await?;
        if first > 0 && first % 100_000 == 0 {
            eprintln!("enqueued {first} of {n}");
        }
        anyhow::Ok(())
    });
    futures::stream::iter(blocks).buffer_unordered(callers).try_collect().await
}

async fn block(ledger: &Ledger, tenant: TenantId, jobs: &[Bench], delay: Duration) -> Result<()> {
    let at = ledger.now();
    let jobs: Vec<NewJob> = jobs.iter().map(|bench| bench.job(tenant, at.plus(delay))).collect::<Result<_>>()?;
    let mut tx = ledger.db.begin("bench_enqueue").await?;
    for outcome in enqueue_all(&mut tx, at, &jobs.iter().collect::<Vec<_>>()).await? {
        outcome?;
    }
    Ok(tx.commit().await?)
}
