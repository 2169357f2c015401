//! The books read by balance, day and period, and closed day by day. A closed day takes no lines any more; what its accounts moved is
//! kept once, so that a balance at any past instant is a few rows.

use crate::db::{At, Result, Source, Tx};
use crate::domain::account::Account;
use crate::domain::money::Currency;
use crate::id::{EntryId, TenantId};
use crate::sql;
use crate::store::journal::Subject;

/// What an account holds in one currency.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Balance {
    /// Which.
    #[sqlx(try_from = "String")]
    pub account: Account,
    /// ISO 4217.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
    /// Positive is owed to the account.
    pub minor: i64,
}

/// A line of an account's statement.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Movement {
    /// Of whose transaction.
    pub entry: EntryId,
    /// When.
    pub at: At,
    /// The order, payout or conversion.
    pub subject: Subject,
    /// What for.
    pub purpose: String,
    /// A sentence.
    pub why: String,
    /// Which account of the party.
    #[sqlx(try_from = "String")]
    pub account: Account,
    /// Positive came in.
    pub minor: i64,
    /// ISO 4217.
    #[sqlx(try_from = "String")]
    pub currency: Currency,
}

/// The first day that is not closed.
///
/// # Errors
/// Whatever the database says.
pub async fn open_day(db: &mut impl Source, tenant: TenantId) -> Result<i64> {
    let found: Option<(i64,)> =
        db.query(sql!("SELECT open_day FROM books WHERE tenant = $1")).bind(tenant).opt().await?;
    Ok(found.map_or(0, |(open,)| open))
}

/// Closes every day before `until`; answers whether there was one to close. Who writes into such a day meanwhile is waited for, and who
/// comes later is dated after it.
///
/// # Errors
/// Whatever the database says.
pub async fn close(tx: &mut Tx, tenant: TenantId, until: i64) -> Result<bool> {
    tx.query(sql!("INSERT INTO books (tenant, open_day) VALUES ($1, 0) ON CONFLICT (tenant) DO NOTHING"))
        .bind(tenant)
        .exec()
        .await?;
    let (open,): (i64,) =
        tx.query(sql!("SELECT open_day FROM books WHERE tenant = $1 /*pg FOR UPDATE */")).bind(tenant).one().await?;
    if open >= until {
        return Ok(false);
    }
    tx.query(sql!(
        "INSERT INTO journal_days (tenant, account, currency, day, moved_minor)
         SELECT $1, account, currency, day, CAST(sum(minor) AS BIGINT) FROM journal_lines
         WHERE tenant = $1 AND day >= $2 AND day < $3 GROUP BY account, currency, day"
    ))
    .bind(tenant)
    .bind(open)
    .bind(until)
    .planned_anew()
    .exec()
    .await?;
    tx.query(sql!("UPDATE books SET open_day = $2 WHERE tenant = $1")).bind(tenant).bind(until).exec().await?;
    Ok(true)
}

/// What one account holds at a moment, per currency; currencies that come to nothing are left out.
///
/// # Errors
/// Whatever the database says.
pub async fn balance(db: &mut impl Source, tenant: TenantId, account: &Account, at: At) -> Result<Vec<Balance>> {
    let open = open_day(db, tenant).await?.min(at.day());
    db.query(sql!(
        "SELECT $2 AS account, currency, CAST(sum(minor) AS BIGINT) AS minor FROM (
           SELECT currency, moved_minor AS minor FROM journal_days WHERE tenant = $1 AND account = $2 AND day < $3
           UNION ALL
           SELECT currency, minor FROM journal_lines WHERE tenant = $1 AND account = $2 AND day >= $3 AND day <= $4 AND at <= $5) m
         GROUP BY currency HAVING sum(minor) <> 0 ORDER BY currency"
    ))
    .bind(tenant)
    .bind(account.to_string())
    .bind(open)
    .bind(at.day())
    .bind(at)
    .all()
    .await
}

/// What a party's accounts hold at a moment.
///
/// # Errors
/// Whatever the database says.
pub async fn party(db: &mut impl Source, tenant: TenantId, party: &str, at: At) -> Result<Vec<Balance>> {
    let mut all = Vec::new();
    for account in Account::of_party(party) {
        all.extend(balance(db, tenant, &account, at).await?);
    }
    Ok(all)
}

/// What every account holds at a moment: the trial balance, which sums to zero in every currency.
///
/// # Errors
/// Whatever the database says.
pub async fn trial(db: &mut impl Source, tenant: TenantId, at: At) -> Result<Vec<Balance>> {
    let open = open_day(db, tenant).await?.min(at.day());
    db.query(sql!(
        "SELECT account, currency, CAST(sum(minor) AS BIGINT) AS minor FROM (
           SELECT account, currency, moved_minor AS minor FROM journal_days WHERE tenant = $1 AND day < $2
           UNION ALL
           SELECT account, currency, minor FROM journal_lines WHERE tenant = $1 AND day >= $2 AND day <= $3 AND at <= $4) m
         GROUP BY account, currency HAVING sum(minor) <> 0 ORDER BY account, currency"
    ))
    .bind(tenant)
    .bind(open)
    .bind(at.day())
    .bind(at)
    .planned_anew()
    .all()
    .await
}

