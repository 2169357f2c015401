//! How long lists, statistics and an order's page take through `platen api` when there are very many orders.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use platen_shared::db::{At, Db, Json};
use platen_shared::domain::money::Currency;
use platen_shared::domain::order::{FulfilmentState, OrderState, PaymentState};
use platen_shared::id::{ItemId, OrderId, SnapshotId, TenantId};
use platen_shared::secrets::Keyring;
use platen_shared::store::orders::{self, Item, Order, OrderTerms, number};
use serde_json::json;

use super::figures::tell_times;
use super::http::{Api, Caller, SECRET};
use super::place::Place;

const BLOCK: u64 = 500;
/// 2026-01-01, and a minute between two orders.
pub(super) const FIRST: i64 = 1_767_225_600_000_000;
const MINUTE: i64 = 60_000_000;
/// State, payment, fulfilment; most orders are over, and one in a thousand needs a person.
const LIVES: [(OrderState, PaymentState, FulfilmentState); 5] = [
    (OrderState::Delivered, PaymentState::Paid, FulfilmentState::Delivered),
    (OrderState::Closed, PaymentState::Paid, FulfilmentState::Delivered),
    (OrderState::Shipped, PaymentState::Paid, FulfilmentState::Shipped),
    (OrderState::Cancelled, PaymentState::Refunded, FulfilmentState::Unfulfilled),
    (OrderState::InProduction, PaymentState::Paid, FulfilmentState::InProduction),
];
const RARE: (OrderState, PaymentState, FulfilmentState) =
    (OrderState::OnHold, PaymentState::Paid, FulfilmentState::Unfulfilled);

pub(super) async fn run(place: &Place, rounds: u32, n: u64) -> Result<()> {
    let ledger = place.fresh().await?;
    let api = Api::start(place, &ledger).await?;
    let filled = fill(&ledger.db, api.tenant, n).await?;
    ledger.db.after_bulk().await?;
    let mut caller = Caller::connect(&api).await?;
    let title = |what: &str| format!("{what}, {n} orders, {}", ledger.db.engine());
    for (what, path) in [
        ("the newest orders", "/v1/orders"),
        ("orders of a state that few have", "/v1/orders?state=on_hold"),
        ("orders of a country that none has", "/v1/orders?country=NZ"),
        ("orders of a day", "/v1/orders?since=2026-01-10T00:00:00Z&until=2026-01-11T00:00:00Z"),
        ("statistics", "/v1/orders/stats"),
    ] {
        let mut times = Vec::new();
        for _ in 0..rounds * 40 {
            times.push(get(&mut caller, path).await?);
        }
        tell_times(&title(what), &times);
    }
    let (mut pages, mut numbers) = (Vec::new(), Vec::new());
    for k in 0..u64::from(rounds) * 200 {
        let (id, number) = &filled[usize::try_from(k.wrapping_mul(7_919) % n)?];
        pages.push(get(&mut caller, &format!("/v1/orders/{id}")).await?);
        numbers.push(get(&mut caller, &format!("/v1/orders/number/{number}")).await?);
    }
    tell_times(&title("an order's page"), &pages);
    tell_times(&title("the same by its number"), &numbers);
    api.stop().await?;
    ledger.db.close().await;
    Ok(())
}

async fn get(caller: &mut Caller, path: &str) -> Result<Duration> {
    let began = Instant::now();
    caller.get(path).await?;
    Ok(began.elapsed())
}

/// Orders of one item each; answers their ids and numbers.
async fn fill(db: &Db, tenant: TenantId, n: u64) -> Result<Vec<(OrderId, String)>> {
    let keyring = Keyring::new(&SECRET.to_owned().into());
    let mut filled = Vec::new();
    for block in 0..n.div_ceil(BLOCK) {
        let mut tx = db.begin("bench_fill").await?;
        for k in block * BLOCK..n.min((block + 1) * BLOCK) {
            let order = order(&keyring, tenant, k)?;
            filled.push((order.id, order.number.clone()));
            orders::create(&mut tx, &order, &[item(k)], "bench").await?;
        }
        tx.commit().await?;
        if (block + 1).is_multiple_of(40) {
            eprintln!("{} of {n} orders are there", (block + 1) * BLOCK);
        }
    }
    Ok(filled)
}

/// An order of this number, with what it does not matter to.
pub(super) fn order(keyring: &Keyring, tenant: TenantId, k: u64) -> Result<Order> {
    let (state, payment, fulfilment) = if k % 1_000 == 999 { RARE } else { LIVES[usize::try_from(k % 5)?] };
    let (id, at) = (OrderId::new(), At(FIRST + i64::try_from(k)? * MINUTE));
    let recipient = json!({ "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003",
        "country": "FR", "email": "lena@example.org" });
    Ok(Order {
        id,
        tenant,
        number: number(at, id),
        channel: if k.is_multiple_of(3) { "web" } else { "shop" }.to_owned(),
        external_id: format!("bench-{k}"),
        state: state.word().to_owned(),
        payment_state: payment.word().to_owned(),
        fulfilment_state: fulfilment.word().to_owned(),
        review_state: "none".to_owned(),
        state_why: "as the benchmark made it".to_owned(),
        revision: format!("{k:016x}"),
        currency: currency()?,
        items_minor: 1_990,
        shipping_minor: 499,
        packaging_minor: 0,
        tax_minor: 300,
        total_minor: 2_789,
        terms: Json(OrderTerms::default()),
        country: "FR".to_owned(),
        recipient: keyring.seal(&recipient.to_string(), &format!("{tenant}:{id}"))?,
        test: false,
        version: 1,
        created_at: at,
        updated_at: at,
    })
}

fn currency() -> Result<Currency> {
    "EUR".parse().ok().context("EUR is a currency")
}

pub(super) fn item(k: u64) -> Item {
    Item {
        id: ItemId::new(),
        position: 0,
        product_id: "mug".to_owned(),
        product_version: 1,
        snapshot: SnapshotId::new(),
        spec_hash: format!("{k:064x}"),
        title: "Mug".to_owned(),
        provider: "gelato".to_owned(),
        provider_uid: "mug".to_owned(),
        placements: Json(BTreeMap::new()),
        quantity: 1,
        unit_minor: 1_990,
        line_minor: 1_990,
        revenue: Json(Default::default()),
    }
}
