//! `platen providers`: how tenants' accounts at providers stand, read directly from where the fleet keeps it.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use platen_shared::adapters::standing::Accounting;
use platen_shared::clock::Clock;
use platen_shared::ledger::Ledger;
use platen_shared::ports::standing::{Standing, Standings, USE_MINUTES};
use serde_json::{Value, json};

use super::{print, print_json, tenant};
use crate::config::{Config, Sources};
use crate::wire;

/// What can be asked about providers.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List accounts: what is left of their budgets, who used them, their breakers, and who waits
    List {
        /// Of this tenant (name or id)
        #[arg(long)]
        tenant: Option<String>,
        /// Of every tenant
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let Args::List { tenant, all, json } = args;
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let clock: Arc<dyn Clock> = Arc::new(wire::LedgerClock::of(&db).await?);
    let ledger = Ledger::new(db.clone(), clock.clone());
    let gates = wire::gates::gates(&config, &ledger, &clock);
    gates.share_among(wire::gates::living(&ledger).await?);
    let accounting = Accounting { read: db.reader(), gates: Arc::new(gates), rates: config.budgets() };
    let (mut items, mut text): (Vec<Value>, String) = (Vec::new(), String::new());
    for tenant in tenant::chosen(&db, tenant.as_deref(), all).await? {
        let found = accounting.of(tenant.id, ledger.now()).await?;
        for standing in &found {
            text.push_str(&paragraph(&tenant.name, standing));
            let mut row = serde_json::to_value(standing)?;
            row["tenant"] = json!(tenant.id);
            items.push(row);
        }
    }
    if json {
        print_json(&json!({ "items": items }))?;
    } else if items.is_empty() {
        print("No account is connected: PUT /v1/connections/gelato connects one.\n");
    } else {
        print(&text);
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// An account as lines for people.
fn paragraph(tenant: &str, standing: &Standing) -> String {
    let Standing { provider, budget, breaker, paused_until, paused_why, used, last_probe, waiting } = standing;
    let shared = match budget.sharing {
        "divided" => format!("divided among {}: the shared state cannot be reached", budget.replicas),
        place => format!("shared through the {place}"),
    };
    let left = budget.available.map_or("?".to_owned(), |n| n.to_string());
    let mut text = format!(
        "{provider} of {tenant}\n  budget   {} per second, {left} of {} free now, {shared}\n  breaker  {}",
        budget.per_second, budget.burst, breaker.state
    );
    if let (Some(since), Some(failures)) = (breaker.since, breaker.failures) {
        let _ = write!(text, " since {since} after {failures} failures in a row");
    }
    if let Some(until) = breaker.until {
        let _ = write!(text, "; the next call goes out at {until}");
    }
    if let (Some(until), Some(why)) = (paused_until, paused_why) {
        let _ = write!(text, "\n  paused   until {until}: {why}");
    }
    if let Some(probe) = last_probe {
        let took = probe.latency_ms.map_or(String::new(), |ms| format!(" in {ms} ms"));
        let _ = write!(
            text,
            "\n  probe    {} at {}{took}{}",
            if probe.ok { "well" } else { "failed" },
            probe.at,
            if probe.said.is_empty() { String::new() } else { format!(": {}", probe.said) }
        );
    }
    let _ = write!(text, "\n  waiting  {} for the budget, {} for the breaker", waiting.budget, waiting.breaker);
    let _ = writeln!(text, ", {} for a look-up", waiting.lookup);
    for one in used {
        let kind = if one.kind.is_empty() { "(no job)" } else { &one.kind };
        let (calls, failed, put_off) = (one.calls, one.failed, one.put_off);
        let _ =
            writeln!(text, "  used     {kind}: {calls} calls, {failed} failed, {put_off} put off in {USE_MINUTES} min");
    }
    text
}
