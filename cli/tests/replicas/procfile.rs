//! The Procfile under foreman, whose format it is: the api on the port that it hands out, four workers, an order that arrives, and a
//! stop in good order.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;

use platen_shared::db::Sql;
use platen_shared::testing::{DEADLINE, TestDb, suite_ran, until};
use platen_sim::gelato::{Config, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::api::{ROOT, call, client};
use crate::seed::{self, Seeded};
use crate::shell::foreign;
use crate::shop::{SECRET, signal};

const WORKERS: i64 = 4;
const COUNT: Sql = Sql { lite: "SELECT count(*) FROM workers", pg: "SELECT count(*) FROM workers" };

const MADE: &str = "SELECT count(*) FROM orders WHERE tenant = $1 AND state = 'in_production'";

async fn workers(test: &TestDb) -> i64 {
    test.db.query(COUNT).one::<(i64,)>().await.expect("counted").0
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// `foreman start` as an operator would type it, with `platen` on PATH.
fn foreman(program: &str, port: u16, settings: &[(&str, String)]) -> Command {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_platen"));
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    for name in foreign() {
        command.env_remove(name);
    }
    command
        .args(["start", "--procfile", "Procfile", "--formation", &format!("web=1,worker={WORKERS}"), "--port"])
        .args([&port.to_string(), "--timeout", "30"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("PATH", format!("{}:{path}", binary.parent().expect("a folder").display()))
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn ask(method: Method, url: &str, key: &str, path: &str, body: &Value) -> Value {
    let answer = call(&client(), key, method, &format!("{url}{path}"), path, body).await;
    let (status, body) = answer.expect("an answer");
    assert!((200..300).contains(&status), "{path} answered {status}: {body}");
    body
}

/// An order that is paid, rendered and sent on its way.
async fn place_an_order(url: &str, shop: &Seeded) {
    let key = json!({ "apiKey": Config::default().api_key });
    ask(Method::PUT, url, &shop.key, "/v1/connections/gelato", &key).await;
    let made = ask(Method::POST, url, &shop.key, "/v1/orders", &seed::order(&shop.snapshot, "x-1")).await;
    let order = made["id"].as_str().or(made["order"]["id"].as_str()).expect("an order's id").to_owned();
    let order = format!("/v1/orders/{order}");
    let paid =
        json!({ "reference": "p-1", "method": "card", "amount": { "minor": seed::TOTAL_MINOR, "currency": "EUR" } });
    ask(Method::POST, url, &shop.key, &format!("{order}/payments"), &paid).await;
    ask(Method::POST, url, &shop.key, &format!("{order}/bundle"), &json!({})).await;
    until("the print files are there", || async {
        ask(Method::GET, url, &shop.key, &order, &Value::Null).await["state"] == "ready"
    })
    .await;
    ask(Method::POST, url, &shop.key, &format!("{order}/submit"), &json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_procfile_runs_under_its_runner_with_four_workers() {
    let Ok(program) = std::env::var("TEST_FOREMAN") else { return };
    let test = TestDb::sqlite().await;
    let folder = tempfile::tempdir().expect("a folder");
    let sim = Server::start(tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port"), Config::default());
    let sim = sim.await.expect("a stand-in");
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}");
    let settings = [
        ("DATABASE_URL", test.url.clone()),
        ("BLOB_URL", format!("file://{}", folder.path().join("blobs").display())),
        ("PUBLIC_URL", url.clone()),
        ("PLATEN_SECRETS__KEY", SECRET.to_owned()),
        ("PLATEN_API__ROOT_KEY", ROOT.to_owned()),
        ("PLATEN_GELATO__URL", sim.base_url()),
    ];
    let mut running = foreman(&program, port, &settings).spawn().expect("foreman starts");
    let ready = async || client().get(format!("{url}/readyz")).send().await.is_ok_and(|r| r.status().is_success());
    until("the api answers on the port that foreman gave it", &ready).await;
    until("four workers beat", || async { workers(&test).await == WORKERS }).await;

    let shop = seed::seed(&test.db, &url).await;
    place_an_order(&url, &shop).await;
    until("the order is at the printer", || async { sim.counts().released_groups == 1 }).await;
    until("the shop knows", || async {
        let made = test.db.query(Sql { lite: MADE, pg: MADE }).bind(shop.tenant).one::<(i64,)>();
        made.await.expect("counted").0 == 1
    })
    .await;

    signal(&running);
    let ended = tokio::time::timeout(DEADLINE, running.wait()).await.expect("foreman ends in time");
    ended.expect("it can be waited for");
    assert_eq!(workers(&test).await, 0, "every worker left in good order: none has to be missed");
    assert!(!ready().await, "the api is gone");
    suite_ran("procfile", "foreman");
    sim.stop().await;
}
