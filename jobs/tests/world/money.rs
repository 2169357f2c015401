//! What the kinds that move money begin with, and what must be true after them.

use platen_shared::domain::payout::RefundState;
use platen_shared::id::RefundId;
use platen_shared::store::parties::{self, Party, bound};
use platen_shared::store::payouts::{self, Decided, LATEST};
use platen_shared::store::refunds::{self, Refund, Refunded};
use platen_shared::store::{books, fulfilment, orders};

use crate::world::World;

/// Refunds the world's order as a whole.
pub(crate) async fn refund_all(world: &World) {
    let now = world.ledger.now();
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    let order = orders::lock(&mut tx, world.tenant, world.order).await.unwrap().unwrap();
    let wish = Refund {
        id: RefundId::new(),
        order_id: order.id,
        key: "all".into(),
        amount_minor: order.total_minor,
        currency: order.currency,
        reason: "changed her mind".into(),
        phase: String::new(),
        cancels: true,
        state: RefundState::Owed.word().to_owned(),
        reference: String::new(),
        actor: "test".into(),
        created_at: now,
        updated_at: now,
    };
    let done = refunds::decide(&mut tx, now, &order, wish).await.unwrap();
    assert!(matches!(done, Refunded::Now(refund) if refund.phase == "in_production"));
    tx.commit().await.unwrap();
}

/// A batch that somebody put together and somebody else approved.
pub(crate) async fn approved_batch(world: &World) -> String {
    let (now, tenant) = (world.ledger.now(), world.tenant);
    let mut tx = world.ledger.db.begin("test").await.unwrap();
    for name in ["ada", "label"] {
        let sealed = world.ports.links.keyring().seal("FR76 3000", &bound(tenant, name)).unwrap();
        let party = Party {
            name: name.into(),
            display_name: format!("The {name}"),
            language: "en".into(),
            payout_to: Some(sealed),
            payout_minimum_minor: None,
            active: true,
            created_at: now,
            updated_at: now,
        };
        parties::put(&mut tx, tenant, &party).await.unwrap();
    }
    let currency = "EUR".parse().unwrap();
    let batch = payouts::propose(&mut tx, now, tenant, currency, "one", "").await.unwrap().0.unwrap();
    assert_eq!(payouts::approve(&mut tx, now, tenant, batch.id, "two").await.unwrap(), Decided::Yes);
    tx.commit().await.unwrap();
    batch.id.to_string()
}

/// Whether nothing of what was received waits to be shared out.
pub(crate) async fn gross_is_even(world: &World) -> bool {
    let all = books::trial(&mut world.test.db.reader(), world.tenant, LATEST).await.unwrap();
    all.iter().map(|balance| balance.minor).sum::<i64>() == 0 && all.iter().all(|b| b.account.to_string() != "gross")
}

/// What must be true after a kind's work was done, however often it was begun.
pub(crate) async fn done_once(world: &World, kind: &str) {
    let (read, tenant) = (&mut world.test.db.reader(), world.tenant);
    match kind {
        "cancel_order" => {
            let order = orders::get(read, tenant, world.order).await.unwrap().unwrap();
            assert_eq!((order.state.as_str(), order.payment_state.as_str()), ("cancelled", "refunded"));
            let parts = fulfilment::parts(read, tenant, world.order).await.unwrap();
            assert!(parts.len() == 2 && parts.iter().all(|part| part.stage == "canceled"));
            assert_eq!(world.printer.counts().releases_effective, 1);
            assert_eq!(world.jobs("distribute_revenue").await.len(), 1, "what is left of its money is shared out");
        }
        "correct_costs" => {
            let jobs = world.jobs(kind).await;
            let rounds: std::collections::BTreeSet<_> =
                jobs.iter().map(|job| job.payload.0["round"].as_i64()).collect();
            assert_eq!(rounds.into_iter().collect::<Vec<_>>(), [Some(1), Some(2)], "this round and the next");
            assert!(gross_is_even(world).await);
        }
        "send_payouts" => {
            let batch = payouts::batches(read, tenant, None, 9).await.unwrap().remove(0);
            assert_eq!(batch.state, "exported");
            let bytes = world.ports.blobs.get(tenant, &batch.file.unwrap()).await.unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert_eq!(text.lines().count(), 3, "a head and two payouts: {text}");
            assert!(text.contains(",ada,The ada,FR76 3000,"), "{text}");
            let sent = payouts::in_transit(read, tenant).await.unwrap();
            assert_eq!(sent.len(), 2, "taken from the balances once");
        }
        "close_books" => {
            assert_eq!(books::open_day(read, tenant).await.unwrap(), world.ledger.now().day());
            assert!(books::wrong_days(read, tenant).await.unwrap().is_empty());
            let (fast, slow) =
                (books::trial(read, tenant, LATEST).await, books::trial_of_lines(read, tenant, LATEST).await);
            assert_eq!(fast.unwrap(), slow.unwrap());
        }
        other => panic!("what is one {other}?"),
    }
}
