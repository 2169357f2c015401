//! What is different behind a pooler in transaction mode. The ledger's and the stores' suites run through it as a whole.

use std::time::Duration;

use platen_shared::db::Db;
use platen_shared::testing::{TestDb, databases_and_pooler};
use sqlx::Row;

async fn pooled() -> Option<TestDb> {
    databases_and_pooler().await.into_iter().find(|test| test.variant() == "pgbouncer")
}

/// The same URL without the way around the pooler.
fn without_direct(url: &str) -> String {
    url.split_once("&direct=").map_or(url, |(before, _)| before).to_owned()
}

#[tokio::test]
async fn migrating_asks_for_the_way_around() {
    let Some(test) = pooled().await else { return };
    test.db.migrate().await.expect("the URL names one");
    let db = Db::open(&without_direct(&test.url), 2).await.unwrap();
    let refused = db.migrate().await.unwrap_err().to_string();
    assert!(refused.contains("add &direct=HOST:PORT"), "{refused}");
    db.close().await;
    test.drop_it().await;
}

#[tokio::test]
async fn a_bell_is_heard_around_it_and_never_through_it() {
    let Some(test) = pooled().await else { return };
    let mut heard = test.db.watch().await.unwrap();
    let deaf = Db::open(&without_direct(&test.url), 2).await.unwrap();
    let mut silent = deaf.watch().await.expect("polling goes on");
    test.tamper("NOTIFY platen_jobs").await.unwrap();
    tokio::time::timeout(platen_shared::testing::DEADLINE, heard.changed()).await.expect("in time").unwrap();
    // The other ear had its chance: the notice has been delivered.
    assert!(tokio::time::timeout(Duration::ZERO, silent.changed()).await.is_err());
    drop(heard);
    deaf.close().await;
    test.drop_it().await;
}

#[tokio::test]
async fn time_limits_hold_inside_and_stay_with_nobody() {
    let Some(test) = pooled().await else { return };
    let Db::Postgres(server) = &test.db else { panic!("not Postgres") };
    let limit = "SELECT current_setting('statement_timeout') AS value";
    // The simple protocol, as an administrator's client would speak it.
    let outside = sqlx::raw_sql(limit).fetch_one(&server.pool).await.unwrap();
    assert_eq!(outside.get::<&str, _>("value"), "0");
    // The setting is the transaction's: a statement beyond it is cut there.
    let mut tx = test.db.begin("test").await.unwrap();
    let (inside,): (String,) = tx.query(platen_shared::db::Sql { lite: limit, pg: limit }).one().await.unwrap();
    assert_eq!(inside, "30s");
    tx.rollback().await.unwrap();
    test.drop_it().await;
}
