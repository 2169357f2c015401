//! The admin routes: faults, clock and books, for tests and for whoever runs `platen sim`.
//!
//! They need no key: the server listens on loopback.
//!
//! | route | body or query | answer |
//! | --- | --- | --- |
//! | `GET /admin/counts` | | [`super::Counts`] |
//! | `GET /admin/orders` | | `{"orders": [order + deletedAt, group, fetches[]]}`, deleted ones included |
//! | `GET /admin/requests` | | `{"requests": [{at, method, path, status or null, cut}]}`, the last 1,000 |
//! | `GET /admin/rates` | `perSecond, burst, jitterMs` | `{"accounts": [`[`super::AccountRate`]`]}` |
//! | `GET /admin/clock` | | `{"now", "speed"}` |
//! | `POST /admin/clock` | `{"advanceSeconds": 60, "speed": 1}`, both optional | `{"now", "speed"}` |
//! | `GET /admin/faults` | | `{"faults": []}` |
//! | `POST /admin/faults` | one [`super::Fault`] or an array | `{"faults": []}`, all that are on |
//! | `DELETE /admin/faults` | | clears all and lets held replies go: `{"faults": [], "released": n}` |
//! | `GET /admin/effects` | `op, referencePrefix, after, timeoutMs` | `{"effects": [{seq, op, orderId, reference, at}], "timedOut"}` |
//! | `GET /admin/gates` | `timeoutMs` | `{"held": [{op, reference}]}` |
//! | `POST /admin/gates/release` | `{"op": "create", "drop": false}`, both optional | `{"released": n}` |
//! | `GET /admin/templates` | | `{"templates": [{id, templateName, variants}]}`: ids that theirs shows in its dashboard only |
//! | `GET /admin/switches` | | `{"switches": [{kind, example, says}]}`: every kind of fault |
//! | `GET /admin/hooks` | | `{"to": {url, header, secret} or null, "deliveries": [{at, event, orderId, reference, tries, status}]}` |
//! | `POST /admin/hooks` | `{"url", "header", "secret"}` | where webhooks go from now on |
//! | `POST /admin/hooks/fire` | | sends what has happened since the last time: `{"deliveries": []}` |
//! | `POST /admin/hooks/test` | | sends what the dashboard's button sends |
//! | `POST /admin/scenario` | a scenario file | begins it, in the place of all faults: `{"faults": []}` |
//! | `POST /admin/reset` | | forgets orders, faults, counts and the state file's content; the clock stays |

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::App;
use super::counts;
use super::faults::{Fault, Op};
use super::hooks::{self, Hook};
use super::hub::EffectFilter;
use super::rates::Limit;
use super::render;
use super::scenario::Scenario;
use super::switches::SWITCHES;
use super::templates;
use crate::lock;

/// Longest wait of the routes that wait.
const WAIT_MS_MAX: u64 = 60_000;

type Shared = State<Arc<App>>;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/admin/counts", get(async |State(app): Shared| Json(counts::counts(&app))))
        .route("/admin/orders", get(orders))
        .route("/admin/requests", get(requests))
        .route("/admin/rates", get(rates))
        .route("/admin/clock", get(async |State(app): Shared| clock(&app)).post(set_clock))
        .route("/admin/faults", get(list_faults).post(set_faults).delete(clear_faults))
        .route("/admin/effects", get(effects))
        .route("/admin/gates", get(gates))
        .route("/admin/gates/release", post(release))
        .route("/admin/switches", get(async || Json(json!({"switches": SWITCHES}))))
        .route("/admin/templates", get(async |State(app): Shared| Json(templates::list(&app.catalogue))))
        .route("/admin/hooks", get(list_hooks).post(set_hook))
        .route(
            "/admin/hooks/fire",
            post(async |State(app): Shared| Json(json!({"deliveries": hooks::fire(&app).await}))),
        )
        .route(
            "/admin/hooks/test",
            post(async |State(app): Shared| Json(json!({"deliveries": hooks::fire_test(&app).await}))),
        )
        .route("/admin/scenario", post(scenario))
        .route("/admin/reset", post(reset))
}

/// Every order, deleted ones included, with what was fetched for it.
async fn orders(State(app): Shared) -> Json<Value> {
    let orders = lock(&app.world).orders.clone();
    let rows: Vec<Value> = orders
        .iter()
        .map(|order| {
            let mut row = render::order(&app, order);
            row["deletedAt"] = json!(order.deleted_at);
            row["group"] = json!(order.group);
            row["fetches"] = order
                .items
                .iter()
                .flat_map(|item| item.files.iter().map(move |file| (item, file)))
                .map(|(item, file)| json!({"itemReferenceId": item.reference, "type": file.kind, "url": file.url, "fetched": file.fetched}))
                .collect();
            row
        })
        .collect();
    Json(json!({"orders": rows}))
}

