//! A notice for one recipient by one channel, and every attempt to deliver it.

use crate::db::{At, Json, Result, Source, Tx};
use crate::domain::notice::MessageState;
use crate::id::{MessageId, NoticeId, OrderId, TenantId};
use crate::sql;

/// A message's row, with what its notice says.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// What it tells.
    pub notice: NoticeId,
    /// The notice's topic.
    pub topic: String,
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// When that happened.
    pub at: At,
    /// The notice's data.
    pub data: Json<serde_json::Value>,
    /// `customer`, `operator`, `party:NAME`, or the endpoint's id.
    pub recipient: String,
    /// `email` or `webhook`.
    pub channel: String,
    /// [`MessageState`]'s word.
    pub state: String,
    /// How often it was tried, or is about to be.
    pub attempts: i64,
    /// How it went the last time, as a sentence.
    pub said: String,
    /// When it was written.
    pub created_at: At,
    /// When it came to its end.
    pub ended_at: Option<At>,
}

/// An attempt to deliver a webhook.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Delivery {
    /// From 1.
    pub attempt: i64,
    /// When.
    pub at: At,
    /// Of HTTP; none when nobody answered.
    pub status: Option<i64>,
    /// How long the answer took.
    pub took_ms: Option<i64>,
    /// What came of it.
    pub said: String,
}

macro_rules! columns {
    () => {
        "m.id, m.notice, n.topic, n.order_id, n.at, n.data, m.recipient, m.channel, m.state, m.attempts, m.said, m.created_at, m.ended_at
         FROM messages m JOIN notices n ON n.tenant = m.tenant AND n.id = m.notice"
    };
}

