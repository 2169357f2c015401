//! `platen workers`: who runs jobs, read directly from the database.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use platen_shared::db::At;
use platen_shared::ledger::Ledger;
use platen_shared::ledger::fleet::{Running, Worker};
use serde_json::{Value, json};

use super::{print, print_json};
use crate::config::{Config, Sources};
use crate::wire;

/// More running jobs than this are not named.
const RUNNING_MAX: i64 = 10_000;

/// What can be asked about workers.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// List workers: since when, what they serve and run now, and how long ago their hearts beat
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: Args, sources: &Sources) -> Result<ExitCode> {
    let Args::List { json } = args;
    let config = Config::load(sources)?;
    let db = wire::database(&config, false).await?;
    let ledger = Ledger::new(db.clone(), Arc::new(wire::LedgerClock::of(&db).await?));
    let workers = ledger.workers().await?;
    let running = ledger.running(None, RUNNING_MAX).await?;
    let now = ledger.now();
    if json {
        let items: Vec<Value> = workers.iter().map(|worker| document(worker, &running, now)).collect();
        print_json(&json!({ "items": items }))?;
    } else if workers.is_empty() {
        print("No worker beats: start one with `platen worker`.\n");
    } else {
        print(&workers.iter().map(|worker| paragraph(worker, &running, now)).collect::<Vec<_>>().join("\n"));
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

fn of<'r>(worker: &Worker, running: &'r [Running]) -> impl Iterator<Item = &'r Running> {
    running.iter().filter(move |job| job.worker == worker.id)
}

fn document(worker: &Worker, running: &[Running], now: At) -> Value {
    let job = |job: &Running| json!({ "id": job.id, "tenant": job.tenant, "kind": job.kind, "queue": job.queue, "attempt": job.attempt, "since": job.started_at });
    json!({
        "id": worker.id, "host": worker.host, "pid": worker.process, "release": worker.release, "dispatcher": worker.dispatcher,
        "queues": worker.queues.split(',').filter(|word| !word.is_empty()).collect::<Vec<_>>(), "slots": worker.slots,
        "draining": worker.draining, "startedAt": worker.started_at, "heartbeatAt": worker.heartbeat_at,
        "heartbeatAgeS": now.since(worker.heartbeat_at).as_secs(), "running": of(worker, running).map(job).collect::<Vec<_>>(),
    })
}

/// A worker and, below it, its jobs.
fn paragraph(worker: &Worker, running: &[Running], now: At) -> String {
    let jobs: Vec<&Running> = of(worker, running).collect();
    let known = |text: &str| if text.is_empty() { "?".to_owned() } else { text.to_owned() };
    let slots = if worker.slots > 0 { format!(" of {}", worker.slots) } else { String::new() };
    let mut text = format!(
        "{}\n  {} pid {}, release {}, dispatcher {}{}\n  up {} (since {}), heartbeat {} ago\n  serves {}\n  runs {}{slots}\n",
        worker.id,
        known(&worker.host),
        worker.process,
        known(&worker.release),
        known(&worker.dispatcher),
        if worker.draining { ", draining: starts nothing new" } else { "" },
        span(now.since(worker.started_at)),
        worker.started_at,
        span(now.since(worker.heartbeat_at)),
        worker.queues,
        jobs.len(),
    );
    for job in jobs {
        let took = span(now.since(job.started_at));
        text.push_str(&format!(
            "    {}  {}  attempt {}  for {took}  of {}\n",
            job.id, job.kind, job.attempt, job.tenant
        ));
    }
    text
}

/// `75` seconds as `1 min 15 s`.
fn span(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |s: u64| span(Duration::from_secs(s));
        assert_eq!([said(5), said(75), said(3_700), said(90_000)], ["5 s", "1 min 15 s", "1 h 1 min", "1 d 1 h"]);
    }
}
