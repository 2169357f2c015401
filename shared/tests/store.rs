//! The stores' own rules, on every database: money balances, facts merge, history only grows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::time::Duration;

use platen_shared::db::{Db, Read, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::domain::order::{FulfilmentState, OrderState, Stage};
use platen_shared::domain::postings;
use platen_shared::domain::transaction::Transaction;
use platen_shared::id::TenantId;
use platen_shared::ports::provider::{CatalogueItem, Parcel, Part, PartShipment};
use platen_shared::store::journal::Header;
use platen_shared::store::orders::{Moved, Order, Paid, Payment};
use platen_shared::store::payouts::LATEST;
use platen_shared::store::{artefacts, books, catalogue, fulfilment, journal, orders};
use platen_shared::testing::rows::{NOW, item, order};
use platen_shared::testing::{databases_and_pooler, suite_ran};

struct Books {
    db: Db,
    read: Read,
    tenant: TenantId,
    order: Order,
}

impl Books {
    async fn tx(&self) -> Tx {
        self.db.begin("test").await.unwrap()
    }
}

async fn each<F: Future<Output = ()>>(behaviour: impl Fn(Books) -> F) {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        let order = order(tenant, "x-1");
        let mut tx = db.begin("test").await.unwrap();
        assert!(orders::create(&mut tx, &order, &[item()], "test").await.unwrap());
        tx.commit().await.unwrap();
        behaviour(Books { read: db.reader(), db, tenant, order }).await;
        suite_ran("store", test.variant());
        test.drop_it().await;
    }
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

/// Rows that no function of the stores could write, on both engines.
const CROOKED: [&str; 2] = [
    "INSERT INTO journal_lines (tenant, entry, position, account, minor, currency, at, day)
       SELECT id, id, 0, 'cash', -5, 'EUR', created_at, 0 FROM orders",
    "INSERT INTO journal_entries (tenant, id, subject, purpose, why, at, day) SELECT id, id, id, 'crooked', '', created_at, 0 FROM orders",
];

#[tokio::test]
async fn the_database_takes_only_lines_that_sum_to_zero_and_keeps_them() {
    each(|b| async move {
        assert!(raw(&b.db, CROOKED[1]).await.is_err(), "no lines at all");
        raw(&b.db, CROOKED[0]).await.unwrap();
        let refused = raw(&b.db, CROOKED[1]).await.unwrap_err().to_string();
        assert!(refused.contains("do not sum to zero"), "{refused}");

        let mut tx = b.tx().await;
        let header = Header::new(b.tenant, b.order.id, "payment");
        let paid = postings::payment(Money { minor: 5, currency: eur() }).unwrap();
        assert!(journal::post(&mut tx, NOW, &header, &paid).await.unwrap().is_some());
        assert!(journal::post(&mut tx, NOW, &header, &paid).await.unwrap().is_none(), "once per purpose");
        let nothing = Header { purpose: "nothing".into(), ..header };
        assert!(journal::post(&mut tx, NOW, &nothing, &Transaction::new()).await.unwrap().is_none());
        tx.commit().await.unwrap();
        let late = "INSERT INTO journal_lines (tenant, entry, position, account, minor, currency, at, day)
                      SELECT tenant, id, 9, 'cash', 1, 'EUR', at, day FROM journal_entries";
        assert!(raw(&b.db, late).await.is_err(), "no line after the header");
        let held = journal::of_order(&mut b.read.clone(), b.tenant, b.order.id).await.unwrap();
        assert_eq!(held.len(), 2);
        assert_eq!(books::trial(&mut b.read.clone(), b.tenant, LATEST).await.unwrap().len(), 2);
        assert!(journal::of_order(&mut b.read.clone(), TenantId::new(), b.order.id).await.unwrap().is_empty());

        for statement in [
            "UPDATE journal_lines SET minor = 0",
            "DELETE FROM journal_lines",
            "UPDATE journal_entries SET purpose = 'x'",
            "DELETE FROM journal_entries",
            "DELETE FROM order_events",
        ] {
            assert!(raw(&b.db, statement).await.is_err(), "{statement}");
        }
    })
    .await;
}

/// A statement that no function of the stores would make.
async fn raw(db: &Db, statement: &'static str) -> Result<(), sqlx::Error> {
    match db {
        Db::Sqlite { write, .. } => sqlx::raw_sql(statement).execute(write).await.map(drop),
        Db::Postgres(server) => sqlx::raw_sql(statement).execute(&server.pool).await.map(drop),
    }
}

#[tokio::test]
async fn an_order_moves_by_the_table_and_remembers_it() {
    each(|b| async move {
        let step = |to| {
            let b = &b;
            async move {
                let mut tx = b.tx().await;
                let moved = orders::advance(&mut tx, NOW, b.tenant, b.order.id, to, "test", "because").await.unwrap();
                tx.commit().await.unwrap();
                moved
            }
        };
        assert_eq!(step(OrderState::Submitting).await, Moved::Illegal(OrderState::Received));
        assert_eq!(step(OrderState::Ready).await, Moved::Yes);
        assert_eq!(step(OrderState::Ready).await, Moved::Already);
        assert_eq!(step(OrderState::Submitting).await, Moved::Yes);
        let now = orders::get(&mut b.read.clone(), b.tenant, b.order.id).await.unwrap().unwrap();
        assert_eq!((now.state.as_str(), now.state_why.as_str(), now.version), ("submitting", "because", 3));
        let mut tx = b.tx().await;
        assert!(orders::fulfil(&mut tx, NOW, &now, FulfilmentState::Shipped, "test").await.unwrap());
        let shipped = orders::get(&mut tx, b.tenant, b.order.id).await.unwrap().unwrap();
        assert!(
            !orders::fulfil(&mut tx, NOW, &shipped, FulfilmentState::InProduction, "test").await.unwrap(),
            "never backwards"
        );
        let gone =
            orders::advance(&mut tx, NOW, TenantId::new(), b.order.id, OrderState::OnHold, "x", "").await.unwrap();
        assert_eq!(gone, Moved::Unknown, "not by a stranger");
        tx.commit().await.unwrap();
        let told: Vec<_> = orders::events(&mut b.read.clone(), b.tenant, b.order.id)
            .await
            .unwrap()
            .into_iter()
            .map(|e| e.to_state)
            .collect();
        assert_eq!(told, ["received", "ready", "submitting", "shipped"]);
    })
    .await;
}

#[tokio::test]
async fn an_order_is_taken_in_once_and_paid_once() {
    each(|b| async move {
        let mut tx = b.tx().await;
        assert!(
            !orders::create(&mut tx, &order(b.tenant, "x-1"), &[], "test").await.unwrap(),
            "the channel's id is taken"
        );
        assert!(orders::create(&mut tx, &order(b.tenant, "x-2"), &[item()], "test").await.unwrap());
        tx.commit().await.unwrap();
        let by = orders::by_external(&mut b.read.clone(), b.tenant, "api", "x-1").await.unwrap().unwrap();
        assert_eq!(by.id, b.order.id);
        let page =
            orders::list(&mut b.read.clone(), b.tenant, &orders::Filter::state("received"), None, 1).await.unwrap();
        assert_eq!(
            orders::list(&mut b.read.clone(), b.tenant, &orders::Filter::default(), Some(page[0].id), 9)
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(orders::items(&mut b.read.clone(), b.tenant, b.order.id).await.unwrap().len(), 1);

        let payment = |reference: &str, amount_minor| Payment {
            reference: reference.into(),
            method: "card".into(),
            amount_minor,
            currency: eur(),
            actor: "key".into(),
        };
        let pay = |payment: Payment| {
            let b = &b;
            async move {
                let mut tx = b.tx().await;
                let paid = orders::pay(&mut tx, NOW, &b.order, &payment).await.unwrap();
                tx.commit().await.unwrap();
                paid
            }
        };
        assert_eq!(pay(payment("p", 2900)).await, Paid::Now);
        assert_eq!(pay(payment("p", 2900)).await, Paid::Before);
        assert_eq!(pay(payment("p", 1)).await, Paid::Clash);
        assert_eq!(pay(payment("q", 2900)).await, Paid::Clash, "it is paid already");
        let held = books::trial(&mut b.read.clone(), b.tenant, LATEST).await.unwrap();
        let held: Vec<_> = held.iter().map(|held| (held.account.to_string(), held.minor)).collect();
        assert_eq!(held, [("cash".to_owned(), -2900), ("gross".to_owned(), 2900)]);
    })
    .await;
}

fn part(stage: Option<Stage>, status: &str, codes: &[&str]) -> Part {
    Part {
        id: "g-1".into(),
        reference: "ord".into(),
        status: status.into(),
        stage,
        released: true,
        connected: vec!["g-1".into()],
        items: vec![],
        shipment: Some(PartShipment {
            method: "DHL".into(),
            min_delivery: Some("2026-02-06".into()),
            max_delivery: None,
            parcels: codes.iter().map(|code| Parcel { code: (*code).into(), url: String::new() }).collect(),
        }),
        cost: Some(Money { minor: 1234, currency: eur() }),
        refusal: None,
        as_of: None,
        raw: serde_json::json!({}),
    }
}

#[tokio::test]
async fn facts_merge_and_the_same_fact_writes_nothing() {
    each(|b| async move {
        let hear = |part: Part, at| {
            let b = &b;
            async move {
                let mut tx = b.tx().await;
                let heard = fulfilment::merge(&mut tx, at, b.tenant, "gelato", b.order.id, &part).await.unwrap();
                tx.commit().await.unwrap();
                heard
            }
        };
        assert_eq!(hear(part(Some(Stage::Shipped), "shipped", &["A"]), NOW).await, (Stage::Shipped, true));
        for n in 1..1000 {
            let later = NOW.plus(Duration::from_secs(n));
            assert_eq!(hear(part(Some(Stage::Shipped), "shipped", &["A"]), later).await, (Stage::Shipped, false));
        }
        let row = fulfilment::parts(&mut b.read.clone(), b.tenant, b.order.id).await.unwrap().remove(0);
        assert_eq!(
            (row.updated_at, row.cost_minor),
            (NOW, 1234),
            "a thousand polls of an unchanged order write nothing"
        );
        assert_eq!(
            hear(part(Some(Stage::Shipped), "shipped", &["B"]), NOW).await,
            (Stage::Shipped, true),
            "a second parcel is added"
        );
        assert_eq!(hear(part(Some(Stage::Delivered), "delivered", &["A", "B"]), NOW).await.0, Stage::Delivered);
        assert_eq!(
            hear(part(Some(Stage::InProduction), "in_production", &[]), NOW).await.0,
            Stage::Delivered,
            "a late fact moves nothing back"
        );
        assert_eq!(
            hear(part(None, "a_new_word", &[]), NOW).await.0,
            Stage::Delivered,
            "nor does a word we do not know"
        );
        let parcels = fulfilment::shipments(&mut b.read.clone(), b.tenant, b.order.id).await.unwrap();
        assert_eq!(parcels.iter().map(|p| p.tracking_code.clone().unwrap()).collect::<Vec<_>>(), ["A", "B"]);
        let steps: Vec<_> = fulfilment::steps(&mut b.read.clone(), b.tenant, b.order.id)
            .await
            .unwrap()
            .into_iter()
            .map(|s| s.stage)
            .collect();
        assert_eq!(steps, ["shipped", "delivered", "in_production"]);
    })
    .await;
}

fn product(uid: &str) -> CatalogueItem {
    CatalogueItem {
        uid: uid.into(),
        catalogue: "mugs".into(),
        title: format!("Mug {uid}"),
        attributes: BTreeMap::from([("colour".into(), "white".into())]),
        cost: Some(Money { minor: 500, currency: eur() }),
        stock: "in-stock".into(),
        raw: serde_json::json!({ "unknown": [1] }),
        ..CatalogueItem::default()
    }
}

#[tokio::test]
async fn a_sync_retires_what_it_did_not_meet_unless_too_much_vanished() {
    each(|b| async move {
        let sync = |generation: &'static str, uids: Vec<String>| {
            let b = &b;
            async move {
                let mut tx = b.tx().await;
                catalogue::begin(&mut tx, NOW, b.tenant, "gelato", generation).await.unwrap();
                for page in uids.chunks(4) {
                    let items: Vec<_> = page.iter().map(|uid| product(uid)).collect();
                    assert!(
                        catalogue::page(&mut tx, NOW, b.tenant, "gelato", generation, "EUR", &items).await.unwrap()
                    );
                }
                let end = catalogue::end(&mut tx, NOW, b.tenant, "gelato", generation).await.unwrap();
                tx.commit().await.unwrap();
                end
            }
        };
        let uids = |n: usize| (0..n).map(|i| format!("m{i:02}")).collect::<Vec<_>>();
        assert_eq!(sync("g1", uids(10)).await, Ok(0));
        assert_eq!(sync("g2", uids(9)).await, Ok(1));
        assert_eq!(sync("g3", uids(3)).await, Err(6), "more than a fifth: the brake holds");
        let mugs =
            catalogue::ItemFilter { catalogue: Some("mugs".into()), available: Some(true), ..Default::default() };
        let live = catalogue::list(&mut b.read.clone(), b.tenant, "gelato", &mugs, "", 100).await.unwrap();
        assert_eq!(live.len(), 9);
        assert_eq!(
            catalogue::list(&mut b.read.clone(), b.tenant, "gelato", &catalogue::ItemFilter::default(), "m05", 2)
                .await
                .unwrap()[0]
                .uid,
            "m06"
        );
        let retired = catalogue::item(&mut b.read.clone(), b.tenant, "gelato", "m09").await.unwrap().unwrap();
        assert_eq!((retired.retired_at, retired.cost_minor), (Some(NOW), Some(500)));
        assert_eq!(sync("g4", uids(10)).await, Ok(0));
        assert!(
            catalogue::item(&mut b.read.clone(), b.tenant, "gelato", "m09")
                .await
                .unwrap()
                .unwrap()
                .retired_at
                .is_none(),
            "it came back"
        );
        let mut tx = b.tx().await;
        catalogue::begin(&mut tx, NOW, b.tenant, "gelato", "g5").await.unwrap();
        catalogue::begin(&mut tx, NOW, b.tenant, "gelato", "g4").await.unwrap();
        let late = catalogue::page(&mut tx, NOW, b.tenant, "gelato", "g5", "EUR", &[product("m00"), product("new")])
            .await
            .unwrap();
        assert!(!late, "a later sync has begun, so this one stops and writes nothing");
        assert!(catalogue::item(&mut tx, b.tenant, "gelato", "new").await.unwrap().is_none());
        tx.rollback().await.unwrap();
        let state = catalogue::syncs(&mut b.read.clone(), b.tenant).await.unwrap().remove(0);
        assert_eq!((state.state.as_str(), state.pages, state.items, state.last_sync_at), ("done", 3, 10, Some(NOW)));
    })
    .await;
}

#[tokio::test]
async fn an_artefact_is_written_once() {
    each(|b| async move {
        let files = |sha: &str| {
            vec![artefacts::StoredFile {
                name: "a".into(),
                sha256: sha.into(),
                media_type: "image/png".into(),
                bytes: 1,
            }]
        };
        let job = platen_shared::id::JobId::new();
        let mut tx = b.tx().await;
        artefacts::put(&mut tx, NOW, b.tenant, "k", "1", job, &files("first")).await.unwrap();
        artefacts::put(&mut tx, NOW, b.tenant, "k", "1", job, &files("second")).await.unwrap();
        tx.commit().await.unwrap();
        let held = artefacts::get(&mut b.read.clone(), b.tenant, "k", "1").await.unwrap().unwrap();
        assert_eq!(held.files.0[0].sha256, "first");
        assert!(artefacts::get(&mut b.read.clone(), TenantId::new(), "k", "1").await.unwrap().is_none());
    })
    .await;
}
