//! Payouts: thresholds, a second person, never twice, and back when the bank says no.

use platen_shared::store::payouts::{self, Decided, Heard, News};
use platen_shared::store::{books, money_settings, parties};

use crate::kit::{NOW, each, eur, party};

#[tokio::test]
async fn a_batch_needs_a_second_person_and_is_taken_from_balances_once() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        b.introduce(&["ada", "label"]).await;
        let (batch, left_out) = b.propose().await;
        let batch = batch.unwrap();
        assert_eq!(left_out, [("estate".to_owned(), 50, "it has not said where to be paid")]);
        assert_eq!(b.now().await.get("creator:ada"), Some(&1800), "nothing moved yet");
        let (second, waiting) = b.propose().await;
        assert!(
            second.is_none() && waiting.iter().any(|(name, _, why)| name == "ada" && why.contains("another batch"))
        );
        assert_eq!(b.approve(batch.id, "one").await, Decided::SamePerson);
        assert_eq!(b.approve(batch.id, "two").await, Decided::Yes);
        assert_eq!(b.approve(batch.id, "three").await, Decided::Already);
        let held = b.now().await;
        assert_eq!((held.get("creator:ada"), held.get("payout_in_transit:ada")), (None, Some(&1800)));
        assert!(b.propose().await.0.is_none(), "nobody is owed anything");
        let mut tx = b.tx().await;
        for _ in 0..2 {
            payouts::exported(&mut tx, NOW, b.tenant, batch.id, Some("file")).await.unwrap();
        }
        let sent = payouts::of_batch(&mut tx, b.tenant, batch.id).await.unwrap();
        let (ada, label) = (sent[0].id, sent[1].id);
        for _ in 0..2 {
            let paid = payouts::hear(&mut tx, NOW, b.tenant, ada, &News::Paid("bank-1".into())).await.unwrap();
            assert!(matches!(paid, Heard::Yes(payout) if payout.state == "paid"));
        }
        let late = payouts::hear(&mut tx, NOW, b.tenant, ada, &News::Failed("no".into())).await.unwrap();
        assert!(matches!(late, Heard::Clash(_)), "what is paid is paid");
        assert_eq!(
            payouts::in_transit(&mut tx, b.tenant).await.unwrap(),
            [("label".to_owned(), "EUR".to_owned(), 150)]
        );
        payouts::hear(&mut tx, NOW, b.tenant, label, &News::Failed("no such account".into())).await.unwrap();
        tx.commit().await.unwrap();
        let held = b.now().await;
        assert_eq!((held.get("cash"), held.get("royalty:label")), (Some(&-3200), Some(&150)), "back on its balance");
        assert_eq!(b.batch().await.unwrap().state, "closed");
        let again = b.propose().await.0.unwrap();
        assert_eq!(payouts::of_batch(&mut b.read.clone(), b.tenant, again.id).await.unwrap()[0].party, "label");
        assert_eq!(payouts::of_party(&mut b.read.clone(), b.tenant, "label", 9).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_refund_after_the_payout_makes_a_debt_that_the_next_one_nets() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        b.introduce(&["ada"]).await;
        let batch = b.propose().await.0.unwrap();
        b.approve(batch.id, "two").await;
        b.refund(&order, "all", 5000, NOW).await;
        assert_eq!(b.now().await.get("creator:ada"), Some(&-1800));
        let (none, left_out) = b.propose().await;
        assert!(none.is_none() && left_out.iter().any(|(name, minor, _)| name == "ada" && *minor == -1800));
        for name in ["y", "z"] {
            let order = b.sold(name, eur(1700)).await;
            b.share_out(&order, NOW).await;
        }
        let next = b.propose().await.0.unwrap();
        let due = payouts::of_batch(&mut b.read.clone(), b.tenant, next.id).await.unwrap();
        assert_eq!(due[0].amount_minor, 1800, "two sales less the debt");
    })
    .await;
}

#[tokio::test]
async fn an_approval_pays_what_is_still_there_and_drops_what_is_too_little() {
    each(|b| async move {
        b.introduce(&["ada", "label", "estate"]).await;
        let mut tx = b.tx().await;
        let rules = platen_shared::domain::terms::MoneySettings { payout_minimum_minor: 100, ..Default::default() };
        let first = money_settings::put(&mut tx, NOW, b.tenant, &rules, "test").await.unwrap();
        assert_eq!(money_settings::put(&mut tx, NOW, b.tenant, &rules, "test").await.unwrap().version, first.version);
        let mut estate = party("estate");
        estate.payout_minimum_minor = Some(10);
        parties::put(&mut tx, b.tenant, &estate).await.unwrap();
        tx.commit().await.unwrap();
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        let batch = b.propose().await.0.unwrap();
        let due = payouts::of_batch(&mut b.read.clone(), b.tenant, batch.id).await.unwrap();
        assert_eq!(due.len(), 3, "the estate has a minimum of its own");
        b.refund(&order, "part", 1000, NOW).await;
        let mut gone = party("ada");
        gone.active = false;
        let mut tx = b.tx().await;
        parties::put(&mut tx, b.tenant, &gone).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(b.approve(batch.id, "two").await, Decided::Yes);
        let sent = payouts::of_batch(&mut b.read.clone(), b.tenant, batch.id).await.unwrap();
        let states: Vec<_> = sent.iter().map(|p| (p.party.as_str(), p.amount_minor, p.state.as_str())).collect();
        let left = b.now().await;
        // Margin 16.60: fee 3.32, creator 13.28, royalty 1.33, of which the label's 1.00 and the estate's 0.33.
        assert_eq!(states, [("ada", 1800, "dropped"), ("estate", 33, "in_transit"), ("label", 100, "in_transit")]);
        assert_eq!(left.get("creator:ada"), Some(&1195), "what is dropped stays where it is");
        let owed = books::owed(&mut b.read.clone(), b.tenant, eur(0).currency, payouts::LATEST).await.unwrap();
        assert_eq!(owed.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_rejected_batch_frees_its_parties_and_moved_nothing() {
    each(|b| async move {
        let order = b.sold("x", eur(1700)).await;
        b.share_out(&order, NOW).await;
        b.introduce(&["ada"]).await;
        let (batch, held) = (b.propose().await.0.unwrap(), b.now().await);
        let mut tx = b.tx().await;
        for wanted in [Decided::Yes, Decided::Already] {
            assert_eq!(payouts::reject(&mut tx, NOW, b.tenant, batch.id, "two", "wrong month").await.unwrap(), wanted);
        }
        tx.commit().await.unwrap();
        assert!(matches!(b.approve(batch.id, "two").await, Decided::Illegal(_)));
        assert_eq!(b.approve(platen_shared::id::BatchId::new(), "two").await, Decided::Unknown);
        assert_eq!(b.now().await, held);
        assert!(b.propose().await.0.is_some());
    })
    .await;
}
