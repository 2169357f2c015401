//! `Idempotency-Key`: the same key and body replays the reply; another body is refused. One middleware for every write.
//!
//! The key is taken in a short transaction of its own, and the reply is kept in another. A process that dies in between leaves a row in
//! progress, which is over after a minute. Only what changed something (2xx) is kept: a refused request may be mended and sent again.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use platen_shared::canon::sha256_hex;
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::store::idempotency::{self, Begun, Reply as Kept};
use tracing::Instrument;

use crate::app::Shared;
use crate::error::{Code, Problem, Reply};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Headers that a replay repeats.
const REPEATED: &[&str] = &["content-type", "location", "etag", "preference-applied"];

struct Held {
    tenant: TenantId,
    key: String,
    begun: At,
}

/// Runs a write under its key, if it has one. Once begun it runs to its end, even when the client goes away.
pub(crate) async fn once(
    app: &Shared,
    tenant: TenantId,
    request: Request,
    body: &Bytes,
    next: Next,
) -> Reply<Response> {
    let Some(key) = request.headers().get(KEY).map(key_text).transpose()? else { return Ok(next.run(request).await) };
    let route = format!("{} {}", request.method(), request.uri().path());
    let digest = digest(request.method(), request.uri(), request.headers(), body);
    let begun = app.app.ledger.now();
    let mut tx = app.app.ledger.db.begin("idempotency_begin").await?;
    let found = idempotency::begin(&mut tx, begun, tenant, &key, &route, &digest).await?;
    tx.commit().await?;
    match found {
        Begun::Fresh => {}
        Begun::Done(kept) => return replay(app, tenant, &key, kept),
        Begun::Running => {
            return Err(Problem::new(
                Code::InProgress,
                "A request with this key is in progress; ask again in a moment.",
            )
            .after(1));
        }
        Begun::Reused => {
            return Err(Problem::new(
                Code::KeyReused,
                "This Idempotency-Key came with another request before; use a new one.",
            ));
        }
    }
    let (app, held) = (app.clone(), Held { tenant, key, begun });
    let work = async move {
        let response = next.run(request).await;
        keep(&app, &held, response).await
    };
    tokio::spawn(work.in_current_span()).await.map_err(|e| Problem::internal(&e))?
}

fn key_text(value: &HeaderValue) -> Reply<String> {
    let text = value.to_str().ok().filter(|text| (1..=255).contains(&text.len()));
    text.map(str::to_owned)
        .ok_or_else(|| Problem::new(Code::BadRequest, "An Idempotency-Key takes 1 to 255 visible characters."))
}

fn digest(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> String {
    let content = headers.get("content-type").map(HeaderValue::as_bytes).unwrap_or_default();
    let head = format!("{method}\n{uri}\n{}\n", String::from_utf8_lossy(content));
    sha256_hex([head.as_bytes(), body].concat())
}

fn bound(tenant: TenantId, key: &str) -> String {
    format!("{tenant}:reply:{}", sha256_hex(key))
}

fn replay(app: &Shared, tenant: TenantId, key: &str, kept: Kept) -> Reply<Response> {
    let body = app.app.keyring.open(&kept.body, &bound(tenant, key))?;
    let status =
        u16::try_from(kept.status).ok().and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove("content-type");
    for (name, value) in kept.headers.as_object().into_iter().flatten() {
        if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), value.as_str().map(HeaderValue::from_str)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

async fn keep(app: &Shared, held: &Held, response: Response) -> Reply<Response> {
    let mut tx = app.app.ledger.db.begin("idempotency_end").await?;
    if !response.status().is_success() {
        idempotency::forget(&mut tx, held.begun, held.tenant, &held.key).await?;
        tx.commit().await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|e| Problem::internal(&e))?.to_bytes();
    let text = std::str::from_utf8(&bytes).map_err(|e| Problem::internal(&e))?;
    let headers =
        REPEATED.iter().filter_map(|name| Some(((*name).to_owned(), parts.headers.get(*name)?.to_str().ok()?.into())));
    let kept = Kept {
        status: i64::from(parts.status.as_u16()),
        headers: serde_json::Value::Object(headers.collect()),
        body: app.app.keyring.seal(text, &bound(held.tenant, &held.key))?,
    };
    idempotency::finish(&mut tx, held.begun, held.tenant, &held.key, &kept).await?;
    tx.commit().await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}
