//! Messages, their words and their endpoints, through HTTP; and orders that are read while their printer is away.

use std::time::Duration;

use platen_api::ROUTES;
use platen_shared::adapters::http::{AccountKey, Class, Outcome};
use platen_shared::clock::Clock;
use platen_shared::domain::carrier::PROVIDERS;
use platen_shared::domain::notice::MessageState;
use platen_shared::domain::order::{OrderState, Stage};
use platen_shared::id::{IncidentId, TenantId};
use platen_shared::letters;
use platen_shared::ports::provider::{Parcel, Part, PartShipment};
use platen_shared::store::{fulfilment, incidents, messages, orders};
use serde_json::{Value, json};

use crate::kit::{Kit, RATE, each, text};
use crate::seed::{Seeded, Tenant, order};

async fn hook(kit: &Kit, tenant: &Tenant) -> Value {
    kit.post(&tenant.key, "/v1/webhooks", &json!({ "url": "https://shop.example/hooks" })).await.ok(201)
}

fn id(tenant: &Tenant) -> TenantId {
    tenant.id.parse().expect("a tenant")
}

#[tokio::test]
async fn an_order_is_told_with_the_order_itself() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Teller").await;
        let key = &seeded.tenant.key;
        assert_eq!(kit.get(key, "/v1/messages").await.ok(200)["items"], json!([]), "nobody wanted to be told before");
        kit.get(key, "/v1/message-settings").await.problem(404, "not-found");
        let settings = json!({ "senderName": "Atelier Lune", "supportEmail": "help@atelier.example" });
        let kept = kit.put(key, "/v1/message-settings", &settings).await.ok(200);
        assert_eq!((&kept["language"], &kept["delayDays"]), (&json!("en"), &json!([5, 8])));
        let switched = json!({ "senderName": "Atelier Lune", "whiteLabel": false });
        kit.put(key, "/v1/message-settings", &switched).await.problem(422, "invalid");
        kit.put(key, "/v1/parties/ada", &json!({ "email": "ada@example.org" })).await.ok(200);
        hook(&kit, &seeded.tenant).await;
        let mut wanted = order(&seeded.snapshot, "told");
        wanted["language"] = "fr".into();
        let made = kit.post(key, "/v1/orders", &wanted).await.ok(201);
        let listed = kit.get(key, &format!("/v1/messages?orderId={}", text(&made["id"]))).await.ok(200);
        let mut told: Vec<String> = listed["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|m| format!("{} {}", m["recipient"], m["state"]))
            .collect();
        told.sort();
        assert_eq!(told.len(), 3, "{listed}");
        assert!(told[0].contains("operator") && told[1].contains("party:ada") && told[2].contains("whe_"), "{told:?}");
        assert!(told.iter().all(|m| m.contains("queued")), "with their jobs: {told:?}");
        let jobs = kit.get(key, "/v1/jobs").await.ok(200);
        let of = |kind: &str| jobs["items"].as_array().expect("jobs").iter().filter(|job| job["kind"] == kind).count();
        assert_eq!((of("send_message"), of("deliver_webhook")), (2, 1));
        kit.post(key, "/v1/orders", &wanted).await.ok(200);
        assert_eq!(kit.get(key, "/v1/messages").await.ok(200)["items"].as_array().map(Vec::len), Some(3), "once");
        assert!(!listed.to_string().contains("ada@example.org") && !listed.to_string().contains("lena@"), "{listed}");
        resent(&kit, &seeded, &listed["items"][0]).await;
    })
    .await;
}

