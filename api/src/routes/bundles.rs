//! Production bundles: print files of every item of an order, and one ZIP of them with a manifest.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::build_bundle::{BuildBundle, ZIP};
use platen_shared::id::OrderId;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::orders::Order;
use serde::{Deserialize, Serialize};

use super::jobs::JobView;
use super::orders::{hold, own};
use super::renders::send;
use super::snapshots::Empty;
use crate::call::Call;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// How long a bundle's link is good for, at least.
const LINK_TTL: Duration = Duration::from_secs(24 * 3600);

/// A file of a bundle.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleFile {
    name: String,
    sha256: String,
    media_type: String,
    bytes: u64,
}

/// A bundle.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Bundle)]
pub(crate) struct BundleView {
    /// Of the ZIP.
    sha256: String,
    /// Of the ZIP.
    bytes: u64,
    /// A signed link to the ZIP, good for a day; it needs no key.
    url: String,
    /// The print files by themselves.
    files: Vec<BundleFile>,
}

fn job(order: &Order) -> BuildBundle {
    BuildBundle { order: order.id, revision: order.revision.clone() }
}

async fn build(call: Call, id: OrderId) -> Reply<Response> {
    let mut tx = call.begin("build_bundle").await?;
    let order = hold(&call, &mut tx, id).await?;
    if ["draft", "cancelled", "failed", "closed"].contains(&order.state.as_str()) {
        return Err(Problem::state(format!("An order that is {} gets no print files.", order.state)));
    }
    let job = platen_jobs::enqueue(&mut tx, &call.origin(0), &job(&order)).await?.id();
    tx.commit().await?;
    call.work(job).await
}

/// Makes the print files of an order. The same order again answers the first job.
#[utoipa::path(post, path = "/v1/orders/{id}/bundle", tag = "bundles", request_body = Empty, params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create(call: Call, Named(id): Named<OrderId>, Input(Empty {}): Input<Empty>) -> Reply<Response> {
    build(call, id).await
}

/// Which order.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExportPack {
    order_id: OrderId,
}

/// The same, with the order's id in the body.
#[utoipa::path(post, path = "/api/v1/manufacturing/export-pack", tag = "bundles", request_body = ExportPack,
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn export_pack(call: Call, Input(body): Input<ExportPack>) -> Reply<Response> {
    build(call, body.order_id).await
}

async fn files(call: &Call, order: &Order) -> Reply<(StoredFile, Vec<StoredFile>)> {
    let artefact = artefacts::get(&mut call.read(), call.tenant(), BuildBundle::KIND, &job(order).key().text).await?;
    let not_ready = || Problem::new(Code::NotReady, "The print files of this order are not there yet.");
    let (zip, files) =
        artefact.ok_or_else(not_ready)?.files.0.into_iter().partition(|file: &StoredFile| file.name == ZIP);
    let zip: Vec<StoredFile> = zip;
    Ok((zip.into_iter().next().ok_or_else(not_ready)?, files))
}

/// An order's bundle.
#[utoipa::path(get, path = "/v1/orders/{id}/bundle", tag = "bundles", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = BundleView)))]
pub(crate) async fn show(call: Call, Named(id): Named<OrderId>) -> Reply<Json<BundleView>> {
    let (zip, files) = files(&call, &own(&call, id).await?).await?;
    let url = call.app().links.link(call.ledger_now(), call.tenant(), &zip.sha256, &zip.media_type, LINK_TTL);
    let file = |f: StoredFile| BundleFile { name: f.name, sha256: f.sha256, media_type: f.media_type, bytes: f.bytes };
    Ok(Json(BundleView { sha256: zip.sha256, bytes: zip.bytes, url, files: files.into_iter().map(file).collect() }))
}

/// An order's bundle, as ZIP.
#[utoipa::path(get, path = "/v1/orders/{id}/bundle/file", tag = "bundles", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn file(call: Call, Named(id): Named<OrderId>, method: Method, headers: HeaderMap) -> Reply<Response> {
    let (zip, _) = files(&call, &own(&call, id).await?).await?;
    send(&call, &zip, &method, &headers).await
}
