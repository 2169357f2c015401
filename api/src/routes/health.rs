//! What machines ask: is it alive, is it ready, what are its numbers, what can it do.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::app::Shared;
use crate::error::Reply;
use crate::probes::{self, Fine};

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = Fine)))]
pub(crate) async fn live() -> Json<Fine> {
    Json(Fine { status: "alive" })
}

/// The database has the schema this release works on, and files can be written and read; a 503 names the parts that fail.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Fine)))]
pub(crate) async fn ready(State(shared): State<Shared>) -> Reply<Json<Fine>> {
    shared.probes.ready().await.map(|()| Json(Fine { status: "ready" }))
}

/// The process's numbers and the ledger's, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, description = "This process keeps no numbers.")))]
pub(crate) async fn metrics(State(shared): State<Shared>) -> Reply<Response> {
    probes::text(shared.probes.numbers().await)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(crate::openapi())
}

/// Where to begin.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Index {
    name: &'static str,
    version: &'static str,
    openapi: &'static str,
    ready: &'static str,
}

/// Where to begin.
#[utoipa::path(get, path = "/", tag = "health", responses((status = 200, body = Index)))]
pub(crate) async fn index() -> Json<Index> {
    Json(Index { name: "platen", version: env!("CARGO_PKG_VERSION"), openapi: "/openapi.json", ready: "/readyz" })
}
