//! The front door: every call is read, counted, authorised, broken if a fault says so, and answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::app::{App, LogRow};
use super::faults::{FaultKind, Op, Subject};
use super::reply::{Content, Refusal, Reply};
use super::route::{self, Call};
use super::{change, create, products, quote, read, shipping, templates};
use crate::conn::Cut;
use crate::lock;

/// Largest request body.
const BODY_BYTES_MAX: usize = 4 << 20;

pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let at = app.now();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let call = route::call(&method, &path);
    let number = lock(&app.world).note(LogRow { at, method, path, status: None, cut: false });
    let reply = match answer(&app, call, &parts.headers, &query, body).await {
        Ok(reply) => reply,
        Err(refusal) => refusal.reply(),
    };
    lock(&app.world).close(number, reply.status.as_u16(), reply.cut);
    if reply.cut {
        cut.cut();
    }
    reply.into_response()
}

async fn answer(
    app: &Arc<App>,
    call: Option<Call>,
    headers: &HeaderMap,
    query: &str,
    body: Body,
) -> Result<Reply, Refusal> {
    lock(&app.world).tally.requests += 1;
    let arrived = app.config.clock.real_elapsed();
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", "The request body is too large.")
    })?;
    let key = headers.get("x-api-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let account = app.config.account(key).ok_or_else(|| {
        Refusal::new(StatusCode::UNAUTHORIZED, "invalid_api_key_provided", "Invalid API key provided.")
    })?;
    lock(&app.world).arrivals.note(&account, arrived);
    let call = call.ok_or_else(|| Refusal::not_found("Route"))?;
    let json = if call.op.has_body() { parse(&bytes)? } else { Value::Null };
    let subject = Subject { op: call.op, key: key.to_owned(), reference: reference(app, &account, &call, &json) };
    lock(&app.world).tally.call(call.op);
    if let Some(reply) = before(app, &subject) {
        return Ok(reply);
    }
    // The effect must not depend on the client's patience: a client that hangs up now has ordered.
    let work = {
        let (app, subject, query) = (Arc::clone(app), subject.clone(), route::query(query));
        tokio::spawn(async move { dispatch(&app, &subject, &account, &call.id, &query, &json).await })
    };
    let worked = work.await;
    let late = app.fault(&subject, |k| match k {
        FaultKind::Slow { ms } => Some(*ms),
        _ => None,
    });
    if let Some(ms) = late {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let reply =
        worked.map_err(|_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error."))??;
    Ok(after(app, &subject, reply).await)
}

async fn dispatch(
    app: &Arc<App>,
    subject: &Subject,
    account: &str,
    id: &str,
    query: &BTreeMap<String, String>,
    body: &Value,
) -> Result<Reply, Refusal> {
    match subject.op {
        Op::Create => create::create(app, subject, account, body).await,
        Op::Get => read::get(app, subject, account, id).await,
        Op::List => read::search(app, subject, account, &Value::Null).await,
        Op::Search => read::search(app, subject, account, body).await,
        Op::Quote => quote::quote(app, subject, body),
        Op::Release => change::patch(app, subject, account, id, body),
        Op::Cancel => change::cancel(app, subject, account, id),
        Op::Delete => change::delete(app, account, id),
        Op::Catalogs => Ok(products::catalogs(&app.catalogue)),
        Op::Catalog => products::catalog(&app.catalogue, id),
        Op::Products => products::search(&app.catalogue, id, body),
        Op::Product => products::product(&app.catalogue, id),
        Op::Prices => products::prices(&app.catalogue, id, query),
        Op::Cover => products::cover(&app.catalogue, id, query),
        Op::Stock => products::stock(app, body),
        Op::Template => templates::template(&app.catalogue, id),
        Op::Hook => Err(Refusal::not_found("Route")),
        Op::ShipmentMethods => Ok(Reply::ok(shipping::listing(query.get("country").map(String::as_str)))),
    }
}

/// The faults that keep a call from happening at all.
fn before(app: &App, subject: &Subject) -> Option<Reply> {
    app.fault(subject, |k| match k {
        FaultKind::DropRequest => Some(Reply::dropped()),
        FaultKind::Status { status, html, after: false } => Some(broken(*status, *html)),
        FaultKind::Answer { status, body, text, before: true } => Some(recorded(*status, body, text)),
        FaultKind::Throttle { retry_after } => {
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests.");
            Some(match retry_after {
                Some(seconds) => refusal.reply().with(header::RETRY_AFTER, seconds.to_string()),
                None => refusal.reply(),
            })
        }
        FaultKind::Redirect { location } => {
            let reply = Reply::json(StatusCode::FOUND, Value::Null);
            Some(reply.with(header::LOCATION, location.clone()))
        }
        _ => None,
    })
}

/// The faults that meet a call whose effect is committed. A refused call uses none of them up.
async fn after(app: &App, subject: &Subject, reply: Reply) -> Reply {
    if !reply.status.is_success() {
        return reply;
    }
    if app.fault(subject, |k| matches!(k, FaultKind::Gate).then_some(())).is_some() && !app.hub.hold(subject).await {
        return Reply::dropped();
    }
    let mut reply = reply;
    let patch = app.fault(subject, |k| match k {
        FaultKind::Patch { merge: patch } => Some(patch.clone()),
        _ => None,
    });
    if let (Some(patch), Content::Json(body)) = (patch, &mut reply.body) {
        merge(body, &patch);
    }
    let masked = app.fault(subject, |k| match k {
        FaultKind::Status { status, html, after: true } => Some(broken(*status, *html)),
        FaultKind::Answer { status, body, text, before: false } => Some(recorded(*status, body, text)),
        _ => None,
    });
    let reply = masked.unwrap_or(reply);
    let lost = app.fault(subject, |k| matches!(k, FaultKind::DropReply).then_some(())).is_some();
    if lost { Reply { cut: true, ..reply } } else { reply }
}

fn recorded(status: u16, body: &Value, text: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if text.is_empty() { Reply::json(status, body.clone()) } else { Reply::text(status, text.to_owned()) }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    for (name, value) in fields {
        match (value.is_null(), target.as_object_mut()) {
            (true, Some(held)) => drop(held.remove(name)),
            (false, Some(held)) => merge(held.entry(name.clone()).or_insert(Value::Null), value),
            (_, None) => {}
        }
    }
}

fn broken(status: u16, html: bool) -> Reply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    if html { Reply::html(status) } else { Refusal::new(status, "internal_error", "Something went wrong.").reply() }
}

/// The order reference a call is about: in its body, or that of the order it names.
fn reference(app: &App, account: &str, call: &Call, body: &Value) -> Option<String> {
    match body["orderReferenceId"].as_str() {
        Some(reference) => Some(reference.to_owned()),
        None => lock(&app.world).find(account, &call.id).map(|order| order.reference.clone()),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    // Every field of a search is optional, and so is its body.
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| Refusal::bad("invalid_json", "The request body is not valid JSON."))?;
    if body.is_object() { Ok(body) } else { Err(Refusal::bad("invalid_json", "A JSON object is expected.")) }
}
