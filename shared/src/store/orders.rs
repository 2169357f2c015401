//! Orders: four dimensions of state, items with frozen terms, and a history that only grows. Every move goes through [`advance`].

use std::collections::BTreeMap;

use crate::db::{self, At, Json, Result, Source, Tx};
use crate::domain::money::{Currency, Money};
use crate::domain::order::{FulfilmentState, OrderState, PaymentState};
use crate::domain::postings;
pub use crate::domain::terms::OrderTerms;
use crate::domain::terms::{ItemTerms, RevenueTerms};
use crate::id::{EventId, ItemId, OrderId, PaymentId, SnapshotId, TenantId};
use crate::store::journal::{self, Header, out_of_range};
use crate::store::{notices, order_details};
use crate::{canon, sql};

/// An order's row. The recipient is sealed: open it with the keyring, bound to `"{tenant}:{order}"`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub tenant: TenantId,
    /// For people; not guessable.
    pub number: String,
    /// Where it came from.
    pub channel: String,
    /// Its name there.
    pub external_id: String,
    /// [`OrderState`]'s word.
    pub state: String,
    /// [`PaymentState`]'s word.
    pub payment_state: String,
    /// [`FulfilmentState`]'s word.
    pub fulfilment_state: String,
    /// `ReviewState`'s word.
    pub review_state: String,
    /// Why it is where it is, when a person should know.
    pub state_why: String,
    /// Digest of the items' spec hashes and quantities: what effects are keyed on.
    pub revision: String,
    /// Of all its amounts.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// Items.
    pub items_minor: i64,
    /// Shipping.
    pub shipping_minor: i64,
    /// Packaging.
    pub packaging_minor: i64,
    /// Tax.
    pub tax_minor: i64,
    /// All of it.
    pub total_minor: i64,
    /// Frozen at sale.
    pub terms: Json<OrderTerms>,
    /// ISO 3166-1.
    pub country: String,
    /// Sealed [`Recipient`](crate::domain::address::Recipient).
    pub recipient: String,
    /// Never released.
    pub test: bool,
    /// Grows with every move.
    pub version: i64,
    /// Taken in.
    pub created_at: At,
    /// Last moved.
    pub updated_at: At,
}

/// An item's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// From 0.
    pub position: i64,
    /// The tenant's product.
    pub product_id: String,
    /// As it was at sale.
    pub product_version: i64,
    /// The approved design.
    pub snapshot: SnapshotId,
    /// Its hash.
    pub spec_hash: String,
    /// For people.
    pub title: String,
    /// Who prints it.
    pub provider: String,
    /// As what.
    pub provider_uid: String,
    /// Zone → print area.
    pub placements: Json<BTreeMap<String, String>>,
    /// Pieces.
    pub quantity: i64,
    /// Price of one.
    pub unit_minor: i64,
    /// Price of all.
    pub line_minor: i64,
    /// Who shares in it.
    pub revenue: Json<RevenueTerms>,
}

/// A line of history.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Event {
    /// When.
    pub at: At,
    /// `order`, `payment`, `fulfilment`, `review`, `money`, `edit`, `quote` or `submission`.
    pub dimension: String,
    /// Before; empty at the beginning.
    pub from_state: String,
    /// After.
    pub to_state: String,
    /// A key, a job, or the provider.
    pub source: String,
    /// A sentence.
    pub detail: String,
}

macro_rules! columns {
    () => {
        "id, tenant, number, channel, external_id, state, payment_state, fulfilment_state, review_state, state_why, revision, currency, \
         items_minor, shipping_minor, packaging_minor, tax_minor, total_minor, terms, country, recipient, test, version, created_at, updated_at"
    };
}

