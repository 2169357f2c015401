//! A shop on a lively day: something of everything that the page shows.

use std::time::Duration;

use platen_shared::db::At;
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::{NewJob, Presence, Progress, Queue, Waiting, enqueue};
use serde_json::{Value, json};

use crate::kit::Kit;
use crate::seed::Tenant;

/// What the test goes on with.
pub(super) struct Scene {
    pub(super) tenant: Tenant,
    /// Dead.
    pub(super) dead: JobId,
    /// Runs.
    pub(super) running: JobId,
}

/// Workers: two that serve everything, and one that was asked to stop.
const ONE: &str = "4127-019ab3d0c1f27e52";
const TWO: &str = "4128-019ab3d0c2a87b11";
const LEAVING: &str = "893-019ab3cfe02d7f40";

struct Cast<'k> {
    kit: &'k Kit,
    owner: TenantId,
}

impl Cast<'_> {
    async fn job(&self, queue: Queue, kind: &'static str, key: &str, payload: Value, run_at: At) -> JobId {
        let job = NewJob {
            tenant: self.owner,
            queue,
            kind,
            key: key.to_owned(),
            spec_hash: None,
            provider: if queue == Queue::Previews { String::new() } else { "gelato".to_owned() },
            payload,
            priority: 0,
            run_at,
            correlation_id: "shop-7f3a".to_owned(),
        };
        let mut tx = self.kit.db.begin("scene").await.expect("a transaction");
        let id = enqueue::enqueue(&mut tx, self.kit.ledger.now(), &job).await.expect("enqueued").id();
        tx.commit().await.expect("committed");
        id
    }

    /// Has a worker take what is ready, and start it.
    async fn take(&self, worker: &str, queues: &[Queue], n: i64) -> Vec<JobId> {
        let ledger = &self.kit.ledger;
        ledger.with_work(queues).await.expect("what is due is ready");
        ledger.claim(worker, queues, n).await.expect("claimed").into_iter().map(|job| job.id).collect()
    }

    async fn beat(&self, worker: &str, queues: &str, slots: i64) {
        let (process, _) = worker.split_once('-').expect("a process id");
        let who = Presence {
            id: worker.to_owned(),
            process: process.to_owned(),
            host: if slots > 4 { "press-1" } else { "press-2" }.to_owned(),
            release: env!("CARGO_PKG_VERSION").to_owned(),
            queues: queues.to_owned(),
            dispatcher: "redis".to_owned(),
            slots,
            draining: slots == 4,
        };
        self.kit.ledger.beat(&who).await.expect("a heartbeat");
    }

    /// All of them beat.
    async fn beats(&self) {
        let all: Vec<&str> = Queue::ALL.iter().map(|queue| queue.word()).collect();
        for worker in [ONE, TWO] {
            self.beat(worker, &all.join(","), 8).await;
        }
        self.beat(LEAVING, "previews,bundles", 4).await;
    }
}

/// Sets it.
pub(super) async fn set(kit: &Kit) -> Scene {
    let tenant = kit.tenant("Atelier Lumière").await;
    let cast = Cast { kit, owner: tenant.id.parse().expect("a tenant") };
    let (now, order) = (kit.ledger.now(), |n: u32| json!({ "order": format!("ord_01jd00000000000000000000{n:02}") }));
    cast.beats().await;

    kit.send("PUT", "/v1/connections/gelato", &tenant.key, &[], &json!({ "apiKey": "an-account" })).await.ok(200);

    // Given up, after three attempts.
    let dead = cast.job(Queue::Orders, "submit_order", "o1", order(1), now).await;
    for attempt in 0..3 {
        let id = cast.take(ONE, &[Queue::Orders], 1).await[0];
        kit.clock.advance(Duration::from_millis(1_840 + attempt * 700));
        let fence = kit.ledger.job(cast.owner, id).await.expect("asked").expect("a job").fence();
        if attempt < 2 {
            let trouble = Trouble::new("transient", "gelato answered create with status 502");
            kit.ledger.retry(&fence, kit.ledger.now(), &trouble).await.expect("put back");
        } else {
            kit.kill(&tenant, id, "The printer refuses the address: postCode 6900 is not valid in FR").await;
        }
    }

    // Waits for its next attempt.
    cast.job(Queue::Tracking, "poll_tracking", "t1", order(2), now).await;
    let id = cast.take(TWO, &[Queue::Tracking], 1).await[0];
    kit.clock.advance(Duration::from_millis(900));
    let fence = kit.ledger.job(cast.owner, id).await.expect("asked").expect("a job").fence();
    let trouble = Trouble::new("limited", "gelato asked for a pause of 10 min");
    let until = kit.ledger.now().plus(Duration::from_secs(600));
    kit.ledger.postpone(&fence, until, Waiting::Budget, &trouble).await.expect("put off");

    // Runs, and tells how far it is.
    let sync = json!({ "provider": "gelato", "generation": "2026-11-21" });
    let running = cast.job(Queue::Sync, "sync_catalog", "s1", sync, now).await;
    cast.job(Queue::Bundles, "build_bundle", "b1", order(3), now).await;
    cast.take(TWO, &[Queue::Sync], 1).await;
    let progress = Progress { done: 1_840, total: 2_600, label: "products".to_owned() };
    kit.ledger.report(TWO, &[(cast.owner, running, progress)]).await.expect("progress");
    kit.clock.advance(Duration::from_secs(52));
    cast.take(LEAVING, &[Queue::Bundles], 1).await;

    // Ready, due later, and held.
    for n in 0..4 {
        let spec = json!({ "spec": format!("{n:064x}"), "profile": "preview" });
        cast.job(Queue::Previews, "render_preview", &format!("p{n}"), spec, kit.ledger.now()).await;
    }
    let tomorrow = kit.ledger.now().plus(Duration::from_secs(22 * 3600));
    cast.job(Queue::Tracking, "poll_tracking", "t2", order(4), tomorrow).await;
    let held = json!({ "scope": "queue", "value": "money", "reason": "Quarter's end: the accountants look first" });
    kit.post(&tenant.key, "/v1/pauses", &held).await.ok(201);
    cast.job(Queue::Money, "distribute_revenue", "m1", order(5), kit.ledger.now()).await;
    let nightly = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "0 3 * * *", "zone": "Europe/Paris" });
    kit.send("PUT", "/v1/schedules/nightly-catalogue", &tenant.key, &[], &nightly).await.ok(201);
    kit.clock.advance(Duration::from_secs(7));
    cast.beats().await;
    kit.clock.advance(Duration::from_millis(400));
    Scene { tenant, dead, running }
}
