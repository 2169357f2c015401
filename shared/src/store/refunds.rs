//! Refunds: what is given back of a payment, once per key, never more than was paid.

use crate::db::{At, Result, Source, Tx};
use crate::domain::money::{Currency, Money};
use crate::domain::order::PaymentState;
use crate::domain::payout::RefundState;
use crate::domain::postings;
use crate::id::{OrderId, RefundId, TenantId};
use crate::sql;
use crate::store::journal::{self, Header, out_of_range};
use crate::store::order_details;
use crate::store::orders::{self, Order};
use crate::store::settle::{self, Unsettled};

/// A refund's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// The caller's name for it: unique per tenant.
    pub key: String,
    /// Minor units.
    pub amount_minor: i64,
    /// The order's.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// In the actor's words.
    pub reason: String,
    /// Where the order was: `before_submission`, `in_production`, `delivered` or `shared_out`.
    pub phase: String,
    /// Whether the order is to be cancelled at the printer, as far as that is possible.
    pub cancels: bool,
    /// [`RefundState`]'s word.
    pub state: String,
    /// The payment provider's name for it; empty until it is paid.
    pub reference: String,
    /// Who decided.
    pub actor: String,
    /// When.
    pub created_at: At,
    /// Last moved.
    pub updated_at: At,
}

macro_rules! columns {
    () => {
        "id, order_id, key, amount_minor, currency, reason, phase, cancels, state, reference, actor, created_at, updated_at"
    };
}

/// What became of a wish to refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// It is owed to the buyer now.
    Now(Box<Refund>),
    /// This very refund was decided before.
    Before(Box<Refund>),
    /// The key belongs to another refund.
    Clash,
    /// More than is left of what was paid.
    Over {
        /// Minor units.
        left: i64,
    },
    /// The books cannot follow: a fact is missing.
    Stuck(Unsettled),
}

/// Decides a refund, in the transaction that holds the order's lock: its row, the payment's state, and one entry that takes it out of the
/// sale and, where revenue was shared out already, back from everybody who got too much.
///
/// # Errors
/// Whatever the database says.
pub async fn decide(tx: &mut Tx, now: At, order: &Order, mut new: Refund) -> Result<Refunded> {
    if let Some(known) = by_key(tx, order.tenant, &new.key).await? {
        let same = (known.order_id, known.amount_minor, known.currency) == (order.id, new.amount_minor, new.currency);
        return Ok(if same { Refunded::Before(Box::new(known)) } else { Refunded::Clash });
    }
    let left = left(tx, order.tenant, order.id).await?;
    if new.amount_minor > left {
        return Ok(Refunded::Over { left });
    }
    let distribution = journal::find(tx, order.tenant, order.id, settle::DISTRIBUTION).await?;
    new.phase = phase(order, distribution.is_some()).to_owned();
    insert(tx, order.tenant, &new).await?;
    order_details::gave_back(tx, order.tenant, order.id, new.amount_minor).await?;
    let amount = Money { minor: new.amount_minor, currency: order.currency };
    let mut moved = postings::refund(amount).map_err(out_of_range)?;
    if distribution.is_some() {
        match settle::difference(tx, now, order).await? {
            Ok(difference) => moved = moved.plus(&difference).map_err(out_of_range)?,
            Err(missing) => return Ok(Refunded::Stuck(missing)),
        }
    }
    let header = Header {
        corrects: distribution,
        why: new.reason.clone(),
        ..Header::new(order.tenant, order.id, format!("refund:{}", new.id))
    };
    journal::post(tx, now, &header, &moved).await?;
    let to = if new.amount_minor == left { PaymentState::Refunded } else { PaymentState::PartRefunded };
    if !orders::repay(tx, now, order, to, &new.actor, &new.reason).await? {
        orders::note_money(tx, now, order, "refunded", &new.actor, &new.reason).await?;
    }
    Ok(Refunded::Now(Box::new(new)))
}

