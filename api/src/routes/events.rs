//! The states of a job as server-sent events, until it has ended.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use platen_jobs::Job as _;
use platen_jobs::render_preview::RenderPreview;
use platen_shared::db::At;
use platen_shared::id::JobId;
use platen_shared::ledger::Job;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch::Receiver;

use super::jobs::own;
use crate::call::Call;
use crate::error::{Problem, Reply};
use crate::extract::Named;

/// What a person who waits wants to know of a job.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobStatus {
    id: JobId,
    kind: String,
    /// `scheduled`, `ready`, `running`, `succeeded`, `dead` or `cancelled`.
    state: String,
    attempt: i64,
    /// `{"done", "total", "label"}` while it runs and tells; else null.
    #[schema(value_type = Option<Object>)]
    progress: Option<Value>,
    /// What it waits for, as a sentence.
    waiting_why: Option<String>,
    enqueued_at: At,
    started_at: Option<At>,
    finished_at: Option<At>,
}

impl From<&Job> for JobStatus {
    fn from(job: &Job) -> Self {
        JobStatus {
            id: job.id,
            kind: job.kind.clone(),
            state: job.state.clone(),
            attempt: job.attempt,
            progress: job.progress.as_ref().map(|progress| progress.0.clone()),
            waiting_why: Some(job.waiting_why.clone()).filter(|why| !why.is_empty()),
            enqueued_at: job.enqueued_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// A job's states as they change: an event `state` now and at every change, and the stream ends with the job.
///
/// A browser's `EventSource` cannot send a header: it may put a publishable key into `?key=`. With such a key, only renders are followed.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(("id" = JobId, Path, description = "The job."), ("key" = Option<String>, Query, description = "A publishable key.")),
    responses((status = 200, content_type = "text/event-stream", body = JobStatus)))]
pub(crate) async fn stream(call: Call, Named(id): Named<JobId>) -> Reply<Response> {
    let job = own(&call, id).await?;
    if call.publishable() && job.kind != RenderPreview::KIND {
        return Err(Problem::missing("job"));
    }
    let listening = call.shared().watcher.listen(job);
    let busy = || Problem::unavailable(&"too many jobs are being watched, or the server stops");
    let events = Sse::new(events(listening.ok_or_else(busy)?)).keep_alive(KeepAlive::default());
    let mut response = events.into_response();
    // Proxies that collect answers would hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

/// The row as it is, then every change, until the job has ended or the server stops.
fn events(receiver: Receiver<std::sync::Arc<Job>>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((receiver, false, false), |(mut receiver, began, ended)| async move {
        if ended || (began && receiver.changed().await.is_err()) {
            return None;
        }
        let job = receiver.borrow_and_update().clone();
        let event = Event::default().event("state").json_data(JobStatus::from(&*job)).ok()?;
        Some((Ok(event), (receiver, true, job.finished())))
    })
}
