//! Jobs: what the ledger knows of them, and what operators do to them.

use axum::Json;
use axum::response::Response;
use platen_jobs::Recording;
use platen_shared::codes;
use platen_shared::db::{At, Tx};
use platen_shared::id::JobId;
use platen_shared::ledger::control::{self, Cancelling};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::read::{AttemptRow, Filter};
use platen_shared::ledger::{Job, Queue};
use platen_shared::store::orders;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, Page, Paging, whole};
use crate::check::{Checks, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// A job.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job)]
pub(crate) struct JobView {
    id: JobId,
    kind: String,
    queue: String,
    /// `scheduled`, `ready`, `running`, `succeeded`, `dead` or `cancelled`.
    state: String,
    /// How often it was started.
    attempt: i64,
    /// How often it failed.
    failures: i64,
    /// How often its worker died.
    recoveries: i64,
    priority: i64,
    run_at: At,
    /// `retry`, `breaker`, `budget`, `paused`, `not_ready`, `lookup`, `snoozed`, or null.
    waiting_for: Option<String>,
    /// The same as a sentence.
    waiting_why: Option<String>,
    spec_hash: Option<String>,
    key: String,
    #[schema(value_type = Object)]
    payload: Value,
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
    /// `{"class", "message", "family", "again", "hint"}` of the last failure (docs/errors.md).
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
    /// `{"done", "total", "label"}` while it runs and tells; else null.
    #[schema(value_type = Option<Object>)]
    progress: Option<Value>,
    correlation_id: String,
    enqueued_at: At,
    started_at: Option<At>,
    finished_at: Option<At>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        JobView {
            id: job.id,
            kind: job.kind,
            queue: job.queue,
            state: job.state,
            attempt: job.attempt,
            failures: job.failures,
            recoveries: job.recoveries,
            priority: job.priority,
            run_at: job.run_at,
            waiting_for: text(job.waiting_for),
            waiting_why: text(job.waiting_why),
            spec_hash: job.spec_hash,
            key: job.key,
            payload: job.payload.0,
            output: job.output.map(|output| output.0),
            error: job.error.map(|error| codes::explained(&error.0)),
            progress: job.progress.map(|progress| progress.0),
            correlation_id: job.correlation_id,
            enqueued_at: job.enqueued_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// Which jobs, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobFilter {
    /// Only this state.
    state: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// Only this queue.
    queue: Option<String>,
    /// Only about this design.
    spec_hash: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

const STATES: &[&str] = &["scheduled", "ready", "running", "succeeded", "dead", "cancelled"];

/// The tenant's jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", params(JobFilter), responses((status = 200, body = Page<JobView>)))]
pub(crate) async fn list(call: Call, Filters(filter): Filters<JobFilter>) -> Reply<Json<Page<JobView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let mut checks = Checks::default();
    let state = filter.state.as_deref().is_none_or(|state| STATES.contains(&state));
    checks.need(state, "state", "/state", "There is no such state of jobs.");
    let kind = filter.kind.as_deref().is_none_or(|kind| platen_jobs::find(kind).is_some());
    checks.need(kind, "kind", "/kind", "There is no such kind of job.");
    let queue = filter.queue.as_deref().is_none_or(|queue| queue.parse::<Queue>().is_ok());
    checks.need(queue, "queue", "/queue", "There is no such queue.");
    checks.done()?;
    let JobFilter { state, kind, queue, spec_hash, .. } = filter;
    let filter = Filter { state, kind, queue, spec_hash, before: paging.after_id()? };
    let rows = call.app().ledger.jobs(call.tenant(), &filter, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// One job, waiting, running or ended.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = JobId, Path, description = "The job.")),
    responses((status = 200, body = JobView)))]
pub(crate) async fn show(call: Call, Named(id): Named<JobId>) -> Reply<Json<JobView>> {
    Ok(Json(own(&call, id).await?.into()))
}

/// A job of the caller's tenant.
pub(crate) async fn own(call: &Call, id: JobId) -> Reply<Job> {
    call.app().ledger.job(call.tenant(), id).await?.ok_or_else(|| Problem::missing("job"))
}

/// An attempt of a job.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// From 1.
    number: i64,
    worker: String,
    started_at: At,
    ended_at: Option<At>,
    /// `succeeded`, `failed`, `postponed`, `dead`, `cancelled`, `lost`; null while it runs.
    outcome: Option<String>,
    class: Option<String>,
    message: Option<String>,
}

impl From<AttemptRow> for AttemptView {
    fn from(a: AttemptRow) -> Self {
        AttemptView {
            number: a.number,
            worker: a.worker,
            started_at: a.started_at,
            ended_at: a.ended_at,
            outcome: a.outcome,
            class: a.class,
            message: a.message,
        }
    }
}

/// The attempts of a job, first to last.
#[utoipa::path(get, path = "/v1/jobs/{id}/attempts", tag = "jobs", params(("id" = JobId, Path, description = "The job.")),
    responses((status = 200, body = Page<AttemptView>)))]
