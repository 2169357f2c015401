//! A whole small world for a job: a database, a printer's stand-in, a press, and workers that a test can kill at any point.

pub(crate) mod rows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use platen_jobs::{Entry, Hook, Origin, Ports, Recording, enqueue_by_kind};
use platen_shared::adapters::accounts::Accounts;
use platen_shared::adapters::gelato::Settings;
use platen_shared::adapters::http::{Gates, Http, SqlBoard};
use platen_shared::adapters::payout_csv::CsvRail;
use platen_shared::adapters::smtp::{Server, Smtp};
use platen_shared::adapters::webhooks::{Guard, Hooks, System};
use platen_shared::clock::Clock;
use platen_shared::id::{JobId, OrderId, TenantId};
use platen_shared::ledger::control::{self, Cancelling};
use platen_shared::ledger::finish::Trouble;
use platen_shared::ledger::read::Filter;
use platen_shared::ledger::{Job, Ledger, Presence, Queue};
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::links::Links;
use platen_shared::ports::webhooks::Doors;
use platen_shared::secrets::Keyring;
use platen_shared::testing::{DEADLINE, ManualClock, TestDb};
use platen_sim::gelato::{Config, Server as Printer};
use platen_sim::hooks::Endpoint;
use platen_sim::post::Office;
use platen_worker::{Runner, Setup, press::LocalPress};
use serde_json::Value;
use tokio::sync::Notify;

/// Everything, on one database.
pub(crate) struct World {
    pub(crate) test: TestDb,
    pub(crate) ledger: Ledger,
    pub(crate) clock: ManualClock,
    pub(crate) printer: Printer,
    pub(crate) office: Office,
    pub(crate) hook: Endpoint,
    pub(crate) ports: Ports,
    pub(crate) tenant: TenantId,
    pub(crate) order: OrderId,
    pub(crate) spec_hash: String,
    workers: Mutex<u32>,
}