/// Writes a message that nobody carries yet; `false` when this recipient has one of this notice by this channel.
///
/// # Errors
/// Whatever the database says.
pub async fn write(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    notice: NoticeId,
    recipient: &str,
    channel: &str,
) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO messages (tenant, id, notice, recipient, channel, state, attempts, said, created_at)
             VALUES ($1, $2, $3, $4, $5, 'new', 0, '', $6) ON CONFLICT (tenant, notice, recipient, channel) DO NOTHING"
        ))
        .bind(tenant)
        .bind(MessageId::new())
        .bind(notice)
        .bind(recipient)
        .bind(channel)
        .bind(at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Takes up messages that nobody carries yet, oldest first: (id, channel, the number of the attempt to enqueue).
///
/// # Errors
/// Whatever the database says.
pub async fn take(tx: &mut Tx, tenant: TenantId, most: i64) -> Result<Vec<(MessageId, String, i64)>> {
    tx.query(sql!(
        "UPDATE messages SET state = 'queued', attempts = attempts + 1 WHERE tenant = $1 AND state = 'new' AND id IN
           (SELECT id FROM messages WHERE tenant = $1 AND state = 'new' ORDER BY id LIMIT $2)
         RETURNING id, channel, attempts"
    ))
    .bind(tenant)
    .bind(most)
    .all()
    .await
}

/// One message.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: MessageId) -> Result<Option<Message>> {
    db.query(sql!(concat!("SELECT ", columns!(), " WHERE m.tenant = $1 AND m.id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// Which messages of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this order's.
    pub order: Option<OrderId>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only for this recipient.
    pub recipient: Option<String>,
}

/// A page of messages, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(
    db: &mut impl Source,
    tenant: TenantId,
    filter: &Filter,
    before: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Message>> {
    db.query(sql!(concat!(
        "SELECT ",
        columns!(),
        " WHERE m.tenant = $1 AND ($2 IS NULL OR n.order_id = $2) AND ($3 IS NULL OR m.state = $3)
           AND ($4 IS NULL OR m.recipient = $4) AND ($5 IS NULL OR m.id < $5) ORDER BY m.id DESC LIMIT $6"
    )))
    .bind(tenant)
    .bind(filter.order)
    .bind(filter.state.clone())
    .bind(filter.recipient.clone())
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// Writes how a carried message came to its end; one that has ended stays as it is. Answers whether it did.
///
/// # Errors
/// Whatever the database says.
pub async fn end(tx: &mut Tx, at: At, tenant: TenantId, id: MessageId, to: MessageState, said: &str) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE messages SET state = $3, said = $4, ended_at = $5 WHERE tenant = $1 AND id = $2 AND state = 'queued'"
        ))
        .bind(tenant)
        .bind(id)
        .bind(to.word())
        .bind(said)
        .bind(at)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Notes what a message that is on its way waits for.
///
/// # Errors
/// Whatever the database says.
pub async fn waits(tx: &mut Tx, tenant: TenantId, id: MessageId, said: &str) -> Result<()> {
    tx.query(sql!("UPDATE messages SET said = $3 WHERE tenant = $1 AND id = $2 AND state = 'queued' AND said <> $3"))
        .bind(tenant)
        .bind(id)
        .bind(said)
        .exec()
        .await
        .map(drop)
}

/// Notes an attempt that failed, of a message that is tried again; answers the number of the next, or `None` when the message has ended
/// or a later attempt is under way.
///
/// # Errors
/// Whatever the database says.
pub async fn again(tx: &mut Tx, tenant: TenantId, id: MessageId, attempt: i64, said: &str) -> Result<Option<i64>> {
    let next: Option<(i64,)> = tx
        .query(sql!(
            "UPDATE messages SET attempts = attempts + 1, said = $4 WHERE tenant = $1 AND id = $2 AND attempts = $3 AND state = 'queued'
             RETURNING attempts"
        ))
        .bind(tenant)
        .bind(id)
        .bind(attempt)
        .bind(said)
        .opt()
        .await?;
    Ok(next.map(|(next,)| next))
}

/// Puts a message that has ended back to those that nobody carries yet; `false` while it is carried.
///
/// # Errors
/// Whatever the database says.
pub async fn renew(tx: &mut Tx, tenant: TenantId, id: MessageId) -> Result<bool> {
    let n = tx
        .query(sql!(
            "UPDATE messages SET state = 'new', ended_at = NULL WHERE tenant = $1 AND id = $2
               AND state IN ('sent', 'unknown', 'failed', 'dropped')"
        ))
        .bind(tenant)
        .bind(id)
        .exec()
        .await?;
    tx.tell();
    Ok(n == 1)
}

/// The same for an endpoint's message of a notice that never arrived.
///
/// # Errors
/// Whatever the database says.
pub async fn renew_lost(tx: &mut Tx, tenant: TenantId, notice: NoticeId, recipient: &str) -> Result<u64> {
    let n = tx
        .query(sql!(
            "UPDATE messages SET state = 'new', ended_at = NULL WHERE tenant = $1 AND notice = $2 AND recipient = $3
               AND state IN ('unknown', 'failed', 'dropped')"
        ))
        .bind(tenant)
        .bind(notice)
        .bind(recipient)
        .exec()
        .await?;
    tx.tell();
    Ok(n)
}

/// Writes an attempt to deliver a webhook; the same attempt again is not written twice.
///
/// # Errors
/// Whatever the database says.
pub async fn write_delivery(tx: &mut Tx, tenant: TenantId, id: MessageId, delivery: &Delivery) -> Result<bool> {
    let n = tx
        .query(sql!(
            "INSERT INTO deliveries (tenant, message, attempt, at, status, took_ms, said) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, message, attempt) DO NOTHING"
        ))
        .bind(tenant)
        .bind(id)
        .bind(delivery.attempt)
        .bind(delivery.at)
        .bind(delivery.status)
        .bind(delivery.took_ms)
        .bind(&delivery.said)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Every attempt to deliver a webhook, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn deliveries(db: &mut impl Source, tenant: TenantId, id: MessageId) -> Result<Vec<Delivery>> {
    db.query(sql!(
        "SELECT attempt, at, status, took_ms, said FROM deliveries WHERE tenant = $1 AND message = $2 ORDER BY attempt"
    ))
    .bind(tenant)
    .bind(id)
    .all()
    .await
}
