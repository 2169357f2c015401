//! The journal: double entry, append only. Lines go in first and the header last; the header's trigger refuses lines that do not sum to
//! zero per currency, on both databases. One entry per (subject, purpose): what runs twice writes once.
//!
//! Writing takes a [`Transaction`], which cannot hold lines that do not balance. Reading by balance, day and period is in
//! [`books`](super::books).

use serde_json::json;

use crate::db::{self, At, Result, Source, Tx, rows};
use crate::domain::account::Account;
use crate::domain::money::{Currency, Money, MoneyError};
use crate::domain::transaction::{Line, Transaction};
pub use crate::id::Subject;
use crate::id::{EntryId, OrderId, TenantId};
use crate::sql;

/// An entry to be.
#[derive(Clone, Debug)]
pub struct Header {
    /// Whose books.
    pub tenant: TenantId,
    /// What it is about.
    pub subject: Subject,
    /// `payment`, `distribution`, `refund:<id>`, …: one entry of each per subject.
    pub purpose: String,
    /// The entry that it corrects.
    pub corrects: Option<EntryId>,
    /// A sentence, where the purpose does not say it all.
    pub why: String,
}

impl Header {
    /// An entry that corrects nothing and needs no words.
    pub fn new(tenant: TenantId, subject: impl Into<Subject>, purpose: impl Into<String>) -> Header {
        let (subject, purpose) = (subject.into(), purpose.into());
        Header { tenant, subject, purpose, corrects: None, why: String::new() }
    }
}

/// A line with its entry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LineRow {
    /// The entry.
    pub entry: EntryId,
    /// What for.
    pub purpose: String,
    /// The entry that it corrects.
    pub corrects: Option<EntryId>,
    /// A sentence.
    pub why: String,
    /// When it was written.
    pub at: At,
    /// The account.
    #[sqlx(try_from = "String")]
    pub account: Account,
    /// Positive is owed to the account, negative is taken from it.
    pub minor: i64,
    /// ISO 4217.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
}

impl LineRow {
    /// Without its entry.
    #[must_use]
    pub fn line(&self) -> Line {
        Line { account: self.account.clone(), amount: Money { minor: self.minor, currency: self.currency } }
    }
}

/// An amount that cannot be kept exactly, as the database's trouble: nothing is written then.
#[must_use]
pub fn out_of_range(error: MoneyError) -> db::Error {
    db::Error::Decode(Box::new(error))
}

/// The entry of a subject and purpose.
///
/// # Errors
/// Whatever the database says.
pub async fn find(
    db: &mut impl Source,
    tenant: TenantId,
    subject: impl Into<Subject>,
    purpose: &str,
) -> Result<Option<EntryId>> {
    let found: Option<(EntryId,)> = db
        .query(sql!("SELECT id FROM journal_entries WHERE tenant = $1 AND subject = $2 AND purpose = $3"))
        .bind(tenant)
        .bind(subject.into())
        .bind(purpose)
        .opt()
        .await?;
    Ok(found.map(|(id,)| id))
}