/// The same from the lines alone, however many: what `platen money check` compares with.
///
/// # Errors
/// Whatever the database says.
pub async fn trial_of_lines(db: &mut impl Source, tenant: TenantId, at: At) -> Result<Vec<Balance>> {
    db.query(sql!(
        "SELECT account, currency, CAST(sum(minor) AS BIGINT) AS minor FROM journal_lines WHERE tenant = $1 AND at <= $2
         GROUP BY account, currency HAVING sum(minor) <> 0 ORDER BY account, currency"
    ))
    .bind(tenant)
    .bind(at)
    .planned_anew()
    .all()
    .await
}

/// What an account's lines were from one day to another (not included), oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn movements(
    db: &mut impl Source,
    tenant: TenantId,
    account: &Account,
    from: i64,
    until: i64,
) -> Result<Vec<Movement>> {
    db.query(sql!(
        "SELECT l.entry, l.at, e.subject, e.purpose, e.why, l.account, l.minor, l.currency FROM journal_lines l
         JOIN journal_entries e ON e.tenant = l.tenant AND e.id = l.entry
         WHERE l.tenant = $1 AND l.account = $2 AND l.day >= $3 AND l.day < $4 ORDER BY l.at, l.entry, l.position"
    ))
    .bind(tenant)
    .bind(account.to_string())
    .bind(from)
    .bind(until)
    .planned_anew()
    .all()
    .await
}

/// What orders moved on every account from one day to another (not included): everything but payouts and conversions of balances.
///
/// # Errors
/// Whatever the database says.
pub async fn by_orders(db: &mut impl Source, tenant: TenantId, from: i64, until: i64) -> Result<Vec<Balance>> {
    db.query(sql!(
        "SELECT l.account, l.currency, CAST(sum(l.minor) AS BIGINT) AS minor FROM journal_lines l
         JOIN journal_entries e ON e.tenant = l.tenant AND e.id = l.entry
         WHERE l.tenant = $1 AND l.day >= $2 AND l.day < $3 AND e.purpose NOT IN ('payout', 'payout_paid', 'payout_failed', 'conversion')
         GROUP BY l.account, l.currency HAVING sum(l.minor) <> 0 ORDER BY l.account, l.currency"
    ))
    .bind(tenant)
    .bind(from)
    .bind(until)
    .planned_anew()
    .all()
    .await
}

/// The accounts of a kind that hold something in a currency at a moment: for payouts, `creator:` and `royalty:`.
///
/// # Errors
/// Whatever the database says.
pub async fn owed(db: &mut impl Source, tenant: TenantId, currency: Currency, at: At) -> Result<Vec<Balance>> {
    let mut all = trial(db, tenant, at).await?;
    all.retain(|balance| balance.currency == currency && balance.account.party().is_some());
    Ok(all)
}

/// Entries whose lines do not sum to zero, or bear another day: there can be none.
///
/// # Errors
/// Whatever the database says.
pub async fn unbalanced(db: &mut impl Source, tenant: TenantId) -> Result<Vec<EntryId>> {
    let found: Vec<(EntryId,)> = db
        .query(sql!(
            "SELECT DISTINCT entry FROM (
               SELECT l.entry FROM journal_lines l WHERE l.tenant = $1 GROUP BY l.entry, l.currency HAVING sum(l.minor) <> 0
               UNION ALL
               SELECT l.entry FROM journal_lines l LEFT JOIN journal_entries e ON e.tenant = l.tenant AND e.id = l.entry
               WHERE l.tenant = $1 AND (e.id IS NULL OR e.at <> l.at OR e.day <> l.day)) b"
        ))
        .bind(tenant)
        .planned_anew()
        .all()
        .await?;
    Ok(found.into_iter().map(|(entry,)| entry).collect())
}

/// Accounts whose closed days are not what their lines come to: (account, currency, day).
///
/// # Errors
/// Whatever the database says.
pub async fn wrong_days(db: &mut impl Source, tenant: TenantId) -> Result<Vec<(String, String, i64)>> {
    db.query(sql!(
        "SELECT account, currency, day FROM (
           SELECT account, currency, day, moved_minor AS minor FROM journal_days WHERE tenant = $1
           UNION ALL
           SELECT l.account, l.currency, l.day, -l.minor FROM journal_lines l JOIN books b ON b.tenant = l.tenant
           WHERE l.tenant = $1 AND l.day < b.open_day) m
         GROUP BY account, currency, day HAVING sum(minor) <> 0 ORDER BY account, currency, day"
    ))
    .bind(tenant)
    .planned_anew()
    .all()
    .await
}

/// Orders whose revenue was shared out and whose gross is not even.
///
/// # Errors
/// Whatever the database says.
pub async fn uneven(db: &mut impl Source, tenant: TenantId) -> Result<Vec<Subject>> {
    let found: Vec<(Subject,)> = db
        .query(sql!(
            "SELECT e.subject FROM journal_entries e JOIN journal_lines l ON l.tenant = e.tenant AND l.entry = e.id AND l.account = 'gross'
             WHERE e.tenant = $1 AND EXISTS (SELECT 1 FROM journal_entries d WHERE d.tenant = e.tenant AND d.subject = e.subject
               AND d.purpose = 'distribution')
             GROUP BY e.subject HAVING sum(l.minor) <> 0"
        ))
        .bind(tenant)
        .planned_anew()
        .all()
        .await?;
    Ok(found.into_iter().map(|(subject,)| subject).collect())
}
