//! Lists and statistics of many orders are read from their indexes, whatever is asked for, on every database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use platen_shared::db::{At, Db, Sql};
use platen_shared::domain::order::QuoteState;
use platen_shared::id::TenantId;
use platen_shared::store::buyers::{self, Rules};
use platen_shared::store::order_details::{self, Details};
use platen_shared::store::order_quotes::{self, QuoteRow};
use platen_shared::store::orders::{self, Filter, Order, number};
use platen_shared::store::{cancellations, tenants};
use platen_shared::testing::{databases_and_pooler, rows, suite_ran};

const NOW: At = At(1_795_910_400_000_000);
const ORDERS: i64 = 3_000;

fn an_order(tenant: TenantId, k: i64) -> Order {
    let (rare, first) = (k % 500 == 7, rows::order(tenant, &format!("x-{k}")));
    Order {
        number: number(NOW, first.id),
        channel: "shop".into(),
        state: if rare { "on_hold" } else { "delivered" }.into(),
        payment_state: "paid".into(),
        total_minor: 1_000,
        fulfilment_state: if rare { "unfulfilled" } else { "delivered" }.into(),
        recipient: "x".repeat(600),
        created_at: At(NOW.0 + k),
        updated_at: NOW,
        ..first
    }
}

async fn filled(db: &Db) -> TenantId {
    let tenant = TenantId::new();
    for block in 0..6 {
        let mut tx = db.begin("test").await.unwrap();
        for k in block * ORDERS / 6..(block + 1) * ORDERS / 6 {
            assert!(orders::create(&mut tx, &an_order(tenant, k), &[], "test").await.unwrap());
        }
        tx.commit().await.unwrap();
    }
    tenant
}

/// The literal that holds this text, as the code runs it.
fn literal(part: &str) -> Sql {
    let mut found = platen_shared::db::cover::ALL.iter().filter(|sql| sql.lite.contains(part));
    let sql = *found.next().unwrap_or_else(|| panic!("no literal holds {part}"));
    assert!(found.next().is_none(), "several literals hold {part}");
    sql
}

#[tokio::test]
async fn lists_and_statistics_are_read_from_their_indexes() {
    for test in databases_and_pooler().await {
        let db = &test.db;
        let tenant = filled(db).await;
        if let Db::Postgres(_) = db {
            test.tamper("VACUUM ANALYZE orders").await.unwrap();
        }
        let facets = "uuid uuid text text text text text text boolean timestamptz timestamptz bigint";
        for (part, types, index) in [
            ("AND id IN (SELECT id FROM orders", facets, "orders_facets"),
            ("GROUP BY state, payment_state, fulfilment_state, review_state, test, currency", "uuid", "orders_tally"),
            ("FROM orders WHERE tenant = $1 AND number = $2", "uuid text", "number"),
        ] {
            let types: Vec<&str> = types.split(' ').collect();
            let plan = test.plan(literal(part), &types).await.unwrap();
            let narrow = plan.contains(index);
            assert!(narrow && !plan.contains("SCAN orders"), "{part}: {plan}");
            assert!(!plan.contains("Parallel") && !plan.contains("JIT"), "{part}: {plan}");
        }
        let (read, rare) = (&mut db.reader(), Filter::state("on_hold"));
        let (mut seen, mut before) = (0, None);
        loop {
            let page = orders::list(read, tenant, &rare, before, 4).await.unwrap();
            assert!(page.iter().all(|order| order.state == "on_hold") && page.is_sorted_by(|a, b| a.id > b.id));
            seen += page.len();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
        }
        let tally = orders::tally(read, tenant).await.unwrap();
        let counted = |state: &str| tally.iter().filter(|row| row.state == state).map(|row| row.orders).sum::<i64>();
        assert_eq!((seen as i64, counted("on_hold"), counted("delivered")), (6, 6, ORDERS - 6));
        assert_eq!(tally.iter().map(|row| row.total_minor).sum::<i64>(), ORDERS * 1_000);
        suite_ran("store", test.variant());
        test.drop_it().await;
    }
}

