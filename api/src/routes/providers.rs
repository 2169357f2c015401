//! A tenant's accounts at providers, as they stand: budget, use, breaker, the last probe, and who waits. Nothing outside is asked.

use axum::Json;
use platen_shared::ports::standing::Standing;

use crate::call::{Call, Page};
use crate::error::Reply;

/// Every connected provider: what of its budget is left and who used it, its breaker, its last probe, and the jobs that wait for it.
#[utoipa::path(get, path = "/v1/providers", tag = "connections", responses((status = 200, body = Page<Standing>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<Standing>>> {
    let app = call.app();
    let items = app.standings.of(call.tenant(), call.ledger_now()).await?;
    Ok(Json(Page { items, next: None }))
}
