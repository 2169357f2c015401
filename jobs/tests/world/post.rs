//! A tenant that writes to its customers and takes webhooks, and what arrived where.

use platen_shared::db::Json;
use platen_shared::domain::notice::{MessageState, Topic};
use platen_shared::id::{EndpointId, MessageId};
use platen_shared::store::message_settings::{self, MessageSettings};
use platen_shared::store::messages::{self, Filter, Message};
use platen_shared::store::notices::{self, Telling};
use platen_shared::store::webhook_endpoints::{self as endpoints, Endpoint};
use serde_json::json;

use crate::world::World;

/// The endpoint's secret.
pub(crate) const SECRET: &str = "whsec_cGxhdGVuLWxhYi1rZXktMDEyMzQ1Njc4OWFiY2RlZiE=";

/// Sets in whose name letters go out, and where webhooks go.
pub(crate) async fn open(world: &World) -> EndpointId {
    let (now, id) = (world.ledger.now(), EndpointId::new());
    let settings = MessageSettings {
        sender_name: "Atelier Lune".into(),
        support_email: Some("help@atelier.example".into()),
        language: "en".into(),
        muted: Json(Vec::new()),
        tracking_page: Some("https://atelier.example/parcel/{number}".into()),
        delay_days: Json(vec![5, 8]),
        holidays: Json(Vec::new()),
        updated_at: now,
    };
    let sealed = world.ports.links.keyring().seal(SECRET, &endpoints::bound(world.tenant, id)).unwrap();
    let endpoint = Endpoint {
        id,
        url: world.hook.url(),
        topics: Json(Vec::new()),
        secret: sealed,
        old_secret: None,
        old_until: None,
        enabled: true,
        off_why: String::new(),
        failing_since: None,
        created_at: now,
        updated_at: now,
    };
    let mut tx = world.ledger.db.begin("open").await.unwrap();
    message_settings::put(&mut tx, world.tenant, &settings).await.unwrap();
    endpoints::put(&mut tx, world.tenant, &endpoint).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Every message of the tenant, oldest first.
pub(crate) async fn all(world: &World) -> Vec<Message> {
    let mut db = world.test.db.reader();
    let mut rows = messages::list(&mut db, world.tenant, &Filter::default(), None, 1000).await.unwrap();
    rows.reverse();
    rows
}

/// A notice about the order, whose message by this channel waits for its job.
pub(crate) async fn told(world: &World, channel: &str) -> MessageId {
    open(world).await;
    let mut tx = world.ledger.db.begin("told").await.unwrap();
    let telling = Telling {
        key: "test".into(),
        topic: Topic::OrderConfirmed,
        order: Some(world.order),
        data: json!({ "orderId": world.order }),
        people: true,
    };
    assert!(notices::tell(&mut tx, world.ledger.now(), world.tenant, telling).await.unwrap());
    let taken = messages::take(&mut tx, world.tenant, 10).await.unwrap();
    tx.commit().await.unwrap();
    taken.into_iter().find(|(_, by, _)| by == channel).unwrap().0
}

/// However often it was begun, the outside saw one: a letter (or none, if it is not known whether it went), or one notice under one id.
pub(crate) async fn done_once(world: &World, kind: &str) {
    let state = |of: &str, rows: &[Message]| rows.iter().find(|m| m.channel == of).unwrap().state.clone();
    let rows = all(world).await;
    if kind == "send_message" {
        let letters = world.office.letters();
        match state("email", &rows).as_str() {
            word if word == MessageState::Sent.word() => assert_eq!(letters.len(), 1),
            word if word == MessageState::Unknown.word() => assert!(letters.len() <= 1, "never a second one"),
            other => panic!("the letter is {other}"),
        }
        return;
    }
    assert_eq!(state("webhook", &rows), "sent");
    let came = world.hook.deliveries();
    assert!(!came.is_empty() && came.iter().all(|d| d.id == came[0].id && d.body == came[0].body), "{came:?}");
    let message = rows.iter().find(|m| m.channel == "webhook").unwrap();
    let attempts = messages::deliveries(&mut world.test.db.reader(), world.tenant, message.id).await.unwrap();
    assert_eq!(attempts.len(), 1);
}

/// Nine days after the printer took it, an order is late by the first threshold: its buyer, the tenant's people and the endpoint hear so.
pub(crate) async fn late_once(world: &World) {
    let rows = all(world).await;
    let mut told: Vec<(String, String)> = rows.into_iter().map(|m| (m.topic, m.channel)).collect();
    told.sort();
    let expected = [
        ("PRODUCTION_DELAY", "email"),
        ("PRODUCTION_DELAY", "webhook"),
        ("PRODUCTION_DELAYS", "email"),
        ("PRODUCTION_DELAYS", "webhook"),
    ];
    assert_eq!(told, expected.map(|(topic, by)| (topic.to_owned(), by.to_owned())));
}