/// Moves one dimension of an order, if its table allows it and the row still is where it was read, with a line of history; answers
/// whether it moved. The column's name is a part of the SQL text, hence no function.
macro_rules! shift {
    ($tx:ident, $at:ident, $order:ident, $states:ty, $dimension:literal, $held:ident -> $to:ident, ($source:expr, $why:expr)) => {{
        let from: $states = parse(&$order.$held)?;
        if !from.may_become($to) {
            return Ok(false);
        }
        let n = $tx
            .query(sql!(concat!(
                "UPDATE orders SET ",
                $dimension,
                "_state = $4, updated_at = $5, version = version + 1 WHERE tenant = $1 AND id = $2 AND ",
                $dimension,
                "_state = $3"
            )))
            .bind($order.tenant)
            .bind($order.id)
            .bind(from.word())
            .bind($to.word())
            .bind($at)
            .exec()
            .await?;
        if n == 1 {
            event($tx, $at, $order.tenant, $order.id, $dimension, from.word(), $to.word(), $source, $why).await?;
        }
        Ok(n == 1)
    }};
}

mod change;
mod list;

pub use change::{amend, note_answer, requantify, review};
pub use list::{Filter, Tally, by_number, list, number, read_number, tally};

/// Digest of what is ordered: design hashes and quantities, in order.
#[must_use]
pub fn revision<'a>(items: impl IntoIterator<Item = (&'a str, i64)>) -> String {
    let items: Vec<(&str, i64)> = items.into_iter().collect();
    canon::digest(&items).unwrap_or_default().chars().take(16).collect()
}

/// Writes a new order with its items and its first line of history; `false` when (channel, external id) is taken.
///
/// # Errors
/// Whatever the database says.
pub async fn create(tx: &mut Tx, order: &Order, items: &[Item], source: &str) -> Result<bool> {
    let fresh = tx
        .query(sql!(concat!(
            "INSERT INTO orders (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
               $21, $22, $23, $24) ON CONFLICT (tenant, channel, external_id) DO NOTHING"
        )))
        .bind(order.id)
        .bind(order.tenant)
        .bind(&order.number)
        .bind(&order.channel)
        .bind(&order.external_id)
        .bind(&order.state)
        .bind(&order.payment_state)
        .bind(&order.fulfilment_state)
        .bind(&order.review_state)
        .bind(&order.state_why)
        .bind(&order.revision)
        .bind(order.currency.code())
        .bind(order.items_minor)
        .bind(order.shipping_minor)
        .bind(order.packaging_minor)
        .bind(order.tax_minor)
        .bind(order.total_minor)
        .bind(&order.terms)
        .bind(&order.country)
        .bind(&order.recipient)
        .bind(order.test)
        .bind(order.version)
        .bind(order.created_at)
        .bind(order.updated_at)
        .exec()
        .await?;
    if fresh == 0 {
        return Ok(false);
    }
    for item in items {
        tx.query(sql!(
            "INSERT INTO order_items (id, tenant, order_id, position, product_id, product_version, snapshot, spec_hash, title, provider,
               provider_uid, placements, quantity, unit_minor, line_minor, revenue)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
        ))
        .bind(item.id).bind(order.tenant).bind(order.id).bind(item.position).bind(&item.product_id).bind(item.product_version)
        .bind(item.snapshot).bind(&item.spec_hash).bind(&item.title).bind(&item.provider).bind(&item.provider_uid)
        .bind(&item.placements).bind(item.quantity).bind(item.unit_minor).bind(item.line_minor).bind(&item.revenue)
        .exec()
        .await?;
    }
    event(tx, order.created_at, order.tenant, order.id, "order", "", &order.state, source, "taken in").await?;
    Ok(true)
}

