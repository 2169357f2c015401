//! What a sync of a large catalogue costs this program itself: its own time on the processors, and its memory, with the stand-in as a
//! process of its own.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use platen_jobs::sync_catalog::SyncCatalog;
use platen_jobs::{Origin, enqueue};
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;
use platen_shared::store::{catalogue, connections};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::figures::{processor_time, tell};
use super::place::{Place, config, new_tenant};
use crate::config::Config;
use crate::wire::Base;

/// Longer than any sync of this size takes.
const DEADLINE: Duration = Duration::from_secs(600);

pub(super) async fn run(place: &Place, rounds: u32, products: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let tenant = new_tenant(&ledger, "bench").await?;
    ledger.db.close().await;
    let printer = Printer::start(products).await?;
    let config = settings(place, &printer.url)?;
    crate::logs::start(&config);
    let base = Base::open(&config, false).await?;
    connect(&base, tenant).await?;
    let (setup, mut settings) = base.worker(&config, None);
    settings.lines.clear();
    let stop = CancellationToken::new();
    let running = tokio::spawn(platen_worker::run(setup, settings, stop.clone()));
    let (mut own, mut whole, mut items) = (Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let (began, spent) = (Instant::now(), processor_time("self")?);
        items = sync(&base.ledger, tenant, round).await?;
        own.push((processor_time("self")? - spent).as_secs_f64());
        whole.push(began.elapsed().as_secs_f64());
        eprintln!("round {} of {rounds}", round + 1);
    }
    stop.cancel();
    running.await.context("the worker panicked")??;
    let title = format!("sync of {items} products, {}", base.ledger.db.engine());
    base.close().await;
    tell(&format!("{title}: own time"), "s", &own);
    tell(&format!("{title}: with the printer's"), "s", &whole);
    tell(&format!("{title}: highest memory"), "MiB", &[memory_mib()?]);
    Ok(())
}

/// The worker's settings: no limit but the printer's own speed.
fn settings(place: &Place, printer: &str) -> Result<Config> {
    let mut config = config(&place.url(), None, 2)?;
    config.worker.queues = vec!["sync".to_owned()];
    config.gelato.url = printer.to_owned();
    (config.gelato.requests_per_second, config.gelato.burst) = (1_000_000, 1_000_000);
    Ok(config)
}

async fn connect(base: &Base, tenant: TenantId) -> Result<()> {
    let sealed = base.keyring.seal("sim-key", &connections::bound(tenant, "gelato"))?;
    let mut tx = base.ledger.db.begin("bench_connection").await?;
    connections::put(&mut tx, base.ledger.now(), tenant, "gelato", &sealed).await?;
    Ok(tx.commit().await?)
}

/// One sync, page by page, to its end; answers how many products it met.
async fn sync(ledger: &Ledger, tenant: TenantId, round: u32) -> Result<i64> {
    let generation = format!("bench {round}");
    let now = ledger.now();
    let origin = Origin { tenant, now, run_at: now, priority: 0, correlation_id: "bench".to_owned() };
    let job = SyncCatalog {
        provider: "gelato".to_owned(),
        generation: generation.clone(),
        cursor: None,
        templates_after: None,
    };
    let mut tx = ledger.db.begin("bench_sync").await?;
    enqueue(&mut tx, &origin, &job).await?;
    tx.commit().await?;
    let began = Instant::now();
    loop {
        let all = catalogue::syncs(&mut ledger.db.reader(), tenant).await?;
        if let Some(done) = all.iter().find(|sync| sync.generation == generation && sync.state == "done") {
            return Ok(done.items);
        }
        ensure!(began.elapsed() < DEADLINE, "the sync did not end within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The stand-in.
struct Printer {
    url: String,
    _child: Child,
}

impl Printer {
    async fn start(products: u64) -> Result<Printer> {
        let mut command = Command::new(std::env::current_exe().context("this program's own file is gone")?);
        command.env_clear().args(["sim", "--port", "0", "--more-products", &products.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("the stand-in could not be started")?;
        let mut lines = BufReader::new(child.stdout.take().context("the stand-in says nothing")?).lines();
        let said = lines.next_line().await?.context("the stand-in ended by itself")?;
        let (_, url) = said.rsplit_once(' ').context("the stand-in did not say where it is")?;
        Ok(Printer { url: url.to_owned(), _child: child })
    }
}

/// The most memory that this process ever held.
fn memory_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("this measurement needs Linux")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("/proc/self/status is not as expected")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
