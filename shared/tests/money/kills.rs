//! Killed at any moment, and done again until it is done: the balances are those of a run that nobody disturbed.
//!
//! A kill drops the work where it waits: before, between and after its statements, and in the middle of a commit, whose outcome it then
//! never hears. What was not committed is gone, as when the process dies.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;

use platen_shared::domain::payout::PayoutState;
use platen_shared::id::TenantId;
use platen_shared::store::payouts::{self, News};
use platen_shared::store::{books, orders, refunds, settle};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::kit::{Books, NOW, currency, each, eur, receipt, wish};

const KILLS: usize = 200;

/// The work's answer, or `None` when it was killed at its n-th wait.
async fn until_killed<T>(waits: Option<u32>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = waits;
    std::future::poll_fn(|context| {
        if left == Some(0) {
            return Poll::Ready(None);
        }
        left = left.map(|left| left - 1);
        work.as_mut().poll(context).map(Some)
    })
    .await
}

#[derive(Clone, Copy, Debug)]
enum Step {
    ShareOut(usize),
    Refund(usize, &'static str, i64),
    RefundPaid(usize, &'static str),
    Receipt(usize, i64),
    Correct(usize),
    Propose,
    Approve,
    Export,
    Paid,
    Failed,
    Close(i64),
}

/// What happens to three orders, in every phase.
const STORY: [Step; 22] = [
    Step::Refund(1, "early", 700),
    Step::ShareOut(0),
    Step::ShareOut(1),
    Step::Propose,
    Step::Approve,
    Step::Export,
    Step::Refund(0, "late", 1234),
    Step::Receipt(1, 1999),
    Step::Correct(1),
    Step::Paid,
    Step::Failed,
    Step::RefundPaid(0, "late"),
    Step::Close(1),
    Step::ShareOut(2),
    Step::Refund(2, "all", 5000),
    Step::Receipt(2, 900),
    Step::Correct(2),
    Step::RefundPaid(1, "early"),
    Step::Propose,
    Step::Approve,
    Step::Export,
    Step::Close(2),
];

async fn step(b: &Books, names: &[String], step: Step) {
    let mut tx = b.tx().await;
    let of = |n: usize| ("api", names[n].clone());
    let mut order = None;
    if let Step::ShareOut(n) | Step::Refund(n, ..) | Step::RefundPaid(n, _) | Step::Receipt(n, _) | Step::Correct(n) =
        step
    {
        let (channel, name) = of(n);
        let known = orders::by_external(&mut tx, b.tenant, channel, &name).await.unwrap().unwrap();
        order = orders::lock(&mut tx, b.tenant, known.id).await.unwrap();
    }
    let batch = payouts::batches(&mut tx, b.tenant, None, 1).await.unwrap().pop();
    match (step, order) {
        (Step::ShareOut(_), Some(order)) => drop(settle::distribute(&mut tx, NOW, &order).await.unwrap().unwrap()),
        (Step::Refund(_, key, minor), Some(order)) => {
            let key = format!("{key}-{}", order.external_id);
            drop(refunds::decide(&mut tx, NOW, &order, wish(&order, &key, minor)).await.unwrap());
        }
        (Step::RefundPaid(_, key), Some(order)) => {
            let key = format!("{key}-{}", order.external_id);
            let all = refunds::of_order(&mut tx, b.tenant, order.id).await.unwrap();
            let id = all.iter().find(|refund| refund.key == key).unwrap().id;
            refunds::paid(&mut tx, NOW, b.tenant, id, "psp").await.unwrap();
        }
        (Step::Receipt(_, minor), Some(order)) => receipt(&mut tx, &order, eur(minor)).await,
        (Step::Correct(_), Some(order)) => drop(settle::correct(&mut tx, NOW, &order).await.unwrap().unwrap()),
        (Step::Propose, _) => {
            drop(payouts::propose(&mut tx, NOW, b.tenant, currency("EUR"), "one", "").await.unwrap());
        }
        (Step::Approve, _) => drop(payouts::approve(&mut tx, NOW, b.tenant, batch.unwrap().id, "two").await.unwrap()),
        (Step::Export, _) => payouts::exported(&mut tx, NOW, b.tenant, batch.unwrap().id, Some("f")).await.unwrap(),
        (Step::Paid | Step::Failed, _) => {
            let sent = payouts::of_batch(&mut tx, b.tenant, batch.unwrap().id).await.unwrap();
            let (place, news) = match step {
                Step::Paid => (0, News::Paid("bank".into())),
                _ => (1, News::Failed("no".into())),
            };
            assert_ne!(sent[place].state, PayoutState::Draft.word());
            payouts::hear(&mut tx, NOW, b.tenant, sent[place].id, &news).await.unwrap();
        }
        (Step::Close(days), _) => {
            books::close(&mut tx, b.tenant, NOW.day() + days).await.unwrap();
        }
        (step, None) => panic!("{step:?} is about an order"),
    }
    tx.commit().await.unwrap();
}

/// Tells the story to the end; answers the balances and how often it was killed.
async fn tell(b: &Books, mut dice: Option<&mut StdRng>) -> (BTreeMap<String, i64>, usize) {
    let names: Vec<String> = (0..3).map(|n| format!("order-{n}")).collect();
    for name in &names {
        b.sold(name, eur(1700)).await;
    }
    b.introduce(&["ada", "label"]).await;
    let mut kills = 0;
    for next in STORY {
        loop {
            let waits = dice.as_mut().and_then(|dice| dice.random_bool(0.8).then(|| dice.random_range(0..40)));
            if until_killed(waits, step(b, &names, next)).await.is_some() {
                break;
            }
            kills += 1;
        }
        // Done already, and done once more: as when the answer was lost.
        if dice.is_some() && !matches!(next, Step::Propose) {
            step(b, &names, next).await;
        }
    }
    (b.now().await, kills)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_change_no_balance() {
    each(|b| async move {
        let calm = tell(&b, None).await.0;
        assert_eq!(calm.values().sum::<i64>(), 0);
        let (mut dice, mut kills, mut runs) = (StdRng::seed_from_u64(8), 0, 0);
        while kills < KILLS {
            let other = Books { tenant: TenantId::new(), db: b.db.clone(), read: b.read.clone() };
            let (held, killed) = tell(&other, Some(&mut dice)).await;
            assert_eq!(held, calm, "after {killed} kills");
            let read = &mut other.read.clone();
            assert!(books::wrong_days(read, other.tenant).await.unwrap().is_empty());
            assert!(books::unbalanced(read, other.tenant).await.unwrap().is_empty());
            assert!(books::uneven(read, other.tenant).await.unwrap().is_empty());
            kills += killed;
            runs += 1;
            assert!(runs < 100, "{kills} kills in {runs} runs: the dice are too kind");
        }
    })
    .await;
}
