//! The ledger and the executor in a world where everything happens in an order drawn from a seed: the product's own code on a real SQLite
//! file, one step at a time, on a clock that nobody but the scheduler moves. Workers are killed and stopped, claims forgotten by a crash, ids
//! delivered twice, wake-ups lost, clocks wrong, answers of the printer lost; then it grows calm, and what must hold is looked at.
//!
//! `SEED=123` replays one seed and prints its schedule, `SEEDS=5000` runs so many from the first one on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "simulation/check.rs"]
mod check;
#[path = "simulation/dice.rs"]
mod dice;
#[path = "simulation/gate.rs"]
mod gate;
#[path = "simulation/kinds.rs"]
mod kinds;
#[path = "simulation/outside.rs"]
mod outside;
#[path = "simulation/scheduler.rs"]
mod scheduler;
#[path = "simulation/station.rs"]
mod station;
#[path = "simulation/world.rs"]
mod world;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use platen_jobs::Ports;
use platen_shared::adapters::webhooks::{Guard, Hooks, System};
use platen_shared::clock::SystemClock;
use platen_shared::db::Db;
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::links::Links;
use platen_shared::secrets::Keyring;
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::testing::suite_ran;
use platen_worker::press::LocalPress;
use world::{Plant, World};

/// Seeds of every run of the tests, from 0 on, and further ones that are new each time.
const FIXED: u64 = 300;
const FRESH: u64 = 60;
/// A planted bug is found in so many.
const FOUND_WITHIN: u64 = 300;

/// What all worlds begin with: a migrated file with one tenant, and ports that nobody uses but the printer's.
struct Bed {
    template: PathBuf,
    tenant: TenantId,
    ports: Ports,
    _folder: tempfile::TempDir,
}

/// A folder in memory where the machine has one: processes are killed here, not machines, so nothing depends on a disk's promises.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn bed() -> &'static Bed {
    static BED: OnceLock<Bed> = OnceLock::new();
    BED.get_or_init(|| std::thread::spawn(|| runtime().block_on(make_bed())).join().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn make_bed() -> Bed {
    let (folder, tenant) = (folder(), TenantId::new());
    let template = folder.path().join("template.db");
    let db = Db::open(&format!("sqlite://{}", template.display()), 1).await.unwrap();
    db.migrate().await.unwrap();
    let row = Tenant {
        id: tenant,
        name: "Simulated".into(),
        currency: "EUR".parse().unwrap(),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: true,
        spending_cap_minor: None,
        weight: 1,
        created_at: SystemClock::wall(),
    };
    let mut tx = db.begin("simulated").await.unwrap();
    tenants::create(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    db.close().await;
    let keyring = Keyring::new(&"a simulated installation's secret of enough length".to_owned().into());
    let blobs = Blobs::open("memory://").unwrap();
    let ports = Ports {
        providers: std::sync::Arc::new(outside::Outside::new(dice::Dice::new(0))),
        press: std::sync::Arc::new(LocalPress::new(1)),
        blobs: blobs.clone(),
        payouts: std::sync::Arc::new(platen_shared::adapters::payout_csv::CsvRail { blobs }),
        mailer: std::sync::Arc::new(platen_shared::adapters::smtp::Unset),
        webhooks: std::sync::Arc::new(Hooks::new(Guard::new(Default::default(), std::sync::Arc::new(System)))),
        links: Links::new("http://127.0.0.1:9", keyring),
    };
    Bed { template, tenant, ports, _folder: folder }
}

/// A seed's schedule, and what broke in it.
fn live(seed: u64, plant: Option<Plant>) -> (String, Result<(), String>) {
    let bed = bed();
    runtime().block_on(async {
        let mut world = World::new(seed, plant, &bed.template, &bed.ports, bed.tenant).await;
        let outcome = world.live().await;
        (world.schedule.join("\n"), outcome)
    })
}

/// Lives through seeds on all processors until one breaks; answers its story.
fn first_broken(seeds: std::ops::Range<u64>) -> Option<String> {
    let (next, broken) = (AtomicU64::new(seeds.start), std::sync::Mutex::new(None));
    let work = || {
        while broken.lock().unwrap().is_none() {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= seeds.end {
                return;
            }
            if let (schedule, Err(why)) = live(seed, None) {
                let story = format!("seed {seed}: {why}\nreplay it with SEED={seed}\n{schedule}");
                broken.lock().unwrap().get_or_insert(story);
            }
        }
    };
    // More than processors: a seed waits for its file's thread at every step.
    std::thread::scope(|scope| {
        for _ in 0..4 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(work);
        }
    });
    broken.into_inner().unwrap()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn holds(seeds: std::ops::Range<u64>) {
    let (began, n) = (Instant::now(), seeds.end - seeds.start);
    if let Some(story) = first_broken(seeds) {
        panic!("{story}");
    }
    let took = began.elapsed().as_secs_f64();
    println!("{n} seeds in {took:.1} s: {:.0} a minute", n as f64 / took * 60.0);
}

#[test]
fn whatever_happens_nothing_is_lost_and_nothing_happens_twice() {
    if let Some(seed) = number("SEED") {
        let (schedule, outcome) = live(seed, None);
        println!("{schedule}");
        return outcome.unwrap();
    }
    holds(0..number("SEEDS").unwrap_or(FIXED));
    let fresh = u64::try_from(SystemClock::wall().0).unwrap();
    holds(fresh..fresh + FRESH);
    suite_ran("simulation", "sqlite");
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    for seed in 0..5 {
        assert_eq!(live(seed, None).0, live(seed, None).0, "seed {seed}");
    }
    assert_ne!(live(1, None).0, live(2, None).0);
}

/// A bug that we planted shows within some seeds as what it is, and in the same way when its seed is replayed.
fn is_found(plant: Plant, says: &str) {
    let broken = |seed| live(seed, Some(plant)).1.err().filter(|why| why.contains(says)).map(|why| (seed, why));
    let (seed, why) = (0..FOUND_WITHIN).find_map(broken).unwrap_or_else(|| panic!("{plant:?} was not found"));
    println!("{plant:?} shows in seed {seed}: {why}");
    let (schedule, again) = live(seed, Some(plant));
    assert_eq!(again.unwrap_err(), why, "replayed\n{schedule}");
    assert!(live(seed, None).1.is_ok(), "without the bug, the same seed holds");
}

#[test]
fn a_refused_fence_that_nobody_minds_is_found() {
    is_found(Plant::NoFence, "was printed 2 times");
}

#[test]
fn attempts_that_only_their_number_tells_apart_are_found() {
    is_found(Plant::OneMoment, "was printed 2 times");
}

#[test]
fn a_worker_that_waits_to_be_woken_is_found() {
    is_found(Plant::NoPoll, "nobody looked for it");
}

#[test]
fn an_answer_before_the_commit_is_found() {
    is_found(Plant::EarlyAnswer, "was acknowledged and is lost");
}
