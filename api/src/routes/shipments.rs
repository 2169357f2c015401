//! Where an order's parcels are.

use axum::Json;
use platen_shared::db::At;
use platen_shared::domain::carrier;
use platen_shared::id::{OrderId, ShipmentId};
use platen_shared::store::fulfilment::{self, ShipmentRow, StepRow};
use platen_shared::store::message_settings;
use serde::Serialize;

use super::orders::own;
use crate::call::{Call, Page};
use crate::error::Reply;
use crate::extract::Named;

/// A parcel.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Parcel)]
pub(crate) struct ParcelView {
    tracking_code: String,
    /// Who has it: as the printer named them, else by its number; null when nobody can say.
    carrier: Option<&'static str>,
    /// Where it is followed, on the carrier's page or the tenant's own; empty when there is none.
    tracking_url: String,
}

/// A step on the way.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Step)]
pub(crate) struct StepView {
    stage: String,
    /// The printer's own word.
    status: String,
    /// When we learned it.
    at: At,
}

/// A shipment.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shipment)]
pub(crate) struct ShipmentView {
    id: ShipmentId,
    /// The part of the order at the printer that it carries.
    provider_order: String,
    method: String,
    stage: String,
    /// `YYYY-MM-DD`.
    min_delivery: Option<String>,
    /// `YYYY-MM-DD`.
    max_delivery: Option<String>,
    parcels: Vec<ParcelView>,
    steps: Vec<StepView>,
}

/// The shipments of an order, with parcels and steps.
#[utoipa::path(get, path = "/v1/orders/{id}/shipments", tag = "orders", params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, body = Page<ShipmentView>)))]
pub(crate) async fn list(call: Call, Named(id): Named<OrderId>) -> Reply<Json<Page<ShipmentView>>> {
    own(&call, id).await?;
    let rows = fulfilment::shipments(&mut call.read(), call.tenant(), id).await?;
    let page = message_settings::get(&mut call.read(), call.tenant()).await?.and_then(|row| row.tracking_page);
    let steps = fulfilment::steps(&mut call.read(), call.tenant(), id).await?;
    let mut items: Vec<ShipmentView> = Vec::new();
    for row in rows {
        let parcel = row.tracking_code.clone().map(|tracking_code| {
            let printers = row.tracking_url.as_deref().unwrap_or_default();
            let seen = carrier::follow(&row.method, &tracking_code, printers, page.as_deref());
            ParcelView { tracking_code, carrier: seen.carrier, tracking_url: seen.url }
        });
        if items.last().is_none_or(|shipment| shipment.id != row.id) {
            items.push(shipment(row, &steps));
        }
        if let (Some(shipment), Some(parcel)) = (items.last_mut(), parcel) {
            shipment.parcels.push(parcel);
        }
    }
    Ok(Json(Page { items, next: None }))
}

fn shipment(row: ShipmentRow, steps: &[StepRow]) -> ShipmentView {
    let own = steps.iter().filter(|step| step.shipment == row.id);
    ShipmentView {
        id: row.id,
        provider_order: row.provider_order,
        method: row.method,
        stage: row.stage,
        min_delivery: row.min_delivery,
        max_delivery: row.max_delivery,
        parcels: Vec::new(),
        steps: own.map(|s| StepView { stage: s.stage.clone(), status: s.status.clone(), at: s.at }).collect(),
    }
}
