//! What machines ask: is it alive, is it ready, what are its numbers, what can it do.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use platen_shared::db::Schema;
use serde::Serialize;

use crate::app::Shared;
use crate::error::{Problem, Reply};

/// It is so.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Fine {
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = Fine)))]
pub(crate) async fn live() -> Json<Fine> {
    Json(Fine { status: "alive" })
}

/// The database has the schema this release works on, and files can be written and read.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Fine)))]
pub(crate) async fn ready(State(shared): State<Shared>) -> Reply<Json<Fine>> {
    match shared.app.ledger.db.schema().await {
        Ok(Schema::Fits(_)) => {}
        Ok(other) => return Err(Problem::unavailable(&format!("the database's schema does not fit: {other:?}"))),
        Err(error) => return Err(Problem::unavailable(&error)),
    }
    shared.app.blobs.probe().await.map_err(|error| Problem::unavailable(&error))?;
    Ok(Json(Fine { status: "ready" }))
}

/// The process's numbers, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, description = "This process keeps no numbers.")))]
pub(crate) async fn metrics(State(shared): State<Shared>) -> Reply<Response> {
    let handle =
        shared.app.settings.metrics.as_ref().ok_or_else(|| Problem::missing("page: this process keeps no numbers"))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response())
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
