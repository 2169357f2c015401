//! How long the books take to answer when they are long: balances, a month's statement, the trial balance.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use platen_shared::db::{At, Db};
use platen_shared::domain::account::Account;
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::statement::Month;
use platen_shared::domain::transaction::Transaction;
use platen_shared::id::{OrderId, TenantId};
use platen_shared::store::journal::{self, Subject};
use platen_shared::store::payouts::LATEST;
use platen_shared::store::{books, statements};

use super::figures::tell_times;
use super::place::{Place, new_tenant};

/// A year's books, beginning on 2025-01-01.
const FIRST_DAY: i64 = 20_089;
const DAYS: i64 = 365;
/// The last days are open, as when the cron line has not fired for a while.
const OPEN: i64 = 2;
/// Lines of one sale: gross, tax, printer, platform, creator, holder.
const LINES: u64 = 6;
const PARTIES: u64 = 1_000;
const BLOCK: u64 = 500;

pub(super) async fn run(place: &Place, rounds: u32, lines: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let (db, tenant) = (&ledger.db, new_tenant(&ledger, "bench").await?);
    let currency: Currency = "EUR".parse()?;
    let sales = fill(db, tenant, currency, lines).await?;
    let mut tx = db.begin("bench_close").await?;
    let began = Instant::now();
    books::close(&mut tx, tenant, FIRST_DAY + DAYS - OPEN).await?;
    tx.commit().await?;
    eprintln!("{} lines of {sales} sales; a year was closed in {:.1} s", sales * LINES, began.elapsed().as_secs_f64());
    let engine = db.engine();
    let title = |what: &str| format!("{what}, {} lines, {engine}", sales * LINES);
    let [now, past, months, trials] = measure(db, tenant, rounds).await?;
    tell_times(&title("a party's balance now"), &now);
    tell_times(&title("a party's balance at a past instant"), &past);
    tell_times(&title("a party's statement of a month"), &months);
    tell_times(&title("the trial balance"), &trials);
    let (fast, slow) = (
        books::trial(&mut db.reader(), tenant, LATEST).await?,
        books::trial_of_lines(&mut db.reader(), tenant, LATEST).await?,
    );
    ensure!(fast == slow, "the closed days and the lines say different things");
    ledger.db.close().await;
    Ok(())
}

/// Sales of a thousand creators and holders over a year; answers how many.
async fn fill(db: &Db, tenant: TenantId, currency: Currency, lines: u64) -> Result<u64> {
    let sales = lines.div_ceil(LINES);
    let mut n = 0;
    while n < sales {
        let block = BLOCK.min(sales - n);
        let many = (n..n + block).map(|n| Ok((Subject::from(OrderId::new()), sale(n, currency)?)));
        let many = many.collect::<Result<Vec<_>>>()?;
        let at = At(At::of_day(FIRST_DAY + i64::try_from(n * DAYS.unsigned_abs() / sales)?).0 + 3_600_000_000);
        let mut tx = db.begin("bench_fill").await?;
        journal::post_many(&mut tx, at, tenant, "distribution", &many).await?;
        tx.commit().await?;
        n += block;
        if n % (BLOCK * 100) == 0 {
            eprintln!("{n} of {sales} sales are booked");
        }
    }
    Ok(sales)
}

fn sale(n: u64, currency: Currency) -> Result<Transaction> {
    let money = |minor| Money { minor, currency };
    let party = |n: u64| format!("party-{}", n % PARTIES);
    let (creator, holder) = (Account::Creator(party(n)), Account::Royalty(party(n.wrapping_mul(7) + 1)));
    let all = Transaction::new()
        .moving(Account::Gross, Account::Tax, money(800))?
        .moving(Account::Gross, Account::ProviderCost("gelato".to_owned()), money(1700))?
        .moving(Account::Gross, Account::PlatformFee, money(500))?
        .moving(Account::Gross, creator, money(1800))?
        .moving(Account::Gross, holder, money(200))?;
    Ok(all)
}

/// Balances now and in the past, statements, trial balances.
async fn measure(db: &Db, tenant: TenantId, rounds: u32) -> Result<[Vec<Duration>; 4]> {
    let (mut now, mut past, mut months, mut trials) = (vec![], vec![], vec![], vec![]);
    let read = &mut db.reader();
    for round in 0..u64::from(rounds) {
        for n in 0..200_u64 {
            let party = format!("party-{}", (n * 131 + round) % PARTIES);
            let began = Instant::now();
            let held = books::party(read, tenant, &party, LATEST).await?;
            now.push(began.elapsed());
            ensure!(!held.is_empty(), "{party} holds nothing");
            let instant = At(At::of_day(FIRST_DAY + i64::try_from((n * 17) % 360)?).0 + 43_200_000_000);
            ensure!(instant.day() >= FIRST_DAY, "an instant of the year");
            let began = Instant::now();
            books::party(read, tenant, &party, instant).await?;
            past.push(began.elapsed());
        }
        for n in 1..=12_u64 {
            let month: Month = format!("2025-{n:02}").parse().map_err(anyhow::Error::msg)?;
            let began = Instant::now();
            statements::of_month(read, tenant, &format!("party-{}", (n * 37 + round) % PARTIES), month).await?;
            months.push(began.elapsed());
        }
        for at in [LATEST, At(At::of_day(FIRST_DAY + 200).0 + 1)] {
            let began = Instant::now();
            let sum: i64 = books::trial(read, tenant, at).await?.iter().map(|balance| balance.minor).sum();
            trials.push(began.elapsed());
            ensure!(sum == 0, "the trial balance sums to {sum}");
        }
    }
    Ok([now, past, months, trials])
}
