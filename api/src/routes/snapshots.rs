//! Snapshots: a design as people approved it. Approvals add up until the lock; after it nothing is decided any more.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_shared::canon;
use platen_shared::db::{At, Source};
use platen_shared::id::{EventId, SnapshotId};
use platen_shared::store::snapshots::{self, Approval, Lock, Snapshot};
use platen_shared::store::specs;
use serde::{Deserialize, Serialize};

use crate::call::{Call, holds, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Input, Named};

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
    at: At,
}

/// A lock.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Lock)]
pub(crate) struct LockView {
    actor: String,
    at: At,
}

async fn view(source: &mut impl Source, snapshot: Snapshot) -> Reply<SnapshotView> {
    let approvals = snapshots::approvals(source, snapshot.tenant, snapshot.id).await?;
    let lock = snapshots::lock_of(source, snapshot.tenant, snapshot.id).await?;
    Ok(SnapshotView {
        id: snapshot.id,
        spec_hash: snapshot.spec_hash,
        source: snapshot.source,
        created_by: snapshot.created_by,
        created_at: snapshot.created_at,
        approvals: approvals.into_iter().map(|a| ApprovalView { actor: a.actor, note: a.note, at: a.at }).collect(),
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
}

/// Makes the snapshot of a design; a design has one, so that the same again answers 200.
#[utoipa::path(post, path = "/v1/snapshots", tag = "snapshots", request_body = NewSnapshot,
    responses((status = 201, body = SnapshotView), (status = 200, body = SnapshotView, description = "It was there.")))]
pub(crate) async fn create(call: Call, Input(body): Input<NewSnapshot>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/source", &body.source, 0, 200);
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
    let view = view(&mut call.read(), snapshot).await?;
    let etag = format!("\"{}\"", canon::digest(&view).map_err(|e| Problem::internal(&e))?);
    let mut response =
        if holds(&headers, &etag) { StatusCode::NOT_MODIFIED.into_response() } else { Json(view).into_response() };
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
}

/// Approves a snapshot that is not locked.
#[utoipa::path(post, path = "/v1/snapshots/{id}/approve", tag = "snapshots", request_body = Note,
    params(("id" = SnapshotId, Path, description = "The snapshot.")), responses((status = 201, body = SnapshotView)))]
pub(crate) async fn approve(call: Call, Named(id): Named<SnapshotId>, Input(body): Input<Note>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/note", &body.note, 0, 500);
    checks.done()?;
    let mut tx = call.begin("approve_snapshot").await?;
    let snapshot = snapshots::hold(&mut tx, call.tenant(), id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
    if snapshots::lock_of(&mut tx, call.tenant(), id).await?.is_some() {
        return Err(Problem::state("The snapshot is locked; nothing about it is decided any more."));
    }
    let approval = Approval { id: EventId::new(), actor: call.actor(), note: body.note, at: call.now() };
    snapshots::approve(&mut tx, call.tenant(), id, &approval).await?;
    call.audit(&mut tx, "snapshot.approve", id, &approval.note).await?;
    let view = view(&mut tx, snapshot).await?;
    tx.commit().await?;
    Ok(made(true, view))
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
