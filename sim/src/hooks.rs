//! A shop's endpoint for webhooks on the loopback: it keeps every delivery as it came, and answers what it was told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::lock;

/// A delivery as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The bytes that were signed.
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// A header, and what it says.
    pub header: Option<(&'static str, String)>,
}

impl Answer {
    /// A status alone.
    #[must_use]
    pub fn of(status: u16) -> Answer {
        Answer { status, header: None }
    }
}

#[derive(Debug, Default)]
struct Books {
    deliveries: Vec<Delivered>,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
}

/// A running endpoint; it ends when it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Opens on a free port of the loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn open() -> std::io::Result<Endpoint> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let books: Arc<Mutex<Books>> = Arc::default();
        let router = Router::new().fallback(take).with_state(books.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the endpoint for webhooks ended: {error}");
            }
        });
        Ok(Endpoint { address, books, task })
    }

    /// Where webhooks go.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// What the next deliveries are answered, one each; then 204, or what it always answers.
    pub fn answer(&self, answers: &[Answer]) {
        lock(&self.books).answers.extend(answers.iter().cloned());
    }

    /// What every delivery is answered from now on; `None` for 204.
    pub fn always(&self, answer: Option<Answer>) {
        lock(&self.books).always = answer;
    }

    /// Every delivery, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivered> {
        lock(&self.books).deliveries.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(books): State<Arc<Mutex<Books>>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let delivered = Delivered {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body,
    };
    let answer = {
        let mut books = lock(&books);
        books.deliveries.push(delivered);
        let next = books.answers.pop_front();
        next.or_else(|| books.always.clone()).unwrap_or_else(|| Answer::of(204))
    };
    let mut response = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::NO_CONTENT).into_response();
    if let Some((name, value)) = answer.header
        && let Ok(value) = value.parse()
    {
        response.headers_mut().insert(name, value);
    }
    response
}
