//! A job whose owners died runs in a process of its own.

use std::os::unix::process::ExitStatusExt;

use platen_shared::testing::{DEADLINE, databases, suite_ran, until};
use platen_sim::gelato::{Fault, FaultKind, Op};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, Worker, platen};

const SIGKILL: i32 = 9;
/// Whoever comes to this kind dies, in whichever process, so no cron line may come by. The syncs ask as often as they like: nobody here waits for a budget.
const ENV: [(&str, &str); 4] = [
    ("PLATEN_CRASH_AT", "probe_provider:started"),
    ("PLATEN_SCHEDULES__PROBE__ENABLED", "false"),
    ("PLATEN_GELATO__REQUESTS_PER_SECOND", "5000"),
    ("PLATEN_GELATO__BURST", "5000"),
];

/// Every sync's first answer is held until the faults are cleared.
fn hold_syncs(shop: &Shop) {
    shop.sim.set_fault(Fault::new(FaultKind::Gate).on(Op::Catalogs));
}

async fn killed(mut worker: Worker) {
    let ended = tokio::time::timeout(DEADLINE, worker.child.wait()).await.expect("it dies in time");
    assert_eq!(ended.expect("it can be waited for").signal(), Some(SIGKILL), "it was killed");
}

/// Waits until the job runs and so many owners of it have died.
async fn runs_after(shop: &Shop, id: &str, recoveries: i64) {
    until("the job runs", || async {
        let job = shop.job(id).await;
        job["state"] == "running" && job["recoveries"] == recoveries && !job["startedAt"].is_null()
    })
    .await;
}

/// Whether a process of its own runs this job now.
fn runs_alone(id: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("a Linux");
    let words = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
    processes.flatten().any(|entry| words(entry).contains(&format!("--only\0{id}\0")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_owners_is_quarantined_and_its_neighbours_are_not_charged() {
    for test in databases().await {
        let engine = test.engine();
        let shop = Shop::open(test).await;
        hold_syncs(&shop);
        let neighbours = [shop.sync("g-1").await, shop.sync("g-2").await];
        let first = shop.worker(&[], &ENV).await;
        for id in &neighbours {
            runs_after(&shop, id, 0).await;
        }
        let body = json!({ "kind": "probe_provider", "payload": { "provider": "gelato", "run": "1" } });
        let poison = shop.ask(Method::POST, "/v1/jobs", &body).await["id"].as_str().expect("an id").to_owned();
        killed(first).await;
        // The second one is given the neighbours before the poison, so that they are there when it dies.
        let pause = json!({ "scope": "kind", "value": "probe_provider", "reason": "the neighbours first" });
        let pause = shop.ask(Method::POST, "/v1/pauses", &pause).await["id"].as_str().expect("an id").to_owned();
        let second = shop.worker(&[], &ENV).await;
        for id in &neighbours {
            runs_after(&shop, id, 1).await;
        }
        shop.ask(Method::DELETE, &format!("/v1/pauses/{pause}"), &Value::Null).await;
        killed(second).await;

        let mut third = shop.worker(&[], &ENV).await;
        until("the poison is quarantined", || async { shop.job(&poison).await["state"] == "dead" }).await;
        let job = shop.job(&poison).await;
        assert_eq!(
            (&job["error"]["class"], &job["failures"], &job["attempt"]),
            (&"poison".into(), &0.into(), &3.into())
        );
        let said = job["error"]["message"].as_str().unwrap_or_default();
        assert!(
            said.contains("2 workers died") && said.contains("SIGKILL") && said.contains("platen jobs retry"),
            "{said}"
        );
        for id in &neighbours {
            runs_after(&shop, id, 2).await;
            until("the neighbour is a suspect too", || async { runs_alone(id) }).await;
        }
        shop.sim.clear_faults();
        for id in &neighbours {
            let job = shop.done(id).await;
            assert_eq!((&job["failures"], &job["recoveries"]), (&0.into(), &2.into()), "acquitted: {job}");
        }
        let later = shop.done(&shop.sync("g-3").await).await;
        assert_eq!((&later["attempt"], &later["recoveries"]), (&1.into(), &0.into()), "the one that watched goes on");
        third.asked_to_stop().await;
        assert_eq!(third.ended().await, Some(0));
        suite_ran("poison", engine);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_that_dies_takes_the_lone_run_along_and_convicts_nobody() {
    for test in databases().await {
        let shop = Shop::open(test).await;
        hold_syncs(&shop);
        let id = shop.sync("g-1").await;
        shop.test.tamper("UPDATE jobs SET recoveries = 2").await.expect("as if two owners had died");
        let mut parent = shop.worker(&[], &ENV).await;
        assert!(shop.sim.wait_held(DEADLINE).await, "the job runs");
        assert!(runs_alone(&id), "in a process of its own");
        parent.child.kill().await.expect("it can be killed");
        until("the lone run has ended with its parent", || async { !runs_alone(&id) }).await;

        let mut other = shop.worker(&[], &ENV).await;
        runs_after(&shop, &id, 3).await;
        until("it runs alone again", || async { runs_alone(&id) }).await;
        shop.sim.clear_faults();
        let job = shop.done(&id).await;
        assert_eq!((&job["failures"], &job["recoveries"], &job["attempt"]), (&0.into(), &3.into(), &2.into()), "{job}");
        other.asked_to_stop().await;
        assert_eq!(other.ended().await, Some(0));
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_not_run_alone_by_those_who_do_not_hold_it() {
    let shop = Shop::open(platen_shared::testing::TestDb::sqlite().await).await;
    let id = shop.sync("g-1").await;
    let before = shop.job(&id).await;
    let begun = "2026-01-01T00:00:00Z";
    for (words, sentence) in [
        (&[] as &[&str], "is run alone by the worker that holds it"),
        (&["--owner", "somebody", "--attempt", "1"], "--owner, --attempt and --since"),
        (&["--owner", "somebody", "--attempt", "1", "--since", begun], "worker somebody does not hold job"),
    ] {
        let mut command = platen();
        command.args(["worker", "--only", &id]).args(words).envs(shop.settings());
        let refused = command.output().await.expect("it ends");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(1) && said.contains(sentence), "{said}");
        assert_eq!(shop.job(&id).await, before, "nothing was done");
    }
    shop.close().await;
}
