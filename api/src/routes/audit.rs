//! The audit: who commanded what, and why.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::EventId;
use platen_shared::store::audit::{self, Audit};
use serde::Serialize;

use crate::call::{Call, Page, Pages};
use crate::error::Reply;
use crate::extract::Filters;

/// A command that was carried out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Audit)]
pub(crate) struct AuditView {
    id: EventId,
    at: At,
    /// A key's id, `root`, or a person at the command line.
    actor: String,
    /// `job.cancel`, `key.revoke`, …
    action: String,
    subject: String,
    reason: String,
}

impl From<Audit> for AuditView {
    fn from(a: Audit) -> Self {
        AuditView { id: a.id, at: a.at, actor: a.actor, action: a.action, subject: a.subject, reason: a.reason }
    }
}

/// The tenant's audit, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(Pages), responses((status = 200, body = Page<AuditView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<AuditView>>> {
    let paging = pages.read()?;
    let rows = audit::list(&mut call.read(), call.tenant(), paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}
