//! The proof chain of a snapshot: the approved design, who approved it, what was made of it, and what the printer fetched.

use axum::http::HeaderMap;
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::build_bundle::{BuildBundle, ZIP};
use platen_jobs::render_preview::RenderPreview;
use platen_press::Profile;
use platen_shared::db::At;
use platen_shared::id::{JobId, OrderId, SnapshotId};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::fetches::{self, Fetch};
use platen_shared::store::snapshots::{self, Sold};
use serde::Serialize;

use super::snapshots::{ApprovalView, AssetView, LockView, tagged};
use crate::call::Call;
use crate::error::{Problem, Reply};
use crate::extract::Named;

/// A proof: every link names the next by its SHA-256.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Proof)]
pub(crate) struct ProofView {
    snapshot: SnapshotId,
    /// SHA-256 of the canonical design: what was approved.
    spec_hash: String,
    created_by: String,
    created_at: At,
    /// What was shown before it was approved.
    shown: Vec<AssetView>,
    approvals: Vec<ApprovalView>,
    lock: Option<LockView>,
    /// What the present press makes of the design.
    renders: Vec<Rendered>,
    /// Where it was sold.
    orders: Vec<Ordered>,
}

/// The files of one profile.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProofRender)]
pub(crate) struct Rendered {
    profile: String,
    press_version: String,
    render: JobId,
    files: Vec<Made>,
}

/// An order with the snapshot in it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProofOrder)]
pub(crate) struct Ordered {
    order: OrderId,
    /// Digest of the order's items.
    revision: String,
    /// The item's place in the order, from 0.
    position: i64,
    quantity: i64,
    /// The ZIP of the order; null until it is built.
    bundle: Option<Made>,
    /// The item's own print files.
    files: Vec<Made>,
}

/// A file that was made, and who fetched it through a signed link.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProofFile)]
pub(crate) struct Made {
    name: String,
    sha256: String,
    bytes: u64,
    fetched: Vec<Fetched>,
}

/// One answer of the file door.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProofFetch)]
pub(crate) struct Fetched {
    /// Whom the link was made for.
    by: String,
    at: At,
    /// How many bytes left.
    bytes: i64,
    /// Whether they were the whole file, checked against its hash on its way.
    whole: bool,
}

/// The proof chain of a snapshot.
#[utoipa::path(get, path = "/v1/snapshots/{id}/proof", tag = "snapshots", params(("id" = SnapshotId, Path, description = "The snapshot.")),
    responses((status = 200, body = ProofView), (status = 304, description = "You hold it already.")))]
pub(crate) async fn show(call: Call, Named(id): Named<SnapshotId>, headers: HeaderMap) -> Reply<Response> {
    let (read, tenant) = (&mut call.read(), call.tenant());
    let snapshot = snapshots::get(read, tenant, id).await?.ok_or_else(|| Problem::missing("snapshot"))?;
    let shown = snapshots::assets(read, tenant, id).await?;
    let approvals = snapshots::approvals(read, tenant, id).await?;
    let lock = snapshots::lock_of(read, tenant, id).await?;
    let mut orders = Vec::new();
    for sold in snapshots::sold(read, tenant, id).await? {
        orders.push(ordered(&call, sold).await?);
    }
    let proof = ProofView {
        snapshot: id,
        renders: renders(&call, &snapshot.spec_hash).await?,
        spec_hash: snapshot.spec_hash,
        created_by: snapshot.created_by,
        created_at: snapshot.created_at,
        shown: shown.into_iter().map(AssetView::from).collect(),
        approvals: approvals.into_iter().map(ApprovalView::from).collect(),
        lock: lock.map(|lock| LockView { actor: lock.actor, at: lock.at }),
        orders,
    };
    tagged(&proof, &headers)
}

async fn renders(call: &Call, spec_hash: &str) -> Reply<Vec<Rendered>> {
    let press_version = call.app().press_version;
    let mut found = Vec::new();
    for profile in Profile::ALL {
        let (spec_hash, profile) = (spec_hash.to_owned(), profile.name().to_owned());
        let key = RenderPreview { spec_hash, profile: profile.clone(), press_version: press_version.to_owned() }.key();
        let made = artefacts::get(&mut call.read(), call.tenant(), RenderPreview::KIND, &key.text).await?;
        if let Some(made) = made {
            let mut files = Vec::new();
            for file in made.files.0 {
                files.push(with_fetches(call, file).await?);
            }
            found.push(Rendered { profile, press_version: press_version.to_owned(), render: made.job, files });
        }
    }
    Ok(found)
}

async fn ordered(call: &Call, sold: Sold) -> Reply<Ordered> {
    let key = BuildBundle { order: sold.order_id, revision: sold.revision.clone() }.key();
    let built = artefacts::get(&mut call.read(), call.tenant(), BuildBundle::KIND, &key.text).await?;
    let own = format!("items/{}/", sold.position);
    let (mut bundle, mut files) = (None, Vec::new());
    for file in built.map(|built| built.files.0).unwrap_or_default() {
        if file.name == ZIP {
            bundle = Some(with_fetches(call, file).await?);
        } else if file.name.starts_with(&own) {
            files.push(with_fetches(call, file).await?);
        }
    }
    let Sold { order_id: order, revision, position, quantity } = sold;
    Ok(Ordered { order, revision, position, quantity, bundle, files })
}

async fn with_fetches(call: &Call, file: StoredFile) -> Reply<Made> {
    let fetched = fetches::of_file(&mut call.read(), call.tenant(), &file.sha256).await?;
    let one = |f: Fetch| Fetched { by: f.audience, at: f.at, bytes: f.bytes, whole: f.whole };
    Ok(Made {
        name: file.name,
        sha256: file.sha256,
        bytes: file.bytes,
        fetched: fetched.into_iter().map(one).collect(),
    })
}
