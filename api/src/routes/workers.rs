//! Workers: who runs jobs, since when, and what of the tenant's they run now.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::JobId;
use platen_shared::ledger::fleet::{Running, Worker};
use serde::Serialize;

use crate::call::{Call, Page};
use crate::error::Reply;

/// More running jobs than this are not named, only counted.
const RUNNING_MAX: i64 = 1000;

/// A worker process.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Worker)]
pub(crate) struct WorkerView {
    /// New at every start.
    id: String,
    /// The machine's name.
    host: String,
    /// Process id on its host.
    pid: String,
    release: String,
    /// How ids reach it: `ledger` or `redis`.
    dispatcher: String,
    /// What it serves.
    queues: Vec<String>,
    /// Jobs at a time.
    slots: i64,
    /// How many it runs now, whosever they are.
    busy: i64,
    /// It was asked to stop, and starts nothing new.
    draining: bool,
    started_at: At,
    heartbeat_at: At,
    /// Seconds since the last heartbeat; after six it is taken for dead.
    heartbeat_age_s: u64,
    /// What it runs of yours.
    running: Vec<RunningView>,
}

/// A job that runs now.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RunningJob)]
pub(crate) struct RunningView {
    id: JobId,
    kind: String,
    queue: String,
    attempt: i64,
    since: At,
}

impl From<&Running> for RunningView {
    fn from(r: &Running) -> Self {
        RunningView { id: r.id, kind: r.kind.clone(), queue: r.queue.clone(), attempt: r.attempt, since: r.started_at }
    }
}

/// The workers that beat, oldest first; of what they run, the tenant's own jobs are named.
#[utoipa::path(get, path = "/v1/workers", tag = "queues", responses((status = 200, body = Page<WorkerView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<WorkerView>>> {
    let ledger = &call.app().ledger;
    let (workers, busy) = (ledger.workers().await?, ledger.busy().await?);
    let running = ledger.running(Some(call.tenant()), RUNNING_MAX).await?;
    let now = call.ledger_now();
    let view = |worker: Worker| WorkerView {
        busy: busy.iter().find(|(id, _)| *id == worker.id).map_or(0, |(_, n)| *n),
        running: running.iter().filter(|job| job.worker == worker.id).map(RunningView::from).collect(),
        queues: worker.queues.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        heartbeat_age_s: now.since(worker.heartbeat_at).as_secs(),
        id: worker.id,
        host: worker.host,
        pid: worker.process,
        release: worker.release,
        dispatcher: worker.dispatcher,
        slots: worker.slots,
        draining: worker.draining,
        started_at: worker.started_at,
        heartbeat_at: worker.heartbeat_at,
    };
    Ok(Json(Page { items: workers.into_iter().map(view).collect(), next: None }))
}
