//! What Redis may do: be absent, be emptied, die, hang, hold garbage, deliver twice. It costs latency, never work.

use std::sync::Arc;
use std::time::Duration;

use platen_shared::ledger::Presence;
use platen_shared::redis::{ConnectionManager, connect};
use platen_shared::testing::{DEADLINE, ManualClock, TestDb, TestRedis, has_redis, until};
use redis::AsyncCommands;
use tokio::sync::Notify;

use crate::support::{StubPress, settings};
use crate::{Fleet, each_over_redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flush_loses_nothing() {
    each_over_redis(StubPress::default(), |fleet| async {
        let workers = fleet.over_redis(2).await;
        let ids = fleet.previews(fleet.world.tenant, "p", 300).await;
        for done in [20, 100, 200] {
            until("some are done", || async { fleet.ended(fleet.world.tenant, "succeeded").await >= done }).await;
            fleet.redis.as_ref().unwrap().flush().await;
        }
        fleet.until_succeeded(300).await;
        fleet.ended_well(workers, &ids).await
    })
    .await;
}

/// Another worker's lane failed and emptied the queue, and somebody put new ids into it at once: what had been on offer is offered again as soon
/// as that is seen. On this clock no offer grows old enough to be made again for its age.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_an_emptied_queue_held_is_offered_again_though_it_holds_new_ids() {
    let hold = Arc::new((Notify::new(), Notify::new()));
    each_over_redis(StubPress { hold: Some(hold.clone()), ..StubPress::default() }, |fleet| async {
        let clock = ManualClock::new();
        let worker = fleet.worker_by(Arc::new(clock.clone()), settings(&fleet.world, 1, 1));
        let ids = fleet.previews(fleet.world.tenant, "p", 6).await;
        hold.0.notified().await;
        let mut conn = connect(&fleet.redis.as_ref().unwrap().url()).await.unwrap();
        let refs =
            async |conn: &ConnectionManager| -> Vec<String> { conn.clone().hvals("test:previews:data").await.unwrap() };
        until("all are on offer", || async { refs(&conn).await.len() == ids.len() }).await;
        clock.advance(Duration::from_secs(1));
        let mut emptied = redis::pipe();
        emptied.atomic();
        for key in ["active", "scheduled", "data", "since"] {
            emptied.unlink(format!("test:previews:{key}"));
        }
        for n in 0..3 {
            let name = format!("other-{n}");
            emptied.hset("test:previews:data", &name, "garbage").rpush("test:previews:active", &name);
        }
        emptied.exec_async(&mut conn).await.unwrap();
        clock.advance(Duration::from_secs(2));
        let waiting = ids.len() - 1;
        until("they are offered again", || async {
            refs(&conn).await.iter().filter(|text| *text != "garbage").count() == waiting
        })
        .await;
        fleet.press.let_go();
        until("all jobs have succeeded", || async {
            clock.advance(Duration::from_millis(5));
            fleet.ended(fleet.world.tenant, "succeeded").await == 6
        })
        .await;
        worker.leave().await;
        fleet.each_ran_once(&ids).await;
        fleet.press.hold_again();
        fleet
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_redis_the_ledger_hands_out_and_its_return_is_noticed() {
    if !has_redis() {
        return;
    }
    for test in platen_shared::testing::databases().await {
        let mut fleet = Fleet::new(test, Some(TestRedis::stopped()), StubPress::default()).await;
        let worker = fleet.worker(2, 4);
        let before = fleet.previews(fleet.world.tenant, "before", 20).await;
        fleet.until_succeeded(20).await;
        assert_eq!(fleet.heard_over().await, ["ledger"]);
        fleet.redis.as_mut().unwrap().run().await;
        until("Redis is used", || async { fleet.heard_over().await == ["redis"] }).await;
        let with = fleet.previews(fleet.world.tenant, "with", 20).await;
        fleet.until_succeeded(40).await;
        fleet.redis.as_mut().unwrap().kill();
        let after = fleet.previews(fleet.world.tenant, "after", 20).await;
        fleet.until_succeeded(60).await;
        until("Redis is missed", || async { fleet.heard_over().await == ["ledger"] }).await;
        worker.leave().await;
        fleet.each_ran_once(&[before, with, after].concat()).await;
        fleet.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_redis_that_hangs_is_left() {
    each_over_redis(StubPress::default(), |fleet| async {
        let workers = fleet.over_redis(2).await;
        fleet.redis.as_ref().unwrap().signal("STOP");
        let ids = fleet.previews(fleet.world.tenant, "p", 50).await;
        fleet.until_succeeded(50).await;
        fleet.redis.as_ref().unwrap().signal("CONT");
        until("Redis is used again", || async { fleet.heard_over().await == ["redis", "redis"] }).await;
        fleet.ended_well(workers, &ids).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn garbage_and_repeats_in_redis_are_left_aside() {
    each_over_redis(StubPress::default(), |fleet| async {
        let workers = fleet.over_redis(1).await;
        let first = fleet.previews(fleet.world.tenant, "first", 3).await;
        let mut conn = connect(&fleet.redis.as_ref().unwrap().url()).await.unwrap();
        for n in 0..60 {
            // A garbled id, an id that never was, and the ids of real jobs over and over.
            let text = match n % 3 {
                0 => format!("\u{1}garbage {n}"),
                1 => platen_shared::id::JobId::new().to_string(),
                _ => first[n % first.len()].to_string(),
            };
            let name = format!("extra-{n}");
            let mut put = redis::pipe();
            put.hset("test:previews:data", &name, text).hset(format!("test:previews:meta:{name}"), "attempts", 0);
            put.hset(format!("test:previews:meta:{name}"), "max_attempts", 1).rpush("test:previews:active", &name);
            put.exec_async(&mut conn).await.unwrap();
        }
        redis::cmd("RPUSH").arg("test:previews:active").arg("without-data").exec_async(&mut conn).await.unwrap();
        let second = fleet.previews(fleet.world.tenant, "second", 20).await;
        fleet.until_succeeded(23).await;
        fleet.ended_well(workers, &[first, second].concat()).await
    })
    .await;
}

/// 8,000 due ids stop an apalis queue for good: the relay keeps far below.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deep_queue_never_floods_redis() {
    if !has_redis() {
        return;
    }
    let fleet = Fleet::new(TestDb::sqlite().await, Some(TestRedis::start().await), StubPress::default()).await;
    fleet.previews(fleet.world.tenant, "p", 1500).await;
    let workers = [fleet.worker(4, 8), fleet.worker(4, 8)];
    let mut conn = connect(&fleet.redis.as_ref().unwrap().url()).await.unwrap();
    let mut most = 0i64;
    while fleet.ended(fleet.world.tenant, "succeeded").await < 1500 {
        let (due, active): (i64, i64) = redis::pipe()
            .zcard("test:previews:scheduled")
            .llen("test:previews:active")
            .query_async(&mut conn)
            .await
            .unwrap();
        most = most.max(due + active);
    }
    assert!((1..=512).contains(&most), "{most} ids were in Redis at once");
    for worker in workers {
        worker.leave().await;
    }
    fleet.end().await;
}

/// A server that answers pings and takes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_redis_is_left_until_it_takes_ids_again() {
    each_over_redis(StubPress::default(), |fleet| async {
        let workers = fleet.over_redis(1).await;
        let mut conn = connect(&fleet.redis.as_ref().unwrap().url()).await.unwrap();
        let mut limit = async |bytes: &str| {
            redis::cmd("CONFIG").arg(&["SET", "maxmemory", bytes]).exec_async(&mut conn).await.unwrap();
        };
        limit("1").await;
        let ids = fleet.previews(fleet.world.tenant, "p", 30).await;
        fleet.until_succeeded(30).await;
        until("the ledger is asked", || async { fleet.heard_over().await == ["ledger"] }).await;
        limit("0").await;
        until("Redis is used again", || async { fleet.heard_over().await == ["redis"] }).await;
        fleet.ended_well(workers, &ids).await
    })
    .await;
}

/// What a dead worker had is the next that starts, however many ids lie in Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_comes_back_goes_in_front_of_what_redis_holds() {
    let hold = Arc::new((Notify::new(), Notify::new()));
    each_over_redis(StubPress { hold: Some(hold), ..StubPress::default() }, |fleet| async {
        let tenant = fleet.world.tenant;
        let lost = fleet.previews(tenant, "lost", 1).await[0];
        fleet.ledger.beat(&Presence::named("ghost")).await.unwrap();
        fleet.ledger.take(tenant, lost, "ghost").await.unwrap().unwrap();
        let rest = fleet.previews(tenant, "p", 40).await;
        let worker = fleet.worker(1, 1);
        let mut conn = connect(&fleet.redis.as_ref().unwrap().url()).await.unwrap();
        let front = async |conn: &mut ConnectionManager| -> Option<String> {
            let task: Option<String> = conn.lindex("test:previews:active", 0).await.unwrap();
            conn.hget("test:previews:data", task?).await.unwrap()
        };
        let first = format!("{tenant}/{lost}");
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while front(&mut conn).await.as_ref() != Some(&first) {
            assert!(tokio::time::Instant::now() < deadline, "it did not come back to the front");
            tokio::task::yield_now().await;
        }
        fleet.press.let_go();
        fleet.until_succeeded(41).await;
        worker.leave().await;
        let started = async |id| fleet.ledger.job(tenant, id).await.unwrap().unwrap().started_at;
        let at = started(lost).await;
        let mut before = 0;
        for id in &rest {
            before += usize::from(started(*id).await < at);
        }
        assert!(before <= 2, "{before} started before it: one ran, and one was in the worker's hands");
        fleet.press.hold_again();
        fleet
    })
    .await;
}
