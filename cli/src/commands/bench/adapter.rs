//! `platen bench-adapter`: this program as one contender of the queue benchmark (bench/README.md has the contract).
//!
//! The worker is the product's, with one kind that only this command knows. With `BENCH_PG_URL` the ledger is on Postgres, without it in
//! a SQLite file below `$BENCH_WORK`; with `BENCH_REDIS_URL` as well, workers hear of work over Redis.

mod enqueue;
mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use platen_shared::db::Db;
use platen_shared::id::TenantId;
use platen_shared::ledger::Ledger;

use crate::commands::tenant;
use crate::config::Config;
use crate::wire::LedgerClock;

/// Whose jobs they are, unless `--tenant` names the other one.
const TENANTS: [&str; 2] = ["bench", "flood"];

/// What the harness can ask for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// setup, enqueue, worker or latency
    verb: String,
    /// --n, --from, --mode, --work-ms, --interval-ms, --concurrency, --tenant; others are ignored
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
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

    fn word<'a>(&'a self, name: &str, usual: &'a str) -> &'a str {
        self.0.get(name).map_or(usual, String::as_str)
    }
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let options = Options::read(&args.options);
    match args.verb.as_str() {
        "setup" => setup().await?,
        "enqueue" => {
            let ledger = ledger().await?;
            enqueue::run(&ledger, &options).await?;
            ledger.db.close().await;
        }
        "worker" => work::run(&options).await?,
        "latency" => work::latency(&options).await?,
        other => bail!("{other} is not a verb of the benchmark; the verbs are setup, enqueue, worker and latency"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Leaves an empty, migrated queue.
async fn setup() -> Result<()> {
    match variable("BENCH_PG_URL") {
        Some(url) => super::place::empty_postgres(&url)?,
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
    for name in TENANTS {
        tenant::create(&mut tx, &ledger, name, "EUR").await?;
    }
    tx.commit().await?;
    db.close().await;
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn sqlite_file() -> Result<PathBuf> {
    let folder = match (variable("BENCH_WORK"), variable("BENCH_LOG")) {
        (Some(work), _) => PathBuf::from(work),
        (None, Some(log)) => Path::new(&log).parent().map(Path::to_path_buf).unwrap_or_default(),
        (None, None) => bail!("BENCH_WORK or BENCH_LOG must say where the data file may lie"),
    };
    Ok(folder.join("platen-bench.db"))
}

fn url() -> Result<String> {
    match variable("BENCH_PG_URL") {
        Some(url) => Ok(url),
        None => Ok(format!("sqlite://{}", sqlite_file()?.display())),
    }
}

/// The settings of a worker of `slots` slots: what the product has, but for where things are and what is logged.
fn config(slots: u64) -> Result<Config> {
    let redis = variable("BENCH_REDIS_URL");
    super::place::config(&url()?, redis.as_deref(), slots)
}

async fn ledger() -> Result<Ledger> {
    let config = config(1)?;
    let opened = Db::open(&config.database.url, config.database.connections).await;
    let db = opened.context("the benchmark's database cannot be opened; run `setup` first")?;
    let clock = Arc::new(LedgerClock::of(&db).await?);
    Ok(Ledger::new(db, clock))
}

async fn own_tenant(ledger: &Ledger, options: &Options) -> Result<TenantId> {
    let name = options.word("tenant", TENANTS[0]);
    Ok(tenant::of(&ledger.db, name).await.context("run `setup` first")?.id)
}
