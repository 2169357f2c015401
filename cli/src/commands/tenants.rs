//! `platen tenants`: who is on this installation, and what share of the workers each has.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use platen_shared::ledger::{Ledger, follow};
use platen_shared::store::{spending, tenants, uploads};
use serde_json::json;

use super::{print, print_json, tenant};
use crate::config::{Config, Sources};
use crate::wire;

/// What can be done with tenants.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Every tenant with its currency and weight
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Hold every release of a tenant at printers (or of all tenants), until it is thawed
    Freeze {
        /// The tenant's name or id; all tenants when left out
        tenant: Option<String>,
        /// Shown on every order that waits, and in the audit
        #[arg(long)]
        reason: String,
    },
    /// Let releases go on
    Thaw {
        /// The tenant's name or id; all tenants when left out
        tenant: Option<String>,
        /// For the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Set how many of a tenant's jobs may start in a row while others wait
    Weigh {
        /// The tenant's name or id
        tenant: String,
        /// 1 to 100; 1 is usual
        #[arg(value_parser = clap::value_parser!(i64).range(1..=100))]
        weight: i64,
        /// For the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Set how large a tenant's artwork may be, within `http.artwork_bytes_max`
    Artwork {
        /// The tenant's name or id
        tenant: String,
        /// Megabytes of one upload
        #[arg(value_parser = clap::value_parser!(i64).range(1..=1024))]
        megabytes: i64,
        /// For the audit
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(super) async fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let db = wire::database(&Config::load(sources)?, false).await?;
    let ledger = Ledger::new(db.clone(), Arc::new(wire::LedgerClock::of(&db).await?));
    match args {
        Args::List { json } => list(&ledger, *json).await?,
        Args::Freeze { tenant, reason } => freeze(&ledger, tenant.as_deref(), true, reason).await?,
        Args::Thaw { tenant, reason } => freeze(&ledger, tenant.as_deref(), false, reason).await?,
        Args::Weigh { tenant, weight, reason } => weigh(&ledger, tenant, *weight, reason).await?,
        Args::Artwork { tenant, megabytes, reason } => artwork(&ledger, tenant, *megabytes, reason).await?,
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn list(ledger: &Ledger, as_json: bool) -> Result<()> {
    let all = tenants::list(&mut ledger.db.reader()).await?;
    if as_json {
        let items = all.iter().map(|t| json!({ "id": t.id, "name": t.name, "currency": t.currency, "weight": t.weight, "frozen": t.frozen, "testMode": t.test_mode }));
        return print_json(&json!({ "items": items.collect::<Vec<_>>() }));
    }
    let mut text = format!("{:30}  {:24}  {:8}  {:>6}\n", "id", "name", "currency", "weight");
    for t in &all {
        text.push_str(&format!("{:30}  {:24}  {:8}  {:>6}\n", t.id.to_string(), t.name, t.currency.code(), t.weight));
    }
    if all.is_empty() {
        text = "There is no tenant yet: `platen keys create --create-tenant` makes one.\n".to_owned();
    }
    print(&text);
    Ok(())
}

async fn freeze(ledger: &Ledger, named: Option<&str>, frozen: bool, reason: &str) -> Result<()> {
    let found = tenant::chosen(&ledger.db, named, true).await?;
    for mut row in found {
        let mut tx = ledger.db.begin("freeze_tenant").await?;
        row.frozen = frozen;
        tenants::change(&mut tx, &row).await?;
        let mut limits = spending::limits(&mut tx, row.id).await?;
        limits.frozen_why = if frozen { reason.to_owned() } else { String::new() };
        spending::set_limits(&mut tx, row.id, &limits).await?;
        follow::submit_now(&mut tx, ledger.now(), row.id).await?;
        let action = if frozen { "tenant.freeze" } else { "tenant.thaw" };
        tenant::note(&mut tx, ledger, row.id, action, row.id, reason).await?;
        tx.commit().await?;
        let state = if frozen { "is frozen: nothing of it is released" } else { "releases again" };
        print(&format!("{} {state}.\n", row.name));
    }
    Ok(())
}

async fn weigh(ledger: &Ledger, named: &str, weight: i64, reason: &str) -> Result<()> {
    let found = tenant::of(&ledger.db, named).await?;
    let mut tx = ledger.db.begin("weigh_tenant").await?;
    tenants::weigh(&mut tx, found.id, weight).await?;
    tenant::note(&mut tx, ledger, found.id, "tenant.weigh", found.id, reason).await?;
    tx.commit().await?;
    print(&format!("{} starts up to {weight} jobs in a row while others wait.\n", found.name));
    Ok(())
}

async fn artwork(ledger: &Ledger, named: &str, megabytes: i64, reason: &str) -> Result<()> {
    let found = tenant::of(&ledger.db, named).await?;
    let mut tx = ledger.db.begin("limit_artwork").await?;
    uploads::limit_artwork(&mut tx, found.id, megabytes * 1024 * 1024).await?;
    tenant::note(&mut tx, ledger, found.id, "tenant.artwork", found.id, reason).await?;
    tx.commit().await?;
    print(&format!("{} may send artwork of up to {megabytes} MB.\n", found.name));
    Ok(())
}
