//! Times in which a provider was slow or away.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::IncidentId;
use platen_shared::store::incidents::{self, Incident};
use serde::Serialize;

use crate::call::{Call, Page, Pages};
use crate::error::Reply;
use crate::extract::Filters;

/// An incident.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Incident)]
pub(crate) struct IncidentView {
    id: IncidentId,
    provider: String,
    /// `slow` or `away`.
    kind: String,
    /// What was seen.
    said: String,
    opened_at: At,
    /// Null while it lasts.
    closed_at: Option<At>,
}

impl From<Incident> for IncidentView {
    fn from(i: Incident) -> Self {
        let Incident { id, provider, kind, said, opened_at, closed_at } = i;
        IncidentView { id, provider, kind, said, opened_at, closed_at }
    }
}

/// Incidents at the tenant's providers, newest first.
#[utoipa::path(get, path = "/v1/incidents", tag = "messages", params(Pages), responses((status = 200, body = Page<IncidentView>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<IncidentView>>> {
    let paging = pages.read()?;
    let before = paging.after_id()?;
    let rows = incidents::list(&mut call.read(), call.tenant(), before, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}
