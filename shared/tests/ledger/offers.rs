use std::sync::Arc;
use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::ledger::control::{self, Pause};
use platen_shared::ledger::{Presence, Progress, Queue};
use serde_json::json;

use super::Bench;

const STALE: Duration = Duration::from_secs(10);

pub(crate) async fn what_is_on_offer_is_not_offered_twice(b: Arc<Bench>) {
    let a = b.put(&b.job("a")).await.id();
    let mut later = b.job("later");
    later.run_at = b.ledger.now().plus(Duration::from_secs(5));
    let later = b.put(&later).await.id();
    assert_eq!(b.ledger.with_offers_due(Queue::ALL, STALE).await.unwrap(), vec![Queue::Orders]);
    assert_eq!(b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap(), vec![(b.tenant, a)]);
    assert_eq!(b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap(), vec![]);
    assert_eq!(
        b.ledger.offer(Queue::Previews, 10, b.ledger.now().minus(STALE)).await.unwrap(),
        vec![],
        "another queue"
    );
    b.clock.advance(Duration::from_secs(6));
    assert_eq!(b.ledger.with_offers_due(Queue::ALL, STALE).await.unwrap(), vec![Queue::Orders]);
    assert_eq!(
        b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap(),
        vec![(b.tenant, later)],
        "offered once it is due"
    );
    b.clock.advance(STALE + Duration::from_secs(1));
    assert_eq!(
        b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap().len(),
        2,
        "whoever was handed them forgot them"
    );
    assert_eq!(b.ledger.with_offers_due(Queue::ALL, STALE).await.unwrap(), vec![], "both are on offer");
}

pub(crate) async fn offers_are_fair_and_bounded(b: Arc<Bench>) {
    let quiet = TenantId::new();
    for n in 0..50 {
        b.put(&b.job(&format!("k{n}"))).await;
    }
    let mut job = b.job("quiet");
    job.tenant = quiet;
    let id = b.put(&job).await.id();
    let first = b.ledger.offer(Queue::Orders, 4, b.ledger.now().minus(STALE)).await.unwrap();
    assert_eq!(first.len(), 4, "what the quiet tenant had no use for went to the other");
    assert!(first.contains(&(quiet, id)), "which did not keep it from being among the first");
    assert_eq!(b.ledger.offer(Queue::Orders, 4, b.ledger.now().minus(STALE)).await.unwrap().len(), 4);
}

pub(crate) async fn a_retried_job_is_offered_at_once(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap();
    let fence = b.ledger.take(b.tenant, id, "w").await.unwrap().unwrap().fence();
    let trouble = platen_shared::ledger::finish::Trouble::new("transient", "again");
    b.ledger.retry(&fence, b.ledger.now(), &trouble).await.unwrap();
    assert_eq!(b.ledger.with_offers_due(&[Queue::Orders], STALE).await.unwrap(), vec![Queue::Orders]);
    assert_eq!(b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap(), vec![(b.tenant, id)]);
}

pub(crate) async fn what_came_back_is_offered_out_of_turn(b: Arc<Bench>) {
    let (back, ready) = (b.put(&b.job("back")).await.id(), b.put(&b.job("ready")).await.id());
    b.ledger.beat(&Presence::named("w")).await.unwrap();
    b.ledger.take(b.tenant, back, "w").await.unwrap().unwrap();
    b.clock.advance(Duration::from_secs(7));
    let recovered = b.ledger.sweep().await.unwrap().recovered;
    assert_eq!(recovered.iter().map(|job| (job.id, job.queue.as_str())).collect::<Vec<_>>(), [(back, "orders")]);
    let ids = [(b.tenant, back), (b.tenant, platen_shared::id::JobId::new())];
    assert_eq!(b.ledger.offer_these(Queue::Previews, &ids).await.unwrap(), vec![], "another queue");
    assert_eq!(b.ledger.offer_these(Queue::Orders, &ids).await.unwrap(), vec![(b.tenant, back)]);
    assert_eq!(
        b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap(),
        vec![(b.tenant, ready)],
        "not offered twice"
    );
    b.ledger.take(b.tenant, back, "v").await.unwrap().unwrap();
    assert_eq!(b.ledger.offer_these(Queue::Orders, &ids).await.unwrap(), vec![], "it runs");
}

pub(crate) async fn a_paused_job_is_not_taken(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    b.ledger.offer(Queue::Orders, 10, b.ledger.now().minus(STALE)).await.unwrap();
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    let pause = Pause {
        id: platen_shared::id::PauseId::new(),
        tenant: None,
        scope: "queue".into(),
        value: "orders".into(),
        reason: "stock-taking".into(),
        actor: "test".into(),
        created_at: b.ledger.now(),
    };
    control::pause(&mut tx, &pause).await.unwrap();
    tx.commit().await.unwrap();
    assert!(b.ledger.take(b.tenant, id, "w").await.unwrap().is_none(), "although its id is on offer");
}

pub(crate) async fn a_snoozed_job_sleeps_until_its_time(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    let until = b.ledger.now().plus(Duration::from_secs(3600));
    let snooze = async |tenant| {
        let mut tx = b.ledger.db.begin("test").await.unwrap();
        let done = control::snooze(&mut tx, tenant, id, until, "the shop is closed").await.unwrap();
        tx.commit().await.unwrap();
        done
    };
    assert!(!snooze(TenantId::new()).await, "a stranger cannot");
    assert!(snooze(b.tenant).await);
    assert!(b.claim("w", 1).await.is_empty());
    let job = b.state(id).await;
    assert_eq!(
        (job.waiting_for.as_str(), job.waiting_why.as_str(), job.failures),
        ("snoozed", "the shop is closed", 0)
    );
    b.clock.advance(Duration::from_secs(3601));
    assert_eq!(b.claim("w", 1).await, vec![id]);
    assert!(!snooze(b.tenant).await, "it is being done");
}

pub(crate) async fn progress_is_shown_while_it_runs_and_fenced(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    let half = Progress { done: 5, total: 10, label: "pages".into() };
    b.ledger.report("stranger", &[(b.tenant, fence.id, half.clone())]).await.unwrap();
    assert_eq!(b.state(fence.id).await.progress, None, "not the stranger's job");
    b.ledger.report("w", &[(b.tenant, fence.id, half)]).await.unwrap();
    assert_eq!(b.state(fence.id).await.progress.unwrap().0, json!({ "done": 5, "total": 10, "label": "pages" }));
    b.clock.advance(Duration::from_secs(60));
    b.ledger.sweep().await.unwrap();
    assert_eq!(b.state(fence.id).await.progress, None, "its next owner begins anew");
    b.ledger.beat(&Presence::named("v")).await.unwrap();
    b.succeed(&b.ledger.take(b.tenant, fence.id, "v").await.unwrap().unwrap().fence(), &json!({})).await.unwrap();
    assert_eq!(b.state(fence.id).await.progress, None);
}
