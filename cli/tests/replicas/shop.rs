//! An api with a tenant, a stand-in for the printer that can hold its answers, and workers that come and go.

use std::process::Stdio;

use platen_shared::testing::{DEADLINE, TestDb, until};
use platen_sim::gelato::{Config, Fault, FaultKind, Op, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, Command};

use crate::api::{Api, ROOT, call, client, start};
use crate::shell::foreign;

/// The key that [`crate::api`] gives its api, which the workers need too.
pub(crate) const SECRET: &str = "secret-key-of-the-tests-0123456789abcdef";

/// What the tests of replicas stand on.
pub(crate) struct Shop {
    pub(crate) test: TestDb,
    pub(crate) sim: Server,
    pub(crate) api: Api,
    /// One for all calls: making one is slow.
    pub(crate) http: reqwest::Client,
    folder: tempfile::TempDir,
    key: String,
}

impl Shop {
    /// An api on this database, and a tenant with an account at the stand-in.
    pub(crate) async fn open(test: TestDb) -> Shop {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let sim = Server::start(listener, Config::default()).await.expect("a stand-in");
        let api = start(&test.url, folder.path(), &[]).await;
        let mut shop = Shop { test, sim, api, http: client(), folder, key: ROOT.to_owned() };
        let body = json!({ "name": "Test shop", "currency": "EUR", "platformFeeBps": 1000 });
        let made = shop.ask(Method::POST, "/v1/tenants", &body).await;
        shop.key = made["key"]["secret"].as_str().expect("a secret").to_owned();
        shop.ask(Method::PUT, "/v1/connections/gelato", &json!({ "apiKey": Config::default().api_key })).await;
        shop
    }

    /// A call that must succeed.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let (url, idempotency) = (format!("{}{path}", self.api.url), format!("{method} {path} {body}"));
        let answer = call(&self.http, &self.key, method, &url, &idempotency, body).await;
        let (status, body) = answer.expect("an answer");
        assert!((200..300).contains(&status), "{path} answered {status}: {body}");
        body
    }

    /// The next sync's first answer is held until [`Server::open_gates`] or [`Server::clear_faults`].
    pub(crate) fn hold_the_next_sync(&self) {
        self.sim.set_fault(Fault::new(FaultKind::Gate).on(Op::Catalogs).times(1));
    }

    /// Enqueues a sync of the catalogue; answers the job's id.
    pub(crate) async fn sync(&self, generation: &str) -> String {
        let body = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": generation } });
        let job = self.ask(Method::POST, "/v1/jobs", &body).await;
        job["id"].as_str().expect("an id").to_owned()
    }

    /// The job as the api tells it.
    pub(crate) async fn job(&self, id: &str) -> Value {
        self.ask(Method::GET, &format!("/v1/jobs/{id}"), &json!({})).await
    }

    /// Waits until it succeeded; answers it.
    pub(crate) async fn done(&self, id: &str) -> Value {
        until("the job succeeds", || async { self.job(id).await["state"] == "succeeded" }).await;
        self.job(id).await
    }

    /// What every process of the installation is told.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.test.url.clone()),
            ("BLOB_URL", format!("file://{}", self.folder.path().join("blobs").display())),
            ("PLATEN_SECRETS__KEY", SECRET.to_owned()),
            ("PLATEN_GELATO__URL", self.sim.base_url()),
            ("PLATEN_LOG__FORMAT", "text".to_owned()),
        ]
    }

    /// Starts a worker and waits until it serves.
    pub(crate) async fn worker(&self, words: &[&str], env: &[(&str, &str)]) -> Worker {
        let mut command = platen();
        command.arg("worker").args(words).envs(self.settings()).envs(env.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a worker starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut worker = Worker { child, lines };
        worker.says("started").await;
        worker
    }

    /// Takes everything down.
    pub(crate) async fn close(self) {
        self.api.kill().await;
        self.sim.stop().await;
        self.test.drop_it().await;
    }
}

/// The real binary without the shell's settings; killed when dropped.
pub(crate) fn platen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
    for name in foreign() {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A running worker, and what it says.
pub(crate) struct Worker {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Worker {
    /// Reads its log up to a line that holds `mark`.
    pub(crate) async fn says(&mut self, mark: &str) {
        let mut said = Vec::new();
        let reading = async {
            while let Some(line) = self.lines.next_line().await.expect("readable") {
                if line.contains(mark) {
                    return true;
                }
                said.push(line);
            }
            false
        };
        let found = tokio::time::timeout(DEADLINE, reading).await;
        assert_eq!(found, Ok(true), "the worker did not say {mark:?}; it said {said:#?}");
    }

    /// SIGTERM, and waits until it was heard.
    pub(crate) async fn asked_to_stop(&mut self) {
        signal(&self.child);
        self.says("asked to stop").await;
    }

    /// SIGTERM once more.
    pub(crate) fn asked_again(&self) {
        signal(&self.child);
    }

    /// Its exit code, once it ended.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        // Its pipe is read to the end, so that it never waits for a reader.
        let reading = async { while let Ok(Some(_)) = self.lines.next_line().await {} };
        let both = async { tokio::join!(self.child.wait(), reading).0 };
        let ended = tokio::time::timeout(DEADLINE, both).await.expect("it ends in time");
        ended.expect("it can be waited for").code()
    }
}

/// SIGTERM.
pub(crate) fn signal(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    let term = rustix::process::Signal::TERM;
    rustix::process::kill_process(id.expect("it runs"), term).expect("it can be asked to stop");
}
