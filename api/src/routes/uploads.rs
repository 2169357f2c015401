//! Pictures of customers. The bytes decide what they are; a bomb is refused by its header, before anything is decoded.

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use platen_press::{ImageInfo, PressError, check_image, sniff_image};
use platen_shared::canon::sha256_hex;
use platen_shared::db::At;
use platen_shared::id::UploadId;
use platen_shared::store::uploads::{self, Upload};
use serde::Serialize;

use crate::call::{Call, made};
use crate::error::{Code, Problem, Reply};
use crate::extract::Named;

/// What `Content-Type` may say.
const TYPES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif"];

/// An uploaded picture.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Upload)]
pub(crate) struct UploadView {
    id: UploadId,
    /// What a spec's `href` names.
    sha256: String,
    /// As the bytes say.
    media_type: String,
    /// Pixels across, upright.
    width: i64,
    /// Pixels down, upright.
    height: i64,
    /// Length.
    bytes: i64,
    created_at: At,
}

impl From<Upload> for UploadView {
    fn from(u: Upload) -> Self {
        UploadView {
            id: u.id,
            sha256: u.sha256,
            media_type: u.media_type,
            width: u.width,
            height: u.height,
            bytes: u.bytes,
            created_at: u.created_at,
        }
    }
}

/// Takes a PNG, JPEG, WebP or GIF in. The same bytes again answer 200 and the first upload.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads",
    request_body(content = Vec<u8>, content_type = "image/png", description = "The bytes; also image/jpeg, image/webp, image/gif."),
    responses((status = 201, body = UploadView), (status = 200, body = UploadView, description = "The same bytes were there.")))]
pub(crate) async fn create(call: Call, headers: HeaderMap, bytes: Bytes) -> Reply<Response> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !TYPES.contains(&said.as_str()) || !is_picture(&bytes) {
        return Err(Problem::new(
            Code::UnsupportedMedia,
            "Send a PNG, JPEG, WebP or GIF picture, with its Content-Type.",
        ));
    }
    let info = looked_at(&call, bytes.clone()).await?;
    if let Some(known) = uploads::of_hash(&mut call.read(), call.tenant(), &sha256_hex(&bytes)).await? {
        return Ok(made(false, UploadView::from(known)));
    }
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let sha256 = call.app().blobs.put(call.tenant(), bytes).await?;
    let upload = Upload {
        id: UploadId::new(),
        tenant: call.tenant(),
        sha256,
        media_type: info.media_type.to_owned(),
        bytes: length,
        width: info.width.into(),
        height: info.height.into(),
        created_at: call.now(),
    };
    let mut tx = call.begin("create_upload").await?;
    let fresh = uploads::insert(&mut tx, &upload).await?;
    tx.commit().await?;
    let upload = if fresh {
        upload
    } else {
        let first = uploads::of_hash(&mut call.read(), call.tenant(), &upload.sha256).await?;
        first.ok_or_else(|| Problem::internal(&"an upload vanished"))?
    };
    Ok(made(fresh, UploadView::from(upload)))
}

/// One uploaded picture's data.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads", params(("id" = UploadId, Path, description = "The upload.")),
    responses((status = 200, body = UploadView)))]
pub(crate) async fn show(call: Call, Named(id): Named<UploadId>) -> Reply<Json<UploadView>> {
    let found = uploads::get(&mut call.read(), call.tenant(), id).await?;
    found.map(|upload| Json(upload.into())).ok_or_else(|| Problem::missing("upload"))
}

fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    let starts: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"];
    webp || starts.iter().any(|start| bytes.starts_with(start))
}

/// Header first, then a full decode off the reactor, a few at a time.
async fn looked_at(call: &Call, bytes: Bytes) -> Reply<ImageInfo> {
    sniff_image(&bytes).map_err(refused)?;
    let _place = call.shared().decoders.acquire().await.map_err(|e| Problem::internal(&e))?;
    let decoded = tokio::task::spawn_blocking(move || check_image(&bytes)).await;
    decoded.map_err(|e| Problem::internal(&e))?.map_err(refused)
}

fn refused(error: PressError) -> Problem {
    match error {
        PressError::BadImage { reason } => Problem::field("picture", "", &reason),
        other => Problem::internal(&other),
    }
}
