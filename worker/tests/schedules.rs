//! Cron lines of the configuration on the ledger's clock: any number of replicas, one firing; nothing lost and nothing doubled wherever
//! one of them dies.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::join_all;
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::ledger::fires::{Each, Fire, Line};
use platen_shared::ledger::read::Filter;
use platen_shared::ledger::schedules::{self, Schedule};
use platen_shared::ledger::{Job, Ledger, control};
use platen_shared::store::{connections, tenants};
use platen_shared::testing::{ManualClock, TestDb, databases, suite_ran};
use platen_worker::schedule::tick;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Bench {
    test: TestDb,
    ledger: Ledger,
    clock: ManualClock,
}

/// One bench per database, at a moment.
async fn benches(moment: &str) -> Vec<Bench> {
    let at = At::from(moment.parse::<jiff::Timestamp>().unwrap());
    let benches = databases().await.into_iter().map(|test| {
        let clock = ManualClock::at(at);
        Bench { ledger: Ledger::new(test.db.clone(), Arc::new(clock.clone())), clock, test }
    });
    benches.collect()
}

impl Bench {
    async fn connected(&self, n: usize) -> Vec<TenantId> {
        let mut tx = self.ledger.db.begin("test").await.unwrap();
        let mut ids = Vec::new();
        for i in 0..n {
            let tenant = tenants::Tenant {
                id: TenantId::new(),
                name: format!("tenant {i}"),
                currency: "EUR".parse().unwrap(),
                platform_fee_bps: 0,
                test_mode: false,
                frozen: false,
                auto_submit: false,
                weight: 1,
                spending_cap_minor: None,
                created_at: self.ledger.now(),
            };
            tenants::create(&mut tx, &tenant).await.unwrap();
            connections::put(&mut tx, self.ledger.now(), tenant.id, "gelato", "sealed").await.unwrap();
            ids.push(tenant.id);
        }
        tx.commit().await.unwrap();
        ids
    }

    async fn jobs(&self, tenant: TenantId) -> Vec<Job> {
        self.ledger.jobs(tenant, &Filter::default(), 1000).await.unwrap()
    }

