//! A tenant's accounts at providers, as they stand: budget, use, breaker, the last probe, and who waits. Nothing outside is asked.

use axum::Json;
use platen_shared::db::At;
use platen_shared::ports::standing::Standing;
use platen_shared::store::unknown_words;
use serde::Serialize;

use crate::call::{Call, Page, whole};
use crate::error::Reply;

/// Every connected provider: what of its budget is left and who used it, its breaker, its last probe, and the jobs that wait for it.
#[utoipa::path(get, path = "/v1/providers", tag = "connections", responses((status = 200, body = Page<Standing>)))]
pub(crate) async fn list(call: Call) -> Reply<Json<Page<Standing>>> {
    let app = call.app();
    let items = app.standings.of(call.tenant(), call.ledger_now()).await?;
    Ok(Json(Page { items, next: None }))
}

/// A word of a provider's that we do not know.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UnknownWord)]
pub(crate) struct WordView {
    provider: String,
    /// As it came.
    word: String,
    /// How many parts of orders were called so.
    times: i64,
    first_at: At,
    last_at: At,
}

impl From<unknown_words::UnknownWord> for WordView {
    fn from(row: unknown_words::UnknownWord) -> Self {
        WordView {
            provider: row.provider,
            word: row.word,
            times: row.times,
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

/// Words for a status that providers used and that we do not know: kept, counted, and nothing follows from them.
#[utoipa::path(get, path = "/v1/providers/unknown-words", tag = "connections", responses((status = 200, body = Page<WordView>)))]
pub(crate) async fn unknown_words(call: Call) -> Reply<Json<Page<WordView>>> {
    Ok(whole(unknown_words::list(&mut call.read(), call.tenant()).await?))
}