impl World {
    /// A tenant with a connection, a synced product, an approved design and a paid order of two items made in two places.
    pub(crate) async fn new(test: TestDb) -> World {
        let clock = ManualClock::new();
        let ledger = Ledger::new(test.db.clone(), Arc::new(clock.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The links are fetched for real in the stories of `cli/tests`; here nobody serves them.
        // Its time stands still unless a test moves it.
        let clock_there = platen_sim::Clock::starting_now(0.0);
        let config = Config { api_key: "sim-key".into(), fetch_files: false, clock: clock_there, ..Config::default() };
        let (office, hook) = (Office::open().await.unwrap(), Endpoint::open().await.unwrap());
        let printer = Printer::start(listener, config).await.unwrap();
        let keyring = Keyring::new(&"a test installation's secret of enough length".to_owned().into());
        let board = SqlBoard::new(test.db.clone(), Arc::new(clock.clone()));
        let http = Http::new(Arc::new(Gates::on(Box::new(board), Arc::new(clock.clone()))));
        let gelato = Settings { requests_per_second: 10_000, burst: 10_000, ..Settings::all(&printer.base_url()) };
        let blobs = Blobs::open("memory://").unwrap();
        let ports = Ports {
            providers: Arc::new(Accounts { read: test.db.reader(), keyring: keyring.clone(), http, gelato }),
            press: Arc::new(LocalPress::new(2)),
            blobs: blobs.clone(),
            payouts: Arc::new(CsvRail { blobs }),
            mailer: Arc::new(Smtp::new(Server::read(&office.url().into()).unwrap(), "orders@platen.example").unwrap()),
            webhooks: Arc::new(Hooks::new(Guard::new(
                Doors::new(vec!["127.0.0.1/32".parse().unwrap()]),
                Arc::new(System),
            ))),
            links: Links::new("http://127.0.0.1:9", keyring.clone()),
        };
        let (tenant, order, spec_hash) = rows::plant(&ledger, &ports, &keyring).await;
        World { test, ledger, clock, printer, office, hook, ports, tenant, order, spec_hash, workers: Mutex::new(0) }
    }

    /// A fresh worker, with a heart that beats once.
    pub(crate) async fn worker(&self, hook: Option<Hook>) -> Arc<Runner> {
        let name = {
            let mut n = self.workers.lock().unwrap();
            *n += 1;
            format!("w{n}")
        };
        self.ledger.beat(&Presence::named(&name)).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let setup = Setup {
            ledger: self.ledger.clone(),
            ledger_clock: clock.clone(),
            clock,
            speed: 1,
            find: platen_jobs::find,
            ports: self.ports.clone(),
            timeouts: HashMap::new(),
            dice: Arc::new(|| 1.0),
            hook,
            lone: None,
        };
        Arc::new(Runner::new(name, setup))
    }

    pub(crate) async fn enqueue(&self, entry: &'static Entry, payload: &Value, key: Option<&str>) -> JobId {
        let now = self.ledger.now();
        // The installation's own work is nobody's.
        let tenant = if entry.installation { TenantId::INSTALLATION } else { self.tenant };
        let origin = Origin { tenant, now, run_at: now, priority: 100, correlation_id: "test".into() };
        let mut tx = self.ledger.db.begin("test").await.unwrap();
        let id = enqueue_by_kind(&mut tx, &origin, entry, payload, key.map(str::to_owned)).await.unwrap().id();
        tx.commit().await.unwrap();
        id
    }

    /// Claims a job, which must be the next of its queue.
    pub(crate) async fn claim(&self, worker: &Runner, id: JobId) -> Job {
        let queue: Queue = self.job(id).await.queue.parse().unwrap();
        self.ledger.with_work(&[queue]).await.unwrap();
        let job = self.ledger.claim(worker.name(), &[queue], 1).await.unwrap().pop().expect("a job is ready");
        assert_eq!(job.id, id, "the job is next");
        job
    }

    /// Claims and runs one job to the end of one attempt.
    pub(crate) async fn run(&self, id: JobId) {
        let worker = self.worker(None).await;
        let job = self.claim(&worker, id).await;
        tokio::time::timeout(DEADLINE, worker.run(job)).await.expect("the attempt ends");
    }

    /// Claims and runs one job on a worker that dies at a point: its task is dropped there, and its heart is missed. Answers whether the
    /// point was reached.
    pub(crate) async fn run_and_kill(&self, id: JobId, kind: &'static str, point: &'static str) -> bool {
        let reached = Arc::new(Notify::new());
        let ring = reached.clone();
        let hook: Hook = Arc::new(move |k, p| {
            if k == kind && p == point {
                ring.notify_one();
                futures::future::pending().boxed()
            } else {
                futures::future::ready(()).boxed()
            }
        });
        let come = async { tokio::time::timeout(DEADLINE, reached.notified()).await.is_ok() };
        self.kill_when(self.worker(Some(hook)).await, id, come).await
    }

    /// Claims and runs one job on a worker that dies as soon as something has come about; answers whether it did.
    pub(crate) async fn kill_when(&self, worker: Arc<Runner>, id: JobId, come: impl Future<Output = bool>) -> bool {
        let job = self.claim(&worker, id).await;
        let run = tokio::spawn(async move { worker.run(job).await });
        let came = come.await;
        run.abort();
        let _ = run.await;
        self.clock.advance(Duration::from_secs(7));
        self.ledger.sweep().await.unwrap();
        came
    }

    /// Cancels a job that has not started (again), as the api does.
    pub(crate) async fn cancel(&self, id: JobId) {
        let mut tx = self.ledger.db.begin("test").await.unwrap();
        let cancelled = control::cancel(&mut tx, self.ledger.now(), self.tenant, id, "a test").await.unwrap();
        let Cancelling::Cancelled(job) = cancelled else { panic!("{cancelled:?}") };
        let done = Recording {
            tenant: self.tenant,
            job: id,
            now: self.ledger.now(),
            business_now: self.ledger.now(),
            speed: 1,
            correlation_id: "test".into(),
        };
        let trouble = Trouble::new("cancelled", "a test");
        let entry = platen_jobs::find(&job.kind).unwrap();
        (entry.gave_up)(&mut tx, &done, &job.payload.0, &trouble).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        match self.ledger.job(self.tenant, id).await.unwrap() {
            Some(job) => job,
            None => self.ledger.job(TenantId::INSTALLATION, id).await.unwrap().unwrap(),
        }
    }

    pub(crate) async fn jobs(&self, kind: &str) -> Vec<Job> {
        let filter = Filter { kind: Some(kind.into()), ..Filter::default() };
        self.ledger.jobs(self.tenant, &filter, 100).await.unwrap()
    }

    pub(crate) async fn end(self) {
        self.printer.stop().await;
        self.test.drop_it().await;
    }
}
