//! What the printer and the carriers tell: parts, shipments, parcels, events. Facts merge; nothing known is ever replaced or moved back.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::order::Stage;
use crate::id::{EventId, OrderId, ShipmentId, TenantId};
use crate::ports::provider::{Part, PartShipment};
use crate::sql;
use crate::store::notices;

/// A provider order (a part) as we know it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartRow {
    /// Who makes it.
    pub provider: String,
    /// The provider's id.
    pub provider_id: String,
    /// The provider's own word.
    pub status: String,
    /// [`Stage`]'s word.
    pub stage: String,
    /// What its receipts add up to.
    pub cost_minor: i64,
    /// Their currency.
    pub currency: String,
    /// Last written.
    pub updated_at: At,
}

/// A shipment with one of its parcels (or none).
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ShipmentRow {
    /// The shipment.
    pub id: ShipmentId,
    /// The part it carries.
    pub provider_order: String,
    /// For people.
    pub method: String,
    /// [`Stage`]'s word.
    pub stage: String,
    /// `YYYY-MM-DD`.
    pub min_delivery: Option<String>,
    /// `YYYY-MM-DD`.
    pub max_delivery: Option<String>,
    /// The parcel's code.
    pub tracking_code: Option<String>,
    /// Where to follow it.
    pub tracking_url: Option<String>,
}

/// A step of a shipment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StepRow {
    /// The shipment.
    pub shipment: ShipmentId,
    /// [`Stage`]'s word.
    pub stage: String,
    /// The provider's own word.
    pub status: String,
    /// When we learned it.
    pub at: At,
}

