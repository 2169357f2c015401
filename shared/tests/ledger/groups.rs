use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::Sql;
use platen_shared::id::{EventId, JobId};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{Done, EnqueueError, Enqueued, Fence, Fenced, Presence};
use platen_shared::store::audit::{self, Audit};
use serde_json::{Value, json};

use super::Bench;

pub(crate) async fn submitted_jobs_are_there_when_they_are_answered(b: Arc<Bench>) {
    let all = (0..300).map(|n| {
        let b = b.clone();
        tokio::spawn(async move {
            let id = b.ledger.submit(b.job(&format!("k{n}")), None).await.unwrap();
            let job = b.state(id.id()).await;
            assert_eq!((job.state.as_str(), &job.payload.0), ("ready", &json!({ "key": format!("k{n}") })));
            id
        })
    });
    let ids = futures::future::join_all(all).await;
    assert!(ids.iter().all(|id| matches!(id, Ok(Enqueued::New(_)))));
    assert_eq!(b.claim("w", 1000).await.len(), 300);
}

pub(crate) async fn each_of_a_group_hears_its_own_outcome(b: Arc<Bench>) {
    let first = b.ledger.submit(b.job("held"), None).await.unwrap().id();
    let mut other = b.job("held");
    other.payload = json!({ "key": "another payload" });
    let mut refused = b.job("refused");
    // Postgres takes no such character; SQLite does.
    refused.payload = json!({ "key": "\u{0}" });
    let jobs = [b.job("new"), b.job("held"), other, b.job("twice"), b.job("twice"), refused];
    let outcomes = futures::future::join_all(jobs.map(|job| b.ledger.submit(job, None))).await;
    assert!(matches!(outcomes[0], Ok(Enqueued::New(_))));
    assert_eq!(outcomes[1].as_ref().unwrap(), &Enqueued::Known(first));
    assert!(matches!(outcomes[2], Err(EnqueueError::KeyTaken(id)) if id == first));
    assert_eq!(outcomes[3].as_ref().unwrap().id(), outcomes[4].as_ref().unwrap().id(), "one job for both");
    let postgres = b.ledger.db.engine() == "postgres";
    assert_eq!(outcomes[5].is_err(), postgres, "and it took no other with it: {:?}", outcomes[5]);
}

pub(crate) async fn a_command_is_noted_with_its_job_and_a_refused_one_is_not(b: Arc<Bench>) {
    let note = |what: &str| Audit {
        id: EventId::new(),
        tenant: b.tenant,
        at: b.ledger.now(),
        actor: "key_1".into(),
        action: "job.enqueue".into(),
        subject: what.into(),
        reason: String::new(),
    };
    b.ledger.submit(b.job("a"), Some(note("taken"))).await.unwrap();
    let mut other = b.job("a");
    other.payload = json!({});
    b.ledger.submit(other, Some(note("refused"))).await.unwrap_err();
    let rows = audit::list(&mut b.ledger.db.reader(), b.tenant, None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].subject.as_str(), rows[0].actor.as_str()), ("taken", "key_1"));
}

/// So many running jobs.
async fn running(b: &Bench, n: usize) -> Vec<Fence> {
    b.ledger.beat(&Presence::named("w")).await.unwrap();
    for k in 0..n {
        b.put(&b.job(&format!("k{k}"))).await;
    }
    b.claim_jobs("w", 1000).await.iter().map(|job| job.fence()).collect()
}

fn done(fence: &Fence, output: Value) -> Done {
    Done { fence: fence.clone(), output }
}

