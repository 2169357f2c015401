//! Work orders: what a workshop is told to make, its papers and its print files.

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::Job as _;
use platen_jobs::bundle_work_order::BundleWorkOrder;
use platen_press::Language;
use platen_shared::db::At;
use platen_shared::domain::work_order::WorkState;
use platen_shared::id::{ItemId, OrderId, WorkOrderId};
use platen_shared::store::orders;
use platen_shared::store::work_orders::{self, Line, Moved, NewLine, Step, WorkOrder};
use serde::{Deserialize, Serialize};

use super::bundles::{BundleView, artefact, view};
use super::jobs::JobView;
use super::orders::hold;
use super::renders::send;
use super::snapshots::Empty;
use crate::call::{Call, Page, Paging, made};
use crate::check::Checks;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};
use crate::paper::{self, Ticket, TicketLine};

/// Most lines of a work order.
const LINES_MAX: usize = 200;

/// A work order.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WorkOrder)]
pub(crate) struct WorkOrderView {
    id: WorkOrderId,
    /// Counted per tenant; on paper it reads `WO-000007`.
    number: i64,
    state: String,
    note: String,
    created_by: String,
    created_at: At,
    updated_at: At,
    /// Its lines; left out of lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineView>,
    /// Its moves; left out of lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<StepView>,
}

/// A line of a work order.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineView {
    order_id: OrderId,
    order_number: String,
    item_id: ItemId,
    product_id: String,
    title: String,
    spec_hash: String,
    quantity: i64,
}

/// A move of a work order.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepView {
    from: String,
    to: String,
    actor: String,
    reason: String,
    at: At,
}

impl From<WorkOrder> for WorkOrderView {
    fn from(w: WorkOrder) -> Self {
        WorkOrderView {
            id: w.id,
            number: w.number,
            state: w.state,
            note: w.note,
            created_by: w.created_by,
            created_at: w.created_at,
            updated_at: w.updated_at,
            lines: Vec::new(),
            history: Vec::new(),
        }
    }
}

impl From<Line> for LineView {
    fn from(l: Line) -> Self {
        LineView {
            order_id: l.order_id,
            order_number: l.order_number,
            item_id: l.made.id,
            product_id: l.made.product_id,
            title: l.made.title,
            spec_hash: l.made.spec_hash,
            quantity: l.made.quantity,
        }
    }
}

impl From<Step> for StepView {
    fn from(s: Step) -> Self {
        StepView { from: s.from_state, to: s.to_state, actor: s.actor, reason: s.reason, at: s.at }
    }
}

/// A work order to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWorkOrder {
    /// 1 to 200 lines.
    lines: Vec<NewWorkLine>,
    /// For whoever makes it; at most 500 characters.
    #[serde(default)]
    note: String,
}

/// A line of a work order to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewWorkLine {
    order_id: OrderId,
    item_id: ItemId,
    /// Pieces; all that no other work order has, when left out.
    quantity: Option<i64>,
}

/// Writes a work order. An item's pieces are on one work order at a time.
#[utoipa::path(post, path = "/v1/work-orders", tag = "production", request_body = NewWorkOrder, responses((status = 201, body = WorkOrderView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewWorkOrder>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.need((1..=LINES_MAX).contains(&body.lines.len()), "range", "/lines", "A work order has 1 to 200 lines.");
    checks.need(body.note.chars().count() <= 500, "length", "/note", "A note takes at most 500 characters.");
    checks.done()?;
    let mut tx = call.begin("create_work_order").await?;
    let mut held: Vec<OrderId> = body.lines.iter().map(|line| line.order_id).collect();
    // Everybody takes rows in one order, or two transactions could wait for each other.
    held.sort_unstable();
    held.dedup();
    for order in &held {
        let order = hold(&call, &mut tx, *order).await?;
        if ["draft", "cancelled", "failed", "closed"].contains(&order.state.as_str()) {
            return Err(Problem::state(format!("An order that is {} is not made.", order.state)));
        }
    }
    let mut lines: Vec<NewLine> = Vec::new();
    for (n, line) in body.lines.iter().enumerate() {
        let items = orders::items(&mut tx, call.tenant(), line.order_id).await?;
        let item = items.iter().find(|item| item.id == line.item_id).ok_or_else(|| Problem::missing("item"))?;
        let here: i64 = lines.iter().filter(|known| known.item == item.id).map(|known| known.quantity).sum();
        let left = item.quantity - here - work_orders::taken(&mut tx, call.tenant(), item.id).await?;
        let quantity = line.quantity.unwrap_or(left);
        if quantity < 1 || quantity > left {
            let sentence = format!(
                "Of the item's {} pieces {left} are on no other work order; a line takes 1 to that many.",
                item.quantity
            );
            return Err(Problem::field("range", &format!("/lines/{n}/quantity"), &sentence));
        }
        lines.push(NewLine { order: line.order_id, item: item.id, quantity });
    }
    let id = WorkOrderId::new();
    work_orders::insert(&mut tx, call.now(), call.tenant(), id, (&call.actor(), &body.note), &lines).await?;
    tx.commit().await?;
    Ok(made(true, whole(&call, id).await?))
}

