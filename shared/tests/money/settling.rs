//! Sharing out, refunds in every phase, corrections: on rows.

use platen_shared::domain::order::Stage;
use platen_shared::id::RateId;
use platen_shared::store::payouts::LATEST;
use platen_shared::store::rates::{self, RateRow};
use platen_shared::store::refunds::{Refunded, Repaid};
use platen_shared::store::settle::{self, Unsettled};
use platen_shared::store::{books, fulfilment, journal, orders, refunds};

use crate::kit::{Books, NOW, currency, each, eur, part, receipt};

/// What an order of 50.00 with a cost of 17.00 comes to: margin 25.00, fee 5.00, creator 20.00, royalty 2.00.
const WHOLE: [(&str, i64); 7] = [
    ("cash", -5000),
    ("creator:ada", 1800),
    ("platform_fee", 500),
    ("provider_cost:gelato", 1700),
    ("royalty:estate", 50),
    ("royalty:label", 150),
    ("tax", 800),
];

fn told(held: &std::collections::BTreeMap<String, i64>) -> Vec<(&str, i64)> {
    held.iter().map(|(account, minor)| (account.as_str(), *minor)).collect()
}

#[tokio::test]
async fn revenue_is_shared_out_once_whatever_runs_twice() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        for _ in 0..3 {
            b.share_out(&order, NOW).await;
            assert_eq!(told(&b.now().await), WHOLE);
        }
        let rows = journal::of_order(&mut b.read.clone(), b.tenant, order.id).await.unwrap();
        assert_eq!(rows.iter().filter(|row| row.purpose == "distribution").count(), 7, "gross, and six others");
        assert!(books::unbalanced(&mut b.read.clone(), b.tenant).await.unwrap().is_empty());
        assert!(books::uneven(&mut b.read.clone(), b.tenant).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_refund_in_any_phase_ends_in_the_same_balances() {
    each(|b| async move {
        let before = b.sold("before", eur(1700)).await;
        assert!(matches!(b.refund(&before, "r-1", 1000, NOW).await, Refunded::Now(r) if r.phase == "delivered"));
        b.share_out(&before, NOW).await;
        let early = b.now().await;
        let after = Books { tenant: platen_shared::id::TenantId::new(), db: b.db.clone(), read: b.read.clone() };
        let order = after.sold("after", eur(1700)).await;
        after.share_out(&order, NOW).await;
        let Refunded::Now(refund) = after.refund(&order, "r-1", 1000, NOW).await else { panic!("refunded") };
        assert_eq!(
            (refund.phase.as_str(), after.order(order.id).await.payment_state.as_str()),
            ("shared_out", "part_refunded")
        );
        assert_eq!(after.now().await, early);
        let rows = journal::of_order(&mut b.read.clone(), after.tenant, order.id).await.unwrap();
        let distribution = rows.iter().find(|row| row.purpose == "distribution").unwrap().entry;
        let reversal: Vec<_> = rows.iter().filter(|row| row.purpose.starts_with("refund:")).collect();
        assert!(reversal.iter().all(|row| row.corrects == Some(distribution)), "it names what it corrects");
        assert_eq!(early.get("refunds"), Some(&1000), "owed to the buyer until it is paid");
        let mut tx = after.tx().await;
        for _ in 0..2 {
            assert!(matches!(
                refunds::paid(&mut tx, NOW, after.tenant, refund.id, "psp-1").await.unwrap(),
                Repaid::Yes(_)
            ));
        }
        assert_eq!(refunds::paid(&mut tx, NOW, after.tenant, refund.id, "psp-2").await.unwrap(), Repaid::Clash);
        assert_eq!(refunds::owed(&mut tx, after.tenant).await.unwrap(), []);
        tx.commit().await.unwrap();
        let paid = after.now().await;
        assert_eq!((paid.get("refunds"), paid.get("cash")), (None, Some(&-4000)));
    })
    .await;
}

#[tokio::test]
async fn a_refund_of_everything_after_sharing_out_is_a_loss_and_nobody_keeps_anything() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        b.refund(&order, "all", 5000, NOW).await;
        let all = [("cash", -5000), ("loss", -1700), ("provider_cost:gelato", 1700), ("refunds", 5000)];
        assert_eq!(told(&b.now().await), all);
        assert_eq!(b.order(order.id).await.payment_state, "refunded");
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_refunded_is_refused_and_changes_nothing() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        assert!(matches!(b.refund(&order, "r-1", 3000, NOW).await, Refunded::Now(_)));
        let held = b.now().await;
        assert!(matches!(b.refund(&order, "r-1", 3000, NOW).await, Refunded::Before(_)), "the same once more");
        assert_eq!(b.refund(&order, "r-1", 2000, NOW).await, Refunded::Clash, "another amount under the same key");
        assert_eq!(b.refund(&order, "r-2", 2001, NOW).await, Refunded::Over { left: 2000 });
        let other = b.sold("y", eur(1700)).await;
        let more = b.now().await;
        assert_eq!(b.refund(&other, "r-1", 3000, NOW).await, Refunded::Clash, "another order under the same key");
        assert_eq!(b.now().await, more);
        assert_eq!(more.get("refunds"), held.get("refunds"));
        assert_eq!(refunds::total(&mut b.read.clone(), b.tenant, order.id).await.unwrap(), 3000);
        assert!(matches!(b.refund(&order, "r-3", 2000, NOW).await, Refunded::Now(_)), "all that was left");
    })
    .await;
}

