//! Live validation through `platen api`, a process of its own on the loopback, at a steady rate: what an editor waits for at a keystroke.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use platen_shared::db::Json;
use platen_shared::ledger::Ledger;
use platen_shared::store::products::{self, Product};
use serde_json::{Value, json};

use super::figures::tell_times;
use super::http::{Api, Caller};
use super::place::Place;

/// Connections, each with one request in flight.
const CALLERS: u64 = 16;
/// Texts of several scripts and lengths; every request takes the next one.
const TEXTS: [&str; 6] = [
    "Zoë & Łukasz",
    "Maximilian-Alexander von Hohenzollern",
    "שלום עולם 2024",
    "Nguyễn Thị Ánh",
    "To be yourself in a world that is constantly trying to make you something else",
    "नमस्ते",
];

pub(super) async fn run(place: &Place, (per_second, seconds): (u64, u64)) -> Result<()> {
    let ledger = place.fresh().await?;
    let api = Api::start(place, &ledger).await?;
    let mut tx = ledger.db.begin("bench_product").await?;
    products::insert(&mut tx, &product(&api, &ledger)?).await?;
    tx.commit().await?;
    for (path, body) in [
        ("/v1/personalization/validate", layers as fn(u64) -> Value),
        ("/v1/personalization/normalize", texts),
        ("/v1/personalization/auto-fit", layers),
    ] {
        // The first ones read the product and the fonts; an installation has long done so.
        send(&api, path, body, 50, |_| Instant::now()).await?;
        let began = Instant::now() + Duration::from_millis(100);
        let due = |k: u64| {
            began + Duration::from_secs(1) * u32::try_from(k).unwrap_or(0) / u32::try_from(per_second).unwrap_or(1)
        };
        let times = send(&api, path, body, per_second * seconds, due).await?;
        tell_times(&format!("POST {path} at {per_second}/s, {}", ledger.db.engine()), &times);
    }
    api.stop().await?;
    ledger.db.close().await;
    Ok(())
}

/// So many requests, number `k` not before `due(k)`; how long each took from then on.
async fn send(
    api: &Api,
    path: &str,
    body: fn(u64) -> Value,
    n: u64,
    due: impl Fn(u64) -> Instant,
) -> Result<Vec<Duration>> {
    let next = AtomicU64::new(0);
    let caller = || async {
        let mut caller = Caller::connect(api).await?;
        let mut times = Vec::new();
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            if k >= n {
                return anyhow::Ok(times);
            }
            let due = due(k);
            tokio::time::sleep_until(due.into()).await;
            caller.ask(path, &body(k).to_string(), 200).await?;
            times.push(due.elapsed());
        }
    };
    let all = futures::future::try_join_all((0..CALLERS).map(|_| caller())).await?;
    Ok(all.into_iter().flatten().collect())
}

fn words(k: u64) -> String {
    let text = TEXTS[usize::try_from(k).unwrap_or(0) % TEXTS.len()];
    // Another text each time: nothing may be remembered from the last one.
    format!("{text} {k}")
}

/// Two texts, one shrunk and one wrapped.
fn layers(k: u64) -> Value {
    let layer = |fit: &str, y: u32, h: u32| {
        json!({ "zone": "front", "type": "text", "text": words(k), "font": "Lobster", "color": "#1d3557", "sizeMm": 24, "minSizeMm": 2,
            "fit": fit, "align": "center", "box": { "x": 5, "y": y, "w": 75, "h": h } })
    };
    json!({ "product": { "id": "mug" }, "layers": [layer("shrink", 5, 20), layer("wrap", 30, 50)] })
}

fn texts(k: u64) -> Value {
    json!({ "texts": [words(k), format!("{}\u{202e}", words(k + 1))] })
}

/// A mug with rules of every kind that costs something.
fn product(api: &Api, ledger: &Ledger) -> Result<Product> {
    let zones = json!([{ "id": "front", "widthMm": 85, "heightMm": 90, "bleedMm": 2 }]);
    let rules = json!({
        "blockedWords": ["damn", "merde", "darn*", "bad word"],
        "zones": { "front": { "maxLength": 120, "maxLines": 4, "pattern": "[^<>]*", "colors": ["#1d3557"], "fonts": ["Lobster"], "minSizeMm": 2 } },
    });
    Ok(Product {
        tenant: api.tenant,
        id: "mug".to_owned(),
        version: 1,
        title: "Mug".to_owned(),
        kind: "mug".to_owned(),
        zones: Json(zones.clone()),
        wire_zones: Json(zones),
        placements: Json(BTreeMap::from([("front".to_owned(), "default".to_owned())])),
        provider: "gelato".to_owned(),
        provider_uid: "mug".to_owned(),
        price_minor: 1990,
        currency: "EUR".parse().ok().context("EUR is a currency")?,
        revenue: Json(serde_json::from_value(json!({ "creator": "bench", "royalties": [] }))?),
        rules: Json(rules),
        created_at: ledger.now(),
    })
}
