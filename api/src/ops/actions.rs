//! What an operator does: retry, cancel, pause, resume. Each is the command that the HTTP API has, with its line in the audit, and goes
//! back to the page it came from.

use axum::Extension;
use axum::response::Redirect;
use platen_shared::id::{JobId, PauseId};

use super::frame::{Asked, Operator, Refused};
use super::guard::Fields;
use crate::check::reason;
use crate::extract::Named;
use crate::routes::jobs::{cancel_job, retry_job};
use crate::routes::pauses::{self, NewPause};

/// Brings a dead or cancelled job back.
pub(super) async fn retry(
    operator: Operator,
    Asked(Named(id)): Asked<Named<JobId>>,
    Extension(fields): Extension<Fields>,
) -> Result<Redirect, Refused> {
    retry_job(&operator.call, id, fields.text("reason")).await?;
    Ok(Redirect::to(&operator.to(&format!("/ops/jobs/{id}?said=retried"))))
}

/// Cancels a job, or asks its worker to stop.
pub(super) async fn cancel(
    operator: Operator,
    Asked(Named(id)): Asked<Named<JobId>>,
    Extension(fields): Extension<Fields>,
) -> Result<Redirect, Refused> {
    cancel_job(&operator.call, id, fields.text("reason")).await?;
    Ok(Redirect::to(&operator.to(&format!("/ops/jobs/{id}?said=cancelled"))))
}

/// Keeps a queue, a kind, a provider's work or all of a tenant's from starting; `what` is `queue:previews`.
pub(super) async fn pause(operator: Operator, Extension(fields): Extension<Fields>) -> Result<Redirect, Refused> {
    let (scope, value) = fields.text("what").split_once(':').unwrap_or_default();
    let body = NewPause { scope: scope.to_owned(), value: value.to_owned(), reason: fields.text("reason").to_owned() };
    pauses::pause(&operator.call, operator.whose(), body).await?;
    Ok(Redirect::to(&operator.to("/ops/pauses?said=paused")))
}

/// Takes a pause away.
pub(super) async fn resume(
    operator: Operator,
    Asked(Named(id)): Asked<Named<PauseId>>,
    Extension(fields): Extension<Fields>,
) -> Result<Redirect, Refused> {
    reason(fields.text("reason"))?;
    pauses::resume(&operator.call, operator.whose(), id, fields.text("reason")).await?;
    Ok(Redirect::to(&operator.to("/ops/pauses?said=resumed")))
}

/// What was just done, of a word in the address: nothing that stands there is repeated.
pub(super) fn said(word: Option<&str>) -> &'static str {
    match word {
        Some("retried") => "The job is ready again, its failures forgiven.",
        Some("cancelled") => "The job is cancelled; if it runs, its worker was asked to stop.",
        Some("paused") => "Paused: nothing of that kind starts until you resume it. What runs goes on.",
        Some("resumed") => "Resumed: what waited for it goes on.",
        _ => "",
    }
}