/// A message that has ended is sent again when a person asks; one on its way is not.
async fn resent(kit: &Kit, seeded: &Seeded, message: &Value) {
    let (key, path) = (&seeded.tenant.key, format!("/v1/messages/{}", text(&message["id"])));
    let again = json!({ "reason": "they ask for it" });
    kit.post(key, &format!("{path}/redeliver"), &again).await.problem(409, "illegal-state");
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    let named = text(&message["id"]).parse().expect("an id");
    let unknown = MessageState::Unknown;
    assert!(messages::end(&mut tx, kit.ledger.now(), id(&seeded.tenant), named, unknown, "lost").await.expect("ended"));
    tx.commit().await.expect("committed");
    let listed = kit.get(key, "/v1/messages?state=unknown").await.ok(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let shown = kit.post(key, &format!("{path}/redeliver"), &again).await.ok(200);
    assert_eq!((&shown["state"], &shown["attempts"], &shown["deliveries"]), (&json!("queued"), &json!(2), &json!([])));
    assert_eq!(kit.get(key, &path).await.ok(200), shown);
    kit.get(key, "/v1/messages?state=lost").await.problem(422, "invalid");
}

#[tokio::test]
async fn endpoints_are_kept_with_secrets_that_are_shown_once() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Hooked").await;
        let key = &tenant.key;
        for url in [
            "http://shop.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://a:b@shop.example/",
            "shop",
        ] {
            let refused = kit.post(key, "/v1/webhooks", &json!({ "url": url })).await.problem(422, "invalid");
            assert_eq!(refused["errors"][0]["pointer"], "/url", "{url}: {refused}");
        }
        let bad = json!({ "url": "https://shop.example/", "topics": ["NEWS"] });
        assert_eq!(
            kit.post(key, "/v1/webhooks", &bad).await.problem(422, "invalid")["errors"][0]["pointer"],
            "/topics/0"
        );
        let made = hook(&kit, &tenant).await;
        let (first, path) = (text(&made["secret"]), format!("/v1/webhooks/{}", text(&made["id"])));
        assert!(first.starts_with("whsec_"));
        let listed = kit.get(key, "/v1/webhooks").await.ok(200);
        assert!(listed["items"][0]["secret"].is_null() && !listed.to_string().contains(&first), "{listed}");
        let rotated = kit.post(key, &format!("{path}/rotate"), &json!({})).await.ok(200);
        assert!(rotated["oldSecretUntil"].is_string() && rotated["secret"] != made["secret"]);
        let off = kit
            .send("PATCH", &path, key, &[], &json!({ "enabled": false, "topics": ["SHIPPING_UPDATE"] }))
            .await
            .ok(200);
        assert!(off["enabled"] == false && off["offWhy"].as_str().is_some_and(|why| why.contains("switched off by")));
        let since = json!({ "since": "2026-01-01T00:00:00Z" });
        kit.post(key, &format!("{path}/recover"), &since).await.problem(409, "illegal-state");
        kit.send("PATCH", &path, key, &[], &json!({ "enabled": true, "topics": [] })).await.ok(200);
        let found = kit.post(key, &format!("{path}/recover"), &since).await.ok(200);
        assert_eq!(found, json!({ "messages": 0, "next": null }));
        kit.send("DELETE", &path, key, &[], &Value::Null).await.ok(204);
        kit.send("DELETE", &path, key, &[], &Value::Null).await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn own_words_are_tried_before_they_are_kept() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Writer").await;
        let (key, path) = (&tenant.key, "/v1/message-templates/order_confirmed/fr");
        let wrong = json!({ "subject": "{{ order.number }}", "body": "Bonjour\n{{ recipient.nmae }}" });
        let refused = kit.put(key, path, &wrong).await.problem(422, "invalid");
        assert!(refused["errors"][0]["message"].as_str().is_some_and(|m| m.contains("line 2")), "{refused}");
        let good = json!({ "subject": "Merci, {{ recipient.name }}", "body": "Commande {{ order.number }}" });
        let kept = kit.put(key, path, &good).await.ok(200);
        assert_eq!(kept["sample"]["subject"], "Merci, Zoë");
        assert_eq!(kit.get(key, "/v1/message-templates").await.ok(200)["items"].as_array().map(Vec::len), Some(1));
        kit.put(key, "/v1/message-templates/no_such_letter/fr", &good).await.problem(404, "not-found");
        kit.put(key, "/v1/message-templates/order_confirmed/de", &good).await.problem(404, "not-found");
        kit.send("DELETE", path, key, &[], &Value::Null).await.ok(204);
        kit.send("DELETE", path, key, &[], &Value::Null).await.problem(404, "not-found");
        for (field, value) in [
            ("senderName", json!("")),
            ("supportEmail", json!("nobody")),
            ("language", json!("de")),
            ("muted", json!(["NEWS"])),
            ("trackingPage", json!("http://shop.example/{number}")),
            ("delayDays", json!([8, 5])),
            ("holidays", json!(["Christmas"])),
        ] {
            let mut body = json!({ "senderName": "Atelier" });
            body[field] = value;
            kit.put(key, "/v1/message-settings", &body).await.problem(422, "invalid");
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_says_how_old_its_news_is_while_the_printer_is_away() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Reader").await;
        let (key, tenant) = (&seeded.tenant.key, id(&seeded.tenant));
        let path = format!("/v1/orders/{}", seeded.order);
        printed(&kit, &seeded).await;
        let fresh = kit.get(key, &path).await.ok(200);
        assert_eq!(
            (&fresh["stale"], &fresh["ageS"], &fresh["state"]),
            (&json!(false), &Value::Null, &json!("in_production"))
        );
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        incidents::watch(&mut tx, kit.ledger.now(), tenant, "gelato", "g", Some(kit.ledger.now())).await.expect("kept");
        tx.commit().await.expect("committed");
        kit.clock.advance(Duration::from_secs(90));
        let gate = kit.gates.gate(AccountKey { provider: "gelato", tenant }, RATE);
        for _ in 0..5 {
            gate.enter(Class::Prompt).await.expect("a permit").report(Outcome::Failed).await;
        }
        let stale = kit.get(key, &path).await.ok(200);
        assert_eq!(
            (&stale["stale"], &stale["ageS"], &stale["state"]),
            (&json!(true), &json!(90), &json!("in_production"))
        );
        let number = kit.get(key, &format!("/v1/orders/number/{}", text(&stale["number"]))).await.ok(200);
        assert_eq!((&number["stale"], &number["ageS"]), (&json!(true), &json!(90)));
        let waiting = kit.post(key, "/v1/orders", &order(&seeded.snapshot, "waits")).await.ok(201);
        let page = kit.get(key, "/v1/orders").await.ok(200);
        let told: Vec<_> =
            page["items"].as_array().expect("a list").iter().map(|o| (&o["id"], &o["stale"], &o["ageS"])).collect();
        assert_eq!(
            told,
            [(&waiting["id"], &json!(false), &Value::Null), (&stale["id"], &json!(true), &json!(90))],
            "of each order by itself"
        );
    })
    .await;
}

