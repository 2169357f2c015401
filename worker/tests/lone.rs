//! What a worker makes of the end of a lone run, for every way in which a child can end. The children here are shells; the real one is
//! walked by `cli/tests/poison.rs`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "support/mod.rs"]
#[expect(dead_code, reason = "this suite uses some of it")]
mod support;
#[path = "../../jobs/tests/world/mod.rs"]
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use platen_jobs::find;
use platen_shared::ledger::{Job, Ledger, Presence, Queue, RECOVERIES_MAX};
use platen_shared::testing::{DEADLINE, TestDb, until};
use platen_worker::lone::Lone;
use platen_worker::{Runner, Setup};
use serde_json::json;
use tokio::process::Command;
use world::World;

/// A job that outlived two owners, claimed by a worker whose children do what the script says.
async fn suspect(world: &World, program: &'static str, script: &'static str) -> (Arc<Runner>, Job) {
    let ledger = Ledger::new(world.test.db.clone(), Arc::new(world.clock.clone()));
    let command = Arc::new(move || {
        let mut command = Command::new(program);
        command.args(["-c", script]);
        command
    });
    let lone = Lone { command, grace: Duration::ZERO };
    let setup = Setup {
        lone: Some(lone),
        ledger_clock: Arc::new(world.clock.clone()),
        timeouts: [(Queue::Sync, Duration::from_millis(50))].into(),
        ..support::setup(world, &ledger)
    };
    let payload = json!({ "provider": "gelato", "generation": "1" });
    let id = world.enqueue(find("sync_catalog").unwrap(), &payload, Some(script)).await;
    world.test.tamper("UPDATE jobs SET recoveries = 2 WHERE state = 'ready'").await.unwrap();
    let worker = Arc::new(Runner::new("watcher".into(), setup));
    ledger.beat(&Presence::named("watcher")).await.unwrap();
    let job = ledger.claim("watcher", &[Queue::Sync], 1).await.unwrap().remove(0);
    assert_eq!((job.id, job.recoveries), (id, 2));
    (worker, job)
}

async fn after(world: &World, program: &'static str, script: &'static str) -> Job {
    let (worker, job) = suspect(world, program, script).await;
    let id = job.id;
    tokio::time::timeout(DEADLINE, worker.run(job)).await.expect("the lone run ends");
    world.job(id).await
}

fn error(job: &Job) -> (String, String) {
    let error = &job.error.as_ref().expect("an error").0;
    (error["class"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_dies_over_the_job_convicts_it() {
    let world = World::new(TestDb::sqlite().await).await;
    for (script, how) in [
        ("echo begun; kill -9 $$", "SIGKILL"),
        ("echo begun; kill -6 $$", "SIGABRT"),
        ("echo begun; exit 7", "exit status: 7"),
        ("echo begun; echo ran; exit 7", "exit status: 7"),
        ("echo begun; exec sleep 600", "after its time limit"),
    ] {
        let job = after(&world, "sh", script).await;
        let (class, said) = error(&job);
        assert_eq!((job.state.as_str(), class.as_str(), job.failures), ("dead", "poison", 0), "{script}: {said}");
        assert!(said.contains(how) && said.contains(&format!("platen jobs retry {}", job.id)), "{script}: {said}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_did_not_come_to_the_job_convicts_nobody() {
    let world = World::new(TestDb::sqlite().await).await;
    for (program, script, how) in [
        ("sh", "exit 2", "exit status: 2"),
        ("sh", "kill -9 $$", "SIGKILL"),
        ("/nonexistent/platen", "", "could not be started"),
    ] {
        let job = after(&world, program, script).await;
        let (class, said) = error(&job);
        assert_eq!((job.state.as_str(), class.as_str(), job.failures), ("scheduled", "lone", 0), "{script}: {said}");
        assert_eq!(job.run_at.since(world.ledger.now()), Duration::from_secs(60));
        assert!(said.contains(how), "{script}: {said}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_settled_the_job_is_believed() {
    let world = World::new(TestDb::sqlite().await).await;
    let (worker, job) = suspect(&world, "sh", "echo begun; echo ran; read order; kill -9 $$").await;
    let (id, fence) = (job.id, job.fence());
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.run(job).await }
    });
    let trouble = platen_shared::ledger::finish::Trouble::new("transient", "the child's own verdict");
    world.ledger.retry(&fence, world.ledger.now().plus(Duration::from_secs(5)), &trouble).await.unwrap();
    // The child dies afterwards, which is not the job's fault any more.
    until("the child has ended", || async {
        worker.ask_to_stop(id);
        running.is_finished()
    })
    .await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), error(&job).0.as_str()), ("scheduled", "transient"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_cancel_is_passed_on() {
    let world = World::new(TestDb::sqlite().await).await;
    let script = "echo begun; echo ran; read order; test \"$order\" = stop || exit 0; kill -9 $$";
    let (worker, job) = suspect(&world, "sh", script).await;
    let id = job.id;
    let running = tokio::spawn({
        let worker = worker.clone();
        async move { worker.run(job).await }
    });
    // The runner knows of the job in a moment.
    until("the child has ended", || async {
        worker.ask_to_stop(id);
        running.is_finished()
    })
    .await;
    assert_eq!(error(&world.job(id).await).0, "poison", "it had heard `stop`, and died");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_resort_stays() {
    let world = World::new(TestDb::sqlite().await).await;
    let (worker, job) = suspect(&world, "sh", "exit 0").await;
    let id = job.id;
    worker.run(Job { recoveries: RECOVERIES_MAX, ..job }).await;
    let job = world.job(id).await;
    assert_eq!((job.state.as_str(), error(&job).0.as_str()), ("dead", "poison"), "no child was asked");
    world.end().await;
}
