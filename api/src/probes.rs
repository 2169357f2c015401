//! What machines that watch us ask of any role: is it alive, is it ready, what are its numbers. The api mounts the answers in its table of
//! routes; a worker, which has no other door, serves [`router`] alone.

mod gauges;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use platen_shared::db::{At, Schema};
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use serde::Serialize;
use tokio::sync::Mutex;

pub use metrics_exporter_prometheus::PrometheusHandle;

use crate::error::{Code, Fault, Problem, Reply};

/// A part that does not answer by then is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The database is asked for numbers at most so often, however many ask us.
const KEPT: Duration = Duration::from_secs(1);
/// Between two times of bringing recorded times into their buckets; without it they would pile up until somebody looks.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Upper ends of the buckets of every time we measure, in seconds: from a fast read to the longest render, close enough together for
/// p50, p95 and p99.
const BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];

/// Starts gathering this process's numbers, for [`Probes`] to show. Call it once, inside the runtime.
///
/// # Errors
/// When numbers are gathered already.
pub fn gather() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)?;
    let handle = builder.install_recorder().context("the metrics recorder could not be installed")?;
    let kept = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP_EVERY);
        loop {
            tick.tick().await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}

/// What the probes look at.
pub struct Probes {
    ledger: Ledger,
    blobs: Blobs,
    metrics: Option<PrometheusHandle>,
    gauges: Mutex<Option<(At, String)>>,
}

impl std::fmt::Debug for Probes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Probes({:?})", self.ledger)
    }
}

impl Probes {
    /// Of these parts; without a handle there are no numbers.
    #[must_use]
    pub fn new(ledger: Ledger, blobs: Blobs, metrics: Option<PrometheusHandle>) -> Probes {
        Probes { ledger, blobs, metrics, gauges: Mutex::default() }
    }

    /// Fails with the parts that are not ready, each with its sentence; what exactly they said goes to the log.
    pub(crate) async fn ready(&self) -> Reply<()> {
        let mut faults = Vec::new();
        let mut fault = |part: &str, sentence: &str, cause: &dyn std::fmt::Display| {
            tracing::warn!(part, error = %cause, "not ready: {part}: {cause}");
            faults.push(Fault::new(part, format!("/{part}"), sentence));
        };
        match tokio::time::timeout(ANSWER_WITHIN, self.ledger.db.schema()).await {
            Ok(Ok(Schema::Fits(_))) => {}
            Ok(Ok(other)) => {
                fault("schema", "The database's schema does not fit this release.", &format!("{other:?}"));
            }
            Ok(Err(error)) => fault("database", "The database does not answer.", &error),
            Err(late) => fault("database", "The database does not answer in time.", &late),
        }
        match tokio::time::timeout(ANSWER_WITHIN, self.blobs.probe()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => fault("blobs", "Files cannot be written and read.", &error),
            Err(late) => fault("blobs", "The file store does not answer in time.", &late),
        }
        if faults.is_empty() {
            return Ok(());
        }
        let parts: Vec<&str> = faults.iter().map(|fault| fault.code.as_str()).collect();
        Err(Problem::of_parts(Code::Unavailable, format!("Not ready: {}.", parts.join(", ")), faults))
    }

    /// This process's numbers and the ledger's, in the text format of Prometheus; `None` when none are gathered.
    pub(crate) async fn numbers(&self) -> Option<String> {
        let own = self.metrics.as_ref()?.render();
        let now = self.ledger.now();
        let mut kept = self.gauges.lock().await;
        let gauges = match kept.as_ref() {
            Some((at, text)) if now.since(*at) < KEPT => text.clone(),
            _ => {
                let text = gauges::read(&self.ledger).await;
                *kept = Some((now, text.clone()));
                text
            }
        };
        Some(own + &gauges)
    }
}

/// It is so.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Fine {
    pub(crate) status: &'static str,
}

/// Numbers as an answer.
pub(crate) fn text(numbers: Option<String>) -> Reply<Response> {
    let numbers = numbers.ok_or_else(|| Problem::missing("page: this process keeps no numbers"))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], numbers).into_response())
}

/// `/livez`, `/readyz` and `/metrics`, for a role that serves nothing else.
pub fn router(probes: Arc<Probes>) -> Router {
    Router::new()
        .route("/livez", get(|| async { Json(Fine { status: "alive" }) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probes)
}

async fn ready(State(probes): State<Arc<Probes>>) -> Reply<Json<Fine>> {
    probes.ready().await.map(|()| Json(Fine { status: "ready" }))
}

async fn metrics(State(probes): State<Arc<Probes>>) -> Reply<Response> {
    text(probes.numbers().await)
}

/// Serves [`router`] until told to stop.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    probes: Arc<Probes>,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    Ok(axum::serve(crate::prompt(listener), router(probes)).with_graceful_shutdown(stop).await?)
}
