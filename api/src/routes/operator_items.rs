//! What a person must look at: orders that stopped, parcels that are late, answers that make no sense.

use axum::Json;
use platen_shared::db::At;
use platen_shared::id::{OperatorItemId, OrderId};
use platen_shared::store::operator_items::{self, OperatorItem};
use serde::{Deserialize, Serialize};

use super::jobs::Reason;
use crate::call::{Call, Page, Paging};
use crate::check::reason;
use crate::error::{Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// Something that a person must look at.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OperatorItem)]
pub(crate) struct ItemView {
    id: OperatorItemId,
    /// `items_differ`, `not_placed`, `outcome_unknown`, `half_released`, `needs_action`, `failed`, `canceled`, `returned`, `stuck`,
    /// `delayed`, `lost`, `foreign_answer` or `unknown_status`.
    kind: String,
    /// What it is about: an order, a part at the printer, a word.
    subject: String,
    order_id: Option<OrderId>,
    /// What happened and what to do.
    detail: String,
    opened_at: At,
    closed_at: Option<At>,
    /// A key, or `facts` when what it was about is over; null while it is open.
    closed_by: Option<String>,
    note: String,
}

impl From<OperatorItem> for ItemView {
    fn from(row: OperatorItem) -> Self {
        ItemView {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            order_id: row.order_id,
            detail: row.detail,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_by: Some(row.closed_by).filter(|by| !by.is_empty()),
            note: row.note,
        }
    }
}

/// Which items, and which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ItemFilter {
    /// Closed ones too.
    #[serde(default)]
    all: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// What waits for a person, newest first.
#[utoipa::path(get, path = "/v1/operator-items", tag = "operator items", params(ItemFilter), responses((status = 200, body = Page<ItemView>)))]
pub(crate) async fn list(call: Call, Filters(filter): Filters<ItemFilter>) -> Reply<Json<Page<ItemView>>> {
    let paging = Paging::new(filter.cursor.as_deref(), filter.limit)?;
    let before = paging.after_id()?;
    let rows = operator_items::list(&mut call.read(), call.tenant(), !filter.all, before, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// One of them.
#[utoipa::path(get, path = "/v1/operator-items/{id}", tag = "operator items", params(("id" = OperatorItemId, Path, description = "The item.")),
    responses((status = 200, body = ItemView)))]
pub(crate) async fn show(call: Call, Named(id): Named<OperatorItemId>) -> Reply<Json<ItemView>> {
    let row = operator_items::get(&mut call.read(), call.tenant(), id).await?;
    Ok(Json(row.ok_or_else(|| Problem::missing("operator item"))?.into()))
}

/// Closes an item: somebody looked, and says what came of it. An order on hold is not moved by that.
#[utoipa::path(post, path = "/v1/operator-items/{id}/close", tag = "operator items", request_body = Reason,
    params(("id" = OperatorItemId, Path, description = "The item.")), responses((status = 200, body = ItemView)))]
pub(crate) async fn close(
    call: Call,
    Named(id): Named<OperatorItemId>,
    Input(body): Input<Reason>,
) -> Reply<Json<ItemView>> {
    reason(&body.reason)?;
    let mut tx = call.begin("close_operator_item").await?;
    let by = call.actor();
    match operator_items::close(&mut tx, call.now(), call.tenant(), id, (&by, &body.reason)).await? {
        None => return Err(Problem::missing("operator item")),
        Some(true) => call.audit(&mut tx, "operator_item.close", id, &body.reason).await?,
        Some(false) => {}
    }
    let row = operator_items::get(&mut tx, call.tenant(), id).await?;
    tx.commit().await?;
    Ok(Json(row.ok_or_else(|| Problem::missing("operator item"))?.into()))
}
