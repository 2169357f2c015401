//! Snapshots: a design as people approved it. Approvals add up until the lock; after it nothing is decided any more.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_shared::canon;
use platen_shared::db::{At, Source, Tx};
use platen_shared::id::{EventId, JobId, SnapshotId};
use platen_shared::store::snapshots::{self, Approval, Asset, Lock, Snapshot};
use platen_shared::store::specs;
use serde::{Deserialize, Serialize};

use super::renders;
use crate::call::{Call, holds, made};
use crate::check::Checks;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};
use crate::stored::Stored;

/// A snapshot.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Snapshot)]
pub(crate) struct SnapshotView {
    id: SnapshotId,
    spec_hash: String,
    /// Where it came from, in the shop's words.
    source: String,
    created_by: String,
    created_at: At,
    /// What was shown to whoever approves.
    assets: Vec<AssetView>,
    approvals: Vec<ApprovalView>,
    /// Null until it is locked.
    lock: Option<LockView>,
}

/// An approval.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    actor: String,
    note: String,
    /// How it was given.
    how: String,
    /// SHA-256 of the file that was looked at.
    seen: Option<String>,
    at: At,
}

impl From<Approval> for ApprovalView {
    fn from(a: Approval) -> Self {
        ApprovalView { actor: a.actor, note: a.note, how: a.how, seen: a.seen, at: a.at }
    }
}

/// A file that belongs to a snapshot.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotAsset)]
pub(crate) struct AssetView {
    /// `<profile>/<file>`.
    name: String,
    sha256: String,
    media_type: String,
    bytes: i64,
    /// The job that rendered it.
    render: JobId,
    at: At,
}

impl From<Asset> for AssetView {
    fn from(a: Asset) -> Self {
        AssetView {
            name: a.name,
            sha256: a.sha256,
            media_type: a.media_type,
            bytes: a.bytes,
            render: a.render,
            at: a.at,
        }
    }
}

/// A lock.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Lock)]
pub(crate) struct LockView {
    pub(super) actor: String,
    pub(super) at: At,
}

async fn view(source: &mut impl Source, snapshot: Snapshot) -> Reply<SnapshotView> {
    let approvals = snapshots::approvals(source, snapshot.tenant, snapshot.id).await?;
    let assets = snapshots::assets(source, snapshot.tenant, snapshot.id).await?;
    let lock = snapshots::lock_of(source, snapshot.tenant, snapshot.id).await?;
    Ok(SnapshotView {
        id: snapshot.id,
        spec_hash: snapshot.spec_hash,
        source: snapshot.source,
        created_by: snapshot.created_by,
        created_at: snapshot.created_at,
        assets: assets.into_iter().map(AssetView::from).collect(),
        approvals: approvals.into_iter().map(ApprovalView::from).collect(),
        lock: lock.map(|lock| LockView { actor: lock.actor, at: lock.at }),
    })
}

/// A snapshot to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewSnapshot {
    /// A stored design.
    spec_hash: String,
    /// At most 200 characters.
    #[serde(default)]
    source: String,
    /// Who made it with what; sealed, and forgotten after 90 days.
    origin: Option<Origin>,
}

/// Where a snapshot came from: a browser, say.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Origin {
    /// At most 200 characters.
    #[serde(default)]
    session_id: String,
    /// At most 64 characters.
    #[serde(default)]
    ip: String,
    /// At most 400 characters.
    #[serde(default)]
    user_agent: String,
}

/// Makes the snapshot of a design; a design has one, so that the same again answers 200.
#[utoipa::path(post, path = "/v1/snapshots", tag = "snapshots", request_body = NewSnapshot,
    responses((status = 201, body = SnapshotView), (status = 200, body = SnapshotView, description = "It was there.")))]
