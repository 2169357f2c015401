//! A tenant with orders on a fresh database, and the small steps that move their money.

use std::collections::BTreeMap;

use platen_shared::db::{At, Db, Json, Read, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::Stage;
use platen_shared::domain::payout::RefundState;
use platen_shared::domain::terms::{OrderTerms, RevenueTerms, Royalty};
use platen_shared::id::{BatchId, OrderId, RefundId, TenantId};
use platen_shared::ports::provider::Part;
use platen_shared::store::orders::{Item, Order, Payment};
use platen_shared::store::parties::Party;
use platen_shared::store::payouts::{Batch, LATEST};
use platen_shared::store::refunds::{Refund, Refunded};
use platen_shared::store::{books, fulfilment, orders, parties, payouts, refunds, settle};
use platen_shared::testing::{databases_and_pooler, rows, suite_ran};

pub(crate) use platen_shared::testing::rows::NOW;
pub(crate) const DAY: i64 = 86_400_000_000;

pub(crate) struct Books {
    pub(crate) db: Db,
    pub(crate) read: Read,
    pub(crate) tenant: TenantId,
}

pub(crate) async fn each<F: Future<Output = ()>>(behaviour: impl Fn(Books) -> F) {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        behaviour(Books { read: db.reader(), db, tenant }).await;
        suite_ran("money", test.variant());
        test.drop_it().await;
    }
}

pub(crate) fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

pub(crate) fn eur(minor: i64) -> Money {
    Money { minor, currency: currency("EUR") }
}

/// An order of 50.00 EUR, tax 8.00, for which a royalty of 10 % is shared 3 : 1.
pub(crate) fn order(tenant: TenantId, name: &str) -> Order {
    Order {
        state: "delivered".into(),
        fulfilment_state: "delivered".into(),
        items_minor: 3700,
        tax_minor: 800,
        total_minor: 5000,
        terms: Json(OrderTerms { platform_fee_bps: 2000, drift_alarm_bps: 2500, ..OrderTerms::default() }),
        ..rows::order(tenant, name)
    }
}

fn item() -> Item {
    let royalties = vec![Royalty { holder: "label".into(), bps: 750 }, Royalty { holder: "estate".into(), bps: 250 }];
    Item {
        unit_minor: 3700,
        line_minor: 3700,
        revenue: Json(RevenueTerms { creator: "ada".into(), royalties, ..RevenueTerms::default() }),
        ..rows::item()
    }
}

/// A part with a receipt of so much.
pub(crate) fn part(order: OrderId, cost: Money, stage: Stage) -> Part {
    Part {
        id: format!("g-{order}"),
        reference: order.to_string(),
        status: format!("{}-{}", stage.word(), cost.minor),
        stage: Some(stage),
        released: true,
        connected: vec![],
        items: vec![],
        shipment: None,
        cost: Some(cost),
        refusal: None,
        as_of: None,
        raw: serde_json::json!({}),
    }
}

impl Books {
    pub(crate) async fn tx(&self) -> Tx {
        self.db.begin("test").await.unwrap()
    }

    /// A paid order with a receipt, ready to be shared out.
    pub(crate) async fn sold(&self, name: &str, cost: Money) -> Order {
        let order = order(self.tenant, name);
        let mut tx = self.tx().await;
        assert!(orders::create(&mut tx, &order, &[item()], "test").await.unwrap());
        pay(&mut tx, &order).await;
        receipt(&mut tx, &order, cost).await;
        tx.commit().await.unwrap();
        self.order(order.id).await
    }

    pub(crate) async fn order(&self, id: OrderId) -> Order {
        orders::get(&mut self.read.clone(), self.tenant, id).await.unwrap().unwrap()
    }

    pub(crate) async fn share_out(&self, order: &Order, at: At) {
        let mut tx = self.tx().await;
        let order = orders::lock(&mut tx, self.tenant, order.id).await.unwrap().unwrap();
        settle::distribute(&mut tx, at, &order).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn refund(&self, order: &Order, key: &str, minor: i64, at: At) -> Refunded {
        let mut tx = self.tx().await;
        let order = orders::lock(&mut tx, self.tenant, order.id).await.unwrap().unwrap();
        let done = refunds::decide(&mut tx, at, &order, wish(&order, key, minor)).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// account → minor, of one currency, at a moment.
    pub(crate) async fn held(&self, code: &str, at: At) -> BTreeMap<String, i64> {
        let all = books::trial(&mut self.read.clone(), self.tenant, at).await.unwrap();
        let of = all.into_iter().filter(|balance| balance.currency.code() == code);
        of.map(|balance| (balance.account.to_string(), balance.minor)).collect()
    }

    pub(crate) async fn now(&self) -> BTreeMap<String, i64> {
        self.held("EUR", LATEST).await
    }

    /// Says where parties are paid.
    pub(crate) async fn introduce(&self, names: &[&str]) {
        let mut tx = self.tx().await;
        for name in names {
            parties::put(&mut tx, self.tenant, &party(name)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    pub(crate) async fn batch(&self) -> Option<Batch> {
        payouts::batches(&mut self.read.clone(), self.tenant, None, 1).await.unwrap().pop()
    }

    pub(crate) async fn propose(&self) -> (Option<Batch>, Vec<payouts::LeftOut>) {
        let mut tx = self.tx().await;
        let done = payouts::propose(&mut tx, NOW, self.tenant, currency("EUR"), "one", "monthly").await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    pub(crate) async fn approve(&self, id: BatchId, actor: &str) -> payouts::Decided {
        let mut tx = self.tx().await;
        let done = payouts::approve(&mut tx, NOW, self.tenant, id, actor).await.unwrap();
        tx.commit().await.unwrap();
        done
    }
}

pub(crate) fn party(name: &str) -> Party {
    Party {
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        language: "en".into(),
        payout_to: Some("sealed".into()),
        payout_minimum_minor: None,
        active: true,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) async fn pay(tx: &mut Tx, order: &Order) {
    let payment = Payment {
        reference: format!("pay-{}", order.external_id),
        method: "card".into(),
        amount_minor: order.total_minor,
        currency: order.currency,
        actor: "test".into(),
    };
    orders::pay(tx, NOW, order, &payment).await.unwrap();
}

pub(crate) async fn receipt(tx: &mut Tx, order: &Order, cost: Money) {
    let part = part(order.id, cost, Stage::Delivered);
    fulfilment::merge(tx, NOW, order.tenant, "gelato", order.id, &part).await.unwrap();
}

pub(crate) fn wish(order: &Order, key: &str, minor: i64) -> Refund {
    Refund {
        id: RefundId::new(),
        order_id: order.id,
        key: key.to_owned(),
        amount_minor: minor,
        currency: order.currency,
        reason: "it was broken".into(),
        phase: String::new(),
        cancels: false,
        state: RefundState::Owed.word().to_owned(),
        reference: String::new(),
        actor: "test".into(),
        created_at: NOW,
        updated_at: NOW,
    }
}
