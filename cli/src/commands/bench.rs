//! `platen bench-adapter`: this program as one contender of the peer-queue benchmark, over the same ledger functions as the product.
//!
//! The job is the same for every contender: append `S <i> <t> <now> <pid>` to `$BENCH_LOG`, perhaps sleep and append a `D` line.
//! With `BENCH_PG_URL` the ledger is on Postgres, without it in a SQLite file below `$BENCH_WORK` (or beside `$BENCH_LOG`).

mod enqueue;
mod log;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use platen_shared::db::Db;
use platen_shared::ledger::{Ledger, Queue};
use platen_shared::store::tenants;
use serde::{Deserialize, Serialize};

use super::tenant;
use crate::wire::LedgerClock;

/// The name of the kind, which only this command knows.
const KIND: &str = "bench";
/// Its lane.
const QUEUE: Queue = Queue::Housekeeping;
/// Whose jobs they are.
const TENANT: &str = "bench";

/// What the harness can ask for.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// setup, enqueue or worker
    verb: String,
    /// --n, --from, --mode, --work-ms, --interval-ms, --concurrency; others are ignored
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// A job's payload: number, `CLOCK_MONOTONIC` nanoseconds right before the enqueue call, milliseconds of work.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Payload {
    i: u64,
    t: u64,
    w: u64,
}

/// `--name value` pairs.
struct Options(BTreeMap<String, String>);

impl Options {
    fn read(words: &[String]) -> Options {
        let mut found = BTreeMap::new();
        for (name, value) in words.iter().zip(words.iter().skip(1)) {
            if let Some(name) = name.strip_prefix("--") {
                found.insert(name.to_owned(), value.clone());
            }
        }
        Options(found)
    }

    fn number(&self, name: &str, usual: u64) -> Result<u64> {
        let Some(text) = self.0.get(name) else { return Ok(usual) };
        text.parse().with_context(|| format!("--{name} must be a whole number"))
    }
}

pub(super) async fn run(args: Args) -> Result<ExitCode> {
    let options = Options::read(&args.options);
    match args.verb.as_str() {
        "setup" => setup().await?,
        "enqueue" => enqueue::run(&ledger(10).await?, &options).await?,
        "worker" => {
            let slots = usize::try_from(options.number("concurrency", 10)?)?.max(1);
            work::run(ledger(u32::try_from(slots)? + 5).await?, slots).await?;
        }
        other => bail!("{other} is not a verb of the benchmark; the verbs are setup, enqueue and worker"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Leaves an empty, migrated queue.
async fn setup() -> Result<()> {
    match postgres() {
        Some(url) => empty_postgres(&url)?,
        None => {
            let file = sqlite_file()?;
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", file.display()));
            }
        }
    }
    let db = Db::open(&url()?, 2).await?;
    db.migrate().await?;
    let ledger = Ledger::new(db.clone(), Arc::new(LedgerClock::of(&db).await?));
    let mut tx = db.begin("bench_setup").await?;
    tenant::create(&mut tx, &ledger, TENANT, "EUR").await?;
    tx.commit().await?;
    db.close().await;
    Ok(())
}

/// Through the client that the harness itself uses: the product has no function that forgets everything, and should have none.
fn empty_postgres(url: &str) -> Result<()> {
    let mut psql = std::process::Command::new("psql");
    psql.args([url, "-q", "-v", "ON_ERROR_STOP=1", "-c", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"]);
    let done = psql
        .env("PGOPTIONS", "-c client_min_messages=error")
        .status()
        .context("psql could not be started; the benchmark needs it")?;
    if !done.success() {
        bail!("psql could not empty the benchmark's database");
    }
    Ok(())
}

fn postgres() -> Option<String> {
    std::env::var("BENCH_PG_URL").ok().filter(|url| !url.is_empty())
}

fn sqlite_file() -> Result<PathBuf> {
    let folder = match (std::env::var_os("BENCH_WORK"), std::env::var_os("BENCH_LOG")) {
        (Some(work), _) => PathBuf::from(work),
        (None, Some(log)) => Path::new(&log).parent().map(Path::to_path_buf).unwrap_or_default(),
        (None, None) => bail!("BENCH_WORK or BENCH_LOG must say where the data file may lie"),
    };
    Ok(folder.join("platen-bench.db"))
}

fn url() -> Result<String> {
    match postgres() {
        Some(url) => Ok(url),
        None => Ok(format!("sqlite://{}", sqlite_file()?.display())),
    }
}

async fn ledger(connections: u32) -> Result<Ledger> {
    let db =
        Db::open(&url()?, connections).await.context("the benchmark's database cannot be opened; run `setup` first")?;
    let clock = Arc::new(LedgerClock::of(&db).await?);
    Ok(Ledger::new(db, clock))
}

async fn own_tenant(ledger: &Ledger) -> Result<tenants::Tenant> {
    tenant::of(&ledger.db, TENANT).await.context("run `setup` first")
}
