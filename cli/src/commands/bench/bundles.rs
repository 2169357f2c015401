//! How many production bundles workers make, each a process of its own; and that every bundle is the same bytes, whoever made it.

mod fleet;
mod rows;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use platen_jobs::Job;
use platen_jobs::build_bundle::{BuildBundle, ZIP};
use platen_shared::canon::sha256_hex;
use platen_shared::ledger::Ledger;
use platen_shared::store::artefacts;

use super::figures::{rate, tell};
use super::place::Place;
use fleet::Fleet;

/// How many workers, in turns.
const WORKERS: [usize; 2] = [1, 4];
/// Far above what one bundle takes.
const DEADLINE: Duration = Duration::from_secs(300);

pub(super) async fn run(place: &Place, n: u64) -> Result<()> {
    let mut first: Option<Vec<String>> = None;
    for workers in WORKERS {
        let made = round(place, n, workers).await?;
        let first = first.get_or_insert_with(|| made.clone());
        let other = first.iter().zip(&made).position(|(a, b)| a != b);
        ensure!(other.is_none(), "{workers} workers made another bundle of order {} than one", other.unwrap_or(0));
    }
    let all = first.unwrap_or_default().concat();
    crate::commands::print(&format!("{n} bundles, the same bytes from 1 and from 4 workers: {}\n", sha256_hex(all)));
    Ok(())
}

/// Makes all bundles on an empty database; answers the hash of each, in the order of the orders.
async fn round(place: &Place, n: u64, workers: usize) -> Result<Vec<String>> {
    let ledger = place.fresh().await?;
    let blobs = place.path(&format!("blobs-{workers}"));
    let jobs = rows::fill(&ledger, &blobs, n).await?;
    let began = Instant::now();
    let mut fleet = Fleet::start(place, &blobs, workers)?;
    let mut made = Vec::new();
    for job in &jobs {
        made.push(bundle(&ledger, job, &mut fleet).await?);
    }
    let (took, spent) = (began.elapsed(), fleet.spent()?);
    fleet.stop().await?;
    let title = format!("bundles of two items, {n} orders, workers: {workers}, {}", ledger.db.engine());
    tell(&title, "/s", &[rate(n, took)]);
    tell(&format!("{title}: for each second of a core"), "", &[rate(n, spent)]);
    ledger.db.close().await;
    Ok(made)
}

/// Waits for a bundle; answers its hash.
async fn bundle(ledger: &Ledger, job: &BuildBundle, fleet: &mut Fleet) -> Result<String> {
    let (tenant, key) = (rows::tenant()?, job.key().text);
    let began = Instant::now();
    loop {
        let made = artefacts::get(&mut ledger.db.reader(), tenant, BuildBundle::KIND, &key).await?;
        if let Some(zip) = made.and_then(|made| made.files.0.into_iter().find(|file| file.name == ZIP)) {
            return Ok(zip.sha256);
        }
        fleet.alive()?;
        ensure!(began.elapsed() < DEADLINE, "the bundle of {} was not made within {DEADLINE:?}", job.order);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
