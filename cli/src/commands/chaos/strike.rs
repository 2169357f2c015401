//! The hand that breaks things: every kind of fault at its own interval, all from one seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::cable::Cable;
use super::plan::{Fault, Plan};
use super::scene::Scene;

/// A stopped process is dead to the others after six seconds without a heartbeat, and a sweep comes every second.
const STOP_MS: std::ops::Range<u64> = 8_000..12_000;
/// How long a cut lasts: from a hiccup to long past the heartbeat.
const CUT_MS: std::ops::Range<u64> = 200..9_000;
/// How much later everything comes on a slow way, and for how long.
const DELAY_MS: std::ops::Range<u64> = 20..400;
const DELAY_SPAN_MS: std::ops::Range<u64> = 1_000..5_000;
/// How wrong a machine's clock may be, to either side.
const SKEW_MS: std::ops::RangeInclusive<i64> = -3_600_000..=3_600_000;

/// How often each fault has happened.
#[derive(Clone, Default)]
pub(super) struct Strikes(Arc<Mutex<BTreeMap<Fault, u64>>>);

impl Strikes {
    fn note(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
    }

    /// By fault; those that never happened are not among them.
    pub(super) fn so_far(&self) -> BTreeMap<Fault, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Breaks what the plan says, for as long as it says, and never ends.
pub(super) async fn go_on(scene: &Scene, plan: &Plan, strikes: &Strikes) -> Result<()> {
    if plan.faults.is_empty() {
        return std::future::pending().await;
    }
    let hands = plan.faults.iter().map(|(fault, every)| repeat(scene, *fault, *every, plan.seed, strikes));
    let hands = futures::future::try_join_all(hands);
    match plan.faults_for {
        Some(span) => match tokio::time::timeout(span, hands).await {
            Ok(broken) => broken.map(drop),
            Err(_) => mend(scene).await,
        },
        None => hands.await.map(drop),
    }
}

/// Lets everything be whole again: a hand that was called off in the middle of it left things down.
async fn mend(scene: &Scene) -> Result<()> {
    scene.ways.iter().flatten().for_each(Cable::mend);
    if let Some(redis) = &scene.redis {
        redis.up().await?;
    }
    if let Some(postgres) = &scene.postgres {
        postgres.up().await?;
    }
    for worker in &scene.fleet.workers {
        worker.wake().await;
    }
    std::future::pending().await
}

async fn repeat(scene: &Scene, fault: Fault, every: Duration, seed: u64, strikes: &Strikes) -> Result<()> {
    // Each kind has its own dice, so that one more kind does not change what the others do.
    let mut dice = StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(fault as u64));
    let mut next = tokio::time::Instant::now();
    loop {
        next += every.mul_f64(dice.random_range(0.5..1.5));
        tokio::time::sleep_until(next).await;
        strikes.note(fault);
        strike(scene, fault, &mut dice).await?;
    }
}

async fn strike(scene: &Scene, fault: Fault, dice: &mut StdRng) -> Result<()> {
    let (workers, apis) = (&scene.fleet.workers, &scene.fleet.apis);
    let victim = dice.random_range(0..workers.len());
    let span = |dice: &mut StdRng, range| Duration::from_millis(dice.random_range(range));
    match fault {
        Fault::KillWorkers => scene.fleet.note(workers[victim].kill(0).await?),
        Fault::Skew => {
            let by = dice.random_range(SKEW_MS);
            scene.fleet.note(workers[victim].kill(by).await?);
        }
        Fault::KillApi => drop(apis[dice.random_range(0..apis.len())].kill(0).await?),
        Fault::Stop => {
            let fall = workers[victim].stop().await;
            scene.fleet.note(fall);
            tokio::time::sleep(span(dice, STOP_MS)).await;
            if let Some(fall) = fall {
                workers[victim].go_on(fall).await;
            }
        }
        Fault::Cut | Fault::Delay => {
            let ways = &scene.ways[victim];
            let way = &ways[dice.random_range(0..ways.len())];
            if fault == Fault::Cut {
                way.cut(span(dice, CUT_MS)).await;
            } else {
                way.delay(span(dice, DELAY_MS), span(dice, DELAY_SPAN_MS)).await;
            }
        }
        Fault::RestartRedis | Fault::FlushRedis => match (&scene.redis, fault) {
            (Some(redis), Fault::RestartRedis) => redis.restart().await?,
            (Some(redis), _) => redis.flush().await?,
            (None, _) => {}
        },
        Fault::KillPostgres => {
            if let Some(postgres) = &scene.postgres {
                postgres.restart().await?;
            }
        }
    }
    Ok(())
}
