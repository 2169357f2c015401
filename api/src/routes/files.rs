//! Signed links: how providers and browsers fetch a file without a key.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;

use crate::app::Shared;
use crate::error::{Problem, Reply};
use crate::extract::Named;
use crate::stored::Stored;

/// The file that a signed link names.
#[utoipa::path(get, path = "/f/{token}", tag = "files", params(("token" = String, Path, description = "As the link says.")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>, description = "The range you asked for."),
        (status = 304, description = "You hold it already.")))]
pub(crate) async fn show(
    State(shared): State<Shared>,
    Named(token): Named<String>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    let links = &shared.app.links;
    let file =
        links.open(shared.app.ledger.now(), &token).ok_or_else(|| Problem::missing("file, or the link is over"))?;
    let stored = Stored { tenant: file.tenant, sha256: &file.sha256, media_type: &file.media_type };
    let mut response = stored.send(&shared.app.blobs, &method, &headers).await?;
    // A customer's file never runs as a page of ours.
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}
