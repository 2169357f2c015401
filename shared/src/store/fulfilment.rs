//! What the printer and the carriers tell: parts, shipments, parcels, events. Facts merge; nothing known is ever replaced or moved back.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::order::Stage;
use crate::id::{EventId, OrderId, ShipmentId, TenantId};
use crate::ports::provider::Part;
use crate::sql;
use crate::store::{notices, operator_items, unknown_words};

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
    /// It came to nothing, and the order is made anew: only its receipts still count.
    pub superseded: bool,
}

impl PartRow {
    /// Nothing of it is made.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        [Stage::Failed, Stage::Canceled].map(Stage::word).contains(&self.stage.as_str())
    }
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
    /// When the provider says it was, or when we learned it.
    pub at: At,
}

/// What is known of a part before an answer is merged: stage, word, cost, as of when, and since when it stands there.
type Known = (String, String, i64, Option<At>, Option<At>);

/// Merges what the provider says of a part; answers its stage after the merge and whether anything was new. Answers may come late, twice
/// and in any order: what is known in the end does not depend on that, as long as the provider dates them.
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
    let known: Option<Known> = tx
        .query(sql!(
            "SELECT stage, status, cost_minor, as_of, moved_at FROM provider_orders WHERE tenant = $1 AND provider = $2 AND provider_id = $3 /*pg FOR UPDATE */"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(&part.id)
        .opt()
        .await?;
    let before = known.as_ref().and_then(|(stage, ..)| Stage::from_word(stage));
    let was_as_of = known.as_ref().and_then(|(.., as_of, _)| *as_of);
    let fresh = was_as_of.is_none() || part.as_of.is_none() || part.as_of >= was_as_of;
    let now = match (before, part.stage) {
        (Some(was), Some(news)) => was.merge_as_of(news, fresh),
        (Some(was), None) => was,
        (None, news) => news.unwrap_or(Stage::Submitted),
    };
    let news = Row {
        stage: now,
        status: match &known {
            // Old news tells how far it had come, not what it is called now.
            Some((_, status, ..)) if part.stage.is_some_and(|said| said != now) || (!fresh && before == Some(now)) => {
                status.clone()
            }
            _ => part.status.clone(),
        },
        cost: part.cost.filter(|_| fresh).map_or_else(|| known.as_ref().map_or(0, |k| k.2), |cost| cost.minor),
        as_of: part.as_of.max(was_as_of),
        moved_at: known.as_ref().filter(|_| before == Some(now)).map_or(Some(at), |(.., moved_at)| *moved_at),
    };
    let same_part = known.as_ref().is_some_and(|(stage, status, cost, as_of, _)| {
        stage == now.word() && *status == news.status && *cost == news.cost && *as_of == news.as_of
    });
    if !same_part {
        let heard_before = known.as_ref().is_some_and(|(_, status, ..)| *status == part.status);
        if part.stage.is_none() && !heard_before {
            unknown_word(tx, at, tenant, provider, order, &part.status).await?;
        }
        write_part(tx, at, tenant, provider, order, part, &news).await?;
    }
    let shipped_news = shipment(tx, at, tenant, provider, order, part, now, fresh).await?;
    Ok((now, !same_part || shipped_news))
}

/// A word for a status that we do not know is kept and counted; a person is told of each once.
async fn unknown_word(tx: &mut Tx, at: At, tenant: TenantId, provider: &str, order: OrderId, word: &str) -> Result<()> {
    metrics::counter!("platen_unknown_statuses_total", "provider" => provider.to_owned()).increment(1);
    unknown_words::count(tx, at, tenant, provider, word).await?;
    let shown: String = word.chars().take(60).collect();
    let detail = format!(
        "{provider} calls a part of this order \"{shown}\", which this release does not know. The word is kept and nothing follows from it; \
         look there what it means."
    );
    let subject = format!("{provider}:{shown}");
    operator_items::open(tx, at, tenant, operator_items::Kind::UnknownStatus, (&subject, Some(order)), &detail)
        .await
        .map(drop)
}

/// What a part's row is to say.
struct Row {
    stage: Stage,
    status: String,
    cost: i64,
    as_of: Option<At>,
    moved_at: Option<At>,
}

async fn write_part(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    order: OrderId,
    part: &Part,
    row: &Row,
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO provider_orders (tenant, provider, provider_id, order_id, status, stage, cost_minor, currency, raw, updated_at, as_of, moved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant, provider, provider_id) DO UPDATE SET status = excluded.status, stage = excluded.stage,
           cost_minor = excluded.cost_minor,
           currency = CASE WHEN excluded.currency = '' THEN provider_orders.currency ELSE excluded.currency END,
           raw = excluded.raw, updated_at = excluded.updated_at, as_of = excluded.as_of, moved_at = excluded.moved_at"
    ))
    .bind(tenant)
    .bind(provider)
    .bind(&part.id)
    .bind(order)
    .bind(&row.status)
    .bind(row.stage.word())
    .bind(row.cost)
    .bind(part.cost.map_or("", |c| c.currency.code()))
    .bind(Json(&part.raw))
    .bind(at)
    .bind(row.as_of)
    .bind(row.moved_at)
    .exec()
    .await
    .map(drop)
}

