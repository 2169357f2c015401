//! Payouts: batches put together by one person and approved by another, sent once, and settled by what the bank says.
//!
//! Never twice: a party waits in one batch at a time (a unique index), approval moves a batch by compare and set, and taking money from a
//! balance, paying it and giving it back are entries that exist once per payout.

use std::collections::BTreeMap;

use crate::db::{At, Result, Source, Tx};
use crate::domain::account::Account;
use crate::domain::money::{Currency, Money};
use crate::domain::payout::{BatchState, PayoutState, payable};
use crate::domain::postings;
use crate::domain::transaction::Line;
use crate::id::{BatchId, PayoutId, TenantId};
use crate::sql;
use crate::store::journal::{self, Header, LineRow, out_of_range};
use crate::store::parties::{self, Party};
use crate::store::{books, money_settings, orders};

/// Later than every line: balances as they stand.
pub const LATEST: At = At(253_402_300_799_000_000);

/// A batch's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Of all its payouts.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// [`BatchState`]'s word.
    pub state: String,
    /// Who put it together.
    pub created_by: String,
    /// Who approved or rejected it: somebody else.
    pub approved_by: Option<String>,
    /// In their words.
    pub reason: String,
    /// The bank's file, by the SHA-256 of its bytes.
    pub file: Option<String>,
    /// Since when.
    pub created_at: At,
    /// Last moved.
    pub updated_at: At,
}

/// A payout's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Payout {
    /// Its id.
    pub id: PayoutId,
    /// Its batch.
    pub batch: BatchId,
    /// Who is paid.
    pub party: String,
    /// ISO 4217.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// Minor units.
    pub amount_minor: i64,
    /// [`PayoutState`]'s word.
    pub state: String,
    /// The bank's name for it; empty until it says one.
    pub reference: String,
    /// Why it is where it is, when a person should know.
    pub reason: String,
    /// Last moved.
    pub updated_at: At,
}

macro_rules! batch {
    () => {
        "id, currency, state, created_by, approved_by, reason, file, created_at, updated_at"
    };
}
macro_rules! payout {
    () => {
        "id, batch, party, currency, amount_minor, state, reference, reason, updated_at"
    };
}

/// Somebody who is owed money and gets none in this batch, and why.
pub type LeftOut = (String, i64, &'static str);

/// Puts a batch together: everybody whose balance reaches the minimum and who says where to. Nothing moves yet. `None` when nobody is paid.
///
/// # Errors
/// Whatever the database says.
pub async fn propose(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    currency: Currency,
    actor: &str,
    reason: &str,
) -> Result<(Option<Batch>, Vec<LeftOut>)> {
    let minimum = money_settings::latest(tx, tenant).await?.settings.payout_minimum_minor;
    let waiting: Vec<(String,)> = tx
        .query(sql!("SELECT party FROM payouts WHERE tenant = $1 AND currency = $2 AND state = 'draft'"))
        .bind(tenant)
        .bind(currency.code())
        .all()
        .await?;
    let (mut due, mut left_out) = (Vec::new(), Vec::new());
    for (name, minor) in balances(tx, tenant, currency).await? {
        let party = parties::get(tx, tenant, &name).await?;
        let in_a_batch = waiting.iter().any(|(party,)| *party == name);
        match obstacle(party.as_ref(), in_a_batch, minor, minimum) {
            None => due.push((name, minor)),
            Some(why) => left_out.push((name, minor, why)),
        }
    }
    if due.is_empty() {
        return Ok((None, left_out));
    }
    let batch = Batch {
        id: BatchId::new(),
        currency,
        state: BatchState::Draft.word().to_owned(),
        created_by: actor.to_owned(),
        approved_by: None,
        reason: reason.to_owned(),
        file: None,
        created_at: now,
        updated_at: now,
    };
    insert(tx, tenant, &batch, &due).await?;
    Ok((Some(batch), left_out))
}

/// What parties are owed in a currency, all their accounts together.
async fn balances(tx: &mut Tx, tenant: TenantId, currency: Currency) -> Result<BTreeMap<String, i64>> {
    let mut owed: BTreeMap<String, i64> = BTreeMap::new();
    for balance in books::owed(tx, tenant, currency, LATEST).await? {
        if let Some(party) = balance.account.party() {
            *owed.entry(party.to_owned()).or_default() += balance.minor;
        }
    }
    Ok(owed)
}

/// Why a party gets nothing.
fn obstacle(party: Option<&Party>, in_a_batch: bool, minor: i64, minimum: i64) -> Option<&'static str> {
    let Some(party) = party.filter(|party| party.payout_to.is_some()) else {
        return Some("it has not said where to be paid");
    };
    if !party.active {
        return Some("it is not active");
    }
    if in_a_batch {
        return Some("it waits in another batch");
    }
    if payable(minor, minor, party.payout_minimum_minor.unwrap_or(minimum)).is_none() {
        return Some("the balance is below the minimum");
    }
    None
}

