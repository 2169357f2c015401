//! Webhooks as Gelato sends them: no signature but a header with a secret, three tries five seconds apart, then the event is lost.
//!
//! Nothing moves orders along by itself here, so nothing fires by itself either: `fire` looks which statuses have begun since it last
//! looked, and sends an event for each. `platen sim` calls it twice a second, tests when they like.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::app::App;
use super::faults::{FaultKind, HookTrouble, Op, Subject};
use super::life::{self, Standing};
use super::order::{Item, Order};
use super::render;
use crate::{dice, lock};

/// How often an event is tried.
const TRIES_MAX: u32 = 3;
/// Deliveries remembered for the admin route.
const LOG_ROWS_MAX: usize = 1000;

/// Where events go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hook {
    /// The receiver.
    pub url: String,
    /// The header that carries the secret.
    #[serde(default = "signature")]
    pub header: String,
    /// The secret.
    pub secret: String,
}

fn signature() -> String {
    "signature".to_owned()
}

/// What became of one event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Virtual time of what it tells.
    pub at: Timestamp,
    /// Its name.
    pub event: String,
    /// The order it is about.
    pub order_id: String,
    /// That order's `orderReferenceId`.
    pub reference: String,
    /// How often it was sent; 0 when a fault lost it.
    pub tries: u32,
    /// The receiver's last answer; none when it did not answer.
    pub status: Option<u16>,
}

/// What is known of events.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) to: Option<Hook>,
    /// Order → statuses that were told.
    told: HashMap<String, usize>,
    pub(crate) log: VecDeque<Delivery>,
}

struct Event {
    at: Timestamp,
    name: &'static str,
    order: String,
    reference: String,
    body: Value,
}

/// Sends what has happened since the last time; answers what became of each event. Without a receiver nothing is told, ever.
pub(crate) async fn fire(app: &Arc<App>) -> Vec<Delivery> {
    let Some(hook) = lock(&app.world).hooks.to.clone() else { return Vec::new() };
    let mut events = news(app);
    if app.fault(&subject(app, ""), reordered).is_some() {
        events.reverse();
    }
    let mut done = Vec::new();
    for event in events {
        for copy in copies(app, &event) {
            let delivery = deliver(app, &hook, &event, &copy).await;
            let mut world = lock(&app.world);
            world.hooks.log.push_back(delivery.clone());
            if world.hooks.log.len() > LOG_ROWS_MAX {
                world.hooks.log.pop_front();
            }
            done.push(delivery);
        }
    }
    done
}

/// The event that the dashboard's button sends, once.
pub(crate) async fn fire_test(app: &Arc<App>) -> Vec<Delivery> {
    let Some(hook) = lock(&app.world).hooks.to.clone() else { return Vec::new() };
    let body = json!({
        "id": "os_test", "event": "order_status_updated", "orderId": "{{MyOrderId}}", "storeId": null,
        "orderReferenceId": "{{MyOrderId}}", "fulfillmentStatus": "created",
        "items": [{"itemReferenceId": "{{MyItemId}}", "fulfillmentStatus": "created", "fulfillments": []}],
    });
    let name = "order_status_updated";
    let event = Event { at: app.now(), name, order: "{{MyOrderId}}".into(), reference: "{{MyOrderId}}".into(), body };
    vec![deliver(app, &hook, &event, &Copy { body: event.body.clone(), wrong_secret: false, lost: false }).await]
}

/// One sending of an event, as the faults twist it.
struct Copy {
    body: Value,
    wrong_secret: bool,
    lost: bool,
}

fn subject(app: &App, reference: &str) -> Subject {
    Subject { op: Op::Hook, key: app.config.api_key.clone(), reference: Some(reference.to_owned()) }
}

fn reordered(kind: &FaultKind) -> Option<()> {
    matches!(kind, FaultKind::Hook { how: HookTrouble::Reordered }).then_some(())
}

fn copies(app: &App, event: &Event) -> Vec<Copy> {
    let about = subject(app, &event.reference);
    let drawn = app.fault(&about, |kind| match kind {
        FaultKind::Hook { how } if *how != HookTrouble::Reordered => Some(*how),
        _ => None,
    });
    let plain = || Copy { body: event.body.clone(), wrong_secret: false, lost: false };
    match drawn {
        None | Some(HookTrouble::Reordered) => vec![plain()],
        Some(HookTrouble::Lost) => vec![Copy { lost: true, ..plain() }],
        Some(HookTrouble::Twice) => vec![plain(), plain()],
        Some(HookTrouble::WrongSecret) => vec![Copy { wrong_secret: true, ..plain() }],
        Some(HookTrouble::OldForm) => vec![Copy { body: old_form(event.body.clone()), ..plain() }],
    }
}

/// The first event's name stood in `object` once, as `orderStatus`.
fn old_form(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut()
        && fields.get("event").is_some_and(|name| name == "order_status_updated")
    {
        fields.remove("event");
        fields.insert("object".to_owned(), Value::from("orderStatus"));
    }
    body
}