async fn requests(State(app): Shared) -> Json<Value> {
    let world = lock(&app.world);
    Json(json!({"requests": world.log}))
}

/// How each account's requests arrived, against the limit of the query.
async fn rates(State(app): Shared, Query(limit): Query<Limit>) -> Json<Value> {
    Json(json!({"accounts": lock(&app.world).arrivals.judge(&limit)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    advance_seconds: f64,
    speed: Option<f64>,
}

async fn set_clock(State(app): Shared, Json(change): Json<ClockChange>) -> Response {
    let Ok(step) = Duration::try_from_secs_f64(change.advance_seconds) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"message": "advanceSeconds must not be negative"})))
            .into_response();
    };
    app.config.clock.advance(step);
    if let Some(speed) = change.speed {
        app.config.clock.set_speed(speed);
    }
    // The state file carries the time along, so that a restart does not turn the clock back.
    let saved = lock(&app.world).save(app.now(), &[]);
    match saved {
        Ok(()) => clock(&app).into_response(),
        Err(refusal) => refusal.reply().into_response(),
    }
}

fn clock(app: &App) -> Json<Value> {
    Json(json!({"now": app.now(), "speed": app.config.clock.speed()}))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Fault>),
    One(Fault),
}

async fn set_faults(State(app): Shared, Json(faults): Json<OneOrMany>) -> Json<Value> {
    let faults = match faults {
        OneOrMany::Many(faults) => faults,
        OneOrMany::One(fault) => vec![fault],
    };
    let mut world = lock(&app.world);
    for fault in faults {
        world.faults.set(fault);
    }
    Json(json!({"faults": world.faults.list()}))
}

async fn list_faults(State(app): Shared) -> Json<Value> {
    Json(json!({"faults": lock(&app.world).faults.list()}))
}

/// Clears every fault, and lets go of the replies that gates hold.
async fn clear_faults(State(app): Shared) -> Json<Value> {
    lock(&app.world).faults.clear();
    Json(json!({"faults": [], "released": app.hub.open(None, true)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wait {
    #[serde(flatten)]
    filter: EffectFilter,
    #[serde(default)]
    timeout_ms: u64,
}

/// Answers as soon as an effect matches; with an empty list when the time is up.
async fn effects(State(app): Shared, Query(query): Query<Vec<(String, String)>>) -> Response {
    // The query's numbers come as text: read them through JSON, which `flatten` needs.
    let fields = query.into_iter().map(|(name, value)| {
        let number = matches!(name.as_str(), "after" | "timeoutMs").then(|| value.parse::<u64>().ok()).flatten();
        (name, number.map_or(Value::from(value), Value::from))
    });
    match serde_json::from_value::<Wait>(Value::Object(fields.collect())) {
        Ok(wait) => {
            let timeout = Duration::from_millis(wait.timeout_ms.min(WAIT_MS_MAX));
            let found = app.hub.effects(&wait.filter, timeout).await;
            Json(json!({"timedOut": found.is_empty(), "effects": found})).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"message": error.to_string()}))).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GateWait {
    #[serde(default)]
    timeout_ms: u64,
}

/// Answers as soon as a reply is held; with an empty list when the time is up.
async fn gates(State(app): Shared, Query(wait): Query<GateWait>) -> Json<Value> {
    let timeout = Duration::from_millis(wait.timeout_ms.min(WAIT_MS_MAX));
    Json(json!({"held": app.hub.wait_held(timeout).await}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Release {
    op: Option<Op>,
    /// Cut the held connections in place of answering.
    #[serde(default)]
    drop: bool,
}

async fn release(State(app): Shared, Json(release): Json<Release>) -> Json<Value> {
    Json(json!({"released": app.hub.open(release.op, !release.drop)}))
}

async fn list_hooks(State(app): Shared) -> Json<Value> {
    let world = lock(&app.world);
    Json(json!({"to": world.hooks.to, "deliveries": world.hooks.log}))
}

async fn set_hook(State(app): Shared, Json(hook): Json<Hook>) -> Json<Value> {
    lock(&app.world).hooks.to = Some(hook);
    list_hooks(State(app)).await
}

async fn scenario(State(app): Shared, text: String) -> Response {
    match Scenario::read(&text) {
        Ok(scenario) => {
            app.play(scenario);
            list_faults(State(app)).await.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"message": format!("{error:#}")}))).into_response(),
    }
}

async fn reset(State(app): Shared) -> Response {
    let done = lock(&app.world).reset(app.config.seed);
    app.hub.forget();
    match done {
        Ok(()) => Json(json!({})).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"message": error.to_string()}))).into_response(),
    }
}
