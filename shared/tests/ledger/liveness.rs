use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::{Fenced, Presence};
use serde_json::json;

use super::Bench;

pub(crate) async fn a_dead_workers_jobs_come_back(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    assert_eq!(b.ledger.sweep().await.unwrap().recovered.len(), 0, "its heart has just beaten");
    b.clock.advance(Duration::from_secs(7));
    let swept = b.ledger.sweep().await.unwrap();
    assert_eq!((swept.dead_workers, swept.recovered.len()), (1, 1));
    let job = b.state(fence.id).await;
    assert_eq!((job.state.as_str(), job.recoveries, job.failures, job.attempt), ("ready", 1, 0, 1));
    assert_eq!(b.ledger.attempts(b.tenant, fence.id).await.unwrap()[0].outcome.as_deref(), Some("lost"));
}

pub(crate) async fn a_slow_job_is_left_alone(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    for _ in 0..100 {
        b.clock.advance(Duration::from_secs(5));
        b.ledger.beat(&Presence::named("w")).await.unwrap();
        assert_eq!(b.ledger.sweep().await.unwrap().recovered.len(), 0);
    }
    b.succeed(&fence, &json!({})).await.unwrap();
}

pub(crate) async fn a_claimed_job_is_returned_uncharged(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    b.ledger.give_back(std::slice::from_ref(&fence)).await.unwrap();
    let job = b.state(fence.id).await;
    assert_eq!((job.state.as_str(), job.attempt, job.recoveries, job.failures), ("ready", 0, 0, 0));
    assert!(b.ledger.attempts(b.tenant, fence.id).await.unwrap().is_empty(), "there was no attempt");

    let other = b.get("v").await.fence();
    b.ledger.give_back(std::slice::from_ref(&fence)).await.unwrap();
    assert_eq!(b.state(fence.id).await.state, "running", "what another worker has by now is left alone");
    b.succeed(&other, &json!({})).await.unwrap();
}

pub(crate) async fn what_a_lost_answer_claimed_is_found(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    assert!(b.ledger.held_by("w", Duration::from_secs(10)).await.unwrap().is_empty(), "it has just begun");
    b.clock.advance(Duration::from_secs(11));
    assert_eq!(b.ledger.held_by("w", Duration::from_secs(10)).await.unwrap(), [fence]);
    assert!(b.ledger.held_by("v", Duration::from_secs(10)).await.unwrap().is_empty());
}

pub(crate) async fn leaving_gives_everything_back(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    b.ledger.beat(&Presence::named("w")).await.unwrap();
    b.claim("w", 1).await;
    b.ledger.leave("w").await.unwrap();
    assert_eq!(b.state(id).await.state, "ready");
}

pub(crate) async fn a_continued_worker_is_fenced(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    b.clock.advance(Duration::from_secs(60));
    b.ledger.sweep().await.unwrap();
    b.ledger.beat(&Presence::named("w")).await.unwrap();
    assert!(
        matches!(b.succeed(&fence, &json!({})).await, Err(Fenced::Late)),
        "beating again does not give the job back"
    );
    let again = b.get("w").await.fence();
    assert_eq!(again.id, fence.id);
    assert!(
        matches!(b.succeed(&fence, &json!({})).await, Err(Fenced::Late)),
        "nor does claiming it again under the same name"
    );
    b.succeed(&again, &json!({})).await.unwrap();
}
