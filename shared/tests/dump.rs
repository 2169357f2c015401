//! A dump holds every table, and is loaded whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use platen_shared::db::{Db, MIGRATIONS, dump};
use platen_shared::id::{EventId, TenantId};
use platen_shared::store::audit::{self, Audit};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::testing::{TestDb, databases, until};

/// What migrating makes by itself.
const NOT_DUMPED: [&str; 2] = ["_sqlx_migrations", "schema_floor"];

#[tokio::test]
async fn every_table_is_dumped() {
    let test = TestDb::sqlite().await;
    let Db::Sqlite { read, .. } = &test.db else { panic!("not SQLite") };
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let there: Vec<String> = sqlx::query_scalar(names).fetch_all(read).await.expect("asked");
    let there: BTreeSet<&str> = there.iter().map(String::as_str).filter(|name| !NOT_DUMPED.contains(name)).collect();
    assert_eq!(
        dump::tables().collect::<BTreeSet<_>>(),
        there,
        "left: `tables!` in shared/src/db/dump.rs; right: the schema"
    );
}

#[tokio::test]
async fn a_dump_that_cannot_be_loaded_leaves_no_row() {
    for from in databases().await {
        let mut tx = from.db.begin("tenant").await.expect("begun");
        tenants::create(&mut tx, &shop()).await.expect("written");
        tx.commit().await.expect("committed");
        let folder = tempfile::tempdir().expect("a folder");
        let mut rows = 0;
        from.db.dump(folder.path(), &mut |_, n| rows += n).await.expect("dumped");
        assert_eq!(rows, 1, "{}", from.engine());
        let to = spoil(from.engine(), folder.path()).await;
        let mut loaded = 0;
        let said = to.db.load(folder.path(), *MIGRATIONS.end(), &mut |_, n| loaded += n).await;
        assert!(said.is_err() && loaded == 1, "{}: it got as far as the shop, and then failed", from.engine());
        assert!(!to.db.has_rows().await.expect("asked"), "{}", from.engine());
        from.drop_it().await;
        to.drop_it().await;
    }
}

/// A shop and a line of its audit in one commit, again and again; each commit is counted.
async fn open_shops(db: Db, opened: Arc<AtomicU64>) {
    loop {
        let (mut tx, shop) = (db.begin("shop").await.expect("begun"), shop());
        tenants::create(&mut tx, &shop).await.expect("written");
        let note = Audit {
            id: EventId::new(),
            tenant: shop.id,
            at: shop.created_at,
            actor: "test".to_owned(),
            action: "shop.open".to_owned(),
            subject: String::new(),
            reason: "a tab\t, a line\nand a \\".to_owned(),
        };
        audit::write(&mut tx, &note).await.expect("written");
        tx.commit().await.expect("committed");
        opened.fetch_add(1, SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_shows_one_moment_while_others_write() {
    for from in databases().await {
        let opened = Arc::new(AtomicU64::new(0));
        let writer = tokio::spawn(open_shops(Db::open(&from.url, 2).await.expect("opened"), opened.clone()));
        until("some shops are open", async || opened.load(SeqCst) > 3).await;
        let (folder, mut rows) = (tempfile::tempdir().expect("a folder"), BTreeMap::new());
        let mut told = |table: &'static str, n: u64| {
            rows.insert(table, n);
            if table == "tenants" {
                // More is committed before the next table is looked at.
                let more = opened.load(SeqCst) + 2;
                let waiting = until("another shop opens", async || opened.load(SeqCst) >= more);
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(waiting));
            }
        };
        from.db.dump(folder.path(), &mut told).await.expect("dumped");
        writer.abort();
        assert!(rows["tenants"] > 3 && rows["tenants"] == rows["audit"], "{}: {rows:?}", from.engine());
        let to = if from.engine() == "sqlite" { TestDb::sqlite().await } else { TestDb::postgres().await };
        let mut loaded = BTreeMap::new();
        let mut told = |table, n| {
            loaded.insert(table, n);
        };
        to.db.load(folder.path(), *MIGRATIONS.end(), &mut told).await.expect("loaded");
        assert_eq!(loaded, rows, "{}", from.engine());
        let shops = tenants::list(&mut to.db.reader()).await.expect("read");
        let notes = audit::list(&mut to.db.reader(), shops[0].id, None, 10).await.expect("read");
        assert_eq!(notes[0].reason, "a tab\t, a line\nand a \\", "{}", from.engine());
        from.drop_it().await;
        to.drop_it().await;
    }
}

fn shop() -> Tenant {
    Tenant {
        id: TenantId::new(),
        name: "Shop".to_owned(),
        currency: "EUR".parse().expect("a currency"),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: platen_shared::clock::SystemClock::wall(),
    }
}

/// Breaks a table that is loaded late; answers an empty database of the same engine.
async fn spoil(engine: &str, folder: &Path) -> TestDb {
    if engine == "postgres" {
        std::fs::write(folder.join("tracking_events.copy"), "no such row\n").expect("damaged");
        return TestDb::postgres().await;
    }
    let copy = sqlx::SqlitePool::connect(&format!("sqlite://{}/platen.db", folder.display())).await.expect("opened");
    sqlx::query("DROP TABLE tracking_events").execute(&copy).await.expect("dropped");
    sqlx::query("CREATE TABLE tracking_events (other TEXT)").execute(&copy).await.expect("made");
    copy.close().await;
    TestDb::sqlite().await
}
