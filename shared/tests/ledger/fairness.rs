use std::collections::BTreeMap;
use std::sync::Arc;

use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::Queue;
use platen_shared::store::tenants::{self, Tenant};

use super::Bench;

async fn put_many(b: &Bench, tenant: TenantId, n: usize, priority: i64) {
    for i in 0..n {
        let mut job = b.job(&format!("{priority}-{i}"));
        (job.tenant, job.priority) = (tenant, priority);
        b.put(&job).await;
    }
}

/// Claims `n` at a time, `rounds` times; whose the jobs were, round by round.
async fn owners(b: &Bench, n: i64, rounds: usize) -> Vec<Vec<TenantId>> {
    let mut all = vec![];
    for _ in 0..rounds {
        all.push(b.claim_jobs("w", n).await.iter().map(|job| job.tenant).collect());
    }
    all
}

pub(crate) async fn a_busy_tenant_never_starves_a_quiet_one(b: Arc<Bench>) {
    let (busy, quiet) = (TenantId::new(), TenantId::new());
    put_many(&b, busy, 200, 9).await;
    assert_eq!(owners(&b, 1, 3).await, vec![vec![busy]; 3], "alone, it gets everything");
    put_many(&b, quiet, 3, 0).await;
    let served: Vec<_> = owners(&b, 1, 6).await.concat();
    assert_eq!(served.iter().filter(|t| **t == quiet).count(), 3, "every other slot, whatever the other's priority");
    assert_eq!(owners(&b, 10, 1).await[0], vec![busy; 10], "no slot stays empty");
}

pub(crate) async fn weights_decide_how_many_in_a_row(b: Arc<Bench>) {
    let (light, heavy) = (tenant_of_weight(&b, 1).await, tenant_of_weight(&b, 3).await);
    put_many(&b, light, 30, 0).await;
    put_many(&b, heavy, 30, 0).await;
    let mut count = BTreeMap::new();
    for owner in owners(&b, 1, 24).await.concat() {
        *count.entry(owner).or_insert(0) += 1;
    }
    assert_eq!((count[&light], count[&heavy]), (6, 18));
    let at_once = owners(&b, 8, 1).await.concat();
    assert_eq!(at_once.iter().filter(|t| **t == heavy).count(), 6, "the same split when many slots are free at once");
}

pub(crate) async fn more_tenants_than_one_claim_looks_at_all_get_their_turn(b: Arc<Bench>) {
    let tenants: Vec<_> = (0..80).map(|_| TenantId::new()).collect();
    for tenant in &tenants {
        put_many(&b, *tenant, 2, 0).await;
    }
    let mut first_round: Vec<_> = owners(&b, 10, 8).await.concat();
    first_round.sort();
    first_round.dedup();
    assert_eq!(first_round.len(), 80, "everyone once before anyone twice");
    assert_eq!(owners(&b, 100, 2).await.concat().len(), 80, "and nobody's second job is forgotten");
}

async fn tenant_of_weight(b: &Bench, weight: i64) -> TenantId {
    let tenant = Tenant {
        id: TenantId::new(),
        name: "Shop".into(),
        currency: "EUR".parse().unwrap(),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: b.ledger.now(),
    };
    let mut tx = b.ledger.db.begin("test").await.unwrap();
    tenants::create(&mut tx, &tenant).await.unwrap();
    assert!(tenants::weigh(&mut tx, tenant.id, weight).await.unwrap());
    tx.commit().await.unwrap();
    tenant.id
}

pub(crate) async fn what_is_taken_by_id_is_taken_once(b: Arc<Bench>) {
    let id = b.put(&b.job("a")).await.id();
    let takers = (0..8).map(|n| {
        let b = b.clone();
        tokio::spawn(async move { b.ledger.take(b.tenant, id, &format!("w{n}")).await.unwrap() })
    });
    let taken: Vec<_> = futures::future::join_all(takers).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].attempt, taken[0].state.as_str()), (1, "running"));
    assert!(b.ledger.take(TenantId::new(), id, "w").await.unwrap().is_none(), "another's id");
    assert!(b.ledger.take(b.tenant, JobId::new(), "w").await.unwrap().is_none(), "an id that never was");
    assert_eq!(b.ledger.with_work(Queue::ALL).await.unwrap(), vec![]);
}