pub(crate) async fn create(call: Call, Input(body): Input<NewSnapshot>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/source", &body.source, 0, 200);
    if let Some(origin) = &body.origin {
        checks.text("/origin/sessionId", &origin.session_id, 0, 200);
        checks.text("/origin/ip", &origin.ip, 0, 64);
        checks.text("/origin/userAgent", &origin.user_agent, 0, 400);
    }
    checks.done()?;
    let mut tx = call.begin("create_snapshot").await?;
    specs::get(&mut tx, call.tenant(), &body.spec_hash).await?.ok_or_else(|| Problem::missing("spec"))?;
    let new = Snapshot {
        id: SnapshotId::new(),
        tenant: call.tenant(),
        spec_hash: body.spec_hash,
        source: body.source,
        created_by: call.actor(),
        created_at: call.now(),
    };
    let fresh = snapshots::insert(&mut tx, &new).await?;
    if let Some(origin) = body.origin.as_ref().filter(|_| fresh) {
        let text = serde_json::to_string(origin).map_err(|e| Problem::internal(&e))?;
        let bound = format!("{}:{}", new.tenant, new.id);
        let sealed = call.app().keyring.seal(&text, &bound).map_err(|e| Problem::internal(&e))?;
        snapshots::keep_origin(&mut tx, new.tenant, new.id, &sealed, call.ledger_now()).await?;
    }
    let kept = snapshots::of_spec(&mut tx, call.tenant(), &new.spec_hash).await?;
    let kept = view(&mut tx, kept.ok_or_else(|| Problem::internal(&"a snapshot vanished"))?).await?;
    tx.commit().await?;
    Ok(made(fresh, kept))
}

/// One snapshot, with its approvals and its lock.
#[utoipa::path(get, path = "/v1/snapshots/{id}", tag = "snapshots", params(("id" = SnapshotId, Path, description = "The snapshot.")),
    responses((status = 200, body = SnapshotView), (status = 304, description = "You hold it already.")))]
pub(crate) async fn show(call: Call, Named(id): Named<SnapshotId>, headers: HeaderMap) -> Reply<Response> {
    let snapshot =
        snapshots::get(&mut call.read(), call.tenant(), id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
    tagged(&view(&mut call.read(), snapshot).await?, &headers)
}

/// The snapshot of a design, by the design's hash.
#[utoipa::path(get, path = "/v1/specs/{hash}/snapshot", tag = "snapshots", params(("hash" = String, Path, description = "The design's hash.")),
    responses((status = 200, body = SnapshotView), (status = 304, description = "You hold it already.")))]
pub(crate) async fn of_spec(call: Call, Named(hash): Named<String>, headers: HeaderMap) -> Reply<Response> {
    let snapshot = snapshots::of_spec(&mut call.read(), call.tenant(), &hash).await?;
    let snapshot = snapshot.ok_or_else(|| Problem::missing("snapshot"))?;
    tagged(&view(&mut call.read(), snapshot).await?, &headers)
}

/// JSON under the digest of what it says.
pub(super) fn tagged<T: Serialize>(view: &T, headers: &HeaderMap) -> Reply<Response> {
    let etag = format!("\"{}\"", canon::digest(view).map_err(|e| Problem::internal(&e))?);
    let mut response =
        if holds(headers, &etag) { StatusCode::NOT_MODIFIED.into_response() } else { Json(view).into_response() };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// What goes with an approval.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    /// At most 500 characters.
    #[serde(default)]
    note: String,
    /// How it was given, in the shop's words: `api` unless it says so.
    #[serde(default = "api")]
    how: String,
    /// SHA-256 of the file that was looked at: one of the snapshot's assets.
    seen: Option<String>,
}

fn api() -> String {
    "api".to_owned()
}

/// Approves a snapshot that is not locked.
#[utoipa::path(post, path = "/v1/snapshots/{id}/approve", tag = "snapshots", request_body = Note,
    params(("id" = SnapshotId, Path, description = "The snapshot.")), responses((status = 201, body = SnapshotView)))]
pub(crate) async fn approve(call: Call, Named(id): Named<SnapshotId>, Input(body): Input<Note>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/note", &body.note, 0, 500);
    checks.text("/how", &body.how, 1, 40);
    checks.done()?;
    let mut tx = call.begin("approve_snapshot").await?;
    let snapshot = open(&call, &mut tx, id).await?;
    if let Some(seen) = &body.seen {
        let shown = snapshots::assets(&mut tx, call.tenant(), id).await?;
        if !shown.iter().any(|asset| asset.sha256 == *seen) {
            return Err(Problem::field("seen", "/seen", "This is not the hash of one of the snapshot's assets."));
        }
    }
    let (id_of_it, at) = (EventId::new(), call.now());
    let approval = Approval { id: id_of_it, actor: call.actor(), note: body.note, how: body.how, seen: body.seen, at };
    snapshots::approve(&mut tx, call.tenant(), id, &approval).await?;
    call.audit(&mut tx, "snapshot.approve", id, &approval.note).await?;
    let view = view(&mut tx, snapshot).await?;
    tx.commit().await?;
    Ok(made(true, view))
}

