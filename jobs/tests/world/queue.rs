//! Many orders like the world's one.

use platen_jobs::build_bundle::BuildBundle;
use platen_jobs::{Job as _, Origin, find, workflow};
use platen_shared::db::Tx;
use platen_shared::id::{ItemId, OrderId};
use platen_shared::store::artefacts::{self, Artefact};
use platen_shared::store::orders::{self, Item, Order, Payment};
use serde_json::json;

use crate::world::World;

/// Paid orders like the world's one, all with print files and a job that submits them.
pub(crate) async fn queue(world: &World, n_orders: usize) {
    let mut db = world.test.db.reader();
    let first = orders::get(&mut db, world.tenant, world.order).await.unwrap().unwrap();
    let items = orders::items(&mut db, world.tenant, world.order).await.unwrap();
    let payload = json!({ "order": first.id, "revision": first.revision });
    let job = world.enqueue(find("build_bundle").unwrap(), &payload, None).await;
    world.run(job).await;
    let made = artefacts::get(&mut db, world.tenant, BuildBundle::KIND, &bundle(&first)).await.unwrap().unwrap();
    for n in 1..n_orders {
        another(world, &items, &made, n).await;
    }
}

fn bundle(order: &Order) -> String {
    BuildBundle { order: order.id, revision: order.revision.clone() }.key().text
}

/// Rows of orders of which nothing else is there.
pub(crate) async fn bare(world: &World, n_orders: usize) -> Vec<OrderId> {
    let first = orders::get(&mut world.test.db.reader(), world.tenant, world.order).await.unwrap().unwrap();
    let mut tx = world.ledger.db.begin("bare").await.unwrap();
    let mut ids = Vec::new();
    for n in 0..n_orders {
        let (id, name) = (OrderId::new(), format!("b-{n}"));
        let order = Order { id, number: name.clone(), external_id: name, ..first.clone() };
        assert!(orders::create(&mut tx, &order, &[], "test").await.unwrap());
        ids.push(id);
    }
    tx.commit().await.unwrap();
    ids
}

/// Takes in another order like the world's one, of such items, not paid; `otherwise` says what is different.
pub(crate) async fn like(
    world: &World,
    tx: &mut Tx,
    name: &str,
    items: &[Item],
    otherwise: impl FnOnce(Order) -> Order,
) -> Order {
    let (id, keyring) = (OrderId::new(), world.ports.links.keyring());
    let first = orders::get(tx, world.tenant, world.order).await.unwrap().unwrap();
    let recipient = keyring.open(&first.recipient, &format!("{}:{}", first.tenant, first.id)).unwrap();
    let order = otherwise(Order {
        id,
        number: format!("T-1-{name}"),
        external_id: format!("x-1-{name}"),
        state: "received".into(),
        payment_state: "unpaid".into(),
        recipient: keyring.seal(&recipient, &format!("{}:{id}", first.tenant)).unwrap(),
        ..first
    });
    let items: Vec<Item> = items.iter().map(|item| Item { id: ItemId::new(), ..item.clone() }).collect();
    assert!(orders::create(tx, &order, &items, "test").await.unwrap());
    order
}

/// Pays an order in full.
pub(crate) async fn pay(world: &World, tx: &mut Tx, order: &Order) {
    let payment = Payment {
        reference: order.number.clone(),
        method: "card".into(),
        amount_minor: order.total_minor,
        currency: order.currency,
        actor: "test".into(),
    };
    orders::pay(tx, world.ledger.now(), order, &payment).await.unwrap();
}

async fn another(world: &World, items: &[Item], made: &Artefact, n: usize) {
    let now = world.ledger.now();
    let origin = Origin { tenant: world.tenant, now, run_at: now, priority: 100, correlation_id: "test".into() };
    let mut tx = world.ledger.db.begin("another").await.unwrap();
    let order = like(world, &mut tx, &n.to_string(), items, |order| order).await;
    pay(world, &mut tx, &order).await;
    artefacts::put(&mut tx, now, world.tenant, BuildBundle::KIND, &bundle(&order), made.job, &made.files.0)
        .await
        .unwrap();
    let paid = orders::get(&mut tx, world.tenant, order.id).await.unwrap().unwrap();
    assert!(workflow::proceed(&mut tx, &origin, now, &paid).await.unwrap().is_some(), "a job submits it");
    tx.commit().await.unwrap();
}
