//! `platen schedules`: what fires by itself, read directly from the database.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::ledger::fires::{Each, Fire};
use platen_shared::ledger::{Job, Ledger};
use platen_shared::store::connections;
use serde_json::{Value, json};

use super::{print, print_json, tenant};
use crate::config::{Config, Sources};
use crate::wire;

/// What can be asked about schedules.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List cron lines: when each fired last and fires next in its zone, what it enqueues, and what became of that
    List {
        /// With what they enqueued for this tenant (name or id), and with the tenant's own schedules
        #[arg(long)]
        tenant: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let Args::List { tenant: named, json } = args;
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let ledger = Ledger::new(db.clone(), Arc::new(wire::LedgerClock::of(&db).await?));
    let tenant = match named {
        Some(named) => Some(tenant::of(&db, &named).await?.id),
        None => None,
    };
    let mut rows = lines(&ledger, tenant).await?;
    if let Some(tenant) = tenant {
        rows.extend(own(&ledger, tenant).await?);
    }
    if json {
        print_json(&json!({ "items": rows.iter().map(Row::document).collect::<Vec<_>>() }))?;
    } else if rows.is_empty() {
        print("No cron line is known: a worker writes those of its configuration when it starts (`platen worker`).\n");
    } else {
        print(&rows.iter().map(Row::paragraph).collect::<Vec<_>>().join("\n"));
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// A cron line, whoever's.
struct Row {
    name: String,
    /// `installation` for lines of the configuration, `tenant` for a tenant's own.
    of: &'static str,
    cron: String,
    zone: String,
    kind: String,
    each: String,
    next: At,
    last: Option<At>,
    /// How many jobs the last firing enqueued.
    jobs: i64,
    job: Option<Job>,
}

async fn lines(ledger: &Ledger, tenant: Option<TenantId>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for fire in ledger.lines().await? {
        let job = last_job(ledger, &fire, tenant).await?;
        rows.push(Row {
            of: Each::Installation.word(),
            next: fire.next_fire,
            last: fire.fired_at,
            jobs: fire.jobs,
            name: fire.name,
            cron: fire.cron,
            zone: fire.zone,
            kind: fire.kind,
            each: fire.each_of,
            job,
        });
    }
    Ok(rows)
}

/// What the last firing of a line enqueued for the installation, or for a tenant.
async fn last_job(ledger: &Ledger, fire: &Fire, tenant: Option<TenantId>) -> Result<Option<Job>> {
    let whose = if fire.each_of == Each::Installation.word() { Some(TenantId::INSTALLATION) } else { tenant };
    let Some(whose) = whose else { return Ok(None) };
    let mut providers = vec![String::new()];
    if fire.each_of == Each::Connection.word() {
        let held = connections::list(&mut ledger.db.reader(), whose).await?;
        providers = held.into_iter().map(|connection| connection.provider).collect();
    }
    for provider in providers {
        if let Some(job) = ledger.last_of_line(fire, whose, &provider).await? {
            return Ok(ledger.job(whose, job).await?);
        }
    }
    Ok(None)
}

async fn own(ledger: &Ledger, tenant: TenantId) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for schedule in ledger.schedules(tenant).await? {
        let job = match schedule.last_job {
            Some(job) => ledger.job(tenant, job).await?,
            None => None,
        };
        rows.push(Row {
            of: Each::Tenant.word(),
            next: schedule.next_fire,
            last: schedule.last_fire,
            jobs: i64::from(schedule.last_job.is_some()),
            name: schedule.name,
            cron: schedule.cron,
            zone: schedule.zone,
            kind: schedule.kind,
            each: Each::Tenant.word().to_owned(),
            job,
        });
    }
    Ok(rows)
}

impl Row {
    fn document(&self) -> Value {
        let job = self.job.as_ref().map(|job| json!({ "id": job.id, "state": job.state }));
        json!({
            "name": self.name, "of": self.of, "cron": self.cron, "zone": self.zone, "kind": self.kind, "each": self.each,
            "nextFire": self.next, "lastFire": self.last, "lastJobs": self.jobs, "lastJob": job,
        })
    }

    fn paragraph(&self) -> String {
        let whose = if self.of == self.each { String::new() } else { format!(" for each {}", self.each) };
        let last = match (self.last, &self.job) {
            (None, _) => "not yet".to_owned(),
            (Some(at), Some(job)) => format!("{}: {} {}", self.at(at), job.id, job.state),
            (Some(at), None) => {
                format!("{}: {} job{}", self.at(at), self.jobs, if self.jobs == 1 { "" } else { "s" })
            }
        };
        format!(
            "{} ({})\n  {}  {}\n  enqueues {}{whose}\n  next {}\n  last {last}\n",
            self.name,
            self.of,
            self.cron,
            self.zone,
            self.kind,
            self.at(self.next),
        )
    }

    /// A moment on the clocks of the line's zone.
    fn at(&self, moment: At) -> String {
        let zone = jiff::tz::TimeZone::get(&self.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        moment.timestamp().to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
    }
}
