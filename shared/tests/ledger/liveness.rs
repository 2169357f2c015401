use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Done, Fenced, Presence};
use platen_shared::testing::{forget_claim, set_begun};
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

pub(crate) async fn a_claim_that_a_crash_took_back_is_another_one(b: Arc<Bench>) {
    let first = b.running("a", "w").await;
    forget_claim(&b.ledger.db, first.id).await;
    b.clock.advance(Duration::from_millis(200));
    let (at, trouble) = (b.ledger.now(), Trouble::new("x", "y"));
    let late = |end: Result<(), Fenced>| assert!(matches!(end, Err(Fenced::Late)), "{end:?}");
    for claimed_again in [false, true] {
        if claimed_again {
            let again = b.get("w").await;
            assert_eq!((again.id, again.attempt), (first.id, first.attempt), "the same number, by the same worker");
        }
        let before = b.state(first.id).await;
        let done = Done { fence: first.clone(), output: json!({}) };
        late(b.ledger.finish(&[done]).await.pop().unwrap());
        late(b.succeed(&first, &json!({})).await);
        late(b.ledger.retry(&first, at, &trouble).await);
        late(b.ledger.checkpoint(&first, &json!(1)).await.map(drop));
        b.ledger.give_back(std::slice::from_ref(&first)).await.unwrap();
        assert!(b.ledger.held("w", first.id, first.attempt, first.since).await.unwrap().is_none(), "nor alone");
        let after = b.state(first.id).await;
        assert_eq!((after.state, after.attempt, after.saved), (before.state, before.attempt, before.saved));
    }
    let again = b.state(first.id).await.fence();
    set_begun(&b.ledger.db, &first).await;
    assert!(!b.ledger.checkpoint(&first, &json!(1)).await.unwrap(), "nothing but the moment tells them apart");
    set_begun(&b.ledger.db, &again).await;
    assert!(!b.ledger.checkpoint(&again, &json!(2)).await.unwrap());
    assert!(b.ledger.held("w", again.id, again.attempt, again.since).await.unwrap().is_some());
    b.ledger.finish(&[Done { fence: again, output: json!({}) }]).await.pop().unwrap().unwrap();
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