/// The events of all statuses that have begun and were not told, in the order in which they began.
fn news(app: &App) -> Vec<Event> {
    let now = app.now();
    let mut world = lock(&app.world);
    let mut events = Vec::new();
    let orders = world.orders.iter().filter(|order| !order.is_draft() && !order.is_deleted()).cloned();
    for order in orders.collect::<Vec<_>>() {
        let history = life::history(&order, now, app.config.life_scale);
        let told = world.hooks.told.insert(order.id.clone(), history.len()).unwrap_or(0);
        for standing in history.iter().skip(told) {
            events.extend(of_step(app, &order, *standing));
        }
    }
    events.sort_by_key(|event| event.at);
    events
}

fn of_step(app: &App, order: &Order, standing: Standing) -> Vec<Event> {
    let mut events = vec![event(app, order, standing, "order_status_updated", "", of_order(app, order, standing))];
    for item in &order.items {
        let body = json!({
            "itemReferenceId": item.reference, "status": standing.status, "comment": "",
            "fulfillmentCountry": country(order), "fulfillmentStateProvince": null, "fulfillmentFacilityId": order.facility,
            "created": render::time(standing.since),
        });
        events.push(event(app, order, standing, "order_item_status_updated", &item.reference, body));
    }
    if standing.status == "shipped" {
        let codes = parcels(app, order, standing);
        for (item, code) in order.items.iter().flat_map(|item| codes.iter().map(move |code| (item, code))) {
            events.push(event(
                app,
                order,
                standing,
                "order_item_tracking_code_updated",
                &item.reference,
                tracking(order, item, code),
            ));
        }
    }
    events
}

fn of_order(app: &App, order: &Order, standing: Standing) -> Value {
    let comment = order.failure.as_ref().filter(|_| standing.status == "failed").map(|failure| &failure.comment);
    let fulfillments: Vec<Value> = parcels(app, order, standing).iter().map(|parcel| {
        json!({
            "trackingCode": parcel["trackingCode"], "trackingUrl": parcel["trackingUrl"], "shipmentMethodName": order.method.name,
            "shipmentMethodUid": order.method.uid, "fulfillmentCountry": country(order), "fulfillmentStateProvince": null,
            "fulfillmentFacilityId": order.facility,
        })
    }).collect();
    let items: Vec<Value> = order.items.iter().map(|item| {
        json!({"itemReferenceId": item.reference, "fulfillmentStatus": standing.status, "fulfillments": fulfillments})
    }).collect();
    json!({"fulfillmentStatus": standing.status, "comment": comment, "items": items})
}

/// Their example says `production…` where their table says `fulfillment…`: both are sent, one for each parcel in turn.
fn tracking(order: &Order, item: &Item, parcel: &Value) -> Value {
    let place = if item.id.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']) { "production" } else { "fulfillment" };
    json!({
        "itemReferenceId": item.reference, "trackingCode": parcel["trackingCode"], "trackingUrl": parcel["trackingUrl"],
        "shipmentMethodName": order.method.name, "shipmentMethodUid": order.method.uid,
        format!("{place}Country"): country(order), format!("{place}FacilityId"): order.facility,
        "created": render::time(order.released_at.unwrap_or(order.created_at)),
    })
}

fn parcels(app: &App, order: &Order, standing: Standing) -> Vec<Value> {
    let parcels = if life::reached(standing, "shipped") { render::packages(app, order, standing) } else { Vec::new() };
    parcels.into_iter().filter(|parcel| !parcel["trackingCode"].is_null()).collect()
}

fn country(order: &Order) -> Option<String> {
    order.facility.get(..2).map(str::to_uppercase)
}

fn event(app: &App, order: &Order, standing: Standing, name: &'static str, item: &str, mut body: Value) -> Event {
    let id = dice::id(app.config.seed, &format!("hook/{}/{name}/{item}/{}", order.id, standing.status));
    body["id"] = Value::from(format!("os_{id}"));
    body["event"] = Value::from(name);
    body["orderId"] = Value::from(order.id.clone());
    body["storeId"] = Value::Null;
    body["orderReferenceId"] = Value::from(order.reference.clone());
    Event { at: standing.since, name, order: order.id.clone(), reference: order.reference.clone(), body }
}

/// Any 2xx is the end of it; what the receiver says besides is not read.
async fn deliver(app: &App, hook: &Hook, event: &Event, copy: &Copy) -> Delivery {
    let (mut tries, mut status) = (0, None);
    let secret = if copy.wrong_secret { "not the secret" } else { hook.secret.as_str() };
    while tries < TRIES_MAX && !copy.lost {
        if tries > 0 {
            tokio::time::sleep(app.config.hook_pause).await;
        }
        tries += 1;
        let request = app.http.post(&hook.url).header(&hook.header, secret).json(&copy.body);
        let answer = request.timeout(Duration::from_secs(10)).send().await;
        status = answer.ok().map(|answer| answer.status().as_u16());
        if status.is_some_and(|status| (200..300).contains(&status)) {
            break;
        }
    }
    let (order_id, reference) = (event.order.clone(), event.reference.clone());
    Delivery { at: event.at, event: event.name.to_owned(), order_id, reference, tries, status }
}