#[tokio::test]
async fn later_receipts_are_booked_as_differences_and_drifts_are_told() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        let mut tx = b.tx().await;
        orders::note_quote(&mut tx, b.tenant, order.id, 1600).await.unwrap();
        orders::note_quote(&mut tx, b.tenant, order.id, 9999).await.unwrap();
        assert!(
            settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap().entry.is_none(),
            "nothing was shared out"
        );
        let first = settle::distribute(&mut tx, NOW, &order).await.unwrap().unwrap();
        assert_eq!((first.drift, first.breakdown.margin), (None, 2500));
        assert!(settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap().entry.is_none(), "nothing changed");
        receipt(&mut tx, &order, eur(2100)).await;
        let dearer = settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap();
        assert_eq!((dearer.drift, dearer.breakdown.margin), (Some(3125), 2100));
        receipt(&mut tx, &order, eur(1700)).await;
        settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap();
        receipt(&mut tx, &order, eur(2100)).await;
        assert!(
            settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap().entry.is_some(),
            "the same cost once more"
        );
        receipt(&mut tx, &order, eur(1700)).await;
        settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        assert_eq!(told(&b.now().await), WHOLE, "there and back again");
        let rows = journal::of_order(&mut b.read.clone(), b.tenant, order.id).await.unwrap();
        let mut purposes: Vec<&str> = rows.iter().map(|row| row.purpose.as_str()).collect();
        purposes.dedup();
        assert_eq!(purposes, ["payment", "distribution", "cost:1", "cost:2", "cost:3", "cost:4"]);
    })
    .await;
}

#[tokio::test]
async fn a_foreign_receipt_waits_for_a_rate_and_the_entry_names_it() {
    each(|b| async move {
        let usd = |minor| platen_shared::domain::money::Money { minor, currency: currency("USD") };
        let order = b.sold("x", usd(2000)).await;
        let missing = settle::load(&mut b.read.clone(), NOW, &order).await.unwrap().err();
        assert_eq!(missing, Some(Unsettled::NoRate { from: currency("USD"), to: currency("EUR") }));
        let rate = |rate: &str, at| RateRow {
            id: RateId::new(),
            from_currency: currency("USD"),
            to_currency: currency("EUR"),
            rate: rate.to_owned(),
            source: "ecb 2025-06-13".into(),
            actor: "test".into(),
            at,
        };
        let mut tx = b.tx().await;
        rates::put(&mut tx, b.tenant, &rate("0.85", NOW)).await.unwrap();
        tx.commit().await.unwrap();
        b.share_out(&order, NOW).await;
        let (here, there) = (b.now().await, b.held("USD", LATEST).await);
        assert_eq!((here.get("conversion"), here.get("platform_fee")), (Some(&1700), Some(&500)));
        assert_eq!(told(&there), [("conversion", -2000), ("provider_cost:gelato", 2000)]);
        let mut tx = b.tx().await;
        rates::put(&mut tx, b.tenant, &rate("0.5", platen_shared::db::At(NOW.0 + 1))).await.unwrap();
        let later = platen_shared::db::At(NOW.0 + 2);
        assert!(settle::correct(&mut tx, later, &order).await.unwrap().unwrap().entry.is_none(), "its rate is its own");
        tx.commit().await.unwrap();
        assert_eq!(rates::list(&mut b.read.clone(), b.tenant, None, 9).await.unwrap().len(), 2);
        let rows = journal::of_order(&mut b.read.clone(), b.tenant, order.id).await.unwrap();
        let why = &rows.iter().find(|row| row.purpose == "distribution").unwrap().why;
        assert_eq!(why, "gelato charged 20.00 USD = 17.00 EUR at 0.85 (ecb 2025-06-13)");
    })
    .await;
}

#[tokio::test]
async fn a_part_without_a_receipt_is_waited_for_and_a_cancelled_one_costs_what_it_says() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        let mut second = part(order.id, eur(0), Stage::Shipped);
        (second.id, second.cost) = ("g-2".into(), None);
        let mut tx = b.tx().await;
        fulfilment::merge(&mut tx, NOW, b.tenant, "gelato", order.id, &second).await.unwrap();
        let missing = settle::difference(&mut tx, NOW, &order).await.unwrap().err();
        assert_eq!(missing, Some(Unsettled::NoReceipt("g-2".into())));
        (second.stage, second.status) = (Some(Stage::Canceled), "canceled".into());
        fulfilment::merge(&mut tx, NOW, b.tenant, "gelato", order.id, &second).await.unwrap();
        assert!(settle::difference(&mut tx, NOW, &order).await.unwrap().is_ok());
        orders::note_money(&mut tx, NOW, &order, "loss", "test", "told").await.unwrap();
        tx.commit().await.unwrap();
        let events = orders::events(&mut b.read.clone(), b.tenant, order.id).await.unwrap();
        assert_eq!(events.last().map(|e| (e.dimension.as_str(), e.to_state.as_str())), Some(("money", "loss")));
    })
    .await;
}