/// One order.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: OrderId) -> Result<Option<Order>> {
    db.query(sql!(concat!("SELECT ", columns!(), " FROM orders WHERE tenant = $1 AND id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// One order, locked until the transaction ends.
///
/// # Errors
/// Whatever the database says.
pub async fn lock(tx: &mut Tx, tenant: TenantId, id: OrderId) -> Result<Option<Order>> {
    tx.query(sql!(concat!("SELECT ", columns!(), " FROM orders WHERE tenant = $1 AND id = $2 /*pg FOR UPDATE */")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// The order of a channel's own id.
///
/// # Errors
/// Whatever the database says.
pub async fn by_external(
    db: &mut impl Source,
    tenant: TenantId,
    channel: &str,
    external_id: &str,
) -> Result<Option<Order>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " FROM orders WHERE tenant = $1 AND channel = $2 AND external_id = $3"
    )))
    .bind(tenant)
    .bind(channel)
    .bind(external_id)
    .opt()
    .await
}

/// The items of an order, by position.
///
/// # Errors
/// Whatever the database says.
pub async fn items(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<Item>> {
    db.query(sql!(
        "SELECT id, position, product_id, product_version, snapshot, spec_hash, title, provider, provider_uid, placements, quantity, unit_minor,
           line_minor, revenue FROM order_items WHERE tenant = $1 AND order_id = $2 ORDER BY position"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

/// The history of an order, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn events(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<Event>> {
    db.query(sql!(
        "SELECT at, dimension, from_state, to_state, source, detail FROM order_events WHERE tenant = $1 AND order_id = $2 ORDER BY id"
    ))
    .bind(tenant)
    .bind(order)
    .all()
    .await
}

#[expect(clippy::too_many_arguments, reason = "the columns of a row that only this file writes")]
async fn event(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    order: OrderId,
    dimension: &str,
    from: &str,
    to: &str,
    source: &str,
    detail: &str,
) -> Result<()> {
    let id = EventId::new();
    tx.query(sql!(
        "INSERT INTO order_events (id, tenant, order_id, at, dimension, from_state, to_state, source, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    ))
    .bind(id).bind(tenant).bind(order).bind(at).bind(dimension).bind(from).bind(to).bind(source).bind(detail)
    .exec()
    .await?;
    if dimension == "order" { notices::order_moved(tx, at, tenant, order, id, (from, to)).await } else { Ok(()) }
}

/// A move of an order's state, compared and set against what the row says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Done.
    Yes,
    /// It was there already.
    Already,
    /// The table does not allow it from this state.
    Illegal(OrderState),
    /// No such order.
    Unknown,
}

/// Moves the order's state if the table allows it, with a line of history and a sentence that stays with the order.
///
/// # Errors
/// Whatever the database says.
pub async fn advance(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    id: OrderId,
    to: OrderState,
    source: &str,
    why: &str,
) -> Result<Moved> {
    let Some(order) = lock(tx, tenant, id).await? else { return Ok(Moved::Unknown) };
    let from: OrderState = parse(&order.state)?;
    if from == to {
        return Ok(Moved::Already);
    }
    if !from.may_become(to) {
        return Ok(Moved::Illegal(from));
    }
    tx.query(sql!(
        "UPDATE orders SET state = $4, state_why = $5, updated_at = $6, version = version + 1 WHERE tenant = $1 AND id = $2 AND state = $3"
    ))
    .bind(tenant)
    .bind(id)
    .bind(from.word())
    .bind(to.word())
    .bind(why)
    .bind(at)
    .exec()
    .await?;
    event(tx, at, tenant, id, "order", from.word(), to.word(), source, why).await?;
    Ok(Moved::Yes)
}

/// Moves the fulfilment if the table allows it; a fact that is known already, or comes late, changes nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn fulfil(tx: &mut Tx, at: At, order: &Order, to: FulfilmentState, source: &str) -> Result<bool> {
    shift!(tx, at, order, FulfilmentState, "fulfilment", fulfilment_state -> to, (source, ""))
}

/// A payment to record.
#[derive(Clone, Debug)]
pub struct Payment {
    /// The payment provider's reference: unique per tenant.
    pub reference: String,
    /// `card`, `transfer`, …
    pub method: String,
    /// Minor units; the order's total.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: Currency,
    /// Who recorded it.
    pub actor: String,
}

/// What became of a recorded payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// The order is paid now.
    Now,
    /// This very payment was recorded before.
    Before,
    /// The reference belongs to another order or amount, or the order is paid by another payment.
    Clash,
}

/// Whether a payment of this reference was recorded, of whichever order.
///
/// # Errors
/// Whatever the database says.
pub async fn is_recorded(db: &mut impl Source, tenant: TenantId, reference: &str) -> Result<bool> {
    let (known,): (i64,) = db
        .query(sql!("SELECT count(*) FROM payments WHERE tenant = $1 AND reference = $2"))
        .bind(tenant)
        .bind(reference)
        .one()
        .await?;
    Ok(known > 0)
}

/// Records a payment and marks the order paid; of a paid order it is what changed quantities added. The caller checked the amount.
///
/// # Errors
/// Whatever the database says.
pub async fn pay(tx: &mut Tx, at: At, order: &Order, payment: &Payment) -> Result<Paid> {
    let known: Option<(OrderId, i64, String)> = tx
        .query(sql!("SELECT order_id, amount_minor, currency FROM payments WHERE tenant = $1 AND reference = $2"))
        .bind(order.tenant)
        .bind(&payment.reference)
        .opt()
        .await?;
    if let Some((of, amount, currency)) = known {
        let same = of == order.id && amount == payment.amount_minor && currency == payment.currency.code();
        return Ok(if same { Paid::Before } else { Paid::Clash });
    }
    let moved = tx
        .query(sql!(
            "UPDATE orders SET payment_state = 'paid', updated_at = $3, version = version + 1 WHERE tenant = $1 AND id = $2 AND payment_state = 'unpaid'"
        ))
        .bind(order.tenant)
        .bind(order.id)
        .bind(at)
        .exec()
        .await?;
    let details = order_details::get(tx, order.tenant, order.id).await?;
    let paid = [PaymentState::Paid, PaymentState::PartRefunded].map(PaymentState::word);
    let due = details.due_minor > 0 && details.due_minor == payment.amount_minor;
    let more = moved == 0 && due && paid.contains(&order.payment_state.as_str());
    if moved == 0 && !more {
        return Ok(Paid::Clash);
    }
    let id = PaymentId::new();
    tx.query(sql!(
        "INSERT INTO payments (id, tenant, order_id, reference, method, amount_minor, currency, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    ))
    .bind(id).bind(order.tenant).bind(order.id).bind(&payment.reference).bind(&payment.method)
    .bind(payment.amount_minor).bind(payment.currency.code()).bind(&payment.actor).bind(at)
    .exec()
    .await?;
    let amount = Money { minor: payment.amount_minor, currency: payment.currency };
    let received = postings::payment(amount).map_err(out_of_range)?;
    if more {
        journal::post(tx, at, &Header::new(order.tenant, order.id, format!("payment:{id}")), &received).await?;
        let settled = order_details::Details { due_minor: 0, ..details };
        order_details::put(tx, at, order.tenant, order.id, &settled).await?;
        note_money(tx, at, order, "paid_more", &payment.actor, &payment.method).await?;
        return Ok(Paid::Now);
    }
    journal::post(tx, at, &Header::new(order.tenant, order.id, "payment"), &received).await?;
    let (unpaid, paid) = (PaymentState::Unpaid.word(), PaymentState::Paid.word());
    event(tx, at, order.tenant, order.id, "payment", unpaid, paid, &payment.actor, &payment.method).await?;
    Ok(Paid::Now)
}

/// Moves the payment if the table allows it.
///
/// # Errors
/// Whatever the database says.
pub async fn repay(tx: &mut Tx, at: At, order: &Order, to: PaymentState, source: &str, why: &str) -> Result<bool> {
    shift!(tx, at, order, PaymentState, "payment", payment_state -> to, (source, why))
}

/// A line of history about an order's money: what an operator should see, and what happened to nobody's state.
///
/// # Errors
/// Whatever the database says.
pub async fn note_money(tx: &mut Tx, at: At, order: &Order, what: &str, source: &str, why: &str) -> Result<()> {
    event(tx, at, order.tenant, order.id, "money", "", what, source, why).await
}

/// Says why an order is where it is: with the order, and once in its history. The same sentence again changes nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn explain(tx: &mut Tx, at: At, order: &Order, source: &str, why: &str) -> Result<bool> {
    if order.state_why == why {
        return Ok(false);
    }
    tx.query(sql!(
        "UPDATE orders SET state_why = $3, updated_at = $4, version = version + 1 WHERE tenant = $1 AND id = $2"
    ))
    .bind(order.tenant)
    .bind(order.id)
    .bind(why)
    .bind(at)
    .exec()
    .await?;
    announce(tx, at, order, "held", source, why).await?;
    Ok(true)
}

/// A line of history about an order's submission, in the dimension `submission`: `held`, `unknown`, `placed`, `not_placed`. Whoever tells
/// people of it reads these lines: each is written once, in the transaction that makes it true.
///
/// # Errors
/// Whatever the database says.
pub async fn announce(tx: &mut Tx, at: At, order: &Order, what: &str, source: &str, why: &str) -> Result<()> {
    event(tx, at, order.tenant, order.id, "submission", "", what, source, why).await
}

/// The payments of an order: (amount, what the payment provider took of it, where that is known).
///
/// # Errors
/// Whatever the database says.
pub async fn payments(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<(i64, Option<i64>)>> {
    db.query(sql!("SELECT amount_minor, fee_minor FROM payments WHERE tenant = $1 AND order_id = $2 ORDER BY id"))
        .bind(tenant)
        .bind(order)
        .all()
        .await
}

/// Notes what the payment provider took of a payment, beside the payment, in its transaction.
///
/// # Errors
/// Whatever the database says.
pub async fn note_fee(tx: &mut Tx, tenant: TenantId, reference: &str, fee_minor: i64) -> Result<()> {
    tx.query(sql!("UPDATE payments SET fee_minor = $3 WHERE tenant = $1 AND reference = $2 AND fee_minor IS NULL"))
        .bind(tenant)
        .bind(reference)
        .bind(fee_minor)
        .exec()
        .await
        .map(drop)
}

/// What the printer quoted for an order, in its currency.
///
/// # Errors
/// Whatever the database says.
pub async fn quoted(db: &mut impl Source, tenant: TenantId, id: OrderId) -> Result<Option<i64>> {
    let found: Option<(Option<i64>,)> = db
        .query(sql!("SELECT quoted_minor FROM orders WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(id)
        .opt()
        .await?;
    Ok(found.and_then(|(quoted,)| quoted))
}

/// Notes what the printer quoted; the first quote stays.
///
/// # Errors
/// Whatever the database says.
pub async fn note_quote(tx: &mut Tx, tenant: TenantId, id: OrderId, minor: i64) -> Result<()> {
    tx.query(sql!("UPDATE orders SET quoted_minor = $3 WHERE tenant = $1 AND id = $2 AND quoted_minor IS NULL"))
        .bind(tenant)
        .bind(id)
        .bind(minor)
        .exec()
        .await
        .map(drop)
}

/// Freezes the items' terms, beside the order, in its transaction.
///
/// # Errors
/// Whatever the database says.
pub async fn freeze(tx: &mut Tx, tenant: TenantId, order: OrderId, terms: &[(i64, ItemTerms)]) -> Result<()> {
    for (position, terms) in terms {
        tx.query(sql!("INSERT INTO item_terms (tenant, order_id, position, terms) VALUES ($1, $2, $3, $4)"))
            .bind(tenant)
            .bind(order)
            .bind(*position)
            .bind(Json(terms))
            .exec()
            .await?;
    }
    Ok(())
}

/// The items with the terms they were sold under: (item, terms). Items from before there were such rows fall back to the product's.
///
/// # Errors
/// Whatever the database says.
pub async fn sold(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<(Item, ItemTerms)>> {
    let frozen: Vec<(i64, Json<ItemTerms>)> = db
        .query(sql!("SELECT position, terms FROM item_terms WHERE tenant = $1 AND order_id = $2"))
        .bind(tenant)
        .bind(order)
        .all()
        .await?;
    let mut frozen: BTreeMap<i64, ItemTerms> = frozen.into_iter().map(|(at, terms)| (at, terms.0)).collect();
    let sold = items(db, tenant, order).await?.into_iter().map(|item| {
        let terms = frozen.remove(&item.position).unwrap_or_else(|| item.revenue.freeze(item.product_version));
        (item, terms)
    });
    Ok(sold.collect())
}

/// A state's word as the database holds it.
///
/// # Errors
/// When the database holds a word this release does not know.
pub fn parse<T: std::str::FromStr<Err = String>>(word: &str) -> Result<T> {
    word.parse().map_err(|e: String| db::Error::Decode(e.into()))
}
