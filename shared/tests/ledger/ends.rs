use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Fence, Fenced, Presence, Waiting};
use serde_json::json;

use super::Bench;

pub(crate) async fn a_finished_job_is_history(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    b.succeed(&fence, &json!({ "answer": 42 })).await.unwrap();
    let job = b.state(fence.id).await;
    assert_eq!((job.state.as_str(), job.attempt, job.finished()), ("succeeded", 1, true));
    assert_eq!(job.output.unwrap().0, json!({ "answer": 42 }));
    let attempts = b.ledger.attempts(b.tenant, fence.id).await.unwrap();
    assert_eq!(attempts[0].outcome.as_deref(), Some("succeeded"));

    assert!(matches!(b.succeed(&fence, &json!({})).await, Err(Fenced::Late)), "it ends once");
}

pub(crate) async fn a_late_worker_changes_nothing(b: Arc<Bench>) {
    let late = b.running("a", "slow").await;
    b.clock.advance(Duration::from_secs(7));
    b.ledger.beat(&Presence::named("fresh")).await.unwrap();
    assert_eq!(b.ledger.sweep().await.unwrap().recovered.len(), 1);
    let fresh = b.get("fresh").await.fence();
    assert_eq!(fresh.id, late.id);

    let trouble = Trouble::new("x", "y");
    let at = b.ledger.now();
    assert!(matches!(b.succeed(&late, &json!({ "from": "late" })).await, Err(Fenced::Late)));
    assert!(matches!(b.ledger.retry(&late, at, &trouble).await, Err(Fenced::Late)));
    assert!(matches!(b.ledger.postpone(&late, at, Waiting::Budget, &trouble).await, Err(Fenced::Late)));
    assert!(matches!(b.ledger.checkpoint(&late, &json!(1)).await, Err(Fenced::Late)));
    let forged = Fence { attempt: late.attempt, ..fresh.clone() };
    assert!(matches!(b.succeed(&forged, &json!({})).await, Err(Fenced::Late)), "the attempt is part of the fence");

    b.succeed(&fresh, &json!({ "from": "fresh" })).await.unwrap();
    assert_eq!(b.state(late.id).await.output.unwrap().0, json!({ "from": "fresh" }));
}

pub(crate) async fn a_failure_is_counted_and_a_delay_is_not(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    let at = b.ledger.now().plus(Duration::from_secs(2));
    b.ledger.retry(&fence, at, &Trouble::new("transient", "the printer hiccupped")).await.unwrap();
    let job = b.state(fence.id).await;
    assert_eq!((job.state.as_str(), job.failures, job.waiting_for.as_str()), ("scheduled", 1, "retry"));
    assert_eq!(job.waiting_why, "the printer hiccupped");
    assert!(b.claim("w", 1).await.is_empty(), "not due yet");

    b.clock.advance(Duration::from_secs(2));
    let second = b.get("w").await.fence();
    assert_eq!((second.id, second.attempt), (fence.id, 2));
    b.ledger
        .postpone(&second, at, Waiting::Breaker, &Trouble::new("breaker_open", "the circuit is open"))
        .await
        .unwrap();
    let job = b.state(fence.id).await;
    assert_eq!((job.failures, job.waiting_for.as_str()), (1, "breaker"), "a delay is no failure");
    let outcomes: Vec<_> =
        b.ledger.attempts(b.tenant, fence.id).await.unwrap().into_iter().map(|a| a.outcome.unwrap()).collect();
    assert_eq!(outcomes, ["failed", "postponed"]);
}

pub(crate) async fn a_checkpoint_is_kept_and_fenced(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    assert!(!b.ledger.checkpoint(&fence, &json!({ "draft": "d-1" })).await.unwrap());
    b.clock.advance(Duration::from_secs(7));
    b.ledger.sweep().await.unwrap();
    b.ledger.beat(&Presence::named("w2")).await.unwrap();
    let job = b.get("w2").await;
    assert_eq!(job.saved.unwrap().0, json!({ "draft": "d-1" }), "the next attempt knows what the last one did");
}

pub(crate) async fn two_workers_never_get_one_job(b: Arc<Bench>) {
    for n in 0..200 {
        b.put(&b.job(&format!("{n}"))).await;
    }
    let claims = (0..8).map(|w| {
        let b = b.clone();
        tokio::spawn(async move {
            let mut mine = vec![];
            loop {
                let got = b.claim(&format!("w{w}"), 7).await;
                if got.is_empty() && b.ledger.with_work(platen_shared::ledger::Queue::ALL).await.unwrap().is_empty() {
                    return mine;
                }
                mine.extend(got);
            }
        })
    });
    let mut all: Vec<_> = futures::future::join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(all.len(), 200);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 200, "no id was handed out twice");
}
