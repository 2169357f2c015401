//! Messages from end to end: an order's life as its buyer, its creator, the tenant's people and an endpoint hear of it; servers that fail;
//! endpoints that stay away; providers that flap; orders that are late.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
#[path = "world/post.rs"]
mod post;
#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;
use std::time::Duration;

use platen_jobs::{Origin, find, outbox};
use platen_shared::adapters::smtp::Unset;
use platen_shared::domain::order::OrderState;
use platen_shared::id::OrderId;
use platen_shared::ledger::Queue;
use platen_shared::signature;
use platen_shared::store::message_settings::{self, Template};
use platen_shared::store::orders::{self, Order};
use platen_shared::store::{
    cancellations, incidents, operator_items, parties, tenants, webhook_endpoints as endpoints,
};
use platen_shared::testing::{databases, suite_ran};
use platen_sim::gelato::{Fault, FaultKind};
use platen_sim::hooks::Answer;
use platen_sim::post::Trouble;
use serde_json::{Value, json};
use world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Runs what waits in the lane of messages and is due.
async fn carry(world: &World) {
    let worker = world.worker(None).await;
    loop {
        world.ledger.with_work(&[Queue::Messages]).await.unwrap();
        let jobs = world.ledger.claim(worker.name(), &[Queue::Messages], 20).await.unwrap();
        if jobs.is_empty() {
            return;
        }
        for job in jobs {
            worker.run(job).await;
        }
    }
}

