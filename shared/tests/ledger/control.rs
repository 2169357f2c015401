use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::{At, Json};
use platen_shared::id::{PauseId, TenantId};
use platen_shared::ledger::control::{self, Cancelling, Pause};
use platen_shared::ledger::finish::{End, Trouble, archive, hold};
use platen_shared::ledger::schedules::{self, Schedule, next_after};
use platen_shared::ledger::{NewJob, Presence, Queue};
use serde_json::json;

use super::Bench;

pub(crate) async fn cancel_says_what_became_of_it(b: Arc<Bench>) {
    let waiting = b.put(&b.job("waiting")).await.id();
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    let done = control::cancel(&mut tx, b.ledger.now(), b.tenant, waiting, "not wanted").await.unwrap();
    assert!(matches!(done, Cancelling::Cancelled(job) if job.id == waiting));
    tx.commit().await.unwrap();
    let job = b.state(waiting).await;
    assert_eq!(
        (job.state.as_str(), job.error.unwrap().0),
        ("cancelled", json!({ "class": "cancelled", "message": "not wanted" }))
    );

    let fence = b.running("running", "w").await;
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    assert!(matches!(
        control::cancel(&mut tx, b.ledger.now(), b.tenant, fence.id, "stop").await.unwrap(),
        Cancelling::Asked
    ));
    tx.commit().await.unwrap();
    assert_eq!(
        b.ledger.beat(&Presence::named("w")).await.unwrap(),
        vec![fence.id],
        "the request travels with the heartbeat"
    );
    assert!(b.ledger.checkpoint(&fence, &json!(1)).await.unwrap(), "and with a checkpoint");

    let mut tx = b.ledger.db.begin("test").await.unwrap();
    let now = b.ledger.now();
    assert!(
        matches!(control::cancel(&mut tx, now, b.tenant, waiting, "").await.unwrap(), Cancelling::Ended(s) if s == "cancelled")
    );
    assert!(matches!(control::cancel(&mut tx, now, TenantId::new(), fence.id, "").await.unwrap(), Cancelling::Unknown));
}

