//! What operators read: who used an account, how its last probe went, and what is told while the shared state cannot be reached.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::adapters::http::{Class, Gates, Outcome, Rate, RedisBoard, correlated};
use platen_shared::adapters::standing::Accounting;
use platen_shared::clock::SystemClock;
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::ports::standing::Standings;
use platen_shared::store::connections;
use platen_shared::store::gates::{self, Probe, USE_KEPT, Use};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::testing::{TestDb, databases};

use crate::kit::account;

fn used(tenant: TenantId, kind: &str, calls: i64) -> Use {
    Use { tenant, provider: "gelato".into(), kind: kind.into(), calls, failed: 1, put_off: 2 }
}

#[tokio::test]
async fn use_adds_up_by_kind_stays_with_its_tenant_and_is_forgotten() {
    for test in databases().await {
        let (tenant, other) = (TenantId::new(), TenantId::new());
        let (minute, mut read) = (At(1_790_000_040_000_000), test.db.reader());
        let mut tx = test.db.begin("test").await.unwrap();
        for (second, uses) in [
            (
                0,
                vec![
                    used(tenant, "submit_order", 3),
                    used(tenant, "sync_catalog", 1),
                    used(other, "submit_order", 100),
                ],
            ),
            (59, vec![used(tenant, "submit_order", 4)]),
            (60, vec![used(tenant, "submit_order", 10)]),
        ] {
            gates::add_use(&mut tx, minute.plus(Duration::from_secs(second)), &uses).await.unwrap();
        }
        tx.commit().await.unwrap();
        let calls = async |read: &mut _, since: At| {
            let rows = gates::uses(read, tenant, since).await.unwrap();
            rows.into_iter().map(|u| (u.kind, u.calls, u.failed, u.put_off)).collect::<Vec<_>>()
        };
        let sync = ("sync_catalog".to_owned(), 1, 1, 2);
        assert_eq!(calls(&mut read, minute).await, [("submit_order".to_owned(), 17, 3, 6), sync]);
        let later = minute.plus(Duration::from_secs(61));
        assert_eq!(calls(&mut read, later).await, [("submit_order".to_owned(), 10, 1, 2)]);

        let mut tx = test.db.begin("test").await.unwrap();
        gates::forget_use(&mut tx, later.plus(USE_KEPT), tenant).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(calls(&mut read, minute).await, [("submit_order".to_owned(), 10, 1, 2)], "the first minute is gone");
        assert_eq!(gates::uses(&mut read, other, minute).await.unwrap().len(), 1, "and another tenant's is not");
        test.drop_it().await;
    }
}

#[tokio::test]
async fn the_last_probe_stays_and_one_that_comes_late_changes_nothing() {
    for test in databases().await {
        let tenant = TenantId::new();
        let probe = |at: i64, ok| Probe {
            provider: "gelato".into(),
            at: At(1_790_000_000_000_000 + at),
            ok,
            latency_ms: ok.then_some(80),
            said: "said".into(),
        };
        for one in [probe(10, true), probe(20, false), probe(15, true)] {
            let mut tx = test.db.begin("test").await.unwrap();
            gates::put_probe(&mut tx, tenant, &one).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(gates::probes(&mut test.db.reader(), tenant).await.unwrap(), [probe(20, false)]);
        assert!(gates::probes(&mut test.db.reader(), TenantId::new()).await.unwrap().is_empty());
        test.drop_it().await;
    }
}

#[tokio::test]
async fn what_cannot_be_known_is_told_as_unknown() {
    let test = TestDb::sqlite().await;
    let (tenant, now) = (TenantId::new(), At(1_790_000_000_000_000));
    let mut tx = test.db.begin("test").await.unwrap();
    let row = Tenant {
        id: tenant,
        name: "Test".into(),
        currency: "EUR".parse().unwrap(),
        platform_fee_bps: 0,
        weight: 1,
        test_mode: true,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        created_at: now,
    };
    tenants::create(&mut tx, &row).await.unwrap();
    connections::put(&mut tx, now, tenant, "gelato", "sealed").await.unwrap();
    tx.commit().await.unwrap();
    // Nobody listens on the discard port.
    let gates = Gates::on(Box::new(RedisBoard::new("redis://127.0.0.1:9/0", "test")), Arc::new(SystemClock::new()));
    gates.share_among(3);
    let rates = [("gelato", Rate { per_second: 5, burst: 10 })].into();
    let rows = Accounting { read: test.db.reader(), gates: Arc::new(gates), rates }.of(tenant, now).await.unwrap();
    let shown = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!(
        (&shown["budget"]["sharing"], &shown["budget"]["replicas"], &shown["budget"]["available"]),
        (&"divided".into(), &3.into(), &serde_json::Value::Null)
    );
    assert_eq!(shown["breaker"]["state"], "unknown");
    test.drop_it().await;
}

#[tokio::test]
async fn calls_are_counted_for_the_kind_of_job_that_makes_them() {
    let gates = Gates::new(Arc::new(SystemClock::new()));
    let account = account();
    let gate = gates.gate(account, Rate { per_second: 1, burst: 2 });
    let twice = async {
        gate.enter(Class::Prompt).await.unwrap().report(Outcome::Answered).await;
        gate.enter(Class::Prompt).await.unwrap().report(Outcome::Throttled(Some(Duration::from_secs(60)))).await;
        gate.enter(Class::Prompt).await.map(drop).expect_err("paused");
    };
    correlated("c".into(), "submit_order", twice).await;
    let line = Use { calls: 2, put_off: 1, ..used(account.tenant, "submit_order", 2) };
    assert_eq!(gates.take_use(), [line]);
    assert!(gates.take_use().is_empty(), "taken once");
}