/// One shipment per part; parcels are added by code, steps by stage. Answers whether anything was new.
#[expect(clippy::too_many_arguments, reason = "what an answer is about, and how it was judged")]
async fn shipment(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    provider: &str,
    order: OrderId,
    part: &Part,
    stage: Stage,
    fresh: bool,
) -> Result<bool> {
    if !part.released {
        return Ok(false);
    }
    let known: Option<(ShipmentId, String, Option<String>, Option<String>)> = tx
        .query(sql!(
            "SELECT id, stage, min_delivery, max_delivery FROM shipments WHERE tenant = $1 AND provider = $2 AND provider_order = $3"
        ))
        .bind(tenant)
        .bind(provider)
        .bind(&part.id)
        .opt()
        .await?;
    // An answer that leaves the shipment out says nothing about it, except how far the part has come.
    if known.is_none() && part.shipment.is_none() {
        return Ok(false);
    }
    let travel = part.shipment.as_ref();
    let id = known.as_ref().map_or_else(ShipmentId::new, |k| k.0);
    let days = |said: Option<&String>, was: Option<&String>| if fresh { said.or(was) } else { was.or(said) }.cloned();
    let min = days(travel.and_then(|t| t.min_delivery.as_ref()), known.as_ref().and_then(|k| k.2.as_ref()));
    let max = days(travel.and_then(|t| t.max_delivery.as_ref()), known.as_ref().and_then(|k| k.3.as_ref()));
    let same = known.is_some_and(|k| k.1 == stage.word() && k.2 == min && k.3 == max);
    if !same {
        tx.query(sql!(
            "INSERT INTO shipments (id, tenant, order_id, provider, provider_order, method, stage, min_delivery, max_delivery, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
             ON CONFLICT (tenant, provider, provider_order) DO UPDATE SET
               method = CASE WHEN excluded.method = '' THEN shipments.method ELSE excluded.method END, stage = excluded.stage,
               min_delivery = excluded.min_delivery, max_delivery = excluded.max_delivery, updated_at = excluded.updated_at"
        ))
        .bind(id)
        .bind(tenant)
        .bind(order)
        .bind(provider)
        .bind(&part.id)
        .bind(travel.map_or("", |t| t.method.as_str()))
        .bind(stage.word())
        .bind(min)
        .bind(max)
        .bind(at)
        .exec()
        .await?;
    }
    let told = contents(tx, at, tenant, order, part, (id, stage)).await?;
    Ok(!same || told)
}

