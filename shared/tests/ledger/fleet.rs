//! What operators see over all tenants, and what a tenant sees of it.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::db::At;
use platen_shared::domain::money::Currency;
use platen_shared::id::TenantId;
use platen_shared::ledger::finish::{End, Trouble, archive, hold};
use platen_shared::ledger::{Ledger, Presence};
use platen_shared::store::tenants::{self, Tenant};

use crate::Bench;

pub(crate) async fn operators_see_who_runs_what(bench: Arc<Bench>) {
    let mine = bench.running("mine", "w1").await;
    let other = Bench { ledger: bench.ledger.clone(), clock: bench.clock.clone(), tenant: TenantId::new() };
    let theirs = other.running("theirs", "w2").await;
    bench.put(&bench.job("waits")).await;
    bench.clock.advance(Duration::from_secs(3));
    let leaving = Presence { dispatcher: "redis".into(), draining: true, ..Presence::named("w2") };
    bench.ledger.beat(&leaving).await.unwrap();

    let workers = bench.ledger.workers().await.unwrap();
    let age = |at: usize| bench.ledger.now().since(workers[at].heartbeat_at).as_secs();
    assert_eq!((workers[0].id.as_str(), age(0), workers[1].id.as_str(), age(1)), ("w1", 3, "w2", 0));
    assert_eq!((workers[0].draining, workers[1].draining, workers[1].dispatcher.as_str()), (false, true, "redis"));

    let all = bench.ledger.running(None, 10).await.unwrap();
    assert_eq!(all.iter().map(|job| job.id).collect::<Vec<_>>(), [mine.id, theirs.id], "longest first");
    let own = bench.ledger.running(Some(bench.tenant), 10).await.unwrap();
    assert_eq!(
        own.iter().map(|job| (job.id, job.worker.as_str(), job.attempt)).collect::<Vec<_>>(),
        [(mine.id, "w1", 1)]
    );
    let mut busy = bench.ledger.busy().await.unwrap();
    busy.sort();
    assert_eq!(busy, [("w1".to_owned(), 1), ("w2".to_owned(), 1)]);
    let totals = bench.ledger.totals().await.unwrap();
    assert_eq!((totals[0].queue.as_str(), totals[0].ready, totals[0].running), ("orders", 1, 2));
    assert!(totals[0].oldest_ready_at.is_some_and(|since| bench.ledger.now().since(since).as_secs() == 3));
}

pub(crate) async fn operators_see_what_is_dead_and_whose(bench: Arc<Bench>) {
    let quiet = tenant(&bench.ledger, TenantId::new(), "A quiet shop").await;
    let busy = tenant(&bench.ledger, bench.tenant, "The busy shop").await;
    let fence = bench.running("fails", "w").await;
    let mut tx = bench.ledger.db.begin("test").await.unwrap();
    let trouble = Trouble::new("invalid", "no such paper");
    hold(&mut tx, &fence).await.unwrap();
    archive(&mut tx, bench.ledger.now(), (fence.tenant, fence.id), End::Dead, Some(&trouble), None).await.unwrap();
    tx.commit().await.unwrap();
    bench.put(&bench.job("waits")).await;

    let loads = bench.ledger.loads(10).await.unwrap();
    let said: Vec<_> = loads.iter().map(|load| (load.tenant, load.ready, load.running, load.dead)).collect();
    assert_eq!(said, [(busy, 1, 0, 1), (quiet, 0, 0, 0)], "who has dead jobs comes first");
    let mut dead = Vec::new();
    for whose in [None, Some(busy), Some(quiet)] {
        dead.push(bench.ledger.dead(whose).await.unwrap());
    }
    assert_eq!(dead, [1, 1, 0]);
    let jobs = bench.ledger.dead_jobs(busy, 10).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [fence.id]);
    assert!(bench.ledger.dead_jobs(quiet, 10).await.unwrap().is_empty());
}

async fn tenant(ledger: &Ledger, id: TenantId, name: &str) -> TenantId {
    let row = Tenant {
        id,
        name: name.to_owned(),
        currency: "EUR".parse::<Currency>().unwrap(),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: At(0),
    };
    let mut tx = ledger.db.begin("test").await.unwrap();
    tenants::create(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    id
}