fn phase(order: &Order, shared_out: bool) -> &'static str {
    match order.fulfilment_state.as_str() {
        _ if shared_out => "shared_out",
        "delivered" => "delivered",
        "unfulfilled" if !["submitting", "outcome_unknown"].contains(&order.state.as_str()) => "before_submission",
        _ => "in_production",
    }
}

async fn insert(tx: &mut Tx, tenant: TenantId, refund: &Refund) -> Result<()> {
    tx.query(sql!(concat!(
        "INSERT INTO refunds (tenant, ",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    )))
    .bind(tenant)
    .bind(refund.id)
    .bind(refund.order_id)
    .bind(&refund.key)
    .bind(refund.amount_minor)
    .bind(refund.currency.code())
    .bind(&refund.reason)
    .bind(&refund.phase)
    .bind(refund.cancels)
    .bind(&refund.state)
    .bind(&refund.reference)
    .bind(&refund.actor)
    .bind(refund.created_at)
    .bind(refund.updated_at)
    .exec()
    .await
    .map(drop)
}

/// What became of the news that a refund was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repaid {
    /// It is paid now, or was paid before under this reference.
    Yes(Box<Refund>),
    /// It was paid under another reference.
    Clash,
    /// There is no such refund.
    Unknown,
}

/// The payment provider gave a refund back to the buyer, under its reference.
///
/// # Errors
/// Whatever the database says.
pub async fn paid(tx: &mut Tx, now: At, tenant: TenantId, id: RefundId, reference: &str) -> Result<Repaid> {
    let moved = tx
        .query(sql!(
            "UPDATE refunds SET state = $4, reference = $5, updated_at = $6 WHERE tenant = $1 AND id = $2 AND state = $3"
        ))
        .bind(tenant)
        .bind(id)
        .bind(RefundState::Owed.word())
        .bind(RefundState::Paid.word())
        .bind(reference)
        .bind(now)
        .exec()
        .await?;
    let Some(refund) = get(tx, tenant, id).await? else { return Ok(Repaid::Unknown) };
    if moved == 1 {
        let amount = Money { minor: refund.amount_minor, currency: refund.currency };
        let gone = postings::refund_paid(amount).map_err(out_of_range)?;
        let header = Header::new(tenant, refund.order_id, format!("refund_paid:{id}"));
        journal::post(tx, now, &Header { why: reference.to_owned(), ..header }, &gone).await?;
    }
    Ok(if refund.reference == reference { Repaid::Yes(Box::new(refund)) } else { Repaid::Clash })
}

/// One refund.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: RefundId) -> Result<Option<Refund>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM refunds WHERE tenant = $1 AND id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

async fn by_key(db: &mut impl Source, tenant: TenantId, key: &str) -> Result<Option<Refund>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM refunds WHERE tenant = $1 AND key = $2")))
        .bind(tenant)
        .bind(key)
        .opt()
        .await
}

/// The refunds of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn of_order(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<Refund>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM refunds WHERE tenant = $1 AND order_id = $2 ORDER BY id")))
        .bind(tenant)
        .bind(order)
        .all()
        .await
}

/// What was given back of an order so far, decided or paid.
///
/// # Errors
/// Whatever the database says.
pub async fn total(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<i64> {
    Ok(of_order(db, tenant, order).await?.iter().map(|refund| refund.amount_minor).sum())
}

/// What was paid for an order and not given back.
///
/// # Errors
/// Whatever the database says.
pub async fn left(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<i64> {
    let paid: i64 = orders::payments(db, tenant, order).await?.iter().map(|(amount, _)| amount).sum();
    Ok(paid - total(db, tenant, order).await?)
}

/// What the tenant owes buyers, per currency: what the account `refunds` must hold.
///
/// # Errors
/// Whatever the database says.
pub async fn owed(db: &mut impl Source, tenant: TenantId) -> Result<Vec<(String, i64)>> {
    db.query(sql!(
        "SELECT currency, CAST(sum(amount_minor) AS BIGINT) FROM refunds WHERE tenant = $1 AND state = 'owed' GROUP BY currency ORDER BY currency"
    ))
    .bind(tenant)
    .all()
    .await
}
