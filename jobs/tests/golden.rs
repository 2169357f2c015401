//! What the printer is asked for, word for word (G-13): the create call of an order, from its rows through the job to the wire, against the
//! files in `fixtures/golden/payloads/`. `PLATEN_ACCEPT=1` writes what is sent now.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "each suite uses some of it")]
#[path = "world/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the kinds' suite uses all of it, this one some")]
mod world;

use platen_jobs::build_bundle::BuildBundle;
use platen_jobs::{Job as _, find};
use platen_shared::db::Json;
use platen_shared::domain::terms::PackagingTier;
use platen_shared::ports::links::PROVIDER_TTL;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::orders::{self, Item, Order, OrderTerms};
use platen_shared::testing::databases;
use serde_json::{Value, json};
use world::World;

const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";

/// A paid order of some of the world's items, packed in the creator's way.
async fn order_of(world: &World, name: &str, wanted: &[usize]) -> (Order, Vec<Item>) {
    let mut tx = world.ledger.db.begin("golden").await.unwrap();
    let all = orders::items(&mut tx, world.tenant, world.order).await.unwrap();
    let items: Vec<Item> = (0..).zip(wanted).map(|(position, n)| Item { position, ..all[*n].clone() }).collect();
    let items_minor: i64 = items.iter().map(|item| item.line_minor).sum();
    let design = Some("ada:1".to_owned());
    let tier = PackagingTier { name: "creator".into(), price_minor: 0, cost_minor: 300, design };
    let order = queue::like(world, &mut tx, name, &items, |order| Order {
        revision: orders::revision(items.iter().map(|item| (item.spec_hash.as_str(), item.quantity))),
        items_minor,
        total_minor: items_minor + order.shipping_minor + order.tax_minor,
        terms: Json(OrderTerms { packaging: Some(tier), ..order.terms.0 }),
        ..order
    });
    let order = order.await;
    queue::pay(world, &mut tx, &order).await;
    let items = orders::items(&mut tx, world.tenant, order.id).await.unwrap();
    tx.commit().await.unwrap();
    (order, items)
}

/// Submits the order; answers the body of its create call, and its files.
async fn sent(world: &World, order: &Order) -> (Value, Vec<StoredFile>) {
    let payload = json!({ "order": order.id, "revision": order.revision });
    let bundle = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
    world.run(bundle).await;
    let job = world.jobs("submit_order").await.into_iter().find(|job| !job.finished()).unwrap();
    world.run(job.id).await;
    assert_eq!(world.job(job.id).await.state, "succeeded", "{:?}", world.job(job.id).await.error);
    let key = BuildBundle { order: order.id, revision: order.revision.clone() }.key().text;
    let made =
        artefacts::get(&mut world.test.db.reader(), world.tenant, BuildBundle::KIND, &key).await.unwrap().unwrap();
    (world.printer.created().pop().unwrap(), made.files.0)
}

/// The body without what is new in every run: ids have the names of their places, and links say what they lead to.
fn told(world: &World, body: &Value, order: &Order, items: &[Item], files: &[StoredFile]) -> Value {
    let mut text = serde_json::to_string(body).unwrap().replace(&order.id.to_string(), "ORDER");
    for (n, item) in items.iter().enumerate() {
        text = text.replace(&item.id.to_string(), &format!("ITEM-{}", n + 1));
    }
    let mut body: Value = serde_json::from_str(&text).unwrap();
    let links = body["items"].as_array_mut().unwrap().iter_mut().flat_map(|item| item["files"].as_array_mut().unwrap());
    for file in links {
        let link = file["url"].as_str().unwrap().to_owned();
        let token = link.strip_prefix("http://127.0.0.1:9/f/").expect("a link of this installation");
        let to = world
            .ports
            .links
            .open(world.ledger.now().plus(PROVIDER_TTL), token)
            .expect("it opens for as long as it says");
        let named = files.iter().find(|file| file.sha256 == to.sha256 && file.media_type == to.media_type).unwrap();
        file["url"] = format!("PUBLIC_URL/f/({} as {})", named.name, named.media_type).into();
    }
    body
}

fn compare(name: &str, now: &Value) {
    let path = format!("{}/../fixtures/golden/payloads/gelato/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let now = format!("{}\n", serde_json::to_string_pretty(now).unwrap());
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let accepted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(accepted == now, "{name}: what is sent changed. If that is meant, run `cargo xtask golden`.\n{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_says_word_for_word_what_was_accepted() {
    for test in databases().await {
        let world = World::new(test).await;
        for (name, wanted) in [("mug", &[0][..]), ("shirt", &[1]), ("several", &[0, 1])] {
            let (order, items) = order_of(&world, name, wanted).await;
            let (body, files) = sent(&world, &order).await;
            assert_eq!(body["orderReferenceId"], order.id.to_string(), "it can be found again");
            for item in body["items"].as_array().unwrap() {
                let sends = if item["productUid"] == TEE { "image/png" } else { "application/pdf" };
                for file in item["files"].as_array().unwrap() {
                    let token = file["url"].as_str().unwrap().rsplit('/').next().unwrap();
                    let to = world.ports.links.open(world.ledger.now(), token).unwrap();
                    assert_eq!(to.media_type, sends, "{name}: cloth from pixels, all else from pages");
                }
            }
            compare(name, &told(&world, &body, &order, &items, &files));
        }
        world.end().await;
    }
}