pub(crate) async fn a_dead_job_can_be_retried(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    let trouble = Trouble::new("invalid", "the address is too long");
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    hold(&mut tx, &fence).await.unwrap();
    archive(&mut tx, b.ledger.now(), (b.tenant, fence.id), End::Dead, Some(&trouble), None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(b.state(fence.id).await.error.unwrap().0["message"], "the address is too long");

    let mut tx = b.ledger.db.begin("test").await.unwrap();
    assert!(!control::retry(&mut tx, b.ledger.now(), TenantId::new(), fence.id).await.unwrap(), "not by a stranger");
    assert!(control::retry(&mut tx, b.ledger.now(), b.tenant, fence.id).await.unwrap());
    assert!(!control::retry(&mut tx, b.ledger.now(), b.tenant, fence.id).await.unwrap(), "only once");
    tx.commit().await.unwrap();
    let job = b.get("w").await;
    assert_eq!((job.attempt, job.failures), (2, 0), "attempts go on, failures are forgiven");
}

fn pause(b: &Bench, scope: &str, value: &str, tenant: Option<TenantId>) -> Pause {
    Pause {
        id: PauseId::new(),
        tenant,
        scope: scope.into(),
        value: value.into(),
        reason: "the printer asked".into(),
        actor: "operator".into(),
        created_at: b.ledger.now(),
    }
}

async fn set(b: &Bench, pause: &Pause) {
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    control::pause(&mut tx, pause).await.unwrap();
    tx.commit().await.unwrap();
}

async fn lift(b: &Bench, tenant: Option<TenantId>, pause: &Pause) -> Option<u64> {
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    let n = control::resume(&mut tx, tenant, pause.id).await.unwrap();
    tx.commit().await.unwrap();
    n
}

pub(crate) async fn a_pause_stops_each_scope_and_says_so(b: Arc<Bench>) {
    for (n, (scope, value)) in
        [("queue", "orders"), ("kind", "test"), ("tenant", ""), ("provider", "gelato")].into_iter().enumerate()
    {
        let job = |key: &str| NewJob { provider: "gelato".into(), ..b.job(&format!("{key}{n}")) };
        let before = b.put(&job("before")).await.id();
        let pause = pause(&b, scope, value, Some(b.tenant));
        set(&b, &pause).await;
        let after = b.put(&job("after")).await.id();
        for id in [before, after] {
            let job = b.state(id).await;
            assert_eq!((job.state.as_str(), job.waiting_for.as_str()), ("scheduled", "paused"), "{scope}");
            assert!(!job.waiting_why.is_empty());
        }
        b.clock.advance(Duration::from_secs(3600));
        assert!(b.claim("w", 10).await.is_empty(), "{scope}: time does not lift a pause");
        let other = NewJob { tenant: TenantId::new(), ..job("other") };
        b.put(&other).await;
        assert_eq!(b.claim("w", 10).await.len(), 1, "another tenant is not touched");
        assert_eq!(b.ledger.pauses(Some(b.tenant)).await.unwrap().len(), 1);
        assert_eq!(lift(&b, Some(b.tenant), &pause).await, Some(2));
        let mut back = b.claim("w", 10).await;
        back.sort();
        assert_eq!(back, vec![before, after]);
    }
}

pub(crate) async fn a_resumed_job_goes_on(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    let (mine, everyones) = (pause(&b, "queue", "orders", Some(b.tenant)), pause(&b, "queue", "orders", None));
    set(&b, &mine).await;
    set(&b, &everyones).await;
    assert_eq!(lift(&b, Some(TenantId::new()), &mine).await, None, "a stranger lifts nothing");
    assert_eq!(lift(&b, Some(b.tenant), &everyones).await, None, "nor a tenant what the operator set for all");
    assert_eq!(lift(&b, Some(b.tenant), &mine).await, Some(0), "the other pause still covers it");
    assert!(b.claim("w", 1).await.is_empty());
    assert_eq!(lift(&b, None, &everyones).await, Some(1));
    assert_eq!(b.claim("w", 1).await, vec![id]);
}

pub(crate) async fn a_schedule_fires_once(b: Arc<Bench>) {
    let due = b.ledger.now().minus(Duration::from_secs(3 * 24 * 3600));
    let schedule = Schedule {
        tenant: b.tenant,
        name: "nightly".into(),
        kind: "sync_catalog".into(),
        payload: Json(json!({ "provider": "gelato" })),
        cron: "0 3 * * *".into(),
        zone: "Europe/Paris".into(),
        next_fire: due,
        last_fire: None,
        last_job: None,
    };
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    schedules::put(&mut tx, b.ledger.now(), &schedule).await.unwrap();
    tx.commit().await.unwrap();

    let found = b.ledger.due_schedules(b.ledger.now()).await.unwrap();
    assert_eq!(found.len(), 1, "three missed nights are one fire");
    let next = next_after(&found[0].cron, &found[0].zone, b.ledger.now()).unwrap();
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    assert!(schedules::advance(&mut tx, &found[0], b.ledger.now(), next).await.unwrap());
    assert!(
        !schedules::advance(&mut tx, &found[0], b.ledger.now(), next).await.unwrap(),
        "another replica comes too late"
    );
    tx.commit().await.unwrap();
    assert!(b.ledger.due_schedules(b.ledger.now()).await.unwrap().is_empty());
    assert_eq!(b.ledger.schedules(b.tenant).await.unwrap()[0].next_fire, next);
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    assert!(!schedules::remove(&mut tx, TenantId::new(), "nightly").await.unwrap());
    assert!(schedules::remove(&mut tx, b.tenant, "nightly").await.unwrap());

    let night: At = "2026-03-29T00:30:00Z".parse::<jiff::Timestamp>().unwrap().into();
    let fire = next_after("30 2 * * *", "Europe/Paris", night).unwrap();
    assert!(
        fire.since(night) < Duration::from_secs(26 * 3600),
        "a line inside the hour that spring skips still fires within a day"
    );
    assert!(
        next_after("61 * * * *", "Europe/Paris", night).is_err()
            && next_after("0 3 * * *", "Mars/Base", night).is_err()
    );
}

pub(crate) async fn foreign_tenants_see_nothing(b: Arc<Bench>) {
    let fence = b.running("a", "w").await;
    let stranger = TenantId::new();
    assert!(b.ledger.job(stranger, fence.id).await.unwrap().is_none());
    assert!(b.ledger.jobs(stranger, &Default::default(), 10).await.unwrap().is_empty());
    assert!(b.ledger.attempts(stranger, fence.id).await.unwrap().is_empty());
    assert!(b.ledger.depths(stranger).await.unwrap().is_empty());
    assert!(b.ledger.tally(stranger).await.unwrap().is_empty());
    assert!(b.ledger.schedules(stranger).await.unwrap().is_empty());
    assert!(b.ledger.claim("w", &[Queue::Money], 1).await.unwrap().is_empty());
}
