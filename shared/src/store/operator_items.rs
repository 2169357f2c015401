//! What a person must look at: opened once per kind and subject, closed by a person or by the facts.

use crate::db::{At, Result, Source, Tx};
use crate::id::{OperatorItemId, OrderId, TenantId};
use crate::sql;

/// Why somebody must look. The words are the API's; each has its line in `docs/gelato.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The printer holds other items than were sent.
    ItemsDiffer,
    /// An order could not be placed, and nothing of it is at the printer.
    NotPlaced,
    /// Whether the printer has an order is still unknown after an hour of looking.
    OutcomeUnknown,
    /// A part of an order is in production and the rest is not.
    HalfReleased,
    /// The printer waits for the merchant.
    NeedsAction,
    /// The printer could not make it.
    Failed,
    /// The printer cancelled it.
    Canceled,
    /// A parcel came back.
    Returned,
    /// Nothing has moved for days.
    Stuck,
    /// The promised day is over.
    Delayed,
    /// Nothing was heard for weeks after the promised day.
    Lost,
    /// An answer was about somebody else's order.
    Foreign,
    /// The printer used a word for a status that we do not know.
    UnknownStatus,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::ItemsDiffer,
        Kind::NotPlaced,
        Kind::OutcomeUnknown,
        Kind::HalfReleased,
        Kind::NeedsAction,
        Kind::Failed,
        Kind::Canceled,
        Kind::Returned,
        Kind::Stuck,
        Kind::Delayed,
        Kind::Lost,
        Kind::Foreign,
        Kind::UnknownStatus,
    ];

    /// The word in SQL and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::ItemsDiffer => "items_differ",
            Kind::NotPlaced => "not_placed",
            Kind::OutcomeUnknown => "outcome_unknown",
            Kind::HalfReleased => "half_released",
            Kind::NeedsAction => "needs_action",
            Kind::Failed => "failed",
            Kind::Canceled => "canceled",
            Kind::Returned => "returned",
            Kind::Stuck => "stuck",
            Kind::Delayed => "delayed",
            Kind::Lost => "lost",
            Kind::Foreign => "foreign_answer",
            Kind::UnknownStatus => "unknown_status",
        }
    }
}

/// An item's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OperatorItem {
    /// Its id.
    pub id: OperatorItemId,
    /// [`Kind`]'s word.
    pub kind: String,
    /// What it is about: an order, a part at the printer, a word.
    pub subject: String,
    /// The order, if it is about one.
    pub order_id: Option<OrderId>,
    /// What happened and what to do, as a sentence.
    pub detail: String,
    /// Since when (business time).
    pub opened_at: At,
    /// Until when.
    pub closed_at: Option<At>,
    /// A key, or `facts` when what it was about is over.
    pub closed_by: String,
    /// What whoever closed it said.
    pub note: String,
}

/// Opens an item; `false` when one of this kind is open for the subject already, which is then left as it is.
///
/// # Errors
/// Whatever the database says.
pub async fn open(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    kind: Kind,
    (subject, order): (&str, Option<OrderId>),
    detail: &str,
) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO operator_items (id, tenant, kind, subject, order_id, detail, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, kind, subject) WHERE closed_at IS NULL DO NOTHING"
        ))
        .bind(OperatorItemId::new())
        .bind(tenant)
        .bind(kind.word())
        .bind(subject)
        .bind(order)
        .bind(detail)
        .bind(at)
        .exec()
        .await?;
    if n == 1 {
        metrics::counter!("platen_operator_items_total", "kind" => kind.word()).increment(1);
    }
    Ok(n == 1)
}

/// Closes the open item of a kind and subject because what it was about is over.
///
/// # Errors
/// Whatever the database says.
pub async fn settle(tx: &mut Tx, at: At, tenant: TenantId, kind: Kind, subject: &str) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE operator_items SET closed_at = $4, closed_by = 'facts' WHERE tenant = $1 AND kind = $2 AND subject = $3 AND closed_at IS NULL"
        ))
        .bind(tenant)
        .bind(kind.word())
        .bind(subject)
        .bind(at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Closes what is open about an order that is cancelled: none of it is to be mended any more. What tells of the printer's ways stays.
///
/// # Errors
/// Whatever the database says.
pub async fn settle_order(tx: &mut Tx, at: At, tenant: TenantId, order: OrderId) -> Result<()> {
    tx.query(sql!(
        "UPDATE operator_items SET closed_at = $3, closed_by = 'facts' WHERE tenant = $1 AND order_id = $2 AND closed_at IS NULL
           AND kind NOT IN ('foreign_answer', 'unknown_status')"
    ))
    .bind(tenant)
    .bind(order)
    .bind(at)
    .exec()
    .await
    .map(drop)
}

/// Closes an item by a person's word; `None` when there is none of this id, `false` when it is closed already.
///
/// # Errors
/// Whatever the database says.
pub async fn close(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    id: OperatorItemId,
    (by, note): (&str, &str),
) -> Result<Option<bool>> {
    let n = tx
        .query(sql!(
            "UPDATE operator_items SET closed_at = $3, closed_by = $4, note = $5 WHERE tenant = $1 AND id = $2 AND closed_at IS NULL"
        ))
        .bind(tenant)
        .bind(id)
        .bind(at)
        .bind(by)
        .bind(note)
        .exec()
        .await?;
    if n == 1 {
        return Ok(Some(true));
    }
    Ok(get(tx, tenant, id).await?.map(|_| false))
}

/// One item.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: OperatorItemId) -> Result<Option<OperatorItem>> {
    db.query(sql!(
        "SELECT id, kind, subject, order_id, detail, opened_at, closed_at, closed_by, note FROM operator_items WHERE tenant = $1 AND id = $2"
    ))
    .bind(tenant)
    .bind(id)
    .opt()
    .await
}

/// A page of items, newest first; only the open ones if `open`.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    open: bool,
    before: Option<OperatorItemId>,
    limit: i64,
) -> Result<Vec<OperatorItem>> {
    db.query(sql!(
        "SELECT id, kind, subject, order_id, detail, opened_at, closed_at, closed_by, note FROM operator_items
         WHERE tenant = $1 AND ($2 = 0 OR closed_at IS NULL) AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    ))
    .bind(tenant)
    .bind(i64::from(open))
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// The open items of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn of_order(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<OperatorItem>> {
    db.query(sql!(
        "SELECT id, kind, subject, order_id, detail, opened_at, closed_at, closed_by, note FROM operator_items
         WHERE tenant = $1 AND order_id = $2 AND closed_at IS NULL ORDER BY id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}