pub(crate) async fn many_attempts_end_in_one_transaction(b: Arc<Bench>) {
    let fences = running(&b, 100).await;
    let ends: Vec<Done> = fences.iter().map(|fence| done(fence, json!({ "of": fence.id.to_string() }))).collect();
    assert!(b.ledger.finish(&ends).await.iter().all(Result::is_ok));
    for fence in &fences {
        let job = b.state(fence.id).await;
        assert_eq!((job.state.as_str(), job.attempt, job.finished()), ("succeeded", 1, true));
        assert_eq!(job.output.unwrap().0, json!({ "of": fence.id.to_string() }));
        let attempts = b.ledger.attempts(b.tenant, fence.id).await.unwrap();
        assert_eq!((attempts.len(), attempts[0].outcome.as_deref()), (1, Some("succeeded")));
        assert!(attempts[0].ended_at.is_some());
    }
    let again = b.ledger.finish(&[done(&fences[0], json!(null)), done(&fences[1], json!(null))]).await;
    assert!(again.iter().all(Result::is_ok), "an end whose answer got lost holds, and is not written again");
    assert_eq!(b.state(fences[0].id).await.output.unwrap().0, json!({ "of": fences[0].id.to_string() }));
    let mut stranger = fences[0].clone();
    stranger.worker = "v".to_owned();
    let again = b.ledger.finish(&[done(&stranger, json!(null))]).await;
    assert!(matches!(again[..], [Err(Fenced::Late)]), "nobody else's end holds");
}

pub(crate) async fn the_late_ones_of_a_group_change_nothing(b: Arc<Bench>) {
    let fences = running(&b, 4).await;
    // Two of the four were lost and begun again, by the same worker and by another one.
    b.clock.advance(Duration::from_secs(7));
    b.ledger.sweep().await.unwrap();
    let mine = b.get("w").await.fence();
    let others = b.get("v").await.fence();
    let ends: Vec<Done> = fences.iter().map(|fence| done(fence, json!("late"))).collect();
    let outcomes = b.ledger.finish(&ends).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Fenced::Late))), "{outcomes:?}");
    for (fence, by) in [(mine, "w"), (others, "v")] {
        assert_eq!(b.state(fence.id).await.state, "running");
        assert!(b.ledger.finish(&[done(&fence, json!(by))]).await[0].is_ok());
        assert_eq!(b.state(fence.id).await.output.unwrap().0, json!(by));
    }
}

pub(crate) async fn an_attempt_ends_once_whatever_comes_together(b: Arc<Bench>) {
    for fences in running(&b, 80).await.chunks(8) {
        let trouble = Trouble::new("transient", "busy");
        let later = b.ledger.now().plus(Duration::from_secs(3600));
        let ends: Vec<Done> = fences.iter().map(|fence| done(fence, json!("done"))).collect();
        let (ended, failed) = tokio::join!(b.ledger.finish(&ends), b.ledger.retry(&fences[3], later, &trouble));
        let well: Vec<bool> = ended.iter().map(Result::is_ok).collect();
        assert_ne!(well[3], failed.is_ok(), "one of the two: {ended:?}, {failed:?}");
        assert_eq!(well.iter().filter(|ok| **ok).count(), 7 + usize::from(well[3]), "{ended:?}");
        for (fence, well) in fences.iter().zip(well) {
            assert_eq!(b.state(fence.id).await.state, if well { "succeeded" } else { "scheduled" });
        }
    }
}

pub(crate) async fn groups_that_want_the_same_keys_wait_for_each_other_in_one_order(b: Arc<Bench>) {
    let callers = (0..40).flat_map(|n| (0..10).map(move |k| if n % 2 == 0 { k } else { 9 - k })).map(|k| {
        let b = b.clone();
        tokio::spawn(async move { b.ledger.submit(b.job(&format!("k{k}")), None).await.unwrap().id() })
    });
    let ids: HashSet<JobId> = futures::future::join_all(callers).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(ids.len(), 10);
    assert_eq!(b.claim("w", 1000).await.len(), 10);
}

pub(crate) async fn a_claim_does_not_wait_for_the_disk_and_all_else_does(b: Arc<Bench>) {
    const WAITS: Sql = Sql {
        lite: "SELECT synchronous = 2 FROM pragma_synchronous",
        pg: "SELECT current_setting('synchronous_commit') = 'on'",
    };
    for _ in 0..2 {
        let mut tx = b.ledger.db.begin_relaxed("test").await.unwrap();
        assert_eq!(tx.query(WAITS).one::<(bool,)>().await.unwrap(), (false,));
        tx.rollback().await.unwrap();
        let mut tx = b.ledger.db.begin("test").await.unwrap();
        assert_eq!(tx.query(WAITS).one::<(bool,)>().await.unwrap(), (true,));
        tx.rollback().await.unwrap();
    }
}