async fn own(call: &Call, id: WorkOrderId) -> Reply<WorkOrder> {
    work_orders::get(&mut call.read(), call.tenant(), id).await?.ok_or_else(|| Problem::missing("work order"))
}

async fn whole(call: &Call, id: WorkOrderId) -> Reply<WorkOrderView> {
    let mut view = WorkOrderView::from(own(call, id).await?);
    let lines = work_orders::lines(&mut call.read(), call.tenant(), id).await?;
    let steps = work_orders::steps(&mut call.read(), call.tenant(), id).await?;
    view.lines = lines.into_iter().map(LineView::from).collect();
    view.history = steps.into_iter().map(StepView::from).collect();
    Ok(view)
}

/// Which work orders, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkOrderFilter {
    /// Only this state.
    state: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// Work orders, newest first.
#[utoipa::path(get, path = "/v1/work-orders", tag = "production", params(WorkOrderFilter), responses((status = 200, body = Page<WorkOrderView>)))]
pub(crate) async fn list(call: Call, Filters(filter): Filters<WorkOrderFilter>) -> Reply<Json<Page<WorkOrderView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let state = filter.state.unwrap_or_default();
    if !state.is_empty() && state.parse::<WorkState>().is_err() {
        return Err(Problem::field("state", "/state", "There is no such state of a work order."));
    }
    let rows = work_orders::list(&mut call.read(), call.tenant(), &state, paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// A work order with its lines and its history.
#[utoipa::path(get, path = "/v1/work-orders/{id}", tag = "production", params(("id" = WorkOrderId, Path, description = "The work order.")),
    responses((status = 200, body = WorkOrderView)))]
pub(crate) async fn show(call: Call, Named(id): Named<WorkOrderId>) -> Reply<Json<WorkOrderView>> {
    Ok(Json(whole(&call, id).await?))
}

/// A move.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkMove {
    /// `released`, `in_production`, `on_hold`, `finished` or `cancelled`.
    state: String,
    /// 1 to 500 characters.
    reason: String,
}

/// Moves a work order on. The same state again changes nothing.
#[utoipa::path(post, path = "/v1/work-orders/{id}/status", tag = "production", request_body = WorkMove, params(("id" = WorkOrderId, Path, description = "The work order.")),
    responses((status = 200, body = WorkOrderView)))]
pub(crate) async fn status(
    call: Call,
    Named(id): Named<WorkOrderId>,
    Input(body): Input<WorkMove>,
) -> Reply<Json<WorkOrderView>> {
    crate::check::reason(&body.reason)?;
    let to: WorkState =
        body.state.parse().map_err(|_| Problem::field("state", "/state", "There is no such state of a work order."))?;
    let mut tx = call.begin("move_work_order").await?;
    match work_orders::advance(&mut tx, call.now(), call.tenant(), id, to, (&call.actor(), &body.reason)).await? {
        Moved::Yes | Moved::Already => tx.commit().await?,
        Moved::Illegal(from) => {
            return Err(Problem::state(format!("A work order that is {from} does not become {to}.")));
        }
        Moved::Unknown => return Err(Problem::missing("work order")),
    }
    Ok(Json(whole(&call, id).await?))
}