pub(crate) async fn attempts(call: Call, Named(id): Named<JobId>) -> Reply<Json<Page<AttemptView>>> {
    own(&call, id).await?;
    Ok(whole(call.app().ledger.attempts(call.tenant(), id).await?))
}

/// Why an operator does it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// 1 to 500 characters; kept in the audit.
    pub(crate) reason: String,
}

/// Cancels a job: at once if it has not started, else its worker is asked to stop.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs", request_body = Reason, params(("id" = JobId, Path, description = "The job.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn cancel(call: Call, Named(id): Named<JobId>, Input(body): Input<Reason>) -> Reply<Response> {
    cancel_job(&call, id, &body.reason).await?;
    call.work(id).await
}

/// Cancels a job of the caller's tenant, or asks its worker to stop. Once is as good as twice.
pub(crate) async fn cancel_job(call: &Call, id: JobId, why: &str) -> Reply<()> {
    reason(why)?;
    let mut tx = call.begin("cancel_job").await?;
    let said = format!("cancelled by {}: {why}", call.actor());
    match stop(call, &mut tx, id, &said).await? {
        Cancelling::Cancelled(_) | Cancelling::Asked => {}
        Cancelling::Ended(state) if state == "cancelled" => return Ok(()),
        Cancelling::Ended(state) => return Err(Problem::state(format!("The job is {state} already."))),
        Cancelling::Unknown => return Err(Problem::missing("job")),
    }
    call.audit(&mut tx, "job.cancel", id, why).await?;
    Ok(tx.commit().await?)
}

/// Cancels a job in a transaction, or asks its worker to stop; the kind of one that had not started cleans up in it.
pub(crate) async fn stop(call: &Call, tx: &mut Tx, id: JobId, said: &str) -> Reply<Cancelling> {
    let done = control::cancel(tx, call.ledger_now(), call.tenant(), id, said).await?;
    if let Cancelling::Cancelled(job) = &done
        && let Some(entry) = platen_jobs::find(&job.kind)
    {
        (entry.gave_up)(tx, &recording(call, job), &job.payload.0, &Trouble::new("cancelled", said)).await?;
    }
    Ok(done)
}

fn recording(call: &Call, job: &Job) -> Recording {
    Recording {
        tenant: job.tenant,
        job: job.id,
        now: call.ledger_now(),
        business_now: call.now(),
        speed: call.app().speed,
        correlation_id: job.correlation_id.clone(),
    }
}

/// Brings a dead or cancelled job back, its failures forgiven.
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "jobs", request_body = Reason, params(("id" = JobId, Path, description = "The job.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn retry(call: Call, Named(id): Named<JobId>, Input(body): Input<Reason>) -> Reply<Response> {
    retry_job(&call, id, &body.reason).await?;
    call.work(id).await
}

/// Brings a dead or cancelled job of the caller's tenant back.
pub(crate) async fn retry_job(call: &Call, id: JobId, why: &str) -> Reply<()> {
    reason(why)?;
    let job = own(call, id).await?;
    let mut tx = call.begin("retry_job").await?;
    if let Some(order) = job.payload.get("order").and_then(Value::as_str).and_then(|id| id.parse().ok()) {
        // Whoever cancels the order waits for this to end, or the other way round.
        orders::lock(&mut tx, call.tenant(), order).await?;
    }
    if !control::retry(&mut tx, call.ledger_now(), call.tenant(), id).await? {
        return Err(Problem::state(format!("Only a dead or cancelled job is retried; this one is {}.", job.state)));
    }
    call.audit(&mut tx, "job.retry", id, why).await?;
    Ok(tx.commit().await?)
}
