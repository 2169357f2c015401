use std::sync::Arc;
use std::time::Duration;

use platen_shared::clock::SystemClock;
use platen_shared::ledger::read::{self, Filter};
use platen_shared::ledger::{NewJob, Queue};
use serde_json::json;

use super::Bench;

pub(crate) async fn lists_filter_and_page(b: Arc<Bench>) {
    let hash = "ab".repeat(32);
    for n in 0..5 {
        let spec_hash = (n % 2 == 0).then(|| hash.clone());
        b.put(&NewJob {
            spec_hash,
            queue: if n < 3 { Queue::Previews } else { Queue::Orders },
            ..b.job(&format!("{n}"))
        })
        .await;
    }
    let list = |filter: Filter| {
        let b = b.clone();
        async move { b.ledger.jobs(b.tenant, &filter, 10).await.unwrap() }
    };
    assert_eq!(list(Filter::default()).await.len(), 5);
    assert_eq!(list(Filter { spec_hash: Some(hash), ..Filter::default() }).await.len(), 3);
    assert_eq!(list(Filter { queue: Some("orders".into()), ..Filter::default() }).await.len(), 2);
    assert_eq!(list(Filter { kind: Some("other".into()), ..Filter::default() }).await.len(), 0);
    assert_eq!(list(Filter { state: Some("ready".into()), ..Filter::default() }).await.len(), 5);
    let first = b.ledger.jobs(b.tenant, &Filter::default(), 2).await.unwrap();
    let rest = list(Filter { before: Some(first[1].id), ..Filter::default() }).await;
    assert_eq!((first.len(), rest.len()), (2, 3));
    assert!(rest.iter().all(|job| job.id < first[1].id), "newest first, no overlap");
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    assert_eq!(read::of_key(&mut tx, b.tenant, "test", &first[0].key).await.unwrap(), Some(first[0].id));
}

pub(crate) async fn depths_and_tallies_count(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    let ready_at = b.ledger.now();
    b.put(&b.job("b")).await;
    b.clock.advance(Duration::from_secs(5));
    b.put(&NewJob { run_at: b.ledger.now().plus(Duration::from_secs(9)), ..b.job("c") }).await;
    let depth = b.ledger.depths(b.tenant).await.unwrap().remove(0);
    assert_eq!((depth.queue.as_str(), depth.ready, depth.running, depth.scheduled), ("orders", 1, 1, 1));
    assert_eq!(depth.oldest_ready_at, Some(ready_at));
    b.succeed(&fence, &json!({})).await.unwrap();
    let tally = b.ledger.tally(b.tenant).await.unwrap();
    assert_eq!(tally, [("ready".to_owned(), 1, 0), ("scheduled".to_owned(), 1, 0), ("succeeded".to_owned(), 1, 0)]);
}

pub(crate) async fn old_history_is_trimmed(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    b.succeed(&fence, &json!({})).await.unwrap();
    let keep = Duration::from_secs(90 * 24 * 3600);
    assert_eq!(b.ledger.trim_history(b.ledger.now().minus(keep), 10).await.unwrap(), 0);
    b.clock.advance(keep + Duration::from_secs(1));
    assert_eq!(b.ledger.trim_history(b.ledger.now().minus(keep), 10).await.unwrap(), 1);
    assert!(b.ledger.attempts(b.tenant, fence.id).await.unwrap().is_empty());
    assert_eq!(b.put(&b.job("a")).await.id(), fence.id, "the key is remembered: the effect is not done again");
}

pub(crate) async fn the_database_tells_its_time(b: Arc<Bench>) {
    let (before, told) = (SystemClock::wall(), b.ledger.db.now().await.unwrap());
    assert!(told.since(before) < Duration::from_secs(3600) && before.since(told) < Duration::from_secs(3600));
}

pub(crate) async fn another_connections_enqueue_is_heard(b: Arc<Bench>) {
    let mut watch = b.ledger.db.watch().await.unwrap();
    let heard = tokio::spawn(async move {
        watch.changed().await.unwrap();
    });
    b.put(&b.job("a")).await;
    tokio::time::timeout(platen_shared::testing::DEADLINE, heard).await.unwrap().unwrap();
}