async fn run(world: &World, kind: &'static str, payload: Value) {
    let id = world.enqueue(find(kind).unwrap(), &payload, None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{kind}: {:?}", job.error);
}

async fn order(world: &World) -> Order {
    orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap()
}

/// Moves the order as something else would, and enqueues what that tells.
async fn moved(world: &World, to: OrderState, why: &str) {
    let now = world.ledger.now();
    let mut tx = world.ledger.db.begin("moved").await.unwrap();
    orders::advance(&mut tx, now, world.tenant, world.order, to, "test", why).await.unwrap();
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
    outbox::carry(&mut tx, &origin).await.unwrap();
    tx.commit().await.unwrap();
}

/// What arrived where: (topic, recipient), sorted.
async fn told(world: &World, channel: &str) -> Vec<(String, String)> {
    let rows = post::all(world).await;
    let mut told: Vec<_> = rows
        .into_iter()
        .filter(|m| m.channel == channel && m.state == "sent")
        .map(|m| (m.topic, if channel == "email" { m.recipient } else { String::new() }))
        .collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_life_is_told_once_to_each() {
    for test in databases().await {
        let engine = test.engine();
        let world = World::new(test).await;
        post::open(&world).await;
        let second = another(&world).await;
        carry(&world).await;
        assert_eq!(
            told(&world, "email").await,
            [("NEW_ORDER", "operator"), ("NEW_ORDER", "party:ada")].map(|(a, b)| (a.to_owned(), b.to_owned())),
            "with the order itself: {second}"
        );
        let revision = order(&world).await.revision;
        run(&world, "build_bundle", json!({ "order": world.order, "revision": revision })).await;
        let submit = world.jobs("submit_order").await[0].id;
        world.run(submit).await;
        world.printer.clock().advance(30 * DAY);
        for round in 1..=20 {
            run(&world, "poll_tracking", json!({ "order": world.order, "round": 100 + round })).await;
            carry(&world).await;
        }
        let mails = told(&world, "email").await;
        let of =
            |topic: &str| mails.iter().filter(|(t, _)| t == topic).map(|(_, who)| who.as_str()).collect::<Vec<_>>();
        assert_eq!(of("ORDER_CONFIRMED"), ["customer"]);
        assert_eq!(of("SHIPPING_UPDATE"), ["customer", "customer"], "two parcels, one stage each");
        assert_eq!(of("ORDER_STATUS_CHANGED"), ["customer", "party:ada"], "delivered");
        assert_eq!(world.office.letters().len(), mails.len(), "what the office counts");
        let came = world.hook.deliveries();
        let ids: std::collections::HashSet<_> = came.iter().map(|d| d.id.clone()).collect();
        assert_eq!(ids.len(), came.len(), "no notice came twice");
        assert_eq!(came.len(), told(&world, "webhook").await.len());
        let now = world.ledger.now().0 / 1_000_000;
        for delivery in &came {
            let fits = signature::verify(
                &[post::SECRET],
                &delivery.id,
                &delivery.timestamp,
                &delivery.body,
                &delivery.signature,
                now,
            );
            assert!(fits, "{delivery:?}");
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            assert!(body["type"].is_string() && body["timestamp"].is_string() && body["data"].is_object());
            let text = String::from_utf8_lossy(&delivery.body).into_owned();
            assert!(!text.contains("zoe@example.org") && !text.contains("Lilas"), "nobody's address: {text}");
        }
        for letter in world.office.letters().iter().filter(|letter| letter.to == "zoe@example.org") {
            let all = letter.raw.to_lowercase();
            assert!(!platen_shared::domain::carrier::PROVIDERS.iter().any(|name| all.contains(name)), "{all}");
            assert!(letter.header("message-id").starts_with("<msg_") && letter.header("reply-to").contains("help@"));
        }
        suite_ran("messages", engine);
        world.end().await;
    }
}

/// Another order like the world's, taken in while people are told.
async fn another(world: &World) -> OrderId {
    let (now, keyring) = (world.ledger.now(), world.ports.links.keyring());
    let items = orders::items(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap();
    let mut tx = world.ledger.db.begin("another").await.unwrap();
    parties::introduce(&mut tx, now, world.tenant, ["ada"]).await.unwrap();
    let sealed = keyring.seal("ada@example.org", &parties::bound(world.tenant, "ada")).unwrap();
    parties::put_email(&mut tx, world.tenant, "ada", Some(sealed)).await.unwrap();
    let order = queue::like(world, &mut tx, "2", &items, |order| order).await;
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
    outbox::carry(&mut tx, &origin).await.unwrap();
    tx.commit().await.unwrap();
    order.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_fails_gets_no_letter_twice() {
    for test in databases().await {
        let world = World::new(test).await;
        post::open(&world).await;
        for (n, trouble, state, letters) in [
            (1, Trouble::LoseAnswer, "unknown", 1),
            (2, Trouble::NoSuchUser, "failed", 0),
            (3, Trouble::Later, "sent", 1),
            (4, Trouble::Busy, "sent", 1),
        ] {
            let before = world.office.letters().len();
            world.office.trouble(&[trouble]);
            let mut tx = world.ledger.db.begin("told").await.unwrap();
            let now = world.ledger.now();
            let telling = platen_shared::store::notices::Telling {
                key: format!("n{n}"),
                topic: platen_shared::domain::notice::Topic::OrderConfirmed,
                order: Some(world.order),
                data: json!({}),
                people: true,
            };
            platen_shared::store::notices::tell(&mut tx, now, world.tenant, telling).await.unwrap();
            let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
            outbox::carry(&mut tx, &origin).await.unwrap();
            tx.commit().await.unwrap();
            for _ in 0..3 {
                carry(&world).await;
                world.clock.advance(Duration::from_secs(700));
            }
            let rows = post::all(&world).await;
            let last = rows.iter().rfind(|m| m.channel == "email").unwrap();
            assert_eq!(last.state, state, "{trouble:?}: {}", last.said);
            assert!(!last.said.contains('@'), "no address: {}", last.said);
            assert_eq!(world.office.letters().len() - before, letters, "{trouble:?}");
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_speak_the_readers_language_in_the_tenants_words() {
    for test in databases().await {
        let world = World::new(test).await;
        post::open(&world).await;
        let own = Template {
            name: "order_status_changed".into(),
            language: "fr".into(),
            subject: "Commande {{ order.number }} : {{ to }}".into(),
            body: "{{ recipient.name }}, {{ shop.name }}".into(),
            html: None,
            updated_at: world.ledger.now(),
        };
        let mut tx = world.ledger.db.begin("own").await.unwrap();
        message_settings::put_template(&mut tx, world.tenant, &own).await.unwrap();
        tx.commit().await.unwrap();
        moved(&world, OrderState::Cancelled, "changed my mind").await;
        carry(&world).await;
        let letters = world.office.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0].header("subject"), "Commande T-1 : cancelled", "the parcel goes to France");
        assert!(letters[0].header("from").contains("Atelier Lune"));
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_tried_by_the_ladder_then_switched_off_and_gets_what_it_missed() {
    for test in databases().await {
        let world = World::new(test).await;
        let endpoint = post::open(&world).await;
        let since = world.ledger.now();
        world.hook.answer(&[Answer::of(500), Answer { status: 429, header: Some(("retry-after", "900".into())) }]);
        moved(&world, OrderState::Accepted, "paid").await;
        for (wait_s, deliveries) in [(0, 1), (4, 1), (2, 2), (400, 2), (600, 3)] {
            world.clock.advance(Duration::from_secs(wait_s));
            carry(&world).await;
            assert_eq!(world.hook.deliveries().len(), deliveries, "after {wait_s} s more");
        }
        let came = world.hook.deliveries();
        assert!(came.iter().all(|d| d.id == came[0].id && d.body == came[0].body), "the same bytes under the same id");
        assert_eq!(endpoint_row(&world, endpoint).await.failing_since, None, "a success forgives");
        world.hook.always(Some(Answer::of(503)));
        moved(&world, OrderState::OnHold, "a question").await;
        for _ in 0..8 {
            carry(&world).await;
            world.clock.advance(DAY);
        }
        let row = endpoint_row(&world, endpoint).await;
        assert!(!row.enabled || row.failing_since.is_some(), "{row:?}");
        moved(&world, OrderState::Ready, "answered").await;
        carry(&world).await;
        world.clock.advance(6 * DAY);
        carry(&world).await;
        let row = endpoint_row(&world, endpoint).await;
        assert!(!row.enabled && row.off_why.contains("five days"), "{row:?}");
        assert_eq!(told(&world, "email").await.iter().filter(|(topic, _)| topic == "ENDPOINT_DISABLED").count(), 1);
        let silent = world.hook.deliveries().len();
        moved(&world, OrderState::Cancelled, "no").await;
        carry(&world).await;
        assert_eq!(world.hook.deliveries().len(), silent, "nothing goes to an endpoint that is off");
        recovered(&world, endpoint, since).await;
        world.end().await;
    }
}

async fn endpoint_row(world: &World, id: platen_shared::id::EndpointId) -> endpoints::Endpoint {
    endpoints::get(&mut world.test.db.reader(), world.tenant, id).await.unwrap().unwrap()
}

/// Switched on again and asked for everything since the beginning, each notice has arrived; what had arrived comes no second time.
async fn recovered(world: &World, id: platen_shared::id::EndpointId, since: platen_shared::db::At) {
    use platen_shared::store::{messages, notices};
    world.hook.always(None);
    let before: std::collections::HashSet<_> = told_ids(world).await;
    let mut tx = world.ledger.db.begin("recover").await.unwrap();
    let mut row = endpoints::lock(&mut tx, world.tenant, id).await.unwrap().unwrap();
    (row.enabled, row.failing_since) = (true, None);
    endpoints::put(&mut tx, world.tenant, &row).await.unwrap();
    let all = notices::since(&mut tx, world.tenant, since, 1000).await.unwrap();
    for notice in &all {
        let (now, to) = (world.ledger.now(), id.to_string());
        if !messages::write(&mut tx, now, world.tenant, notice.id, &to, "webhook").await.unwrap() {
            messages::renew_lost(&mut tx, world.tenant, notice.id, &to).await.unwrap();
        }
    }
    tx.tell();
    let now = world.ledger.now();
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 0, correlation_id: "test".into() };
    outbox::carry(&mut tx, &origin).await.unwrap();
    tx.commit().await.unwrap();
    let count = world.hook.deliveries().len();
    carry(world).await;
    let after = told_ids(world).await;
    assert_eq!(after.len(), all.len(), "everything arrived");
    assert_eq!(world.hook.deliveries().len() - count, after.len() - before.len(), "and nothing twice");
}

async fn told_ids(world: &World) -> std::collections::HashSet<String> {
    let rows = post::all(world).await;
    rows.into_iter().filter(|m| m.channel == "webhook" && m.state == "sent").map(|m| m.notice.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_flaps_is_one_incident() {
    for test in databases().await {
        let world = World::new(test).await;
        post::open(&world).await;
        let down = || Fault::new(FaultKind::Status { status: 503, html: false, after: false });
        let verdicts = ["ok", "bad", "ok", "ok", "bad", "ok", "bad", "ok", "bad", "ok", "ok", "ok", "ok", "ok", "ok"];
        for (n, verdict) in verdicts.iter().enumerate() {
            if *verdict == "bad" {
                world.printer.set_fault(down());
            } else {
                world.printer.clear_faults();
            }
            // The breaker has its own tests; here every probe goes out.
            world.clock.advance(Duration::from_secs(120));
            run(&world, "probe_provider", json!({ "provider": "gelato", "run": format!("r{n}") })).await;
        }
        carry(&world).await;
        let all = incidents::list(&mut world.test.db.reader(), world.tenant, None, 10).await.unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].kind == "away" && all[0].closed_at.is_some());
        let mails: Vec<String> = told(&world, "email").await.into_iter().map(|(topic, _)| topic).collect();
        assert_eq!(mails, ["SERVICE_RESTORED", "SERVICE_UNAVAILABLE"], "one alert, one resolution");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_order_is_told_once_per_threshold_in_business_days() {
    for test in databases().await {
        let world = World::new(test).await;
        post::open(&world).await;
        let revision = order(&world).await.revision;
        run(&world, "build_bundle", json!({ "order": world.order, "revision": revision })).await;
        let submit = world.jobs("submit_order").await[0].id;
        world.run(submit).await;
        let mut days = Vec::new();
        for day in 1..=21 {
            world.clock.advance(DAY);
            for hour in 0..3 {
                run(&world, "watch_orders", json!({ "run": format!("d{day}h{hour}") })).await;
            }
            carry(&world).await;
            let mails = told(&world, "email").await;
            let late = mails.iter().filter(|(topic, _)| topic == "PRODUCTION_DELAY").count();
            assert_eq!(late, mails.iter().filter(|(topic, _)| topic == "PRODUCTION_DELAYS").count(), "both hear of it");
            if days.len() < late {
                days.push(day);
            }
        }
        // Five and eight business days are five to seven and ten to twelve days of the calendar, whatever day it is today.
        assert_eq!(days.len(), 2, "{days:?}");
        assert!((5..=7).contains(&days[0]) && (10..=12).contains(&days[1]), "{days:?}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cancels_an_order_that_is_held_hears_of_no_failure() {
    // Held since its first attempt, or since a later one, of which nobody knows before a look that it left nothing.
    for attempts in [1, 3] {
        for test in databases().await {
            let world = World::new(test).await;
            queue::queue(&world, 1).await;
            post::open(&world).await;
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let tenant = tenants::get(&mut tx, world.tenant).await.unwrap().unwrap();
            tenants::change(&mut tx, &tenants::Tenant { frozen: true, ..tenant }).await.unwrap();
            tx.commit().await.unwrap();
            let submission = world.jobs("submit_order").await[0].id;
            for _ in 0..attempts {
                world.run(submission).await;
                world.clock.advance(Duration::from_secs(900));
            }
            let mut tx = world.ledger.db.begin("test").await.unwrap();
            let now = world.ledger.now();
            let asked = ("a person", "not wanted");
            cancellations::request(&mut tx, now, world.tenant, world.order, asked, "").await.unwrap();
            tx.commit().await.unwrap();
            world.cancel(submission).await;
            world.clock.advance(Duration::from_secs(3600));
            if attempts > 1 {
                let look = world.jobs("look_up_order").await[0].id;
                world.run(look).await;
                assert_eq!(world.job(look).await.state, "succeeded");
            }
            run(&world, "cancel_order", json!({ "order": world.order })).await;
            assert_eq!(order(&world).await.state, "cancelled");
            carry(&world).await;
            let told = told(&world, "email").await;
            assert!(told.iter().all(|(topic, _)| topic == "ORDER_STATUS_CHANGED") && !told.is_empty(), "{told:?}");
            let open = operator_items::list(&mut world.test.db.reader(), world.tenant, true, None, 100).await.unwrap();
            assert_eq!(open, [], "nothing is left to be mended");
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_waits_says_what_for() {
    for test in databases().await {
        let mut world = World::new(test).await;
        world.ports.mailer = Arc::new(Unset);
        let message = post::told(&world, "email").await;
        let payload = json!({ "message": message, "attempt": 1 });
        let id = world.enqueue(find("send_message").unwrap(), &payload, None).await;
        world.run(id).await;
        let waiting = post::all(&world).await.into_iter().find(|m| m.channel == "email").unwrap();
        assert_eq!(waiting.state, "queued");
        assert!(waiting.said.contains("give mail.url and mail.from"), "{}", waiting.said);
        world.end().await;
    }
}
