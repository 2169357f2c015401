use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::{EnqueueError, Enqueued, Presence, Queue, enqueue};
use serde_json::json;

use super::Bench;

pub(crate) async fn the_same_work_is_one_job(b: Arc<Bench>) {
    let first = b.put(&b.job("a")).await;
    assert!(matches!(first, Enqueued::New(_)));
    assert_eq!(b.put(&b.job("a")).await, Enqueued::Known(first.id()));
    let fence = {
        b.ledger.beat(&Presence::named("w")).await.unwrap();
        b.get("w").await.fence()
    };
    b.succeed(&fence, &json!({ "n": 1 })).await.unwrap();
    assert_eq!(b.put(&b.job("a")).await, Enqueued::Known(first.id()), "finished work is remembered");
    assert_eq!(b.state(first.id()).await.output.unwrap().0, json!({ "n": 1 }));
}

pub(crate) async fn a_key_with_another_payload_is_refused(b: Arc<Bench>) {
    let first = b.put(&b.job("a")).await.id();
    let mut other = b.job("a");
    other.payload = json!({ "key": "b" });
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    let refused = enqueue::enqueue(&mut tx, b.ledger.now(), &other).await;
    assert!(matches!(refused, Err(EnqueueError::KeyTaken(id)) if id == first));
    drop(tx);
    assert_eq!(b.ledger.jobs(b.tenant, &Default::default(), 10).await.unwrap().len(), 1);
}

pub(crate) async fn a_rolled_back_change_leaves_no_job(b: Arc<Bench>) {
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    enqueue::enqueue(&mut tx, b.ledger.now(), &b.job("a")).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(b.ledger.jobs(b.tenant, &Default::default(), 10).await.unwrap().is_empty());
    assert!(matches!(b.put(&b.job("a")).await, Enqueued::New(_)), "the key is free");
}

pub(crate) async fn a_hundred_callers_make_one_job(b: Arc<Bench>) {
    for key in 0..5 {
        let calls = (0..100).map(|_| {
            let b = b.clone();
            tokio::spawn(async move { b.put(&b.job(&format!("k{key}"))).await })
        });
        let answers = futures::future::join_all(calls).await;
        let ids: std::collections::HashSet<_> = answers.iter().map(|a| a.as_ref().unwrap().id()).collect();
        let new = answers.iter().filter(|a| matches!(a.as_ref().unwrap(), Enqueued::New(_))).count();
        assert_eq!((ids.len(), new), (1, 1));
    }
    assert_eq!(b.claim("w", 1000).await.len(), 5);
}

pub(crate) async fn a_job_waits_until_it_is_due(b: Arc<Bench>) {
    let mut later = b.job("later");
    later.run_at = b.ledger.now().plus(Duration::from_secs(60));
    let id = b.put(&later).await.id();
    assert_eq!(b.state(id).await.state, "scheduled");
    assert!(b.ledger.with_work(Queue::ALL).await.unwrap().is_empty());
    assert!(b.claim("w", 10).await.is_empty());
    b.clock.advance(Duration::from_secs(60));
    assert!(!b.ledger.with_work(Queue::ALL).await.unwrap().is_empty());
    assert_eq!(b.claim("w", 10).await, vec![id]);
}

pub(crate) async fn priority_then_age_decides(b: Arc<Bench>) {
    let (mut low, mut high) = (b.job("low"), b.job("high"));
    (low.priority, high.priority) = (-1, 5);
    let low = b.put(&low).await.id();
    let first = b.put(&b.job("first")).await.id();
    let second = b.put(&b.job("second")).await.id();
    let high = b.put(&high).await.id();
    let mut order = vec![];
    for _ in 0..4 {
        order.extend(b.claim("w", 1).await);
    }
    assert_eq!(order, vec![high, first, second, low]);
}

pub(crate) async fn a_worker_sees_only_its_queues(b: Arc<Bench>) {
    let mut preview = b.job("p");
    preview.queue = Queue::Previews;
    let preview = b.put(&preview).await.id();
    let order = b.put(&b.job("o")).await.id();
    assert_eq!(b.ledger.claim("w", &[Queue::Previews, Queue::Bundles], 10).await.unwrap()[0].id, preview);
    assert!(b.ledger.with_work(&[Queue::Previews]).await.unwrap().is_empty());
    assert_eq!(b.claim("w", 10).await, vec![order]);
}
