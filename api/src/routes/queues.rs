//! How deep the queues are: what workers are scaled by.

use axum::Json;
use platen_shared::ledger::Queue;
use serde::Serialize;

use crate::call::{Call, Page};
use crate::error::Reply;

/// A queue, as far as the tenant's jobs go.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QueueDepth)]
pub(crate) struct QueueView {
    queue: Queue,
    /// Can start now.
    ready: i64,
    running: i64,
    /// Not due, or waiting for something.
    scheduled: i64,
    /// How long the oldest ready job has been ready; null when none is.
    oldest_ready_age_s: Option<u64>,
}

/// Every queue's depth and the age of its oldest ready job.
#[utoipa::path(get, path = "/v1/queues", tag = "queues", responses((status = 200, body = Page<QueueView>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<QueueView>>> {
    let depths = call.app().ledger.depths(call.tenant()).await?;
    let now = call.ledger_now();
    let view = |queue: &Queue| {
        let depth = depths.iter().find(|depth| depth.queue == queue.word());
        QueueView {
            queue: *queue,
            ready: depth.map_or(0, |d| d.ready),
            running: depth.map_or(0, |d| d.running),
            scheduled: depth.map_or(0, |d| d.scheduled),
            oldest_ready_age_s: depth.and_then(|d| d.oldest_ready_at).map(|since| now.since(since).as_secs()),
        }
    };
    Ok(Json(Page { items: Queue::ALL.iter().map(view).collect(), next: None }))
}
