//! Signed links: how providers and browsers fetch a file without a key.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use futures::StreamExt;
use platen_shared::id::{EventId, TenantId};
use platen_shared::ports::links::FileRef;
use platen_shared::store::fetches::{self, Fetch};

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
    if method == Method::GET && response.status().is_success() {
        response = counted(shared.clone(), &file, response);
    }
    // A customer's file never runs as a page of ours.
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}

/// The same answer; once its last byte has left, or the other side has gone, a row says who fetched how much of what.
fn counted(shared: Shared, file: &FileRef, response: Response) -> Response {
    let length = response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    let whole = (response.status() == StatusCode::OK).then_some(length).flatten();
    let audience = file.audience.clone().unwrap_or_else(|| "link".to_owned());
    let mut served = Served { shared, tenant: file.tenant, sha256: file.sha256.clone(), audience, whole, sent: 0 };
    response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |chunk| {
            // The whole of it moves in here, so that it ends with the stream.
            let served = &mut served;
            served.sent += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
            chunk
        }))
    })
}

/// An answer on its way; written down when it ends, however it ends.
struct Served {
    shared: Shared,
    tenant: TenantId,
    sha256: String,
    audience: String,
    /// Bytes of the whole file, when the whole was asked for.
    whole: Option<u64>,
    sent: u64,
}

impl Drop for Served {
    fn drop(&mut self) {
        let fetch = Fetch {
            id: EventId::new(),
            sha256: std::mem::take(&mut self.sha256),
            audience: std::mem::take(&mut self.audience),
            bytes: i64::try_from(self.sent).unwrap_or(i64::MAX),
            whole: self.whole == Some(self.sent),
            at: self.shared.app.ledger.now(),
        };
        let (shared, tenant) = (self.shared.clone(), self.tenant);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let written = async {
                let mut tx = shared.app.ledger.db.begin("note_fetch").await?;
                fetches::insert(&mut tx, tenant, &fetch).await?;
                tx.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(%error, "that a file was fetched could not be written down");
            }
        });
    }
}
