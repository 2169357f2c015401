//! Production bundles: print files of every item of an order, and one ZIP of them with a manifest.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::build_bundle::{BuildBundle, ZIP};
use platen_jobs::bundle_item::BundleItem;
use platen_press::Naming;
use platen_shared::domain::address::Recipient;
use platen_shared::id::{ItemId, OrderId};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::namings;
use platen_shared::store::orders::{self, Order};
use serde::{Deserialize, Serialize};

use super::jobs::JobView;
use super::orders::{hold, own, recipient};
use super::renders::send;
use super::snapshots::Empty;
use super::work_orders::PaperForm;
use crate::call::Call;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Filters, Input, Named};
use crate::paper::{self, Slip};

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

/// The ZIP of an artefact, and its files.
pub(super) async fn artefact(call: &Call, kind: &str, key: &str) -> Reply<(StoredFile, Vec<StoredFile>)> {
    let artefact = artefacts::get(&mut call.read(), call.tenant(), kind, key).await?;
    let not_ready = || Problem::new(Code::NotReady, "These print files are not there yet.");
    let (zip, files) =
        artefact.ok_or_else(not_ready)?.files.0.into_iter().partition(|file: &StoredFile| file.name == ZIP);
    let zip: Vec<StoredFile> = zip;
    Ok((zip.into_iter().next().ok_or_else(not_ready)?, files))
}

/// An artefact as a bundle.
pub(super) async fn view(call: &Call, kind: &str, key: &str) -> Reply<Json<BundleView>> {
    let (zip, files) = artefact(call, kind, key).await?;
    let url = call.app().links.link(call.ledger_now(), call.tenant(), &zip.sha256, &zip.media_type, LINK_TTL);
    let file = |f: StoredFile| BundleFile { name: f.name, sha256: f.sha256, media_type: f.media_type, bytes: f.bytes };
    Ok(Json(BundleView { sha256: zip.sha256, bytes: zip.bytes, url, files: files.into_iter().map(file).collect() }))
}

/// An order's bundle.
#[utoipa::path(get, path = "/v1/orders/{id}/bundle", tag = "bundles", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = BundleView)))]
pub(crate) async fn show(call: Call, Named(id): Named<OrderId>) -> Reply<Json<BundleView>> {
    view(&call, BuildBundle::KIND, &job(&own(&call, id).await?).key().text).await
}

/// An order's bundle, as ZIP.
#[utoipa::path(get, path = "/v1/orders/{id}/bundle/file", tag = "bundles", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn file(call: Call, Named(id): Named<OrderId>, method: Method, headers: HeaderMap) -> Reply<Response> {
    let (zip, _) = artefact(&call, BuildBundle::KIND, &job(&own(&call, id).await?).key().text).await?;
    send(&call, &zip, &method, &headers).await
}

/// The job of an item, once the item is one of the order's.
async fn of_item(call: &Call, order: &Order, item: ItemId) -> Reply<BundleItem> {
    let items = orders::items(&mut call.read(), call.tenant(), order.id).await?;
    if !items.iter().any(|known| known.id == item) {
        return Err(Problem::missing("item"));
    }
    Ok(BundleItem { order: order.id, item, revision: order.revision.clone() })
}

/// Makes the print files of one item of an order. The same again answers the first job.
#[utoipa::path(post, path = "/v1/orders/{id}/items/{item}/bundle", tag = "bundles", request_body = Empty,
    params(("id" = OrderId, Path, description = "The order."), ("item" = ItemId, Path, description = "Its item.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn create_item(
    call: Call,
    Named((id, item)): Named<(OrderId, ItemId)>,
    Input(Empty {}): Input<Empty>,
) -> Reply<Response> {
    let order = own(&call, id).await?;
    let job = of_item(&call, &order, item).await?;
    let mut tx = call.begin("bundle_item").await?;
    let job = platen_jobs::enqueue(&mut tx, &call.origin(0), &job).await?.id();
    tx.commit().await?;
    call.work(job).await
}

/// An item's bundle.
#[utoipa::path(get, path = "/v1/orders/{id}/items/{item}/bundle", tag = "bundles",
    params(("id" = OrderId, Path, description = "The order."), ("item" = ItemId, Path, description = "Its item.")),
    responses((status = 200, body = BundleView)))]
pub(crate) async fn show_item(call: Call, Named((id, item)): Named<(OrderId, ItemId)>) -> Reply<Json<BundleView>> {
    let order = own(&call, id).await?;
    view(&call, BundleItem::KIND, &of_item(&call, &order, item).await?.key().text).await
}

/// What files are called in bundles.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileNames {
    /// Such as `items/{item}-{product}/{zone}`; also `{order}`, `{quantity}`, `{hash}` and `{kind}`. The ending is added.
    template: String,
}

/// What files are called in this tenant's bundles.
#[utoipa::path(get, path = "/v1/file-names", tag = "bundles", responses((status = 200, body = FileNames)))]
pub(crate) async fn names(call: Call) -> Reply<Json<FileNames>> {
    let own = namings::get(&mut call.read(), call.tenant()).await?;
    let template = own.unwrap_or_else(|| Naming::default().template().to_owned());
    Ok(Json(FileNames { template }))
}

/// Sets what files are called in bundles that are made from now on.
#[utoipa::path(put, path = "/v1/file-names", tag = "bundles", request_body = FileNames, responses((status = 200, body = FileNames)))]
pub(crate) async fn put_names(call: Call, Input(body): Input<FileNames>) -> Reply<Json<FileNames>> {
    let naming = Naming::new(&body.template).map_err(|e| Problem::field("template", "/template", &e.to_string()))?;
    let mut tx = call.begin("put_file_names").await?;
    namings::put(&mut tx, call.now(), call.tenant(), naming.template()).await?;
    call.audit(&mut tx, "file_names.put", "file-names", naming.template()).await?;
    tx.commit().await?;
    Ok(Json(body))
}

/// The packing slip of an order: what is in the parcel and whom it goes to, under the tenant's name, without prices.
#[utoipa::path(get, path = "/v1/orders/{id}/packing-slip", tag = "bundles", params(("id" = OrderId, Path, description = "The order."), PaperForm),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>)))]
pub(crate) async fn packing_slip(
    call: Call,
    Named(id): Named<OrderId>,
    Filters(form): Filters<PaperForm>,
) -> Reply<Response> {
    let language = form.language()?;
    let order = own(&call, id).await?;
    let items = orders::items(&mut call.read(), call.tenant(), id).await?;
    let forgotten = || {
        Problem::state("The buyer of this order is forgotten, as the tenant's rules say: there is no address to print.")
    };
    let recipient = recipient(&call, &order)?.ok_or_else(forgotten)?;
    let slip = Slip {
        brand: super::tenants::own(&call).await?.name,
        number: order.number.clone(),
        date: order.created_at.timestamp().strftime("%Y-%m-%d").to_string(),
        address: label(&recipient),
        lines: items.into_iter().map(|item| (item.title, item.quantity)).collect(),
    };
    let bytes = paper::slip(&slip, language).map_err(|e| Problem::internal(&e))?;
    Ok(paper::pdf(bytes, &format!("packing-slip-{}", order.number)))
}

/// Whom a parcel goes to, as it stands on a label.
fn label(to: &Recipient) -> Vec<String> {
    let name = format!("{} {}", to.first_name, to.last_name);
    let place = [to.post_code.as_str(), to.city.as_str(), to.state.as_str()].map(str::trim).join(" ");
    [name.as_str(), &to.company_name, &to.address_line1, &to.address_line2, &place, &to.country]
        .into_iter()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}
