//! C-15: the installation's key is changed while orders are placed: nothing is down, and in the end the former key opens nothing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use std::sync::Arc;

use platen_shared::adapters::accounts::Accounts;
use platen_shared::adapters::gelato::Settings;
use platen_shared::adapters::http::{Gates, Http, SqlBoard};
use platen_shared::db::Json;
use platen_shared::id::EndpointId;
use platen_shared::ports::links::Links;
use platen_shared::secrets::Keyring;
use platen_shared::store::order_details::{self, Details};
use platen_shared::store::parties::{self, Party};
use platen_shared::store::sealed::{self, Counts};
use platen_shared::store::webhook_endpoints::{self, Endpoint};
use platen_shared::store::{connections, orders, snapshots};
use platen_shared::testing::databases;
use secrecy::SecretString;
use world::World;

const OLD: &str = "a test installation's secret of enough length";
const NEW: &str = "the next secret of this installation, long too";

fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// A process that was started with these keys.
fn restart(world: &mut World, keyring: &Keyring) {
    let clock = Arc::new(world.clock.clone());
    let board = SqlBoard::new(world.test.db.clone(), clock.clone());
    let http = Http::new(Arc::new(Gates::on(Box::new(board), clock)));
    let gelato = Settings { requests_per_second: 1000, burst: 1000, ..Settings::all(&world.printer.base_url()) };
    let read = world.test.db.reader();
    world.ports.providers = Arc::new(Accounts { read, keyring: keyring.clone(), http, gelato });
    world.ports.links = Links::new("http://127.0.0.1:9", keyring.clone());
}

/// A row in every place that seals: a webhook's two secrets, an endpoint's two, a party, a snapshot's origin; the world has a credential and recipients.
async fn fill(world: &World, keyring: &Keyring) {
    let (tenant, now) = (world.tenant, world.ledger.now());
    let mut tx = world.ledger.db.begin("fill").await.unwrap();
    let door = connections::get(&mut tx, tenant, "gelato").await.unwrap().unwrap();
    for text in ["hook-1", "hook-2"] {
        let sealed = keyring.seal(text, &connections::hook_bound(tenant, door.id)).unwrap();
        assert!(connections::put_door(&mut tx, now, tenant, "gelato", ("signature", &sealed)).await.unwrap());
    }
    let party = Party {
        name: "ada".into(),
        display_name: "Ada".into(),
        language: "en".into(),
        payout_to: Some(keyring.seal("FR76", &parties::bound(tenant, "ada")).unwrap()),
        payout_minimum_minor: None,
        active: true,
        created_at: now,
        updated_at: now,
    };
    parties::put(&mut tx, tenant, &party).await.unwrap();
    let email = keyring.seal("ada@example.org", &parties::bound(tenant, "ada")).unwrap();
    parties::put_email(&mut tx, tenant, "ada", Some(email)).await.unwrap();
    let id = EndpointId::new();
    let signs = |text: &str| keyring.seal(text, &webhook_endpoints::bound(tenant, id)).unwrap();
    let endpoint = Endpoint {
        id,
        url: "https://shop.example/hooks".into(),
        topics: Json(Vec::new()),
        secret: signs("whsec-2"),
        old_secret: Some(signs("whsec-1")),
        old_until: Some(now),
        enabled: true,
        off_why: String::new(),
        failing_since: None,
        created_at: now,
        updated_at: now,
    };
    webhook_endpoints::put(&mut tx, tenant, &endpoint).await.unwrap();
    let snapshot = snapshots::of_spec(&mut tx, tenant, &world.spec_hash).await.unwrap().unwrap();
    let origin = keyring.seal("{}", &format!("{tenant}:{}", snapshot.id)).unwrap();
    snapshots::keep_origin(&mut tx, tenant, snapshot.id, &origin, now).await.unwrap();
    let form = keyring.seal("{}", &format!("{tenant}:{}", world.order)).unwrap();
    let details = Details { form: Some(form), form_version: 1, ..Details::default() };
    order_details::put(&mut tx, now, tenant, world.order, &details).await.unwrap();
    tx.commit().await.unwrap();
}

async fn submit_next(world: &World) {
    let jobs = world.jobs("submit_order").await;
    let next = jobs.iter().filter(|job| !job.finished()).min_by_key(|job| (-job.priority, job.id)).unwrap();
    world.run(next.id).await;
    let job = world.job(next.id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_while_orders_are_placed() {
    for test in databases().await {
        let mut world = World::new(test).await;
        queue::queue(&world, 3).await;
        let (before, after) =
            (Keyring::new(&secret(OLD)).beside(&secret(NEW)), Keyring::new(&secret(NEW)).beside(&secret(OLD)));
        fill(&world, &before).await;
        // A process of the first step and one of the second run side by side.
        restart(&mut world, &before);
        submit_next(&world).await;
        let link =
            world.ports.links.clone().link(world.ledger.now(), world.tenant, "ab", "x", std::time::Duration::ZERO);
        restart(&mut world, &after);
        submit_next(&world).await;
        let token = link.strip_prefix("http://127.0.0.1:9/f/").unwrap();
        assert!(world.ports.links.open(world.ledger.now(), token).is_some(), "links of before are served");
        // Three recipients, a credential, two webhook secrets, two of an endpoint, a party and its address, an origin, a form.
        let counts = sealed::rewrap(&world.test.db, &after).await.unwrap();
        assert_eq!(counts, Counts { rewrapped: 12, already: 0, shut: 0 });
        let again = sealed::rewrap(&world.test.db, &after).await.unwrap();
        assert_eq!(again, Counts { rewrapped: 0, already: 12, shut: 0 }, "it may run again");
        let stranger = Keyring::new(&secret(OLD));
        assert_eq!(sealed::rewrap(&world.test.db, &stranger).await.unwrap().shut, 12, "the former key opens nothing");
        restart(&mut world, &Keyring::new(&secret(NEW)));
        submit_next(&world).await;
        let placed =
            orders::list(&mut world.test.db.reader(), world.tenant, &orders::Filter::state("in_production"), None, 10)
                .await;
        assert_eq!(placed.unwrap().len(), 3);
        assert_eq!(world.printer.counts().released_groups, 3);
        world.end().await;
    }
}
