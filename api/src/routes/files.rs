//! Signed links: how providers and browsers fetch a file without a key.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use platen_shared::ports::blobs::BlobError;

use crate::app::Shared;
use crate::call::{holds, immutable};
use crate::error::{Problem, Reply};
use crate::extract::Named;

/// The file that a signed link names.
#[utoipa::path(get, path = "/f/{token}", tag = "files", params(("token" = String, Path, description = "As the link says.")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Named(token): Named<String>,
    headers: HeaderMap,
) -> Reply<Response> {
    let file = shared
        .app
        .links
        .open(shared.app.ledger.now(), &token)
        .ok_or_else(|| Problem::missing("file, or the link is over"))?;
    let bytes = if holds(&headers, &format!("\"{}\"", file.sha256)) {
        None
    } else {
        match shared.app.blobs.get(file.tenant, &file.sha256).await {
            Ok(bytes) => Some(bytes),
            Err(BlobError::Missing(_)) => return Err(Problem::missing("file")),
            Err(error) => return Err(error.into()),
        }
    };
    let mut response = immutable(&headers, &file.sha256, &file.media_type, bytes);
    // A customer's file never runs as a page of ours.
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}
