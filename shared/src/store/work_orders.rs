//! Work orders: which pieces of which orders a workshop makes together, and how far it is.

use crate::db::{At, Result, Source, Tx};
use crate::domain::work_order::WorkState;
use crate::id::{EventId, ItemId, OrderId, TenantId, WorkOrderId};
use crate::sql;
use crate::store::orders::Item;

/// A work order's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WorkOrder {
    /// Its id.
    pub id: WorkOrderId,
    /// For people and on paper: counted per tenant, from 1.
    pub number: i64,
    /// A word of [`WorkState`].
    pub state: String,
    /// For whoever makes it.
    pub note: String,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: At,
    /// Last moved.
    pub updated_at: At,
}

/// An item to put on a work order.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// Whose it is.
    pub order: OrderId,
    /// The item.
    pub item: ItemId,
    /// Pieces.
    pub quantity: i64,
}

/// A line of a work order.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Line {
    /// Whose it is.
    pub order_id: OrderId,
    /// The order's number, as customers know it.
    pub order_number: String,
    /// The order's item, with its position and its pieces on this work order.
    #[sqlx(flatten)]
    pub made: Item,
}

/// A move of a work order.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Step {
    /// Before; empty at the beginning.
    pub from_state: String,
    /// After.
    pub to_state: String,
    /// Who moved it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: At,
}

/// How a wanted move ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It moved.
    Yes,
    /// It was there already.
    Already,
    /// The table allows no such move.
    Illegal(WorkState),
    /// There is no such work order.
    Unknown,
}

macro_rules! columns {
    () => {
        "id, number, state, note, created_by, created_at, updated_at"
    };
}

/// Pieces of an item that work orders have taken already; cancelled ones have given theirs back.
///
/// # Errors
/// Whatever the database says.
pub async fn taken(db: &mut impl Source, tenant: TenantId, item: ItemId) -> Result<i64> {
    let (pieces,): (i64,) = db
        .query(sql!(
            "SELECT CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) FROM work_order_items l
         JOIN work_orders w ON w.tenant = l.tenant AND w.id = l.work_order
         WHERE l.tenant = $1 AND l.item = $2 AND w.state <> 'cancelled'"
        ))
        .bind(tenant)
        .bind(item)
        .one()
        .await?;
    Ok(pieces)
}

/// Writes a work order with its lines; answers its number. Whoever counts waits for whoever counted before.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    id: WorkOrderId,
    (actor, note): (&str, &str),
    lines: &[NewLine],
) -> Result<i64> {
    let _: (TenantId,) =
        tx.query(sql!("SELECT id FROM tenants WHERE id = $1 /*pg FOR UPDATE */")).bind(tenant).one().await?;
    let (last,): (i64,) = tx
        .query(sql!("SELECT CAST(COALESCE(MAX(number), 0) AS BIGINT) FROM work_orders WHERE tenant = $1"))
        .bind(tenant)
        .one()
        .await?;
    let number = last + 1;
    tx.query(sql!(
        "INSERT INTO work_orders (tenant, id, number, state, note, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, 'draft', $4, $5, $6, $6)"
    ))
    .bind(tenant)
    .bind(id)
    .bind(number)
    .bind(note)
    .bind(actor)
    .bind(now)
    .exec()
    .await?;
    for (position, line) in (0_i64..).zip(lines) {
        tx.query(sql!(
            "INSERT INTO work_order_items (tenant, work_order, position, order_id, item, quantity) VALUES ($1, $2, $3, $4, $5, $6)"
        ))
        .bind(tenant)
        .bind(id)
        .bind(position)
        .bind(line.order)
        .bind(line.item)
        .bind(line.quantity)
        .exec()
        .await?;
    }
    step(tx, now, tenant, id, ("", WorkState::Draft.word()), (actor, "written")).await?;
    Ok(number)
}

async fn step(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    id: WorkOrderId,
    (from, to): (&str, &str),
    (actor, reason): (&str, &str),
) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO work_order_events (tenant, id, work_order, from_state, to_state, actor, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(tenant)
    .bind(EventId::new())
    .bind(id)
    .bind(from)
    .bind(to)
    .bind(actor)
    .bind(reason)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// One work order.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: WorkOrderId) -> Result<Option<WorkOrder>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM work_orders WHERE tenant = $1 AND id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// Work orders, newest first, before an id; of one state, or of all for an empty word.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    state: &str,
    before: Option<WorkOrderId>,
    limit: i64,
) -> Result<Vec<WorkOrder>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM work_orders WHERE tenant = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4"
    )))
    .bind(tenant)
    .bind(state)
    .bind(before.unwrap_or(WorkOrderId(uuid::Uuid::max())))
    .bind(limit)
    .all()
    .await
}

/// The lines of a work order.
///
/// # Errors
/// Whatever the database says.
pub async fn lines(db: &mut impl Source, tenant: TenantId, id: WorkOrderId) -> Result<Vec<Line>> {
    db.query(sql!(
        "SELECT l.order_id, o.number AS order_number, i.id, l.position, i.product_id, i.product_version, i.snapshot, i.spec_hash, i.title,
           i.provider, i.provider_uid, i.placements, l.quantity, i.unit_minor, i.line_minor, i.revenue
         FROM work_order_items l
         JOIN order_items i ON i.tenant = l.tenant AND i.id = l.item
         JOIN orders o ON o.tenant = l.tenant AND o.id = l.order_id
         WHERE l.tenant = $1 AND l.work_order = $2 ORDER BY l.position"
    ))
    .bind(tenant)
    .bind(id)
    .all()
    .await
}

/// The moves of a work order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn steps(db: &mut impl Source, tenant: TenantId, id: WorkOrderId) -> Result<Vec<Step>> {
    db.query(sql!(
        "SELECT from_state, to_state, actor, reason, at FROM work_order_events WHERE tenant = $1 AND work_order = $2 ORDER BY id"
    ))
    .bind(tenant)
    .bind(id)
    .all()
    .await
}

/// Moves a work order, as far as the table allows.
///
/// # Errors
/// Whatever the database says.
pub async fn advance(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    id: WorkOrderId,
    to: WorkState,
    (actor, reason): (&str, &str),
) -> Result<Moved> {
    let known: Option<(String,)> = tx
        .query(sql!("SELECT state FROM work_orders WHERE tenant = $1 AND id = $2 /*pg FOR UPDATE */"))
        .bind(tenant)
        .bind(id)
        .opt()
        .await?;
    let Some((known,)) = known else { return Ok(Moved::Unknown) };
    let from: WorkState = super::orders::parse(&known)?;
    if from == to {
        return Ok(Moved::Already);
    }
    if !from.may_become(to) {
        return Ok(Moved::Illegal(from));
    }
    tx.query(sql!("UPDATE work_orders SET state = $3, updated_at = $4 WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(id)
        .bind(to.word())
        .bind(now)
        .exec()
        .await?;
    step(tx, now, tenant, id, (from.word(), to.word()), (actor, reason)).await?;
    Ok(Moved::Yes)
}
