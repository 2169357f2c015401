//! What happened that somebody is told of. [`tell`] runs in the transaction of the thing itself: the notice, and a message for each
//! recipient and channel, are there with it or not at all. A notice's key says what it tells of, so that no replay tells it again; and
//! (notice, recipient, channel) is unique in the database.

use serde_json::{Value, json};

use super::{cancellations, message_settings, messages, webhook_endpoints};
use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::carrier;
use crate::domain::notice::{Audience, Topic, channel, recipient};
use crate::domain::order::{OrderState, Stage};
use crate::id::{EventId, NoticeId, OrderId, ShipmentId, TenantId};
use crate::sql;
use crate::store::orders::parse;

/// A notice's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Notice {
    /// Its id; webhooks carry it as `webhook-id`.
    pub id: NoticeId,
    /// What it tells of.
    pub key: String,
    /// [`Topic`]'s word.
    pub topic: String,
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// When it happened (business clock).
    pub at: At,
    /// What webhooks say: ids, numbers and states, nobody's name or address.
    pub data: Json<Value>,
}

/// A notice to be.
#[derive(Clone, Debug)]
pub struct Telling {
    /// What it tells of; the same key is the same notice.
    pub key: String,
    /// What happened.
    pub topic: Topic,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// See [`Notice::data`].
    pub data: Value,
    /// Whether people hear of it, or machines alone.
    pub people: bool,
}

/// Whether a tenant wants to be told of anything at all.
///
/// # Errors
/// Whatever the database says.
pub async fn wanted(db: &mut impl Source, tenant: TenantId) -> Result<bool> {
    let found: Option<(TenantId,)> = db
        .query(sql!(
            "SELECT tenant FROM message_settings WHERE tenant = $1 UNION ALL SELECT tenant FROM webhook_endpoints WHERE tenant = $1 LIMIT 1"
        ))
        .bind(tenant)
        .opt()
        .await?;
    Ok(found.is_some())
}