    /// Ends what has not ended.
    async fn end_jobs(&self, tenant: TenantId) {
        for job in self.jobs(tenant).await.into_iter().filter(|job| !job.finished()) {
            let mut tx = self.ledger.db.begin("test").await.unwrap();
            control::cancel(&mut tx, self.ledger.now(), tenant, job.id, "seen").await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    async fn line(&self, name: &str) -> Fire {
        self.ledger.lines().await.unwrap().into_iter().find(|line| line.name == name).unwrap()
    }

    /// So many replicas tick at the same time.
    async fn ticks(&self, replicas: usize) {
        let all = (0..replicas).map(|_| {
            let ledger = self.ledger.clone();
            tokio::spawn(async move { tick(&ledger).await })
        });
        for ticked in join_all(all).await {
            ticked.unwrap().unwrap();
        }
    }

    async fn end(self, suite: &str) {
        suite_ran(suite, self.test.engine());
        self.test.drop_it().await;
    }
}

fn line(name: &str, cron: &str, kind: &str, each: Each) -> Line {
    let payload = match kind {
        "housekeeping" => json!({ "run": "{fire}", "keepHistoryDays": 90 }),
        "sync_catalog" => json!({ "provider": "gelato", "generation": "{fire}" }),
        _ => json!({ "run": "{fire}" }),
    };
    Line { name: name.into(), cron: cron.into(), zone: "Europe/Paris".into(), kind: kind.into(), each, payload }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_schedule_that_was_missed_for_a_week_fires_once() {
    for bench in benches("2026-05-04T00:00:00Z").await {
        let tenant = bench.connected(1).await[0];
        let due = bench.ledger.now().plus(MINUTE);
        let nightly = Schedule {
            tenant,
            name: "nightly".into(),
            kind: "sync_catalog".into(),
            payload: platen_shared::db::Json(json!({ "provider": "gelato", "generation": "{fire}" })),
            cron: "1 * * * *".into(),
            zone: "UTC".into(),
            next_fire: due,
            last_fire: None,
            last_job: None,
        };
        let mut tx = bench.ledger.db.begin("test").await.unwrap();
        schedules::put(&mut tx, bench.ledger.now(), &nightly).await.unwrap();
        tx.commit().await.unwrap();
        bench.ticks(4).await;
        assert!(bench.jobs(tenant).await.is_empty(), "not due yet");
        bench.clock.advance(7 * DAY);
        bench.ticks(4).await;
        bench.ticks(4).await;
        let jobs = bench.jobs(tenant).await;
        assert_eq!(jobs.len(), 1, "one job makes up for the week");
        assert_eq!(jobs[0].payload["generation"], due.to_string().as_str(), "and names the time that was missed");
        let told = bench.ledger.schedules(tenant).await.unwrap().remove(0);
        assert_eq!((told.last_fire, told.last_job), (Some(bench.ledger.now()), Some(jobs[0].id)));
        assert_eq!(told.next_fire, bench.ledger.now().plus(MINUTE), "the next one is to come");
        bench.end("lines").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_replicas_fire_a_line_once() {
    for b in benches("2026-06-01T00:00:30Z").await {
        let tenants = b.connected(3).await;
        let lines = [
            line("house", "*/10 * * * *", "housekeeping", Each::Installation),
            line("sync", "*/10 * * * *", "sync_catalog", Each::Tenant),
            line("probe", "*/10 * * * *", "probe_provider", Each::Connection),
        ];
        let starts = lines.iter().cycle().take(4).map(|_| b.ledger.keep_lines(&lines));
        assert!(join_all(starts).await.into_iter().all(|kept| kept.is_ok()), "four processes start at once");
        b.ticks(4).await;
        assert!(b.jobs(TenantId::INSTALLATION).await.is_empty(), "nothing is due yet");
        b.clock.advance(10 * MINUTE);
        b.ticks(4).await;
        b.ticks(4).await;
        let house = b.jobs(TenantId::INSTALLATION).await;
        assert_eq!(house.len(), 1);
        assert_eq!(house[0].payload.0, json!({ "run": "2026-06-01T00:10:00.000Z", "keepHistoryDays": 90 }));
        assert_eq!(house[0].key, "cron:house:2026-06-01T00:10:00.000Z:");
        for tenant in tenants {
            let jobs = b.jobs(tenant).await;
            let mut kinds: Vec<&str> = jobs.iter().map(|job| job.kind.as_str()).collect();
            kinds.sort_unstable();
            assert_eq!(kinds, ["probe_provider", "sync_catalog"]);
            let probe = jobs.iter().find(|job| job.kind == "probe_provider").unwrap();
            assert_eq!(probe.payload.0, json!({ "provider": "gelato", "run": "2026-06-01T00:10:00.000Z" }));
        }
        let probe = b.line("probe").await;
        assert_eq!((probe.jobs, probe.spread_tenant), (3, None));
        assert_eq!(
            b.ledger.last_of_line(&b.line("house").await, TenantId::INSTALLATION, "").await.unwrap(),
            Some(house[0].id)
        );
        assert_eq!(b.ledger.last_of_line(&probe, TenantId::new(), "gelato").await.unwrap(), None);
        assert_eq!(probe.last_fire.unwrap().plus(10 * MINUTE), probe.next_fire);
        b.end("lines").await;
    }
}

/// Drops a future after it was polled so many times: a process that dies at an arbitrary place.
async fn killed_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_that_is_killed_anywhere_goes_on_where_it_was() {
    for b in benches("2026-06-01T00:00:30Z").await {
        let tenants = b.connected(450).await;
        b.ledger.keep_lines(&[line("probe", "*/10 * * * *", "probe_provider", Each::Connection)]).await.unwrap();
        b.clock.advance(10 * MINUTE);
        let mut killed = 0;
        for polls in [1, 3, 10, 30, 100, 300, 700] {
            killed += usize::from(killed_after(polls, tick(&b.ledger)).await.is_none());
        }
        assert!(killed > 2, "it died several times in the middle");
        b.ticks(2).await;
        for tenant in tenants {
            assert_eq!(b.jobs(tenant).await.len(), 1, "{tenant}");
        }
        let probe = b.line("probe").await;
        assert_eq!((probe.jobs, probe.spread_tenant), (450, None));
        b.end("lines").await;
    }
}

#[tokio::test]
async fn a_missed_week_is_made_up_for_once() {
    for b in benches("2026-06-01T00:00:30Z").await {
        b.ledger.keep_lines(&[line("house", "30 2 * * *", "housekeeping", Each::Installation)]).await.unwrap();
        b.clock.advance(7 * DAY);
        for _ in 0..3 {
            b.ticks(2).await;
        }
        assert_eq!(b.jobs(TenantId::INSTALLATION).await.len(), 1);
        assert_eq!(b.line("house").await.next_fire.timestamp().to_string(), "2026-06-08T00:30:00Z");
        b.end("lines").await;
    }
}

#[tokio::test]
async fn work_that_stands_still_is_not_piled_up() {
    for b in benches("2026-06-01T00:00:30Z").await {
        let tenant = b.connected(1).await[0];
        let lines = [
            line("probe", "* * * * *", "probe_provider", Each::Connection),
            line("house", "* * * * *", "housekeeping", Each::Installation),
        ];
        b.ledger.keep_lines(&lines).await.unwrap();
        for _ in 0..5 {
            b.clock.advance(MINUTE);
            b.ticks(1).await;
        }
        let jobs = [b.jobs(tenant).await, b.jobs(TenantId::INSTALLATION).await].concat();
        assert_eq!(jobs.len(), 2, "five firings, one job each, since nobody worked");
        b.end_jobs(tenant).await;
        b.end_jobs(TenantId::INSTALLATION).await;
        b.clock.advance(MINUTE);
        b.ticks(1).await;
        assert_eq!(b.jobs(tenant).await.len() + b.jobs(TenantId::INSTALLATION).await.len(), 4, "once more for each");
        b.end("lines").await;
    }
}

#[tokio::test]
async fn a_changed_line_neither_fires_twice_nor_forgets_and_a_removed_one_vanishes() {
    for b in benches("2026-06-01T00:00:30Z").await {
        let house = |cron: &str| line("house", cron, "housekeeping", Each::Installation);
        b.ledger
            .keep_lines(&[house("0 * * * *"), line("gone", "0 * * * *", "housekeeping", Each::Installation)])
            .await
            .unwrap();
        b.clock.advance(60 * MINUTE);
        b.ledger.keep_lines(&[house("0 * * * *")]).await.unwrap();
        assert_eq!(b.ledger.lines().await.unwrap().len(), 1, "the line that is not there any more");
        b.ticks(2).await;
        assert_eq!(
            b.jobs(TenantId::INSTALLATION).await.len(),
            1,
            "a restart with the same line forgets no missed time"
        );
        let fired = b.line("house").await.last_fire;
        b.ledger.keep_lines(&[house("*/30 * * * *")]).await.unwrap();
        b.ticks(2).await;
        let changed = b.line("house").await;
        assert_eq!(
            (b.jobs(TenantId::INSTALLATION).await.len(), changed.last_fire),
            (1, fired),
            "not once more for now"
        );
        assert_eq!(changed.next_fire.timestamp().to_string(), "2026-06-01T01:30:00Z");
        b.ledger.keep_lines(&[]).await.unwrap();
        b.clock.advance(DAY);
        b.ticks(2).await;
        assert_eq!(b.jobs(TenantId::INSTALLATION).await.len(), 1, "nothing fires without a line");
        b.end("lines").await;
    }
}

#[tokio::test]
async fn every_minute_of_a_night_when_clocks_change_is_ticked_and_it_fires_once() {
    for (from, fires) in
        [("2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"), ("2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z")]
    {
        for b in benches(from).await {
            b.ledger.keep_lines(&[line("house", "30 2 * * *", "housekeeping", Each::Installation)]).await.unwrap();
            for _ in 0..6 * 60 {
                b.clock.advance(MINUTE);
                tick(&b.ledger).await.unwrap();
                // While a job is left none follows: it ends, so that a second firing would show.
                b.end_jobs(TenantId::INSTALLATION).await;
            }
            let jobs = b.jobs(TenantId::INSTALLATION).await;
            assert_eq!(jobs.len(), 1, "from {from}");
            assert_eq!(b.line("house").await.last_fire.unwrap().timestamp().to_string(), fires);
            b.end("lines").await;
        }
    }
}