/// Merges what the provider says of a part; answers its stage after the merge and whether anything was new.
///
/// # Errors
/// Whatever the database says.
pub async fn merge(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    order: OrderId,
    part: &Part,
) -> Result<(Stage, bool)> {
    let known: Option<(String, String, i64)> = tx
        .query(sql!(
            "SELECT stage, status, cost_minor FROM provider_orders WHERE tenant = $1 AND provider = $2 AND provider_id = $3 /*pg FOR UPDATE */"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(&part.id)
        .opt()
        .await?;
    let before = known.as_ref().and_then(|(stage, ..)| Stage::from_word(stage));
    let now = match (before, part.stage) {
        (Some(was), Some(news)) => was.merge(news),
        (Some(was), None) => was,
        (None, news) => news.unwrap_or(Stage::Submitted),
    };
    let cost = part.cost.map_or_else(|| known.as_ref().map_or(0, |k| k.2), |c| c.minor);
    let same_part =
        known.as_ref().is_some_and(|(stage, status, c)| stage == now.word() && *status == part.status && *c == cost);
    if !same_part {
        write_part(tx, at, tenant, provider, order, part, now, cost).await?;
    }
    let shipped_news = shipment(tx, at, tenant, provider, order, part, now).await?;
    Ok((now, !same_part || shipped_news))
}

#[expect(clippy::too_many_arguments, reason = "the columns of a row that only this file writes")]
async fn write_part(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    order: OrderId,
    part: &Part,
    stage: Stage,
    cost: i64,
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO provider_orders (tenant, provider, provider_id, order_id, status, stage, cost_minor, currency, raw, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant, provider, provider_id) DO UPDATE SET status = excluded.status, stage = excluded.stage,
           cost_minor = excluded.cost_minor, currency = excluded.currency, raw = excluded.raw, updated_at = excluded.updated_at"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(&part.id)
    .bind(order)
    .bind(&part.status)
    .bind(stage.word())
    .bind(cost)
    .bind(part.cost.map_or("", |c| c.currency.code()))
    .bind(Json(&part.raw))
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// One shipment per part; parcels are added by code, steps by stage. Answers whether anything was new.
async fn shipment(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    order: OrderId,
    part: &Part,
    stage: Stage,
) -> Result<bool> {
    let Some(travel) = part.shipment.as_ref().filter(|_| part.released) else { return Ok(false) };
    let known: Option<(ShipmentId, String, Option<String>, Option<String>)> = tx
        .query(sql!(
            "SELECT id, stage, min_delivery, max_delivery FROM shipments WHERE tenant = $1 AND provider = $2 AND provider_order = $3"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(&part.id)
        .opt()
        .await?;
    let id = known.as_ref().map_or_else(ShipmentId::new, |k| k.0);
    let same = known.is_some_and(|k| k.1 == stage.word() && k.2 == travel.min_delivery && k.3 == travel.max_delivery);
    if !same {
        tx.query(sql!(
            "INSERT INTO shipments (id, tenant, order_id, provider, provider_order, method, stage, min_delivery, max_delivery, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
             ON CONFLICT (tenant, provider, provider_order) DO UPDATE SET method = excluded.method, stage = excluded.stage,
               min_delivery = excluded.min_delivery, max_delivery = excluded.max_delivery, updated_at = excluded.updated_at"
        ))
        .bind(id)
        .bind(tenant)
        .bind(order)
        .bind(provider)
        .bind(&part.id)
        .bind(&travel.method)
        .bind(stage.word())
        .bind(travel.min_delivery.clone())
        .bind(travel.max_delivery.clone())
        .bind(at)
        .exec()
        .await?;
    }
    let added = add_parcels(tx, at, tenant, order, id, travel).await?;
    let moved = 0
        < tx.query(sql!(
            "INSERT INTO tracking_events (id, tenant, order_id, shipment, stage, status, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, shipment, stage) DO NOTHING"
        ))
        .bind(EventId::new())
        .bind(tenant)
        .bind(order)
        .bind(id)
        .bind(stage.word())
        .bind(&part.status)
        .bind(at)
        .exec()
        .await?;
    if moved || added.is_some() {
        notices::shipment_moved(tx, at, tenant, order, id, stage, added.filter(|_| !moved)).await?;
    }
    Ok(!same || moved || added.is_some())
}

/// Adds the parcels that are not known yet; answers the last of them.
async fn add_parcels<'a>(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    shipment: ShipmentId,
    travel: &'a PartShipment,
) -> Result<Option<&'a str>> {
    let mut added = None;
    for parcel in &travel.parcels {
        let fresh = tx
            .query(sql!(
                "INSERT INTO parcels (tenant, order_id, shipment, tracking_code, tracking_url, carrier, first_seen_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, order_id, tracking_code) DO NOTHING"
            ))
            .bind(tenant)
            .bind(order)
            .bind(shipment)
            .bind(&parcel.code)
            .bind(&parcel.url)
            .bind(&travel.method)
            .bind(at)
            .exec()
            .await?;
        if fresh == 1 {
            added = Some(parcel.code.as_str());
        }
    }
    Ok(added)
}

/// The parts of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn parts(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<PartRow>> {
    db.query(sql!(
        "SELECT provider, provider_id, status, stage, cost_minor, currency, updated_at FROM provider_orders WHERE tenant = $1 AND order_id = $2 ORDER BY provider_id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// The shipments of an order with their parcels: one row per parcel, one for a shipment without any.
///
/// # Errors
/// Whatever the database says.
pub async fn shipments(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<ShipmentRow>> {
    db.query(sql!(
        "SELECT s.id, s.provider_order, s.method, s.stage, s.min_delivery, s.max_delivery, p.tracking_code, p.tracking_url
         FROM shipments s LEFT JOIN parcels p ON p.tenant = s.tenant AND p.shipment = s.id
         WHERE s.tenant = $1 AND s.order_id = $2 ORDER BY s.id, p.tracking_code"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// The steps of all shipments of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn steps(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<StepRow>> {
    db.query(sql!(
        "SELECT shipment, stage, status, at FROM tracking_events WHERE tenant = $1 AND order_id = $2 ORDER BY at, id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}