/// Tells it, unless it was told before; answers whether it was new. The caller's commit is what sends it on its way: see [`Tx::tell`].
///
/// # Errors
/// Whatever the database says.
pub async fn tell(tx: &mut Tx, at: At, tenant: TenantId, telling: Telling) -> Result<bool> {
    let id = NoticeId::new();
    let fresh = tx
        .query(sql!(
            "INSERT INTO notices (tenant, id, key, topic, order_id, at, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, key) DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .bind(&telling.key)
        .bind(telling.topic.word())
        .bind(telling.order)
        .bind(at)
        .bind(Json(&telling.data))
        .exec()
        .await?;
    if fresh == 0 {
        return Ok(false);
    }
    for endpoint in webhook_endpoints::listening(tx, tenant, telling.topic.word()).await? {
        messages::write(tx, at, tenant, id, &endpoint.to_string(), channel::WEBHOOK).await?;
    }
    if telling.people {
        for who in people(tx, tenant, &telling).await? {
            messages::write(tx, at, tenant, id, &who, channel::EMAIL).await?;
        }
    }
    tx.tell();
    Ok(true)
}

/// Who hears of it by e-mail: nobody before the tenant said in whose name.
async fn people(tx: &mut Tx, tenant: TenantId, telling: &Telling) -> Result<Vec<String>> {
    let Some(settings) = message_settings::get(tx, tenant).await? else { return Ok(Vec::new()) };
    if settings.muted.0.iter().any(|topic| topic == telling.topic.word()) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for audience in telling.topic.audiences() {
        match (audience, telling.order) {
            (Audience::Customer, Some(_)) => found.push(recipient::CUSTOMER.to_owned()),
            (Audience::Creators, Some(order)) => found.extend(creators(tx, tenant, order).await?),
            (Audience::Operator, _) if settings.support_email.is_some() => found.push(recipient::OPERATOR.to_owned()),
            _ => {}
        }
    }
    Ok(found)
}

/// The creators of an order's items that can be written to.
async fn creators(tx: &mut Tx, tenant: TenantId, order: OrderId) -> Result<Vec<String>> {
    let names: Vec<(String,)> = tx
        .query(sql!(
            "SELECT DISTINCT p.name FROM order_items i JOIN parties p ON p.tenant = i.tenant AND p.name = i.revenue->>'creator'
             WHERE i.tenant = $1 AND i.order_id = $2 AND p.email IS NOT NULL ORDER BY p.name"
        ))
        .bind(tenant)
        .bind(order)
        .all()
        .await?;
    Ok(names.into_iter().map(|(name,)| recipient::party(&name)).collect())
}

/// Tells of an order's move, in the transaction that writes its line of history. Orders alone: money has its own papers.
///
/// # Errors
/// Whatever the database says.
pub async fn order_moved(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    line: EventId,
    (from, to): (&str, &str),
) -> Result<()> {
    let before: Option<OrderState> = if from.is_empty() { None } else { Some(parse(from)?) };
    let Some((topic, people)) = Topic::of_move(before, parse(to)?) else { return Ok(()) };
    if !wanted(tx, tenant).await? {
        return Ok(());
    }
    // To whoever wanted it cancelled, not to have placed it is no failure.
    let unwanted = topic == Topic::SubmissionFailed && cancellations::get(tx, tenant, order).await?.is_some();
    let (topic, people) = if unwanted { (Topic::OrderStatusChanged, false) } else { (topic, people) };
    let mut data = about(tx, tenant, order).await?;
    data["from"] = before.map_or(Value::Null, |state| state.word().into());
    data["to"] = to.into();
    let once = Telling { key: format!("{topic}:{order}"), topic, order: Some(order), data, people };
    let again = Telling { key: line.to_string(), ..once.clone() };
    if topic != Topic::OrderConfirmed {
        return tell(tx, at, tenant, again).await.map(drop);
    }
    // It is confirmed to the buyer once, however often it was on hold since.
    if !tell(tx, at, tenant, once).await? {
        let topic = Topic::OrderStatusChanged;
        tell(tx, at, tenant, Telling { topic, people: false, ..again }).await?;
    }
    Ok(())
}

/// Tells that a shipment reached a stage, once per stage; `news` names a parcel that was added later.
///
/// # Errors
/// Whatever the database says.
pub async fn shipment_moved(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    shipment: ShipmentId,
    stage: Stage,
    news: Option<&str>,
) -> Result<()> {
    if !stage.shipped() || !wanted(tx, tenant).await? {
        return Ok(());
    }
    let page = message_settings::get(tx, tenant).await?.and_then(|settings| settings.tracking_page);
    let mut data = about(tx, tenant, order).await?;
    data["shipmentId"] = json!(shipment);
    data["status"] = stage.word().into();
    data["parcels"] = parcels(tx, tenant, shipment, page.as_deref()).await?;
    let what = news.map_or_else(|| stage.word().to_owned(), |code| format!("parcel {code}"));
    let key = format!("shipping:{shipment}:{what}");
    let telling = Telling { key, topic: Topic::ShippingUpdate, order: Some(order), data, people: true };
    tell(tx, at, tenant, telling).await.map(drop)
}

async fn parcels(tx: &mut Tx, tenant: TenantId, shipment: ShipmentId, page: Option<&str>) -> Result<Value> {
    let rows: Vec<(String, String, String)> = tx
        .query(sql!(
            "SELECT tracking_code, tracking_url, carrier FROM parcels WHERE tenant = $1 AND shipment = $2 ORDER BY tracking_code"
        ))
        .bind(tenant)
        .bind(shipment)
        .all()
        .await?;
    let shown = rows.iter().map(|(code, url, named)| {
        let seen = carrier::follow(named, code, url, page);
        json!({ "trackingCode": code, "carrier": seen.carrier, "trackingUrl": seen.url })
    });
    Ok(shown.collect())
}

/// What every notice about an order says of it.
async fn about(tx: &mut Tx, tenant: TenantId, order: OrderId) -> Result<Value> {
    let (number, total, currency): (String, i64, String) = tx
        .query(sql!("SELECT number, total_minor, currency FROM orders WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(order)
        .one()
        .await?;
    Ok(json!({ "orderId": order, "orderNumber": number, "total": { "minor": total, "currency": currency } }))
}

/// Tells a buyer that an order is late, once per threshold; `facts` are the days and the new estimate. Answers whether it was new.
///
/// # Errors
/// Whatever the database says.
pub async fn order_delayed(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    threshold: u32,
    facts: Value,
) -> Result<bool> {
    let mut data = about(tx, tenant, order).await?;
    for (name, value) in facts.as_object().into_iter().flatten() {
        data[name] = value.clone();
    }
    let key = format!("delay:{order}:{threshold}");
    let telling = Telling { key, topic: Topic::ProductionDelay, order: Some(order), data, people: true };
    tell(tx, at, tenant, telling).await
}

/// Tells that the pictures of a design by a profile are there.
///
/// # Errors
/// Whatever the database says.
pub async fn render_ready(tx: &mut Tx, at: At, tenant: TenantId, key: &str, spec: &str, profile: &str) -> Result<()> {
    if !wanted(tx, tenant).await? {
        return Ok(());
    }
    let data = json!({ "specHash": spec, "profile": profile });
    let key = format!("render:{key}");
    let telling = Telling { key, topic: Topic::RenderReady, order: None, data, people: true };
    tell(tx, at, tenant, telling).await.map(drop)
}

/// Notices since a moment, oldest first: what an endpoint missed.
///
/// # Errors
/// Whatever the database says.
pub async fn since(db: &mut impl Source, tenant: TenantId, at: At, limit: i64) -> Result<Vec<Notice>> {
    db.query(sql!(
        "SELECT id, key, topic, order_id, at, data FROM notices WHERE tenant = $1 AND at >= $2 ORDER BY at, id LIMIT $3"
    ))
    .bind(tenant)
    .bind(at)
    .bind(limit)
    .all()
    .await
}