#[tokio::test]
async fn what_stands_beside_an_order_is_kept_and_nobody_elses() {
    for test in databases_and_pooler().await {
        let (db, tenant) = (&test.db, TenantId::new());
        let order = an_order(tenant, 1);
        let mut tx = db.begin("test").await.unwrap();
        let shop = tenants::Tenant {
            id: tenant,
            name: "Shop".into(),
            currency: "EUR".parse().unwrap(),
            platform_fee_bps: 0,
            test_mode: false,
            frozen: false,
            auto_submit: false,
            spending_cap_minor: None,
            weight: 1,
            created_at: NOW,
        };
        tenants::create(&mut tx, &shop).await.unwrap();
        assert!(orders::create(&mut tx, &order, &[], "test").await.unwrap());
        let details = Details {
            customer: "cus-1".into(),
            held: true,
            delivered_at: Some(NOW),
            due_minor: -5,
            round: 1,
            form: Some("sealed".into()),
            form_version: 2,
            buyer: "ab".into(),
            ..Details::default()
        };
        order_details::put(&mut tx, NOW, tenant, order.id, &details).await.unwrap();
        let quote = QuoteRow { why: "fine".into(), products_minor: Some(5), ..QuoteRow::asked(NOW) };
        order_quotes::put(&mut tx, tenant, order.id, &quote).await.unwrap();
        order_quotes::put(&mut tx, tenant, order.id, &QuoteRow { state: "accepted".into(), ..quote }).await.unwrap();
        let rules = Rules { quote_gate: true, buyers: buyers::FORGET.into(), buyers_days: 3, ..Rules::default() };
        buyers::set_rules(&mut tx, NOW, tenant, &Rules::default()).await.unwrap();
        buyers::set_rules(&mut tx, NOW, tenant, &rules).await.unwrap();
        cancellations::request(&mut tx, NOW, tenant, order.id, ("key", "why not"), "asking").await.unwrap();
        cancellations::request(&mut tx, NOW, tenant, order.id, ("other", "again"), "asking").await.unwrap();
        tx.commit().await.unwrap();
        let read = &mut db.reader();
        assert_eq!(order_details::get(read, tenant, order.id).await.unwrap(), details);
        assert_eq!(order_details::arrived_at(read, tenant, order.id).await.unwrap(), None);
        let quote = order_quotes::get(read, tenant, order.id).await.unwrap().unwrap();
        assert_eq!((quote.state.as_str(), quote.products_minor), (QuoteState::Accepted.word(), Some(5)));
        let wish = cancellations::get(read, tenant, order.id).await.unwrap().unwrap();
        assert_eq!((wish.actor.as_str(), wish.state.as_str()), ("key", "pending"), "the first wish stays");
        let of = |customer: &str| Filter { customer: Some(customer.into()), ..Filter::default() };
        assert_eq!(orders::list(read, tenant, &of("cus-1"), None, 9).await.unwrap().len(), 1);
        assert!(orders::list(read, tenant, &of(""), None, 9).await.unwrap().is_empty());
        let stranger = TenantId::new();
        assert_eq!(
            (buyers::rules(read, tenant).await.unwrap(), buyers::rules(read, stranger).await.unwrap()),
            (rules, Rules::default())
        );
        assert_eq!(order_details::get(read, stranger, order.id).await.unwrap(), Details::default());
        assert!(!order_quotes::gate(read, stranger).await.unwrap() && order_quotes::gate(read, tenant).await.unwrap());
        assert!(cancellations::get(read, stranger, order.id).await.unwrap().is_none());
        assert!(orders::by_number(read, stranger, &order.number).await.unwrap().is_none());
        suite_ran("store", test.variant());
        test.drop_it().await;
    }
}
