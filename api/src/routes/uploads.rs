//! Pictures of customers, and artwork. The bytes decide what they are; a bomb is refused by its header, before anything is decoded.
//!
//! What is stored is the picture and nothing else: its hash, not that of the bytes as they came, is what designs name.

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use platen_press::PressError;
use platen_press::intake::{Sniffed, Taken, sniff, take_in};
use platen_shared::canon::sha256_hex;
use platen_shared::db::At;
use platen_shared::flatten::FlattenError;
use platen_shared::id::UploadId;
use platen_shared::store::uploads::{self, Upload};
use serde::{Deserialize, Serialize};

use crate::call::{Call, made};
use crate::error::{Code, Problem, Reply};
use crate::extract::{Filters, Named};

/// What `Content-Type` may say.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif"];
/// And of artwork.
const ARTWORK: &[&str] = &["image/tiff", "image/svg+xml", "application/pdf"];

/// An uploaded picture.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Upload)]
pub(crate) struct UploadView {
    id: UploadId,
    /// `buyer` or `artwork`.
    profile: String,
    /// What a spec's `href` names.
    sha256: String,
    /// As the bytes say.
    media_type: String,
    /// Pixels across, upright; of a PDF, points of its first page.
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
            profile: u.profile,
            sha256: u.sha256,
            media_type: u.media_type,
            width: u.width,
            height: u.height,
            bytes: u.bytes,
            created_at: u.created_at,
        }
    }
}

/// For what an upload is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Profile {
    /// A buyer's photo: PNG, JPEG, WebP or GIF.
    Buyer,
    /// Print artwork: also PDF, SVG and TIFF.
    Artwork,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Profile::Buyer => "buyer",
            Profile::Artwork => "artwork",
        }
    }

    fn types(self) -> impl Iterator<Item = &'static &'static str> {
        let more: &'static [&'static str] = if self == Profile::Artwork { ARTWORK } else { &[] };
        PICTURES.iter().chain(more)
    }

    fn takes(self, sniffed: Option<Sniffed>) -> bool {
        match self {
            Profile::Buyer => sniffed == Some(Sniffed::Picture),
            Profile::Artwork => sniffed.is_some(),
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Profile::Buyer => "Send a PNG, JPEG, WebP or GIF picture, with its Content-Type.",
            Profile::Artwork => "Send a PNG, JPEG, WebP, GIF, TIFF, PDF or SVG, with its Content-Type.",
        }
    }
}

/// What stands behind the question mark.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct For {
    /// `buyer` unless it says so.
    #[serde(default = "buyer")]
    profile: Profile,
}

fn buyer() -> Profile {
    Profile::Buyer
}

/// Takes a picture or artwork in: turned upright, rid of its metadata, SVG drawn as PNG. The same bytes again answer 200.
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads", params(For),
    request_body(content = Vec<u8>, content_type = "image/png", description = "The bytes; also image/jpeg, image/webp, image/gif; as artwork image/tiff, image/svg+xml, application/pdf."),
    responses((status = 201, body = UploadView), (status = 200, body = UploadView, description = "The same bytes were there.")))]
pub(crate) async fn create(
    call: Call,
    Filters(For { profile }): Filters<For>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply<Response> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let most = longest(&call, profile).await?;
    if bytes.len() > most {
        return Err(Problem::new(Code::TooLarge, format!("At most {most} bytes are taken here.")));
    }
    let sniffed = sniff(&bytes);
    if !profile.types().any(|known| *known == said) || !profile.takes(sniffed) {
        return Err(Problem::new(Code::UnsupportedMedia, profile.sentence()));
    }
    let source_sha256 = sha256_hex(&bytes);
    if let Some(known) = uploads::of_source(&mut call.read(), call.tenant(), profile.name(), &source_sha256).await? {
        return Ok(made(false, UploadView::from(known)));
    }
    let bytes = if sniffed == Some(Sniffed::Svg) { flattened(&call, bytes).await? } else { bytes };
    let taken = taken(&call, bytes).await?;
    let length = i64::try_from(taken.bytes.len()).unwrap_or(i64::MAX);
    let sha256 = call.app().blobs.put(call.tenant(), taken.bytes.into()).await?;
    let upload = Upload {
        id: UploadId::new(),
        tenant: call.tenant(),
        profile: profile.name().to_owned(),
        sha256,
        source_sha256: Some(source_sha256),
        media_type: taken.media_type.to_owned(),
        bytes: length,
        width: taken.width.into(),
        height: taken.height.into(),
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

/// Bytes that this tenant may send for this.
async fn longest(call: &Call, profile: Profile) -> Reply<usize> {
    let settings = &call.app().settings;
    if profile == Profile::Buyer {
        return Ok(settings.upload_bytes_max);
    }
    let own = uploads::artwork_limit(&mut call.read(), call.tenant()).await?;
    let own = own.and_then(|own| usize::try_from(own).ok()).unwrap_or(usize::MAX);
    Ok(settings.artwork_bytes_max.min(own))
}

/// Capped by its header, decoded whole so that nothing broken is stored, and cleaned; off the reactor, a few at a time.
async fn taken(call: &Call, bytes: Bytes) -> Reply<Taken> {
    let _place = call.shared().decoders.acquire().await.map_err(|e| Problem::internal(&e))?;
    let taken = tokio::task::spawn_blocking(move || take_in(&bytes)).await;
    match taken {
        Ok(taken) => taken.map_err(refused),
        // A decoder that panics has met a file that nobody made in good faith, or a fault of its own: no upload either way.
        Err(error) if error.is_panic() => Err(damaged()),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// An SVG as a PNG, by a process of its own.
async fn flattened(call: &Call, svg: Bytes) -> Reply<Bytes> {
    let Some(flattener) = &call.app().settings.flattener else {
        return Err(Problem::new(
            Code::UnsupportedMedia,
            "SVG is not taken by this installation; send a picture of it.",
        ));
    };
    let _place = call.shared().decoders.acquire().await.map_err(|e| Problem::internal(&e))?;
    flattener.flatten(svg).await.map_err(|error| match error {
        FlattenError::Refused(sentence) => Problem::field("picture", "", &sentence),
        FlattenError::Failed(cause) => Problem::internal(&cause),
    })
}

fn damaged() -> Problem {
    Problem::field("picture", "", "The file is damaged or ends before the picture does.")
}

fn refused(error: PressError) -> Problem {
    match error {
        PressError::BadImage { reason } => Problem::field("picture", "", &reason),
        other => Problem::internal(&other),
    }
}