/// Makes the print files of a work order. The same again answers the first job.
#[utoipa::path(post, path = "/v1/work-orders/{id}/bundle", tag = "production", request_body = Empty, params(("id" = WorkOrderId, Path, description = "The work order.")),
    responses((status = 202, body = JobView), (status = 200, body = JobView, description = "It has ended, and you waited for it.")))]
pub(crate) async fn bundle(
    call: Call,
    Named(id): Named<WorkOrderId>,
    Input(Empty {}): Input<Empty>,
) -> Reply<Response> {
    let work_order = own(&call, id).await?;
    if work_order.state == WorkState::Cancelled.word() {
        return Err(Problem::state("A cancelled work order gets no print files."));
    }
    let mut tx = call.begin("bundle_work_order").await?;
    let job = platen_jobs::enqueue(&mut tx, &call.origin(0), &BundleWorkOrder { work_order: id }).await?.id();
    tx.commit().await?;
    call.work(job).await
}

fn key(id: WorkOrderId) -> String {
    BundleWorkOrder { work_order: id }.key().text
}

/// A work order's bundle.
#[utoipa::path(get, path = "/v1/work-orders/{id}/bundle", tag = "production", params(("id" = WorkOrderId, Path, description = "The work order.")),
    responses((status = 200, body = BundleView)))]
pub(crate) async fn bundled(call: Call, Named(id): Named<WorkOrderId>) -> Reply<Json<BundleView>> {
    own(&call, id).await?;
    view(&call, BundleWorkOrder::KIND, &key(id)).await
}

/// A work order's bundle, as ZIP.
#[utoipa::path(get, path = "/v1/work-orders/{id}/bundle/file", tag = "production", params(("id" = WorkOrderId, Path, description = "The work order.")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 304, description = "You hold it already.")))]
pub(crate) async fn file(
    call: Call,
    Named(id): Named<WorkOrderId>,
    method: Method,
    headers: HeaderMap,
) -> Reply<Response> {
    own(&call, id).await?;
    let (zip, _) = artefact(&call, BundleWorkOrder::KIND, &key(id)).await?;
    send(&call, &zip, &method, &headers).await
}

/// In which language.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaperForm {
    /// `en` (when left out) or `fr`.
    language: Option<String>,
}

impl PaperForm {
    pub(crate) fn language(&self) -> Reply<Language> {
        match self.language.as_deref().unwrap_or("en") {
            "en" => Ok(Language::En),
            "fr" => Ok(Language::Fr),
            _ => Err(Problem::field("language", "/language", "Paper is written in en or fr.")),
        }
    }
}

/// The job ticket: what lies beside the work on its way through the workshop, with a barcode of its number and a QR code of its id.
#[utoipa::path(get, path = "/v1/work-orders/{id}/ticket", tag = "production", params(("id" = WorkOrderId, Path, description = "The work order."), PaperForm),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>)))]
pub(crate) async fn ticket(
    call: Call,
    Named(id): Named<WorkOrderId>,
    Filters(form): Filters<PaperForm>,
) -> Reply<Response> {
    let language = form.language()?;
    let work_order = own(&call, id).await?;
    let lines = work_orders::lines(&mut call.read(), call.tenant(), id).await?;
    let number = format!("WO-{:06}", work_order.number);
    let ticket = Ticket {
        brand: super::tenants::own(&call).await?.name,
        number: number.clone(),
        scan: id.to_string(),
        note: work_order.note,
        date: work_order.created_at.timestamp().strftime("%Y-%m-%d").to_string(),
        lines: lines
            .into_iter()
            .map(|line| TicketLine {
                reference: line.order_number,
                title: line.made.title,
                detail: format!("{} · {}", line.made.product_id, line.made.spec_hash.get(..12).unwrap_or_default()),
                quantity: line.made.quantity,
            })
            .collect(),
    };
    let bytes = paper::ticket(&ticket, language).map_err(|e| Problem::internal(&e))?;
    Ok(paper::pdf(bytes, &number))
}