/// The seeded order as its printer has it, with a parcel under way.
async fn printed(kit: &Kit, seeded: &Seeded) {
    let (tenant, now) = (id(&seeded.tenant), kit.clock.now());
    let order = seeded.order.parse().expect("an order");
    let mut tx = kit.db.begin("test").await.expect("a transaction");
    for to in [OrderState::Ready, OrderState::Submitting, OrderState::InProduction] {
        orders::advance(&mut tx, now, tenant, order, to, "test", "").await.expect("moved");
    }
    let part = Part {
        id: "part-1".into(),
        reference: seeded.order.clone(),
        status: "shipped".into(),
        stage: Some(Stage::Shipped),
        released: true,
        connected: Vec::new(),
        items: Vec::new(),
        cost: None,
        as_of: None,
        refusal: None,
        shipment: Some(PartShipment {
            method: "Express worldwide".into(),
            min_delivery: None,
            max_delivery: None,
            parcels: vec![
                Parcel { code: "1Z5R89390357567127".into(), url: "https://track.gelato.com/1".into() },
                Parcel { code: "A 42".into(), url: "https://track.gelato.com/2".into() },
            ],
        }),
        raw: json!({}),
    };
    fulfilment::merge(&mut tx, now, tenant, "gelato", order, &part).await.expect("merged");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn parcels_are_followed_at_their_carriers_and_never_at_the_printers() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Follower").await;
        let key = &seeded.tenant.key;
        let settings = json!({ "senderName": "Atelier", "trackingPage": "https://atelier.example/parcel/{number}" });
        kit.put(key, "/v1/message-settings", &settings).await.ok(200);
        printed(&kit, &seeded).await;
        let shown = kit.get(key, &format!("/v1/orders/{}/shipments", seeded.order)).await.ok(200);
        let parcels = &shown["items"][0]["parcels"];
        assert_eq!((&parcels[0]["carrier"], &parcels[1]["carrier"]), (&json!("UPS"), &Value::Null), "{shown}");
        assert_eq!(parcels[0]["trackingUrl"], "https://www.ups.com/track?tracknum=1Z5R89390357567127");
        assert_eq!(parcels[1]["trackingUrl"], "https://atelier.example/parcel/A%2042");
        let told = kit.get(key, "/v1/messages").await.ok(200);
        for message in told["items"].as_array().expect("messages") {
            let shown = kit.get(key, &format!("/v1/messages/{}", text(&message["id"]))).await.ok(200);
            assert!(!shown["data"].to_string().to_lowercase().contains("gelato"), "{shown}");
        }
    })
    .await;
}

