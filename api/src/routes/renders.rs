//! Previews of designs: asked for, followed, and fetched by their hash.

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::render_preview::RenderPreview;
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

/// A render to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewRender {
    /// A stored design.
    spec_hash: String,
    /// `preview`: one sheet of all zones, and a thumbnail.
    #[serde(default = "preview")]
    profile: String,
}

fn preview() -> String {
    "preview".to_owned()
}

/// Asks for the preview and the thumbnail of a design. The same design again answers the first job.
#[utoipa::path(post, path = "/v1/renders", tag = "renders", request_body = NewRender,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create(call: Call, Input(body): Input<NewRender>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.need(body.profile == "preview", "profile", "/profile", "The profile must be `preview`.");
    checks.done()?;
    let mut tx = call.begin("create_render").await?;
    specs::get(&mut tx, call.tenant(), &body.spec_hash).await?.ok_or_else(|| Problem::missing("spec"))?;
    let version = call.app().press_version.to_owned();
    let job = RenderPreview { spec_hash: body.spec_hash, profile: body.profile, press_version: version };
    let id = platen_jobs::enqueue(&mut tx, &call.origin(0), &job).await?.id();
    tx.commit().await?;
    call.work(id).await
}

/// A file of a render.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RenderFile)]
pub(crate) struct FileView {
    sha256: String,
    /// Where it is fetched with the same key.
    url: String,
}

/// The files of a render.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RenderFiles {
    preview: FileView,
    thumbnail: FileView,
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
    let file = |files: &[StoredFile], name: &str| {
        let file = files.iter().find(|file| stem(file) == name)?;
        Some(FileView { sha256: file.sha256.clone(), url: format!("/v1/renders/{id}/{name}") })
    };
    let files = files(&call, &job).await?.and_then(|files| {
        Some(RenderFiles { preview: file(&files, "preview")?, thumbnail: file(&files, "thumbnail")? })
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

async fn render(call: &Call, id: JobId) -> Reply<Job> {
    let job = own(call, id).await?;
    if job.kind == RenderPreview::KIND { Ok(job) } else { Err(Problem::missing("render")) }
}

async fn files(call: &Call, job: &Job) -> Reply<Option<Vec<StoredFile>>> {
    let artefact = artefacts::get(&mut call.read(), call.tenant(), RenderPreview::KIND, &job.key).await?;
    Ok(artefact.map(|artefact| artefact.files.0))
}

/// `preview` of `preview.png`.
fn stem(file: &StoredFile) -> &str {
    file.name.split('.').next().unwrap_or_default()
}

/// The preview, as PNG.
#[utoipa::path(get, path = "/v1/renders/{id}/preview", tag = "renders", params(("id" = JobId, Path, description = "The render's job.")),
    responses((status = 200, content_type = "image/png", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn preview_file(
    call: Call,
    Named(id): Named<JobId>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    fetch(&call, id, "preview", &method, &headers).await
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
    fetch(&call, id, "thumbnail", &method, &headers).await
}

async fn fetch(call: &Call, id: JobId, name: &str, method: &Method, headers: &HeaderMap) -> Reply<Response> {
    let job = render(call, id).await?;
    let files = files(call, &job).await?;
    let file = files.as_ref().and_then(|files| files.iter().find(|file| stem(file) == name));
    let file = file
        .ok_or_else(|| Problem::new(Code::NotReady, format!("The render is {}; there is no file yet.", job.state)))?;
    send(call, file, method, headers).await
}

/// A stored file, unless the caller holds it.
pub(crate) async fn send(call: &Call, file: &StoredFile, method: &Method, headers: &HeaderMap) -> Reply<Response> {
    let stored = Stored { tenant: call.tenant(), sha256: &file.sha256, media_type: &file.media_type };
    stored.send(&call.app().blobs, method, headers).await
}