/// Writes an entry; `None` when the subject has one for this purpose already, or nothing moved: then nothing changes.
///
/// It is dated `now`, or the first moment of the first open day when `now` lies before that: a clock that went back never writes into
/// days that are closed.
///
/// # Errors
/// Whatever the database says.
pub async fn post(tx: &mut Tx, now: At, header: &Header, moved: &Transaction) -> Result<Option<EntryId>> {
    if moved.is_empty() || find(tx, header.tenant, header.subject, &header.purpose).await?.is_some() {
        return Ok(None);
    }
    let open = open_day(tx, header.tenant).await?;
    let at = now.max(At::of_day(open));
    let entry = EntryId::new();
    write_lines(tx, at, header.tenant, &[(entry, moved)]).await?;
    tx.query(sql!(
        "INSERT INTO journal_entries (tenant, id, subject, purpose, corrects, why, at, day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(header.tenant)
    .bind(entry)
    .bind(header.subject)
    .bind(&header.purpose)
    .bind(header.corrects)
    .bind(&header.why)
    .bind(at)
    .bind(at.day())
    .exec()
    .await?;
    Ok(Some(entry))
}

/// Many entries of one moment and one purpose, each of a subject of its own: for filling books that are measured.
///
/// # Errors
/// Whatever the database says.
pub async fn post_many(
    tx: &mut Tx,
    at: At,
    tenant: TenantId,
    purpose: &str,
    moved: &[(Subject, Transaction)],
) -> Result<()> {
    let ids: Vec<(EntryId, Subject)> = moved.iter().map(|(subject, _)| (EntryId::new(), *subject)).collect();
    let entries: Vec<(EntryId, &Transaction)> =
        ids.iter().zip(moved).map(|((id, _), (_, transaction))| (*id, transaction)).collect();
    write_lines(tx, at, tenant, &entries).await?;
    tx.query(sql!(
        "INSERT INTO journal_entries (tenant, id, subject, purpose, corrects, why, at, day)
         SELECT $1, /*pg CAST( */ value->>'e' /*pg AS UUID) */, /*pg CAST( */ value->>'s' /*pg AS UUID) */, $3, NULL, '', $4, $5
         FROM jsonb_each($2)"
    ))
    .bind(tenant)
    .bind(rows(ids.iter().map(|(id, subject)| json!({ "e": id.0, "s": subject.0 }))))
    .bind(purpose)
    .bind(at)
    .bind(at.day())
    .exec()
    .await
    .map(drop)
}

async fn write_lines(tx: &mut Tx, at: At, tenant: TenantId, entries: &[(EntryId, &Transaction)]) -> Result<()> {
    let lines = entries.iter().flat_map(|(entry, moved)| {
        moved.lines().into_iter().enumerate().map(|(position, Line { account, amount })| {
            json!({ "e": entry.0, "p": position, "a": account, "m": amount.minor, "c": amount.currency })
        })
    });
    tx.query(sql!(
        "INSERT INTO journal_lines (tenant, entry, position, account, minor, currency, at, day)
         SELECT $1, /*pg CAST( */ value->>'e' /*pg AS UUID) */, CAST(value->>'p' AS BIGINT), value->>'a', CAST(value->>'m' AS BIGINT),
           value->>'c', $3, $4 FROM jsonb_each($2)"
    ))
    .bind(tenant)
    .bind(rows(lines))
    .bind(at)
    .bind(at.day())
    .exec()
    .await
    .map(drop)
}

/// The first day that takes lines, held until the transaction ends: closing a day waits for whoever is writing into it.
async fn open_day(tx: &mut Tx, tenant: TenantId) -> Result<i64> {
    if let Some((open,)) = held(tx, tenant).await? {
        return Ok(open);
    }
    tx.query(sql!("INSERT INTO books (tenant, open_day) VALUES ($1, 0) ON CONFLICT (tenant) DO NOTHING"))
        .bind(tenant)
        .exec()
        .await?;
    Ok(held(tx, tenant).await?.map_or(0, |(open,)| open))
}

async fn held(tx: &mut Tx, tenant: TenantId) -> Result<Option<(i64,)>> {
    tx.query(sql!("SELECT open_day FROM books WHERE tenant = $1 /*pg FOR SHARE */")).bind(tenant).opt().await
}

/// Every line of a subject, entry by entry.
///
/// # Errors
/// Whatever the database says.
pub async fn of_subject(db: &mut impl Source, tenant: TenantId, subject: impl Into<Subject>) -> Result<Vec<LineRow>> {
    db.query(sql!(
        "SELECT l.entry, e.purpose, e.corrects, e.why, e.at, l.account, l.minor, l.currency FROM journal_entries e
         JOIN journal_lines l ON l.tenant = e.tenant AND l.entry = e.id
         WHERE e.tenant = $1 AND e.subject = $2 ORDER BY e.id, l.position"
    ))
    .bind(tenant)
    .bind(subject.into())
    .all()
    .await
}

/// Every line of an order, entry by entry.
///
/// # Errors
/// Whatever the database says.
pub async fn of_order(db: &mut impl Source, tenant: TenantId, order: OrderId) -> Result<Vec<LineRow>> {
    of_subject(db, tenant, order).await
}