/// A snapshot about which something may still be decided, held until the transaction ends.
async fn open(call: &Call, tx: &mut Tx, id: SnapshotId) -> Reply<Snapshot> {
    let snapshot = snapshots::hold(tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
    match snapshots::lock_of(tx, call.tenant(), id).await? {
        Some(_) => Err(Problem::state("The snapshot is locked; nothing about it is decided any more.")),
        None => Ok(snapshot),
    }
}

/// Which render.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewAssets {
    /// A render of the snapshot's design that is done.
    render: JobId,
}

/// Adds the files of a render to a snapshot that is not locked. A name is given once: what was shown is never replaced.
#[utoipa::path(post, path = "/v1/snapshots/{id}/assets", tag = "snapshots", request_body = NewAssets,
    params(("id" = SnapshotId, Path, description = "The snapshot.")), responses((status = 201, body = SnapshotView),
    (status = 200, body = SnapshotView, description = "They were there.")))]
pub(crate) async fn add_assets(
    call: Call,
    Named(id): Named<SnapshotId>,
    Input(body): Input<NewAssets>,
) -> Reply<Response> {
    let job = renders::render(&call, body.render).await?;
    let files = renders::files(&call, &job).await?;
    let files = files.ok_or_else(|| Problem::state("The render is not done yet; add its files when it is."))?;
    for file in &files {
        // Read once and compared with its hash: nothing damaged becomes a part of what people approve.
        call.app().blobs.get(call.tenant(), &file.sha256).await?;
    }
    let profile = job.payload["profile"].as_str().unwrap_or_default().to_owned();
    let mut tx = call.begin("add_snapshot_assets").await?;
    let snapshot = open(&call, &mut tx, id).await?;
    if job.spec_hash.as_deref() != Some(&snapshot.spec_hash) {
        return Err(Problem::field("render", "/render", "The render shows another design."));
    }
    let known = snapshots::assets(&mut tx, call.tenant(), id).await?;
    let mut fresh = false;
    for file in files {
        let asset = Asset {
            name: format!("{profile}/{}", file.name),
            sha256: file.sha256,
            media_type: file.media_type,
            bytes: i64::try_from(file.bytes).unwrap_or(i64::MAX),
            render: job.id,
            at: call.now(),
        };
        if known.iter().any(|one| one.name == asset.name && one.sha256 != asset.sha256) {
            return Err(Problem::new(
                Code::Conflict,
                "The snapshot has another file of this name; what was shown stays.",
            ));
        }
        fresh |= snapshots::add_asset(&mut tx, call.tenant(), id, &asset).await?;
    }
    let view = view(&mut tx, snapshot).await?;
    tx.commit().await?;
    Ok(made(fresh, view))
}

/// A file of a snapshot, as it was shown.
#[utoipa::path(get, path = "/v1/snapshots/{id}/assets/{profile}/{name}", tag = "snapshots",
    params(("id" = SnapshotId, Path, description = "The snapshot."), ("profile" = String, Path, description = "Of the render."),
        ("name" = String, Path, description = "Of the file.")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn asset(
    call: Call,
    Named((id, profile, name)): Named<(SnapshotId, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    let assets = snapshots::assets(&mut call.read(), call.tenant(), id).await?;
    let name = format!("{profile}/{name}");
    let asset = assets.into_iter().find(|asset| asset.name == name).ok_or_else(|| Problem::missing("file"))?;
    let stored = Stored { tenant: call.tenant(), sha256: &asset.sha256, media_type: &asset.media_type };
    stored.send(&call.app().blobs, &method, &headers).await
}

/// Nothing.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Empty {}

/// Locks a snapshot that has an approval; locking twice is fine.
#[utoipa::path(post, path = "/v1/snapshots/{id}/lock", tag = "snapshots", request_body = Empty,
    params(("id" = SnapshotId, Path, description = "The snapshot.")), responses((status = 200, body = SnapshotView)))]
pub(crate) async fn lock(call: Call, Named(id): Named<SnapshotId>, Input(Empty {}): Input<Empty>) -> Reply<Response> {
    let mut tx = call.begin("lock_snapshot").await?;
    let snapshot = snapshots::hold(&mut tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
    if snapshots::approvals(&mut tx, call.tenant(), id).await?.is_empty() {
        return Err(Problem::state("The snapshot has no approval yet; approve it first."));
    }
    if snapshots::lock(&mut tx, call.tenant(), id, &Lock { actor: call.actor(), at: call.now() }).await? {
        call.audit(&mut tx, "snapshot.lock", id, "").await?;
    }
    let view = view(&mut tx, snapshot).await?;
    tx.commit().await?;
    Ok(made(false, view))
}