async fn insert(tx: &mut Tx, tenant: TenantId, batch: &Batch, due: &[(String, i64)]) -> Result<()> {
    tx.query(sql!(concat!(
        "INSERT INTO payout_batches (tenant, ",
        batch!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    )))
    .bind(tenant)
    .bind(batch.id)
    .bind(batch.currency.code())
    .bind(&batch.state)
    .bind(&batch.created_by)
    .bind(batch.approved_by.clone())
    .bind(&batch.reason)
    .bind(batch.file.clone())
    .bind(batch.created_at)
    .bind(batch.updated_at)
    .exec()
    .await?;
    for (party, minor) in due {
        tx.query(sql!(concat!(
            "INSERT INTO payouts (tenant, ",
            payout!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, 'draft', '', '', $7)"
        )))
        .bind(tenant)
        .bind(PayoutId::new())
        .bind(batch.id)
        .bind(party)
        .bind(batch.currency.code())
        .bind(*minor)
        .bind(batch.created_at)
        .exec()
        .await?;
    }
    Ok(())
}

/// What became of a decision about a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Done.
    Yes,
    /// It was decided so before.
    Already,
    /// Whoever put it together cannot approve it.
    SamePerson,
    /// Its state does not allow it.
    Illegal(BatchState),
    /// There is no such batch.
    Unknown,
}

/// Approves a batch: its payouts leave the parties' balances. A balance that shrank meanwhile is paid as far as it still reaches; one that
/// fell below the minimum is dropped from the batch and stays where it is.
///
/// # Errors
/// Whatever the database says.
pub async fn approve(tx: &mut Tx, now: At, tenant: TenantId, id: BatchId, actor: &str) -> Result<Decided> {
    let Some(batch) = lock(tx, tenant, id).await? else { return Ok(Decided::Unknown) };
    match orders::parse(&batch.state)? {
        BatchState::Draft if batch.created_by == actor => return Ok(Decided::SamePerson),
        BatchState::Draft => {}
        BatchState::Approved | BatchState::Exported | BatchState::Closed => return Ok(Decided::Already),
        state @ BatchState::Rejected => return Ok(Decided::Illegal(state)),
    }
    let minimum = money_settings::latest(tx, tenant).await?.settings.payout_minimum_minor;
    for payout in of_batch(tx, tenant, id).await? {
        let party = parties::get(tx, tenant, &payout.party).await?;
        let least = party.as_ref().and_then(|party| party.payout_minimum_minor).unwrap_or(minimum);
        let reachable = party.is_some_and(|party| party.active && party.payout_to.is_some());
        let mut balances = Vec::new();
        for balance in books::party(tx, tenant, &payout.party, LATEST).await? {
            if balance.currency == payout.currency {
                balances.push((balance.account, balance.minor));
            }
        }
        let whole = balances.iter().map(|(_, minor)| minor).sum();
        match payable(payout.amount_minor, whole, least).filter(|_| reachable) {
            Some(minor) => take(tx, now, tenant, &payout, minor, &balances).await?,
            None => {
                let why = "the balance fell below the minimum, or the party is not paid any more";
                advance(tx, now, tenant, payout.id, (PayoutState::Draft, PayoutState::Dropped), "", why).await?;
            }
        }
    }
    decide(tx, now, tenant, id, BatchState::Approved, actor).await?;
    Ok(Decided::Yes)
}

