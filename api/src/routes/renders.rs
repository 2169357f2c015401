//! Pictures and models of designs: asked for by a profile, followed, and fetched by their hash.

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::render_preview::RenderPreview;
use platen_press::Profile;
use platen_shared::db::At;
use platen_shared::id::JobId;
use platen_shared::ledger::Job;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::specs;
use serde::{Deserialize, Serialize};

use super::jobs::{JobView, own};
use crate::call::Call;
use crate::check::Checks;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};
use crate::stored::Stored;

/// The name every profile's thumbnail has.
const THUMBNAIL: &str = "thumbnail.png";

/// A render to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRender {
    /// A stored design.
    spec_hash: String,
    /// `preview` (all zones on one sheet), `mockup` (on the product), `final` (300 dpi), `proof` or `proof-fr` (a sheet to approve),
    /// `model` (GLB and USDZ). Each comes with a thumbnail.
    #[serde(default = "preview")]
    profile: String,
}

fn preview() -> String {
    "preview".to_owned()
}

/// Asks for a design's files by a profile. The same design and profile again answer the first job.
#[utoipa::path(post, path = "/v1/renders", tag = "renders", request_body = NewRender,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create(call: Call, Input(body): Input<NewRender>) -> Reply<Response> {
    ask(call, body.spec_hash, &body.profile).await
}

/// A render at print resolution to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewFinal {
    /// A stored design.
    spec_hash: String,
}

/// Asks for every zone at 300 dpi with its bleed: the profile `final`.
#[utoipa::path(post, path = "/v1/renders/final", tag = "renders", request_body = NewFinal,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create_final(call: Call, Input(body): Input<NewFinal>) -> Reply<Response> {
    ask(call, body.spec_hash, Profile::Final.name()).await
}

async fn ask(call: Call, spec_hash: String, profile: &str) -> Reply<Response> {
    let mut checks = Checks::default();
    let names = Profile::ALL.map(|profile| format!("`{}`", profile.name())).join(", ");
    let sentence = format!("The profile must be one of {names}.");
    checks.need(Profile::named(profile).is_some(), "profile", "/profile", &sentence);
    checks.done()?;
    let mut tx = call.begin("create_render").await?;
    specs::get(&mut tx, call.tenant(), &spec_hash).await?.ok_or_else(|| Problem::missing("spec"))?;
    let press_version = call.app().press_version.to_owned();
    let job = RenderPreview { spec_hash, profile: profile.to_owned(), press_version };
    let id = platen_jobs::enqueue(&mut tx, &call.origin(0), &job).await?.id();
    tx.commit().await?;
    call.work(id).await
}

/// A file of a render.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RenderFile)]
pub(crate) struct FileView {
    name: String,
    sha256: String,
    media_type: String,
    bytes: u64,
    /// Where it is fetched with the same key.
    url: String,
}

/// The files of a render.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RenderFiles {
    /// A PNG that shows the design, whatever the profile.
    preview: FileView,
    /// 200 by 200 pixels.
    thumbnail: FileView,
    /// Every file, those two among them.
    all: Vec<FileView>,
}

/// A render.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Render)]
pub(crate) struct RenderView {
    /// The job's id.
    id: JobId,
    state: String,
    spec_hash: Option<String>,
    enqueued_at: At,
    finished_at: Option<At>,
    /// Null until it is done.
    files: Option<RenderFiles>,
    /// Everything about the job.
    job: JobView,
}

/// How a render stands.
#[utoipa::path(get, path = "/v1/renders/{id}", tag = "renders", params(("id" = JobId, Path, description = "The render's job.")),
    responses((status = 200, body = RenderView)))]
pub(crate) async fn show(call: Call, Named(id): Named<JobId>) -> Reply<Json<RenderView>> {
    let job = render(&call, id).await?;
    let files = files(&call, &job).await?.and_then(|files| {
        let file = |file: &StoredFile, url: String| FileView {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes,
            url,
        };
        Some(RenderFiles {
            preview: file(picture(&files)?, format!("/v1/renders/{id}/preview")),
            thumbnail: file(named(&files, THUMBNAIL)?, format!("/v1/renders/{id}/thumbnail")),
            all: files.iter().map(|f| file(f, format!("/v1/renders/{id}/files/{}", f.name))).collect(),
        })
    });
    Ok(Json(RenderView {
        id,
        state: job.state.clone(),
        spec_hash: job.spec_hash.clone(),
        enqueued_at: job.enqueued_at,
        finished_at: job.finished_at,
        files,
        job: job.into(),
    }))
}

pub(super) async fn render(call: &Call, id: JobId) -> Reply<Job> {
    let job = own(call, id).await?;
    if job.kind == RenderPreview::KIND { Ok(job) } else { Err(Problem::missing("render")) }
}

pub(super) async fn files(call: &Call, job: &Job) -> Reply<Option<Vec<StoredFile>>> {
    let artefact = artefacts::get(&mut call.read(), call.tenant(), RenderPreview::KIND, &job.key).await?;
    Ok(artefact.map(|artefact| artefact.files.0))
}

/// The picture that shows the design: the first file.
fn picture(files: &[StoredFile]) -> Option<&StoredFile> {
    files.iter().find(|file| file.media_type == "image/png")
}

fn named<'a>(files: &'a [StoredFile], name: &str) -> Option<&'a StoredFile> {
    files.iter().find(|file| file.name == name)
}

/// The picture that shows the design, as PNG.
#[utoipa::path(get, path = "/v1/renders/{id}/preview", tag = "renders", params(("id" = JobId, Path, description = "The render's job.")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn preview_file(
    call: Call,
    Named(id): Named<JobId>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    let files = ready(&call, id).await?;
    send(&call, picture(&files).ok_or_else(|| Problem::missing("file"))?, &method, &headers).await
}

/// The thumbnail, as PNG.
#[utoipa::path(get, path = "/v1/renders/{id}/thumbnail", tag = "renders", params(("id" = JobId, Path, description = "The render's job.")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn thumbnail_file(
    call: Call,
    Named(id): Named<JobId>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    let files = ready(&call, id).await?;
    send(&call, named(&files, THUMBNAIL).ok_or_else(|| Problem::missing("file"))?, &method, &headers).await
}

/// A file of a render by its name: PNG, WebP, PDF, GLB or USDZ.
#[utoipa::path(get, path = "/v1/renders/{id}/files/{name}", tag = "renders",
    params(("id" = JobId, Path, description = "The render's job."), ("name" = String, Path, description = "As the render lists it.")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn file(
    call: Call,
    Named((id, name)): Named<(JobId, String)>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    let files = ready(&call, id).await?;
    send(&call, named(&files, &name).ok_or_else(|| Problem::missing("file"))?, &method, &headers).await
}

/// The files of a render that is done.
async fn ready(call: &Call, id: JobId) -> Reply<Vec<StoredFile>> {
    let job = render(call, id).await?;
    let sentence = || format!("The render is {}; there is no file yet.", job.state);
    files(call, &job).await?.ok_or_else(|| Problem::new(Code::NotReady, sentence()))
}

/// A stored file, unless the caller holds it.
pub(crate) async fn send(call: &Call, file: &StoredFile, method: &Method, headers: &HeaderMap) -> Reply<Response> {
    let stored = Stored { tenant: call.tenant(), sha256: &file.sha256, media_type: &file.media_type };
    stored.send(&call.app().blobs, method, headers).await
}
