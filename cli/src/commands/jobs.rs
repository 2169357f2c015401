//! `platen jobs`: what operators do to jobs, directly in the database, so that it works when the api does not.

mod change;
mod show;
mod snooze;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use platen_shared::id::{JobId, PauseId, TenantId};
use platen_shared::ledger::read::Filter;
use platen_shared::ledger::{Job, Ledger, Queue};
use platen_shared::store::tenants::Tenant;

use super::tenant;
use crate::config::{Config, Sources};
use crate::wire;

/// Jobs that a list shows when nobody says how many.
const LIST_USUAL: usize = 50;
/// Jobs read at once.
const PAGE: i64 = 200;

/// What can be done with jobs.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List jobs, newest first
    List(List),
    /// One job: its state, its attempts, what it waits for and why
    Show {
        /// The job's id
        id: JobId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring dead or cancelled jobs back, with their failures forgiven
    Retry(Change),
    /// Cancel jobs; one that runs is asked to stop at its next checkpoint
    Cancel(Change),
    /// Put jobs off that have not started
    Snooze(snooze::Snooze),
    /// Stop jobs from starting; what runs goes on
    Pause(change::Pause),
    /// Take a pause away; without an id, list the pauses
    Resume {
        /// The pause's id (pse_…)
        id: Option<PauseId>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which jobs.
#[derive(Debug, clap::Args)]
struct Pick {
    /// Of this tenant (name or id)
    #[arg(long)]
    tenant: Option<String>,
    /// Of every tenant, and the installation's own
    #[arg(long)]
    all: bool,
    /// scheduled, ready, running, succeeded, dead or cancelled
    #[arg(long, value_parser = ["scheduled", "ready", "running", "succeeded", "dead", "cancelled"])]
    state: Option<String>,
    /// Of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Of this queue
    #[arg(long)]
    queue: Option<Queue>,
    /// About this design
    #[arg(long, value_name = "HASH")]
    spec_hash: Option<String>,
    /// At most so many of each tenant; a list shows 50, a change is of all
    #[arg(long)]
    limit: Option<usize>,
}

/// A list of jobs.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    pick: Pick,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A change of several jobs.
#[derive(Debug, clap::Args)]
pub(super) struct Change {
    /// Jobs by id; without any, those that the filters pick
    ids: Vec<JobId>,
    #[command(flatten)]
    pick: Pick,
    /// For the audit
    #[arg(long, default_value = "")]
    reason: String,
    /// Say what would be changed, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let ledger = Ledger::new(db.clone(), Arc::new(wire::LedgerClock::of(&db).await?));
    match args {
        Args::List(args) => show::list(&picked(&ledger, &args.pick, None).await?, args.json)?,
        Args::Show { id, json } => show::one(&ledger, &by_id(&ledger, id).await?, json).await?,
        Args::Retry(args) => change::retry(&ledger, &args).await?,
        Args::Cancel(args) => change::cancel(&ledger, &config, &args).await?,
        Args::Snooze(args) => snooze::run(&ledger, &args).await?,
        Args::Pause(args) => change::pause(&ledger, &args).await?,
        Args::Resume { id: Some(id), .. } => change::resume(&ledger, id).await?,
        Args::Resume { id: None, json } => show::pauses(&ledger, json).await?,
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The jobs that filters pick; `states` narrows where no state was asked for.
async fn picked(ledger: &Ledger, pick: &Pick, states: Option<&[&str]>) -> Result<Vec<Job>> {
    if let Some(kind) = pick.kind.as_deref().filter(|kind| platen_jobs::find(kind).is_none()) {
        let kinds: Vec<&str> = platen_jobs::KINDS.iter().map(|entry| entry.kind).collect();
        bail!("there is no kind {kind}; the kinds are {}", kinds.join(", "));
    }
    let mut found = Vec::new();
    let asked: Vec<Option<&str>> = match (&pick.state, states) {
        (Some(state), _) => vec![Some(state)],
        (None, Some(states)) => states.iter().copied().map(Some).collect(),
        (None, None) => vec![None],
    };
    let tenants = tenant::chosen(&ledger.db, pick.tenant.as_deref(), pick.all).await?;
    let mut whose: Vec<TenantId> = tenants.into_iter().map(|tenant| tenant.id).collect();
    if pick.all {
        whose.push(TenantId::INSTALLATION);
    }
    for tenant in whose {
        for state in &asked {
            let filter = Filter {
                state: state.map(str::to_owned),
                kind: pick.kind.clone(),
                queue: pick.queue.map(|queue| queue.word().to_owned()),
                spec_hash: pick.spec_hash.clone(),
                before: None,
            };
            let limit = pick.limit.unwrap_or(if states.is_some() { usize::MAX } else { LIST_USUAL });
            found.extend(pages(ledger, tenant, filter, limit).await?);
        }
    }
    Ok(found)
}

/// Up to `limit` jobs of a filter, read page by page.
async fn pages(ledger: &Ledger, tenant: TenantId, mut filter: Filter, limit: usize) -> Result<Vec<Job>> {
    let mut found: Vec<Job> = Vec::new();
    while found.len() < limit {
        let page = ledger.jobs(tenant, &filter, PAGE).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        found.extend(page);
    }
    found.truncate(limit);
    Ok(found)
}

/// A job of any tenant.
async fn by_id(ledger: &Ledger, id: JobId) -> Result<Job> {
    let tenants: Vec<Tenant> = tenant::chosen(&ledger.db, None, true).await?;
    for tenant in tenants.iter().map(|tenant| tenant.id).chain([TenantId::INSTALLATION]) {
        if let Some(job) = ledger.job(tenant, id).await? {
            return Ok(job);
        }
    }
    None.with_context(|| format!("there is no job {id}"))
}