/// Takes a payout from its party's balance.
async fn take(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    payout: &Payout,
    minor: i64,
    balances: &[(Account, i64)],
) -> Result<()> {
    let amount = Money { minor, currency: payout.currency };
    let sent = postings::payout(&payout.party, balances, amount).map_err(out_of_range)?;
    let why = if minor < payout.amount_minor { "the balance had become smaller" } else { "" };
    journal::post(tx, now, &Header { why: why.to_owned(), ..Header::new(tenant, payout.id, "payout") }, &sent).await?;
    tx.query(sql!("UPDATE payouts SET amount_minor = $3 WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(payout.id)
        .bind(minor)
        .exec()
        .await?;
    advance(tx, now, tenant, payout.id, (PayoutState::Draft, PayoutState::InTransit), "", why).await.map(drop)
}

/// Rejects a batch that nobody approved; nothing had moved.
///
/// # Errors
/// Whatever the database says.
pub async fn reject(tx: &mut Tx, now: At, tenant: TenantId, id: BatchId, actor: &str, why: &str) -> Result<Decided> {
    let Some(batch) = lock(tx, tenant, id).await? else { return Ok(Decided::Unknown) };
    match orders::parse(&batch.state)? {
        BatchState::Draft => {}
        BatchState::Rejected => return Ok(Decided::Already),
        state => return Ok(Decided::Illegal(state)),
    }
    for payout in of_batch(tx, tenant, id).await? {
        advance(tx, now, tenant, payout.id, (PayoutState::Draft, PayoutState::Dropped), "", why).await?;
    }
    decide(tx, now, tenant, id, BatchState::Rejected, actor).await?;
    Ok(Decided::Yes)
}

async fn decide(tx: &mut Tx, now: At, tenant: TenantId, id: BatchId, to: BatchState, actor: &str) -> Result<()> {
    tx.query(sql!(
        "UPDATE payout_batches SET state = $3, approved_by = $4, updated_at = $5 WHERE tenant = $1 AND id = $2 AND state = 'draft'"
    ))
    .bind(tenant)
    .bind(id)
    .bind(to.word())
    .bind(actor)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// The rail has the batch, and made this file of it. A repeat changes nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn exported(tx: &mut Tx, now: At, tenant: TenantId, id: BatchId, file: Option<&str>) -> Result<()> {
    tx.query(sql!(
        "UPDATE payout_batches SET state = 'exported', file = $3, updated_at = $4 WHERE tenant = $1 AND id = $2 AND state = 'approved'"
    ))
    .bind(tenant)
    .bind(id)
    .bind(file.map(str::to_owned))
    .bind(now)
    .exec()
    .await?;
    close_if_done(tx, now, tenant, id).await
}

/// What the bank says of a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Paid, under the bank's name for it.
    Paid(String),
    /// Not paid, and why: it goes back to the party's balance.
    Failed(String),
}

/// What became of the news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is so now, or was known.
    Yes(Box<Payout>),
    /// It is something else already, and for good.
    Clash(Box<Payout>),
    /// There is no such payout.
    Unknown,
}

/// Hears what the bank says of a payout. Late and repeated news change nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn hear(tx: &mut Tx, now: At, tenant: TenantId, id: PayoutId, news: &News) -> Result<Heard> {
    let (to, reference, why) = match news {
        News::Paid(reference) => (PayoutState::Paid, reference.as_str(), ""),
        News::Failed(why) => (PayoutState::Failed, "", why.as_str()),
    };
    let moved = advance(tx, now, tenant, id, (PayoutState::InTransit, to), reference, why).await?;
    let Some(payout) = get(tx, tenant, id).await? else { return Ok(Heard::Unknown) };
    if !moved {
        let known = payout.state == to.word();
        return Ok(if known { Heard::Yes(Box::new(payout)) } else { Heard::Clash(Box::new(payout)) });
    }
    let amount = Money { minor: payout.amount_minor, currency: payout.currency };
    let sent = journal::find(tx, tenant, id, "payout").await?;
    let (purpose, posting) = match news {
        News::Paid(_) => ("payout_paid", postings::payout_paid(&payout.party, amount)),
        News::Failed(_) => {
            let lines = journal::of_subject(tx, tenant, id).await?;
            let lines: Vec<Line> = lines.iter().filter(|l| l.purpose == "payout").map(LineRow::line).collect();
            ("payout_failed", postings::payout_failed(&payout.party, &lines))
        }
    };
    let corrects = sent.filter(|_| to == PayoutState::Failed);
    let header = Header { corrects, why: format!("{reference}{why}"), ..Header::new(tenant, id, purpose) };
    journal::post(tx, now, &header, &posting.map_err(out_of_range)?).await?;
    close_if_done(tx, now, tenant, payout.batch).await?;
    Ok(Heard::Yes(Box::new(payout)))
}

