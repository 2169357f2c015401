//! Closed days: balances at any past instant, and a clock that goes back.

use platen_shared::db::At;
use platen_shared::domain::account::Account;
use platen_shared::domain::transaction::Transaction;
use platen_shared::id::{OrderId, TenantId};
use platen_shared::store::journal::{self, Header, Subject};
use platen_shared::store::payouts::LATEST;
use platen_shared::store::{books, statements};

use crate::kit::{Books, DAY, NOW, each, eur};

async fn earn(b: &Books, at: At, minor: i64) {
    let moved = Transaction::new().moving(Account::Gross, Account::Creator("ada".into()), eur(minor)).unwrap();
    let mut tx = b.tx().await;
    let header = Header::new(b.tenant, OrderId::new(), "distribution");
    assert!(journal::post(&mut tx, at, &header, &moved).await.unwrap().is_some());
    tx.commit().await.unwrap();
}

async fn close(b: &Books, until: i64) -> bool {
    let mut tx = b.tx().await;
    let done = books::close(&mut tx, b.tenant, until).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn ada(b: &Books, at: At) -> i64 {
    let held = books::party(&mut b.read.clone(), b.tenant, "ada", at).await.unwrap();
    held.iter().map(|balance| balance.minor).sum()
}

#[tokio::test]
async fn a_balance_at_any_past_instant_is_the_same_before_and_after_days_are_closed() {
    each(|b| async move {
        let moments: Vec<At> = (0..12).map(|n| At(NOW.0 + n * DAY / 3)).collect();
        for (n, at) in moments.iter().enumerate() {
            earn(&b, *at, 1 << n).await;
        }
        let mut seen = Vec::new();
        for until in [None, Some(NOW.day() + 1), Some(NOW.day() + 2), Some(NOW.day() + 3), Some(NOW.day() + 30)] {
            if let Some(until) = until {
                assert!(close(&b, until).await);
                assert!(!close(&b, until).await && !close(&b, until - 1).await, "a day is closed once");
            }
            let mut now = Vec::new();
            for at in &moments {
                now.push((ada(&b, At(at.0 - 1)).await, ada(&b, *at).await));
            }
            let trial: i64 =
                books::trial(&mut b.read.clone(), b.tenant, moments[5]).await.unwrap().iter().map(|b| b.minor).sum();
            assert_eq!((trial, ada(&b, LATEST).await), (0, 4095));
            seen.push(now);
        }
        assert!(seen.iter().all(|now| *now == seen[0]), "{seen:?}");
        assert_eq!(seen[0][5], (31, 63));
        assert_eq!(books::trial_of_lines(&mut b.read.clone(), b.tenant, LATEST).await.unwrap().len(), 2);
        assert!(books::wrong_days(&mut b.read.clone(), b.tenant).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_never_writes_into_closed_days() {
    each(|b| async move {
        earn(&b, NOW, 1).await;
        close(&b, NOW.day() + 1).await;
        let before = ada(&b, At((NOW.day() + 1) * DAY - 1)).await;
        earn(&b, At(NOW.0 - 40 * DAY), 2).await;
        assert_eq!(ada(&b, At((NOW.day() + 1) * DAY - 1)).await, before, "the past is as it was");
        assert_eq!((ada(&b, At((NOW.day() + 1) * DAY)).await, ada(&b, LATEST).await), (3, 3), "and no cent is lost");
        assert_eq!(books::open_day(&mut b.read.clone(), b.tenant).await.unwrap(), NOW.day() + 1);
    })
    .await;
}

#[tokio::test]
async fn statements_begin_where_the_month_before_ended() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        b.refund(&order, "r-1", 1000, At(NOW.0 + 20 * DAY)).await;
        close(&b, NOW.day() + 25).await;
        let of = |month: &str| {
            let (b, month) = (&b, month.parse().unwrap());
            async move { statements::of_month(&mut b.read.clone(), b.tenant, "ada", month).await.unwrap() }
        };
        let (june, july, august) = (of("2025-06").await, of("2025-07").await, of("2025-08").await);
        assert_eq!((june.currencies[0].opening_minor, june.currencies[0].closing_minor), (0, 1800));
        let section = &july.currencies[0];
        assert_eq!((section.opening_minor, section.debited_minor, section.closing_minor), (1800, -605, 1195));
        assert_eq!(
            (section.lines[0].purpose.as_str(), section.lines[0].subject.as_str()),
            ("refund", order.id.to_string().as_str())
        );
        assert_eq!((august.currencies[0].lines.len(), august.currencies[0].closing_minor), (0, 1195));
        assert!(of("2025-05").await.currencies.is_empty());
        let (from, until) = (june.month.first_day(), august.month.first_day());
        let report = statements::margin(&mut b.read.clone(), b.tenant, from, until).await.unwrap().remove(0);
        // Of 40.00: tax 6.40, cost 17.00; margin 16.60.
        assert_eq!((report.gross, report.tax, report.margin, report.waiting), (4000, 640, 1660, 0));
        assert_eq!((report.platform_fee, report.creators, report.royalties, report.loss), (332, 1195, 133, 0));
    })
    .await;
}

#[tokio::test]
async fn many_entries_at_once_are_as_good_as_one_by_one_and_each_tenant_has_its_own_books() {
    each(|b| async move {
        let moved = Transaction::new().moving(Account::Gross, Account::Creator("ada".into()), eur(5)).unwrap();
        let many: Vec<_> = (0..50).map(|_| (Subject::from(OrderId::new()), moved.clone())).collect();
        let mut tx = b.tx().await;
        journal::post_many(&mut tx, NOW, b.tenant, "distribution", &many).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ada(&b, LATEST).await, 250);
        let other = TenantId::new();
        let read = &mut b.read.clone();
        assert!(books::trial(read, other, LATEST).await.unwrap().is_empty());
        assert!(books::party(read, other, "ada", LATEST).await.unwrap().is_empty());
        assert!(books::uneven(read, b.tenant).await.unwrap().len() == 50, "their gross was never received");
    })
    .await;
}
