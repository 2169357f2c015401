//! Enqueuing by kind: for operators, and for kinds that have no route of their own.

use axum::response::Response;
use platen_jobs::submit_order::SubmitOrder;
use platen_jobs::{Entry, Job, enqueue_by_kind, find, job_of_kind, workflow};
use platen_shared::db::{Source, Tx};
use platen_shared::id::{BatchId, JobId, OrderId, WorkOrderId};
use platen_shared::ledger::{EnqueueError, Job as LedgerJob};
use platen_shared::store::{orders, payouts, specs, uploads, work_orders};
use serde::Deserialize;
use serde_json::Value;

use super::jobs::JobView;
use super::orders::not_ready;
use crate::call::Call;
use crate::check::{Checks, PROVIDER};
use crate::error::{Code, Fault, Problem, Reply};
use crate::extract::{Input, fault};

/// A job to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewJob {
    /// `asset_convert`, `build_bundle`, `bundle_item`, `bundle_work_order`, `cancel_order`, `cleanup`, `close_books`, `correct_costs`, `distribute_revenue`, `poll_tracking`, `probe_provider`,
    /// `render_preview`, `send_payouts`, `submit_order`, `sweep_drafts`, `sweep_tracking` or `sync_catalog`.
    kind: String,
    /// As the kind wants it: ids of rows, never their content.
    #[schema(value_type = Object)]
    payload: Value,
    /// Higher first, -100 to 100; 0 is usual.
    #[serde(default)]
    priority: i64,
}

/// Enqueues a job of any kind. The same work again answers the first job.
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", request_body = NewJob,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create(call: Call, Input(body): Input<NewJob>) -> Reply<Response> {
    let entry = kind(&body.kind)?;
    checked(entry, &body.payload, "/payload")?;
    let mut checks = Checks::default();
    checks.need((-100..=100).contains(&body.priority), "range", "/priority", "priority must be between -100 and 100.");
    checks.done()?;
    match body.payload.get("order") {
        Some(_) => call.work(with_order(&call, entry, &body).await?).await,
        None => call.work_on(alone(&call, entry, &body).await?).await,
    }
}

/// A job that is the whole of the change shares its transaction with other callers'. What it names is never changed or deleted, so it may be
/// looked up before.
async fn alone(call: &Call, entry: &'static Entry, body: &NewJob) -> Reply<LedgerJob> {
    known_spec(call, &mut call.read(), &body.payload).await?;
    let job = job_of_kind(&call.origin(body.priority), entry, &body.payload, None).map_err(EnqueueError::from)?;
    let note = call.note("job.enqueue", entry.kind, "");
    Ok(call.app().ledger.submit_and_show(job, Some(note)).await?)
}

async fn with_order(call: &Call, entry: &'static Entry, body: &NewJob) -> Reply<JobId> {
    let mut tx = call.begin("enqueue").await?;
    let order = known(call, &mut tx, &body.payload).await?;
    call.audit(&mut tx, "job.enqueue", entry.kind, "").await?;
    let id = match order {
        // A submission moves its order as well: both or neither.
        Some(order) if entry.kind == SubmitOrder::KIND => {
            workflow::submit(&mut tx, &call.origin(body.priority), call.now(), &order).await.map_err(not_ready)?
        }
        _ => enqueue_by_kind(&mut tx, &call.origin(body.priority), entry, &body.payload, None).await?.id(),
    };
    call.carry(&mut tx).await?;
    tx.commit().await?;
    Ok(id)
}

/// The kind of a name, if a tenant may enqueue it.
pub(crate) fn kind(name: &str) -> Reply<&'static Entry> {
    let entry = find(name).ok_or_else(|| {
        let all: Vec<_> = platen_jobs::KINDS.iter().filter(|entry| !entry.installation).map(|e| e.kind).collect();
        Problem::new(Code::UnknownKind, format!("The kinds are {}.", all.join(", ")))
    })?;
    if entry.installation {
        let why = "This kind is the installation's own work: its cron line enqueues it, no tenant can.";
        return Err(Problem::new(Code::Forbidden, why));
    }
    Ok(entry)
}

/// Refuses a payload that is not one of the kind.
pub(crate) fn checked(entry: &Entry, payload: &Value, pointer: &str) -> Reply<()> {
    let inside =
        |fault: Fault| Problem::fields(vec![Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault }]);
    (entry.check)(payload).map_err(|error| inside(fault(&error.to_string())))?;
    if payload.get("provider").is_some_and(|provider| provider != PROVIDER) {
        return Err(inside(Fault::new("provider", "/provider", "The provider must be `gelato`.")));
    }
    if entry.is_newer(payload) {
        return Err(inside(Fault::new("version", "/v", "This release does not know payloads of this version.")));
    }
    Ok(())
}

/// Looks the payload's ids up in the enqueuing transaction: a foreign one is a missing one.
pub(crate) async fn known(call: &Call, tx: &mut Tx, payload: &Value) -> Reply<Option<orders::Order>> {
    known_spec(call, tx, payload).await?;
    if let Some(work_order) = payload.get("workOrder").and_then(Value::as_str) {
        let id: WorkOrderId = work_order.parse().map_err(|_| Problem::missing("work order"))?;
        work_orders::get(tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("work order"))?;
    }
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let Some(id) = text("order") else { return Ok(None) };
    let id: OrderId = id.parse().map_err(|_| Problem::missing("order"))?;
    let order = orders::lock(tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("order"))?;
    if text("revision").is_some_and(|revision| revision != order.revision) {
        return Err(Problem::field("revision", "/payload/revision", "This is not the order's revision."));
    }
    Ok(Some(order))
}

async fn known_spec(call: &Call, source: &mut impl Source, payload: &Value) -> Reply<()> {
    if let Some(batch) = payload.get("batch").and_then(Value::as_str) {
        let id: BatchId = batch.parse().map_err(|_| Problem::missing("batch"))?;
        payouts::batch(source, call.tenant(), id).await?.ok_or_else(|| Problem::missing("batch"))?;
    }
    if let Some(sha256) = payload.get("sha256").and_then(Value::as_str) {
        uploads::of_hash(source, call.tenant(), sha256).await?.ok_or_else(|| Problem::missing("upload"))?;
    }
    let Some(hash) = payload.get("specHash").and_then(Value::as_str) else { return Ok(()) };
    specs::get(source, call.tenant(), hash).await?.map(drop).ok_or_else(|| Problem::missing("spec"))
}