async fn advance(
    tx: &mut Tx,
    now: At,
    tenant: TenantId,
    id: PayoutId,
    (from, to): (PayoutState, PayoutState),
    reference: &str,
    why: &str,
) -> Result<bool> {
    if !from.may_become(to) {
        return Ok(false);
    }
    let n = tx
        .query(sql!(
            "UPDATE payouts SET state = $4, reference = $5, reason = $6, updated_at = $7 WHERE tenant = $1 AND id = $2 AND state = $3"
        ))
        .bind(tenant)
        .bind(id)
        .bind(from.word())
        .bind(to.word())
        .bind(reference)
        .bind(why)
        .bind(now)
        .exec()
        .await?;
    Ok(n == 1)
}

async fn close_if_done(tx: &mut Tx, now: At, tenant: TenantId, id: BatchId) -> Result<()> {
    tx.query(sql!(
        "UPDATE payout_batches SET state = 'closed', updated_at = $3 WHERE tenant = $1 AND id = $2 AND state = 'exported'
           AND NOT EXISTS (SELECT 1 FROM payouts p WHERE p.tenant = $1 AND p.batch = $2 AND p.state = 'in_transit')"
    ))
    .bind(tenant)
    .bind(id)
    .bind(now)
    .exec()
    .await
    .map(drop)
}

/// One batch.
///
/// # Errors
/// Whatever the database says.
pub async fn batch(db: &mut impl Source, tenant: TenantId, id: BatchId) -> Result<Option<Batch>> {
    db.query(sql!(concat!("SELECT ", batch!(), " FROM payout_batches WHERE tenant = $1 AND id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

async fn lock(tx: &mut Tx, tenant: TenantId, id: BatchId) -> Result<Option<Batch>> {
    tx.query(sql!(concat!(
        "SELECT ",
        batch!(),
        " FROM payout_batches WHERE tenant = $1 AND id = $2 /*pg FOR UPDATE */"
    )))
    .bind(tenant)
    .bind(id)
    .opt()
    .await
}

/// Batches, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn batches(
    db: &mut impl Source,
    tenant: TenantId,
    before: Option<BatchId>,
    limit: i64,
) -> Result<Vec<Batch>> {
    db.query(sql!(concat!(
        "SELECT ",
        batch!(),
        " FROM payout_batches WHERE tenant = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"
    )))
    .bind(tenant)
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// The payouts of a batch, by party.
///
/// # Errors
/// Whatever the database says.
pub async fn of_batch(db: &mut impl Source, tenant: TenantId, id: BatchId) -> Result<Vec<Payout>> {
    db.query(sql!(concat!("SELECT ", payout!(), " FROM payouts WHERE tenant = $1 AND batch = $2 ORDER BY party")))
        .bind(tenant)
        .bind(id)
        .all()
        .await
}

/// One payout.
///
/// # Errors
/// Whatever the database says.
pub async fn get(db: &mut impl Source, tenant: TenantId, id: PayoutId) -> Result<Option<Payout>> {
    db.query(sql!(concat!("SELECT ", payout!(), " FROM payouts WHERE tenant = $1 AND id = $2")))
        .bind(tenant)
        .bind(id)
        .opt()
        .await
}

/// The payouts of a party, newest first.
///
/// # Errors
/// Whatever the database says.
pub async fn of_party(db: &mut impl Source, tenant: TenantId, party: &str, limit: i64) -> Result<Vec<Payout>> {
    db.query(sql!(concat!(
        "SELECT ",
        payout!(),
        " FROM payouts WHERE tenant = $1 AND party = $2 ORDER BY id DESC LIMIT $3"
    )))
    .bind(tenant)
    .bind(party)
    .bind(limit)
    .all()
    .await
}

/// What is on its way, per party and currency: what the accounts `payout_in_transit` must hold.
///
/// # Errors
/// Whatever the database says.
pub async fn in_transit(db: &mut impl Source, tenant: TenantId) -> Result<Vec<(String, String, i64)>> {
    db.query(sql!(
        "SELECT party, currency, CAST(sum(amount_minor) AS BIGINT) FROM payouts WHERE tenant = $1 AND state = 'in_transit'
         GROUP BY party, currency ORDER BY party, currency"
    ))
    .bind(tenant)
    .all()
    .await
}
