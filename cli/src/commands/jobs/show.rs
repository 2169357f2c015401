//! Jobs as text and as JSON.

use anyhow::Result;
use platen_shared::codes;
use platen_shared::ledger::{Job, Ledger};
use serde_json::{Value, json};

use super::super::{print, print_json};

/// A table, newest first.
pub(super) fn list(jobs: &[Job], as_json: bool) -> Result<()> {
    if as_json {
        return print_json(&json!({ "items": jobs.iter().map(document).collect::<Vec<_>>() }));
    }
    if jobs.is_empty() {
        print("No job matches.\n");
        return Ok(());
    }
    let mut text = format!("{:30}  {:18}  {:10}  {:>3}  {:24}  why\n", "id", "kind", "state", "try", "since");
    for job in jobs {
        let since = job.finished_at.or(job.started_at).unwrap_or(job.ready_at);
        text.push_str(&format!(
            "{:30}  {:18}  {:10}  {:>3}  {since:24}  {}\n",
            job.id.to_string(),
            job.kind,
            job.state,
            job.attempt,
            why(job)
        ));
    }
    print(&text);
    Ok(())
}

/// How far a running job is: `3 of 7, mug`.
fn progress(job: &Job) -> String {
    let Some(progress) = &job.progress else { return String::new() };
    format!("{} of {}, {}", progress["done"], progress["total"], progress["label"].as_str().unwrap_or_default())
}

/// What it waits for, or how it failed last.
fn why(job: &Job) -> String {
    let said = job.error.as_ref().and_then(|error| error.0["message"].as_str()).unwrap_or_default();
    match (job.waiting_for.as_str(), job.waiting_why.as_str()) {
        ("", _) => said.to_owned(),
        (word, "") => word.to_owned(),
        (word, sentence) => format!("{word}: {sentence}"),
    }
}

/// Everything about one job.
pub(super) async fn one(ledger: &Ledger, job: &Job, as_json: bool) -> Result<()> {
    let attempts = ledger.attempts(job.tenant, job.id).await?;
    if as_json {
        let rows: Vec<Value> = attempts
            .iter()
            .map(|a| json!({ "number": a.number, "worker": a.worker, "startedAt": a.started_at, "endedAt": a.ended_at, "outcome": a.outcome, "class": a.class, "message": a.message }))
            .collect();
        let mut document = document(job);
        document["attempts"] = rows.into();
        return print_json(&document);
    }
    let mut text = format!("{} is {}\n\n", job.id, job.state);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {name:12}  {value}\n"));
        }
    };
    line("kind", &job.kind);
    line("queue", &job.queue);
    line("progress", &progress(job));
    line("tenant", &job.tenant.to_string());
    line("key", &job.key);
    line("payload", &job.payload.0.to_string());
    line("enqueued", &job.enqueued_at.to_string());
    line("runs from", &if job.finished_at.is_none() { job.run_at.to_string() } else { String::new() });
    line("finished", &job.finished_at.map(|at| at.to_string()).unwrap_or_default());
    line(
        "counted",
        &format!("{} started, {} failed, {} taken back from dead workers", job.attempt, job.failures, job.recoveries),
    );
    line("why", &why(job));
    let code = job.error.as_ref().and_then(|error| codes::of_job(error.0["class"].as_str()?));
    if let Some(code) = code.filter(|_| job.state != "succeeded") {
        line("error", &format!("{}, {} (again: {})", code.word, code.family.word(), code.again.word()));
        line("what to do", code.hint);
    }
    line("request", &job.correlation_id);
    for a in &attempts {
        let took = a.ended_at.map_or_else(
            || "still running".to_owned(),
            |end| format!("{:.3} s", end.since(a.started_at).as_secs_f64()),
        );
        let said = [a.class.as_deref(), a.message.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        text.push_str(&format!(
            "\n  attempt {}  {}  {took}  {}\n    by {}\n",
            a.number,
            a.started_at,
            a.outcome.as_deref().unwrap_or("running"),
            a.worker
        ));
        if !said.is_empty() {
            text.push_str(&format!("    {said}\n"));
        }
    }
    print(&text);
    Ok(())
}

/// The pauses that are on.
pub(super) async fn pauses(ledger: &Ledger, as_json: bool) -> Result<()> {
    let pauses = ledger.pauses(None).await?;
    if as_json {
        return print_json(&json!({ "items": pauses }));
    }
    let mut text = String::new();
    for p in &pauses {
        let whose = p.tenant.map_or_else(|| "every tenant".to_owned(), |tenant| tenant.to_string());
        text.push_str(&format!(
            "{}  {} {}  of {whose}  since {}  by {}: {}\n",
            p.id, p.scope, p.value, p.created_at, p.actor, p.reason
        ));
    }
    print(if text.is_empty() { "Nothing is paused.\n" } else { &text });
    Ok(())
}

/// A job as the API shows it, with its tenant.
pub(super) fn document(job: &Job) -> Value {
    json!({
        "id": job.id, "tenant": job.tenant, "kind": job.kind, "queue": job.queue, "state": job.state, "attempt": job.attempt,
        "failures": job.failures, "recoveries": job.recoveries, "priority": job.priority, "runAt": job.run_at,
        "waitingFor": job.waiting_for, "waitingWhy": job.waiting_why, "specHash": job.spec_hash, "key": job.key,
        "payload": job.payload.0, "output": job.output.as_ref().map(|o| &o.0), "error": job.error.as_ref().map(|e| codes::explained(&e.0)),
        "progress": job.progress.as_ref().map(|p| &p.0), "correlationId": job.correlation_id, "enqueuedAt": job.enqueued_at, "startedAt": job.started_at, "finishedAt": job.finished_at,
    })
}
