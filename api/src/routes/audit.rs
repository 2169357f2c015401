//! The audit: who commanded what, and why.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::EventId;
use platen_shared::store::audit::{self, Audit};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, Paging};
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

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilter {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// The tenant's audit, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditFilter), responses((status = 200, body = Page<AuditView>)))]
pub(crate) async fn list(call: Call, Filters(filter): Filters<AuditFilter>) -> Reply<Json<Page<AuditView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let rows = audit::list(&mut call.read(), call.tenant(), paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}
