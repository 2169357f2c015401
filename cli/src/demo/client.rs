//! The public HTTP API, as a web app would call it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;

use crate::wire;

/// A client of one installation.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    writes: Arc<AtomicU64>,
    run: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// JSON, or null.
    pub(crate) body: Value,
}

/// What is sent.
enum Body {
    Nothing,
    Json(Value),
    Bytes(&'static str, Bytes),
}

impl Client {
    /// For the api at an address.
    pub(crate) fn new(base: &str) -> Result<Client> {
        let http = wire::loopback_client()?;
        let run = format!("{:x}", platen_shared::clock::SystemClock::wall().0);
        Ok(Client { http, base: base.trim_end_matches('/').to_owned(), writes: Arc::default(), run })
    }

    /// Reads.
    pub(crate) async fn get(&self, key: &str, path: &str) -> Result<Value> {
        good(Method::GET, path, self.send(key, Method::GET, path, Body::Nothing).await?)
    }

    /// Writes; anything but success is an error that says what the api said.
    pub(crate) async fn write(&self, key: &str, method: Method, path: &str, body: Value) -> Result<Value> {
        let reply = self.send(key, method.clone(), path, Body::Json(body)).await?;
        good(method, path, reply)
    }

    /// `POST`, as [`Client::write`].
    pub(crate) async fn post(&self, key: &str, path: &str, body: Value) -> Result<Value> {
        self.write(key, Method::POST, path, body).await
    }

    /// `POST` whose refusal is of interest.
    pub(crate) async fn try_post(&self, key: &str, path: &str, body: Value) -> Result<Reply> {
        self.send(key, Method::POST, path, Body::Json(body)).await
    }

    /// Uploads a picture.
    pub(crate) async fn upload(
        &self,
        key: &str,
        path: &str,
        media_type: &'static str,
        bytes: &'static [u8],
    ) -> Result<Value> {
        let body = Body::Bytes(media_type, Bytes::from_static(bytes));
        good(Method::POST, path, self.send(key, Method::POST, path, body).await?)
    }

    /// Downloads a file.
    pub(crate) async fn download(&self, key: &str, path: &str) -> Result<Bytes> {
        let asked = self.http.get(format!("{}{path}", self.base)).bearer_auth(key).send().await;
        let answer = asked.with_context(|| format!("GET {path}: the api did not answer"))?;
        if !answer.status().is_success() {
            bail!("GET {path} answered {}", answer.status());
        }
        answer.bytes().await.with_context(|| format!("GET {path}: the answer broke off"))
    }

    async fn send(&self, key: &str, method: Method, path: &str, body: Body) -> Result<Reply> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(key);
        if method != Method::GET {
            let n = self.writes.fetch_add(1, Ordering::Relaxed);
            request = request.header("Idempotency-Key", format!("demo-{}-{n}", self.run));
        }
        request = match body {
            Body::Nothing => request,
            Body::Json(json) => request.json(&json),
            Body::Bytes(media_type, bytes) => request.header("Content-Type", media_type).body(bytes),
        };
        let answer = request.send().await.with_context(|| format!("{method} {path}: the api did not answer"))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.with_context(|| format!("{method} {path}: the answer broke off"))?;
        Ok(Reply { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) })
    }
}

impl Reply {
    /// The problem document's sentences: those of its fields, or else of the whole.
    pub(crate) fn problem(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let fields = self.body["errors"].as_array().into_iter().flatten();
        let said: Vec<String> = fields.map(|e| format!("{} {}", text(&e["pointer"]), text(&e["message"]))).collect();
        match (said.is_empty(), self.body["detail"].as_str()) {
            (false, _) => said.join("; "),
            (true, Some(detail)) => detail.to_owned(),
            (true, None) => "no reason given".to_owned(),
        }
    }
}

fn good(method: Method, path: &str, reply: Reply) -> Result<Value> {
    if (200..300).contains(&reply.status) {
        return Ok(reply.body);
    }
    bail!("{method} {path} answered {}: {}", reply.status, reply.problem())
}
