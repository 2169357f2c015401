//! Replicas that share one account under load: what reaches the stand-in from all of them together, it judges itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use platen_shared::adapters::gelato::{Gelato, Settings};
use platen_shared::adapters::http::{AccountKey, Board, Gate, Gates, Http, MemoryBoard, Rate};
use platen_shared::clock::SystemClock;
use platen_shared::ports::PortError;
use platen_shared::ports::provider::PrintProvider;
use platen_shared::testing::{DEADLINE, as_told, until};
use platen_sim::gelato::{Config, Limit, Server};
use tokio::task::JoinSet;

use crate::cable::Cable;
use crate::kit::{Place, account, places, redis};

const RATE: Rate = Rate { per_second: 40, burst: 10 };
/// The machine may be busy: two requests' ways to the stand-in may differ by that much. Two replicas that share nothing exceed it by far.
const LIMIT: Limit = Limit { per_second: 40.0, burst: 10.0, jitter_ms: 1000.0 };
const KEY: &str = "key-of-the-test";

/// A replica: its gates, and its client of the shared account.
struct Replica {
    gate: Arc<Gate>,
    gates: Arc<Gates>,
    gelato: Arc<Gelato>,
}

impl Replica {
    fn new(board: Box<dyn Board>, account: AccountKey, printer: &Server) -> Replica {
        let gates = Arc::new(Gates::on(board, Arc::new(SystemClock::new())));
        let http = Http::new(gates.clone());
        let (requests_per_second, burst) = (RATE.per_second, RATE.burst);
        let settings = Settings { requests_per_second, burst, ..Settings::all(&printer.base_url()) };
        let gelato = Arc::new(Gelato::new(settings, KEY.to_owned().into(), account.tenant, &http));
        Replica { gate: gates.gate(account, RATE), gates, gelato }
    }
}

async fn printer() -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Server::start(listener, Config { api_key: KEY.into(), fetch_files: false, ..Config::default() }).await.unwrap()
}

async fn replicas(place: &Place, n: usize, printer: &Server) -> Vec<Replica> {
    let (account, mut all) = (account(), Vec::new());
    for _ in 0..n {
        let board = place.board(Arc::new(SystemClock::new()), true).await;
        all.push(Replica::new(board, account, printer));
    }
    all
}

/// Four callers in each replica ask as fast as they may, for ever; one that is put off comes again when it was told to, as a job does.
fn hammer(replicas: &[Replica]) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for gelato in replicas.iter().flat_map(|replica| std::iter::repeat_n(&replica.gelato, 4)) {
        let gelato = gelato.clone();
        callers.spawn(async move {
            loop {
                match gelato.find("nobody").await {
                    Ok(_) => {}
                    Err(PortError::Limited { after }) => as_told(after).await,
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    callers
}

fn requests(printer: &Server) -> usize {
    usize::try_from(printer.counts().requests).unwrap()
}

/// Waits for so many more requests at the stand-in.
async fn more(printer: &Server, n: usize) {
    let goal = requests(printer) + n;
    until("more requests at the stand-in", async || requests(printer) >= goal).await;
}

#[track_caller]
fn within(printer: &Server, place: &str) {
    let rates = printer.rates(&LIMIT);
    assert!(rates[0].excess <= 0.0, "{place}: {rates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_and_four_replicas_together_keep_one_budget() {
    for place in places().await {
        for n in [2, 4] {
            let printer = printer().await;
            let replicas = replicas(&place, n, &printer).await;
            let mut callers = hammer(&replicas);
            more(&printer, 150).await;
            callers.shutdown().await;
            within(&printer, replicas[0].gates.place());
            assert!(replicas.iter().all(|replica| !replica.gate.is_divided()), "the board was there all the time");
            printer.stop().await;
        }
        place.leave().await;
    }
}

/// Otherwise the judge of these tests would judge nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_that_share_nothing_are_caught() {
    let (printer, account) = (printer().await, account());
    let alone = || Box::new(MemoryBoard::new(Arc::new(SystemClock::new())));
    let replicas = [Replica::new(alone(), account, &printer), Replica::new(alone(), account, &printer)];
    let mut callers = hammer(&replicas);
    more(&printer, 150).await;
    callers.shutdown().await;
    let rates = printer.rates(&LIMIT);
    assert!(rates[0].excess > 0.0, "{rates:?}");
    printer.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_goes_ahead_of_a_catalogue_that_every_replica_reads() {
    for place in places().await {
        let printer = printer().await;
        let replicas = replicas(&place, 3, &printer).await;
        let read = Arc::new(AtomicUsize::new(0));
        let mut readers = JoinSet::new();
        for replica in replicas.iter().flat_map(|replica| std::iter::repeat_n(replica, 8)) {
            let (gelato, read) = (replica.gelato.clone(), read.clone());
            readers.spawn(async move {
                loop {
                    match gelato.catalogue_page(None, "EUR".parse().unwrap()).await {
                        Ok(_) => drop(read.fetch_add(1, Ordering::SeqCst)),
                        Err(PortError::Limited { after }) => as_told(after).await,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        // Pages cost several calls; now there are always more of them waiting than the budget serves.
        until("the catalogue is being read", async || read.load(Ordering::SeqCst) >= 3).await;
        for n in 0..40 {
            let found = tokio::time::timeout(DEADLINE, replicas[n % 3].gelato.find("nobody")).await.unwrap();
            assert!(found.is_ok(), "order {n} was put off: {found:?}");
        }
        readers.shutdown().await;
        within(&printer, replicas[0].gates.place());
        printer.stop().await;
        place.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_redis_each_replica_takes_its_share_and_with_it_they_share_again() {
    let Some(Place::Redis(url, prefix)) = redis() else { return };
    let (printer, cable, account) = (printer().await, Cable::to(&url).await, account());
    let mut replicas = Vec::new();
    for _ in 0..4 {
        let place = Place::Redis(cable.url.clone(), prefix.clone());
        let board = place.board(Arc::new(SystemClock::new()), true).await;
        replicas.push(Replica::new(board, account, &printer));
        replicas.last().unwrap().gates.share_among(4);
    }
    let mut callers = hammer(&replicas);
    more(&printer, 60).await;
    forget(&url, &prefix).await;
    more(&printer, 60).await;
    cable.cut();
    until("every replica goes by its share", async || replicas.iter().all(|r| r.gate.is_divided())).await;
    more(&printer, 60).await;
    cable.mend();
    until("every replica shares again", async || replicas.iter().all(|r| !r.gate.is_divided())).await;
    more(&printer, 60).await;
    callers.shutdown().await;
    within(&printer, "redis, forgetful, gone, and back");
    printer.stop().await;
}

/// What a flush does, to the keys of this test alone.
async fn forget(url: &str, prefix: &str) {
    let mut redis = platen_shared::redis::connect(url).await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query_async(&mut redis).await.unwrap();
    let gone: usize = redis::cmd("DEL").arg(keys).query_async(&mut redis).await.unwrap();
    assert_eq!(gone, 2, "the account and the beginning of memory");
}