/// The parcels of a shipment and the step that an answer tells of. Answers whether anything was new.
async fn contents(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    part: &Part,
    (id, stage): (ShipmentId, Stage),
) -> Result<bool> {
    let (travel, mut added) = (part.shipment.as_ref(), None);
    for parcel in travel.into_iter().flat_map(|t| &t.parcels) {
        let fresh = 0 < tx
            .query(sql!(
                "INSERT INTO parcels (tenant, order_id, shipment, tracking_code, tracking_url, carrier, first_seen_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, order_id, tracking_code)
                 DO UPDATE SET tracking_url = excluded.tracking_url WHERE parcels.tracking_url = '' AND excluded.tracking_url <> ''"
            ))
            .bind(tenant)
            .bind(order)
            .bind(id)
            .bind(&parcel.code)
            .bind(&parcel.url)
            .bind(travel.map_or("", |t| t.method.as_str()))
            .bind(at)
            .exec()
            .await?;
        if fresh {
            added = Some(parcel.code.as_str());
        }
    }
    // The step that this answer tells of, however late: history is whole in whichever order it comes.
    let (told, when) = (part.stage.unwrap_or(stage), part.as_of.unwrap_or(at));
    let moved = 0
        < tx.query(sql!(
            "INSERT INTO tracking_events (id, tenant, order_id, shipment, stage, status, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, shipment, stage) DO UPDATE SET at = excluded.at, status = excluded.status WHERE excluded.at < tracking_events.at"
        ))
        .bind(EventId::new())
        .bind(tenant)
        .bind(order)
        .bind(id)
        .bind(told.word())
        .bind(&part.status)
        .bind(when)
        .exec()
        .await?;
    // What comes late is history, not news.
    if told == stage && (moved || added.is_some()) {
        notices::shipment_moved(tx, at, tenant, order, id, stage, added.filter(|_| !moved)).await?;
    }
    Ok(moved || added.is_some())
}

/// A part as it is followed: where it stands, since when, and what was promised of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Followed {
    /// The provider's id.
    pub provider_id: String,
    /// The provider's own word.
    pub status: String,
    /// [`Stage`]'s word.
    pub stage: String,
    /// Since when it stands there (business time); `None` for parts from before this was kept.
    pub moved_at: Option<At>,
    /// `YYYY-MM-DD`: the last day of the delivery estimate.
    pub max_delivery: Option<String>,
    /// Parcels with a code.
    pub parcels: i64,
}

/// The parts of an order as they are followed.
///
/// # Errors
/// Whatever the database says.
pub async fn followed(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<Followed>> {
    db.query(sql!(
        "SELECT p.provider_id, p.status, p.stage, p.moved_at, s.max_delivery,
           (SELECT count(*) FROM parcels c WHERE c.tenant = s.tenant AND c.shipment = s.id) AS parcels
         FROM provider_orders p LEFT JOIN shipments s ON s.tenant = p.tenant AND s.provider = p.provider AND s.provider_order = p.provider_id
         WHERE p.tenant = $1 AND p.order_id = $2 AND NOT p.superseded ORDER BY p.provider_id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// The order of a part.
///
/// # Errors
/// Whatever the database says.
pub async fn order_of(
    db: &mut impl Source,
    tenant: TenantId,
    provider: &str,
    provider_id: &str,
) -> Result<Option<OrderId>> {
    let found: Option<(OrderId,)> = db
        .query(sql!("SELECT order_id FROM provider_orders WHERE tenant = $1 AND provider = $2 AND provider_id = $3"))
        .bind(tenant)
        .bind(provider)
        .bind(provider_id)
        .opt()
        .await?;
    Ok(found.map(|(order,)| order))
}

/// The parts of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn parts(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<PartRow>> {
    db.query(sql!(
        "SELECT provider, provider_id, status, stage, cost_minor, currency, updated_at, superseded FROM provider_orders WHERE tenant = $1 AND order_id = $2 ORDER BY provider_id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// Marks every part of an order as one that came to nothing: the order is made anew.
///
/// # Errors
/// Whatever the database says.
pub async fn supersede(tx: &mut Tx, tenant: TenantId, order: OrderId) -> Result<u64> {
    tx.query(sql!("UPDATE provider_orders SET superseded = $3 WHERE tenant = $1 AND order_id = $2"))
        .bind(tenant)
        .bind(order)
        .bind(true)
        .exec()
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
