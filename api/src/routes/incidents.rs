//! Times in which a provider was slow or away.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::IncidentId;
use platen_shared::store::incidents::{self, Incident};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Page, Paging};
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

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentFilter {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// Incidents at the tenant's providers, newest first.
#[utoipa::path(get, path = "/v1/incidents", tag = "messages", params(IncidentFilter), responses((status = 200, body = Page<IncidentView>)))]
pub(crate) async fn list(call: Call, Filters(asked): Filters<IncidentFilter>) -> Reply<Json<Page<IncidentView>>> {
    let paging = Paging::new(asked.cursor.as_deref(), asked.limit)?;
    let before = paging.after_id()?;
    let rows = incidents::list(&mut call.read(), call.tenant(), before, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}
