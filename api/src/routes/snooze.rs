//! Putting a job off: it is not tried before a moment that an operator names.

use axum::response::Response;
use platen_shared::db::At;
use platen_shared::id::JobId;
use platen_shared::ledger::control;
use serde::Deserialize;

use super::jobs::{JobView, own};
use crate::call::Call;
use crate::check::{Checks, reason};
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

/// The longest that a job can be put off, in microseconds: a year.
const LONGEST: i64 = 365 * 86_400 * 1_000_000;

/// Until when, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snooze {
    /// Not before; at most a year ahead.
    until: At,
    /// 1 to 500 characters; kept in the audit and shown with the job.
    reason: String,
}

/// Puts a job off that has not started. It uses no attempt; snoozing again moves the moment, to the past brings it back.
#[utoipa::path(post, path = "/v1/jobs/{id}/snooze", tag = "jobs", request_body = Snooze, params(("id" = JobId, Path, description = "The job.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn snooze(call: Call, Named(id): Named<JobId>, Input(body): Input<Snooze>) -> Reply<Response> {
    reason(&body.reason)?;
    let mut checks = Checks::default();
    let near = body.until.0 <= call.ledger_now().0 + LONGEST;
    checks.need(near, "range", "/until", "A job can be put off for a year at most.");
    checks.done()?;
    let job = own(&call, id).await?;
    let mut tx = call.begin("snooze_job").await?;
    let why = format!("put off by {}: {}", call.actor(), body.reason);
    if !control::snooze(&mut tx, call.tenant(), id, body.until, &why).await? {
        let said = format!("Only a job that waits and is not paused can be put off; this one is {}.", job.state);
        return Err(Problem::state(said));
    }
    call.audit(&mut tx, "job.snooze", id, &body.reason).await?;
    tx.commit().await?;
    call.work(id).await
}
