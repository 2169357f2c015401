//! Retry, cancel, pause, resume: each a short transaction with its line in the audit.

use anyhow::{Context, Result, bail};
use platen_jobs::Recording;
use platen_shared::clock::Clock;
use platen_shared::id::{JobId, PauseId, TenantId};
use platen_shared::ledger::control::{self, Cancelling};
use platen_shared::ledger::{Job, Ledger, Queue};
use platen_shared::store::orders;
use serde_json::{Value, json};

use super::super::tenant::{self, ACTOR};
use super::super::{print, print_json};
use super::{Change, by_id, picked};
use crate::config::Config;

/// What to stop from starting.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Pause {
    /// This queue
    #[arg(long)]
    queue: Option<Queue>,
    /// This kind
    #[arg(long)]
    kind: Option<String>,
    /// Work that talks to this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only this tenant's work (name or id); alone: all of its work
    #[arg(long)]
    tenant: Option<String>,
    /// Shown to everyone who asks why nothing moves
    #[arg(long)]
    reason: String,
}

/// Brings dead and cancelled jobs back.
pub(super) async fn retry(ledger: &Ledger, args: &Change) -> Result<()> {
    let mut done = Vec::new();
    for job in chosen(ledger, args, &["dead", "cancelled"]).await? {
        if args.dry_run {
            done.push(said(&job, "would be retried"));
            continue;
        }
        let mut tx = ledger.db.begin("jobs_retry").await?;
        if let Some(order) = job.payload.get("order").and_then(Value::as_str).and_then(|id| id.parse().ok()) {
            // Whoever cancels the order waits for this to end, or the other way round.
            orders::lock(&mut tx, job.tenant, order).await?;
        }
        let back = control::retry(&mut tx, ledger.now(), job.tenant, job.id).await?;
        tenant::note(&mut tx, ledger, job.tenant, "job.retry", job.id, &args.reason).await?;
        if back {
            tx.commit().await?;
        }
        done.push(said(&job, if back { "is ready again" } else { "is neither dead nor cancelled: left alone" }));
    }
    tell(&done, args.json)
}

/// Cancels jobs that have not ended.
pub(super) async fn cancel(ledger: &Ledger, config: &Config, args: &Change) -> Result<()> {
    let mut done = Vec::new();
    for job in chosen(ledger, args, &["scheduled", "ready", "running"]).await? {
        if args.dry_run {
            done.push(said(&job, "would be cancelled"));
            continue;
        }
        let why = if args.reason.is_empty() { "cancelled at the command line" } else { &args.reason };
        let mut tx = ledger.db.begin("jobs_cancel").await?;
        let outcome = control::cancel(&mut tx, ledger.now(), job.tenant, job.id, why).await?;
        if let (Cancelling::Cancelled(job), Some(entry)) = (&outcome, platen_jobs::find(&job.kind)) {
            let (_, trouble) = control::cancelled(why);
            (entry.gave_up)(&mut tx, &recording(ledger, config, job), &job.payload, &trouble).await?;
        }
        if matches!(outcome, Cancelling::Cancelled(_) | Cancelling::Asked) {
            tenant::note(&mut tx, ledger, job.tenant, "job.cancel", job.id, &args.reason).await?;
        }
        tx.commit().await?;
        done.push(match outcome {
            Cancelling::Cancelled(_) => said(&job, "is cancelled"),
            Cancelling::Asked => said(&job, "runs and was asked to stop"),
            Cancelling::Ended(_) | Cancelling::Unknown => said(&job, "has ended before: left alone"),
        });
    }
    tell(&done, args.json)
}

fn recording(ledger: &Ledger, config: &Config, job: &Job) -> Recording {
    Recording {
        tenant: job.tenant,
        job: job.id,
        now: ledger.now(),
        business_now: config.clock().now(),
        speed: config.clock.speed,
        correlation_id: job.correlation_id.clone(),
    }
}

/// The named jobs, or those that the filters pick.
pub(super) async fn chosen(ledger: &Ledger, args: &Change, states: &[&str]) -> Result<Vec<Job>> {
    if args.ids.is_empty() {
        let p = &args.pick;
        if p.tenant.is_none()
            && !p.all
            && p.state.is_none()
            && p.kind.is_none()
            && p.queue.is_none()
            && p.spec_hash.is_none()
        {
            bail!("name jobs by id, or pick them with --state, --kind, --queue, --spec-hash, --tenant or --all");
        }
        return picked(ledger, p, Some(states)).await;
    }
    let mut jobs = Vec::new();
    for id in &args.ids {
        jobs.push(by_id(ledger, *id).await?);
    }
    Ok(jobs)
}

pub(super) fn said(job: &Job, what: &str) -> (JobId, String) {
    (job.id, format!("{} {what}", job.kind))
}

pub(super) fn tell(done: &[(JobId, String)], as_json: bool) -> Result<()> {
    if as_json {
        let rows: Vec<Value> = done.iter().map(|(id, what)| json!({ "id": id, "outcome": what })).collect();
        return print_json(&json!({ "items": rows }));
    }
    let lines: String = done.iter().map(|(id, what)| format!("{id}  {what}\n")).collect();
    print(if lines.is_empty() { "No job is meant by that.\n" } else { &lines });
    Ok(())
}

/// Stops what matches from starting.
pub(super) async fn pause(ledger: &Ledger, args: &Pause) -> Result<()> {
    if let Some(kind) = args.kind.as_deref().filter(|kind| platen_jobs::find(kind).is_none()) {
        bail!("there is no kind {kind}");
    }
    let given = [
        args.queue.map(|queue| ("queue", queue.word().to_owned())),
        args.kind.clone().map(|kind| ("kind", kind)),
        args.provider.clone().map(|provider| ("provider", provider)),
    ];
    let mut given = given.into_iter().flatten();
    let (scope, value) = match (given.next(), &args.tenant) {
        (Some(named), _) => named,
        (None, Some(_)) => ("tenant", String::new()),
        (None, None) => bail!("say what to pause: --queue, --kind, --provider or --tenant"),
    };
    if given.next().is_some() {
        bail!("a pause is about one queue, kind or provider: pause them one by one");
    }
    let tenant: Option<TenantId> = match &args.tenant {
        Some(named) => Some(tenant::of(&ledger.db, named).await?.id),
        None => None,
    };
    let pause = control::Pause {
        id: PauseId::new(),
        tenant,
        scope: scope.to_owned(),
        value,
        reason: args.reason.clone(),
        actor: ACTOR.to_owned(),
        created_at: ledger.now(),
    };
    let mut tx = ledger.db.begin("jobs_pause").await?;
    let held = control::pause(&mut tx, &pause).await?;
    tx.commit().await?;
    print(&format!("{}  paused; {held} waiting jobs are held. `platen jobs resume {}` ends it.\n", pause.id, pause.id));
    Ok(())
}

/// Takes a pause away.
pub(super) async fn resume(ledger: &Ledger, id: PauseId) -> Result<()> {
    let mut tx = ledger.db.begin("jobs_resume").await?;
    let freed = control::resume(&mut tx, None, id)
        .await?
        .with_context(|| format!("there is no pause {id}; `platen jobs resume` lists them"))?;
    tx.commit().await?;
    print(&format!("{id} is over; {freed} jobs go on.\n"));
    Ok(())
}
