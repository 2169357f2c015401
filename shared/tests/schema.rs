//! The two schemas hold the same tables, columns and NOT NULLs, and opening never migrates.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;

use platen_shared::db::{Db, MIGRATIONS, Schema};
use platen_shared::store::references;
use platen_shared::testing::{TestDb, databases, postgres_url};
use sqlx::Row;

type Columns = BTreeSet<(String, String, bool)>;

async fn sqlite_columns(db: &Db) -> Columns {
    let Db::Sqlite { read, .. } = db else { panic!("not SQLite") };
    let rows = sqlx::query(
        "SELECT m.name AS t, c.name AS c, c.\"notnull\" = 1 OR c.pk > 0 AS required FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_%' ESCAPE '\\'",
    )
    .fetch_all(read)
    .await
    .unwrap();
    rows.iter().map(|r| (r.get("t"), r.get("c"), r.get::<i64, _>("required") == 1)).collect()
}

async fn postgres_columns(db: &Db) -> Columns {
    let Db::Postgres(server) = db else { panic!("not Postgres") };
    let rows = sqlx::query(
        "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c, is_nullable = 'NO' AS required FROM information_schema.columns
         WHERE table_schema = 'public' AND left(table_name, 1) <> '_'",
    )
    .fetch_all(&server.pool)
    .await
    .unwrap();
    rows.iter().map(|r| (r.get("t"), r.get("c"), r.get("required"))).collect()
}

#[tokio::test]
async fn both_schemas_are_one() {
    let lite = TestDb::sqlite().await;
    let here = sqlite_columns(&lite.db).await;
    assert!(here.len() > 200, "the schema was read");
    if postgres_url().is_some() {
        let pg = TestDb::postgres().await;
        let there = postgres_columns(&pg.db).await;
        assert_eq!(
            here.difference(&there).collect::<Vec<_>>(),
            Vec::<&(String, String, bool)>::new(),
            "on SQLite only"
        );
        assert_eq!(
            there.difference(&here).collect::<Vec<_>>(),
            Vec::<&(String, String, bool)>::new(),
            "on Postgres only"
        );
        pg.drop_it().await;
    }
}

/// Columns that look as if they named files and name none that must be kept.
const NAME_NO_FILE: [(&str, &str); 14] = [
    // What was sent; what is kept of it is another file.
    ("uploads", "source_sha256"),
    ("uploads", "profile"),
    // Who fetched a file, while it was there.
    ("file_fetches", "sha256"),
    // Of rows, keys and requests.
    ("api_keys", "hash"),
    ("specs", "hash"),
    ("snapshots", "spec_hash"),
    ("order_items", "spec_hash"),
    ("jobs", "spec_hash"),
    ("job_history", "spec_hash"),
    // What a finished job was told and left names nothing that its rows do not.
    ("job_history", "payload"),
    ("job_history", "saved"),
    // A schedule's job names nothing before it is made.
    ("schedules", "payload"),
    ("fires", "payload"),
    // Its logo is an upload, which has a row of its own.
    ("packaging_designs", "design"),
];

/// A new column that could name files is read by `references`, or said to name none: else `cleanup` would take its files away.
#[tokio::test]
async fn every_column_that_may_name_a_file_is_known_to_the_cleanup() {
    let lite = TestDb::sqlite().await;
    let columns = sqlite_columns(&lite.db).await;
    let known: BTreeSet<(&str, &str)> = references::COLUMNS.into_iter().chain(NAME_NO_FILE).collect();
    for (table, column) in &known {
        assert!(columns.iter().any(|(t, c, _)| t == table && c == column), "there is no {table}.{column} any more");
    }
    let words = ["sha256", "hash", "file", "blob", "canonical", "payload", "saved", "design", "asset", "logo"];
    let suspects = columns.iter().filter(|(_, column, _)| words.iter().any(|word| column.contains(word)));
    for (table, column, _) in suspects {
        let told = known.contains(&(table.as_str(), column.as_str()));
        assert!(told, "{table}.{column} may name files: read it in store/references.rs, or say above why not");
    }
}

#[tokio::test]
async fn opening_never_migrates_and_says_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&format!("sqlite://{}/new.db", folder.path().display()), 2).await.unwrap();
    assert_eq!(db.schema().await.unwrap(), Schema::TooOld(None));
    db.migrate().await.unwrap();
    assert_eq!(db.schema().await.unwrap(), Schema::Fits(*MIGRATIONS.end()));
    db.migrate().await.unwrap();
}

/// What a later release's migration leaves behind, as far as this release can see.
const LATER: &str = "UPDATE _sqlx_migrations SET version = 999 WHERE version = 1";
const LATER_DROPS_OURS: &str = "UPDATE schema_floor SET release = 999";

#[tokio::test]
async fn a_newer_schema_fits_until_it_takes_something_away() {
    for test in databases().await {
        test.tamper(LATER).await.unwrap();
        assert_eq!(test.db.schema().await.unwrap(), Schema::Fits(999));
        test.db.migrate().await.expect("a replica of this release that starts with --migrate has nothing to do");
        assert_eq!(test.db.schema().await.unwrap(), Schema::Fits(999));
        test.tamper(LATER_DROPS_OURS).await.unwrap();
        assert_eq!(test.db.schema().await.unwrap(), Schema::TooNew(999));
        assert!(test.db.migrate().await.is_err());
        test.drop_it().await;
    }
}

#[tokio::test]
async fn an_older_schema_is_told_from_a_missing_one() {
    for test in databases().await {
        test.tamper("DELETE FROM _sqlx_migrations WHERE version > 1").await.unwrap();
        assert_eq!(test.db.schema().await.unwrap(), Schema::TooOld(Some(1)));
        test.drop_it().await;
    }
}
