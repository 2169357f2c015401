//! Webhooks: what is sent when, the rule of retries, and every way in which they go wrong.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use platen_sim::gelato::{Config, Fault, FaultKind, Hook, HookTrouble};
use serde_json::Value;

use crate::support::{MUG, Sim, TEE, config, listener};

/// What came: (secret, body). It answers with what `answers` says, 200 when that is used up.
#[derive(Clone, Default)]
struct Ear {
    heard: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Ear {
    async fn open(&self) -> String {
        let hear = async |State(ear): State<Ear>, headers: HeaderMap, body: String| {
            let secret = headers.get("signature").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            ear.heard.lock().unwrap().push((secret, serde_json::from_str(&body).unwrap()));
            let status = ear.answers.lock().unwrap().pop().unwrap_or(200);
            StatusCode::from_u16(status).unwrap()
        };
        let (app, listener) = (Router::new().route("/", post(hear)).with_state(self.clone()), listener().await);
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// A stand-in that tells an ear, and an order released there.
async fn told() -> (Sim, Ear, String) {
    let ear = Ear::default();
    let hook = Hook { url: ear.open().await, header: "signature".into(), secret: "s-1".into() };
    let pause = std::time::Duration::from_millis(1);
    let sim = Sim::with(Config { hook: Some(hook), hook_pause: pause, ..config() }).await;
    let id = sim.create(sim.draft("h-1", &[MUG])).await;
    assert!(sim.server.fire_hooks().await.is_empty(), "a draft tells nothing");
    sim.promote(&id).await;
    (sim, ear, id)
}

#[tokio::test]
async fn each_status_is_told_once_in_its_order() {
    let (sim, ear, id) = told().await;
    sim.advance(90 * 3600);
    sim.status(&id).await;
    assert!(!sim.server.fire_hooks().await.is_empty());
    let heard = ear.take();
    let of_order: Vec<_> = heard.iter().filter(|(_, b)| b["event"] == "order_status_updated").collect();
    let words: Vec<_> = of_order.iter().map(|(_, b)| b["fulfillmentStatus"].as_str().unwrap()).collect();
    let path = ["created", "uploading", "passed", "in_production", "printed", "shipped", "in_transit", "delivered"];
    assert_eq!(words, path);
    assert!(
        heard
            .iter()
            .all(|(secret, b)| secret == "s-1" && b["orderId"] == id.as_str() && b["orderReferenceId"] == "h-1")
    );
    let codes: Vec<_> = heard.iter().filter(|(_, b)| b["event"] == "order_item_tracking_code_updated").collect();
    assert_eq!(codes.len(), 1);
    assert!(codes[0].1["trackingCode"].as_str().is_some_and(|code| code.starts_with("0034043")));
    let shipped = of_order.iter().find(|(_, b)| b["fulfillmentStatus"] == "shipped").unwrap();
    assert_eq!(shipped.1["items"][0]["fulfillments"][0]["trackingCode"], codes[0].1["trackingCode"]);
    let ids: std::collections::BTreeSet<_> = heard.iter().map(|(_, b)| b["id"].to_string()).collect();
    assert_eq!(ids.len(), heard.len(), "each has a name of its own");
    assert!(sim.server.fire_hooks().await.is_empty(), "once");
}

#[tokio::test]
async fn three_tries_and_then_the_event_is_lost() {
    let (sim, ear, _) = told().await;
    *ear.answers.lock().unwrap() = vec![500, 500, 500];
    let told = sim.server.fire_hooks().await;
    assert_eq!((told[0].tries, told[0].status), (3, Some(500)));
    assert_eq!((told[1].tries, told[1].status), (1, Some(200)));
    assert_eq!(ear.take().len(), 4);
    let (_, log) = sim.get("/admin/hooks").await;
    assert_eq!(log["deliveries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn webhooks_go_wrong_in_every_known_way() {
    for how in
        [HookTrouble::Lost, HookTrouble::Twice, HookTrouble::Reordered, HookTrouble::OldForm, HookTrouble::WrongSecret]
    {
        let (sim, ear, id) = told().await;
        sim.advance(30);
        sim.status(&id).await;
        sim.server.set_fault(Fault::new(FaultKind::Hook { how }).times(1));
        sim.server.fire_hooks().await;
        let heard = ear.take();
        let words: Vec<_> = heard.iter().filter_map(|(_, b)| b["fulfillmentStatus"].as_str()).collect();
        match how {
            HookTrouble::Lost => assert_eq!((heard.len(), words), (3, vec!["uploading"])),
            HookTrouble::Twice => assert_eq!((heard.len(), words), (5, vec!["created", "created", "uploading"])),
            HookTrouble::Reordered => assert_eq!((heard.len(), words), (4, vec!["uploading", "created"])),
            HookTrouble::OldForm => assert!(heard[0].1["object"] == "orderStatus" && heard[0].1["event"].is_null()),
            HookTrouble::WrongSecret => assert!(heard[0].0 != "s-1" && heard[1].0 == "s-1"),
        }
    }
}

#[tokio::test]
async fn the_dashboards_test_event_names_nobodys_order() {
    let (sim, ear, _) = told().await;
    sim.post("/admin/hooks/test", Value::Null).await;
    assert_eq!(ear.take()[0].1["orderId"], "{{MyOrderId}}");
    let changed = serde_json::json!({"url": ear.open().await, "secret": "s-2"});
    assert_eq!(sim.post("/admin/hooks", changed).await.1["to"]["header"], "signature");
    sim.post("/admin/hooks/fire", Value::Null).await;
    assert_eq!(ear.take()[0].0, "s-2");
}

#[tokio::test]
async fn each_part_of_a_split_order_tells_its_own_story() {
    let ear = Ear::default();
    let hook = Hook { url: ear.open().await, header: "signature".into(), secret: "s".into() };
    let sim = Sim::with(Config { hook: Some(hook), promote_connected: true, ..config() }).await;
    let id = sim.create(sim.draft("h-2", &[MUG, TEE])).await;
    sim.promote(&id).await;
    sim.server.fire_hooks().await;
    let orders: std::collections::BTreeSet<_> = ear.take().iter().map(|(_, b)| b["orderId"].to_string()).collect();
    assert_eq!(orders.len(), 2);
}
