//! `platen api` as a process of its own on a free port, and a client for it.

use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::shell::foreign;

/// The installation's root key in these tests.
pub(crate) const ROOT: &str = "root-key-of-the-tests-0123456789abcdef";

/// A running api; killed when dropped.
pub(crate) struct Api {
    child: Child,
    /// Its address.
    pub(crate) url: String,
}

/// Starts it and waits until it listens.
pub(crate) async fn start(database: &str, folder: &Path, env: &[(&str, String)]) -> Api {
    let mut command = Command::new(env!("CARGO_BIN_EXE_platen"));
    for name in foreign() {
        command.env_remove(name);
    }
    command
        .args(["api", "--port", "0"])
        .env("DATABASE_URL", database)
        .env("BLOB_URL", format!("file://{}", folder.join("blobs").display()))
        .env("PLATEN_SECRETS__KEY", "secret-key-of-the-tests-0123456789abcdef")
        .env("PLATEN_API__ROOT_KEY", ROOT)
        .env("PLATEN_HTTP__REQUESTS_PER_SECOND_PER_KEY", "100000")
        .env("PLATEN_LOG__LEVEL", "off,platen::commands=info")
        .env("PLATEN_LOG__FORMAT", "text")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("the api starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut said = String::new();
    let listening = async {
        while let Some(line) = lines.next_line().await.expect("readable") {
            if let Some((_, url)) = line.split_once("listening on ") {
                return url.split_whitespace().next().expect("an address").to_owned();
            }
            said.push_str(&line);
        }
        panic!("the api ended before it listened: {said}")
    };
    let url = tokio::time::timeout(platen_shared::testing::DEADLINE, listening).await.expect("the api listens in time");
    // Nobody reads the rest, and a full pipe would stop it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Api { child, url }
}

impl Api {
    /// SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("the api can be killed");
    }
}

/// A client that never leaves loopback.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// One call: status and JSON (null when there is none). `None` when no whole answer came, because the api died.
pub(crate) async fn call(
    http: &reqwest::Client,
    key: &str,
    method: Method,
    url: &str,
    idempotency: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let request = http.request(method, url).bearer_auth(key).header("Idempotency-Key", idempotency).json(body);
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}