#[tokio::test]
async fn incidents_are_listed_page_by_page() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Watcher").await;
        let mut tx = kit.db.begin("test").await.expect("a transaction");
        let (now, own) = (kit.ledger.now(), id(&tenant));
        let open = incidents::open(&mut tx, now, own, "gelato", "away", "no answer").await.expect("opened");
        assert!(open.is_some_and(|id: IncidentId| id.to_string().starts_with("inc_")));
        assert!(incidents::open(&mut tx, now, own, "gelato", "away", "again").await.expect("asked").is_none(), "once");
        incidents::open(&mut tx, now, own, "gelato", "slow", "slow").await.expect("opened");
        incidents::close(&mut tx, now, own, "gelato", "away").await.expect("asked").expect("closed");
        tx.commit().await.expect("committed");
        let first = kit.get(&tenant.key, "/v1/incidents?limit=1").await.ok(200);
        assert_eq!((&first["items"][0]["kind"], &first["items"][0]["closedAt"]), (&json!("slow"), &Value::Null));
        let next = text(&first["next"]);
        let second = kit.get(&tenant.key, &format!("/v1/incidents?limit=1&cursor={next}")).await.ok(200);
        assert!(
            second["items"][0]["kind"] == "away"
                && second["items"][0]["closedAt"].is_string()
                && second["next"].is_null()
        );
    })
    .await;
}

/// Everything that a page for buyers can read with a publishable key, and every letter they get.
#[tokio::test]
async fn nothing_that_a_buyer_sees_names_the_printer() {
    each(async |kit: Kit| {
        let seeded = kit.seeded("Discreet").await;
        let key = &seeded.tenant.key;
        kit.put(key, "/v1/message-settings", &json!({ "senderName": "Atelier" })).await.ok(200);
        let mut seen = Vec::new();
        for route in ROUTES.iter().filter(|route| route.widget && route.method == "GET" && !route.streams) {
            let id = if route.path.contains("/snapshots/") { &seeded.snapshot } else { &seeded.render };
            let path = route.path.replace("{id}", id).replace("{hash}", &seeded.spec).replace("{product}", "mug");
            let answer =
                kit.get(key, &path.replace("{name}", "preview.png").replace("{sha256}", &"0".repeat(64))).await;
            seen.push((path, answer.text()));
        }
        assert!(seen.len() >= 7, "{} routes", seen.len());
        for name in letters::names().filter(|name| !name.starts_with("operator_")) {
            for (language, context) in
                letters::LANGUAGES.iter().flat_map(|l| letters::sample(name).into_iter().map(move |c| (l, c)))
            {
                let letter = letters::write(name, language, None, &context).expect(name);
                seen.push((
                    format!("{name} ({language})"),
                    format!("{} {} {}", letter.subject, letter.text, letter.html),
                ));
            }
        }
        for (place, text) in seen {
            let text = text.to_lowercase();
            assert!(!PROVIDERS.iter().any(|name| text.contains(name)), "{place} names a printer: {text}");
        }
    })
    .await;
}
