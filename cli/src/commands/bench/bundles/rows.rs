//! Orders of two personalised items, the same rows whenever and wherever they are written: a bundle's manifest repeats ids and times.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use platen_jobs::build_bundle::BuildBundle;
use platen_jobs::{Origin, enqueue};
use platen_shared::db::{At, Json, Tx};
use platen_shared::id::{EventId, ItemId, OrderId, SnapshotId, TenantId};
use platen_shared::ledger::Ledger;
use platen_shared::ports::blobs::Blobs;
use platen_shared::secrets::Keyring;
use platen_shared::store::orders::{self, Item, Order};
use platen_shared::store::snapshots::{self, Approval, Lock, Snapshot};
use platen_shared::store::specs::{self, StoredSpec};
use platen_shared::store::tenants::{self, Tenant};
use serde_json::{Value, json};

use super::super::http::SECRET;
use super::super::orders::{FIRST, item, order};

const PHOTO: &[u8] = include_bytes!("../../../../../fixtures/demo/gradient-photo.jpg");
const BLOCK: u64 = 100;

/// An id of the number: the same in every run.
fn id<T: FromStr>(prefix: &str, k: u64) -> Result<T> {
    format!("{prefix}_{k:026}").parse().map_err(|_| anyhow!("{k} makes no id"))
}

/// Whose orders they are.
pub(super) fn tenant() -> Result<TenantId> {
    id(TenantId::PREFIX, 1)
}

/// Writes so many orders, and the job of each one's bundle, which is due.
pub(super) async fn fill(ledger: &Ledger, blobs: &Path, n: u64) -> Result<Vec<BuildBundle>> {
    let tenant = tenant()?;
    let store = Blobs::open(&format!("file://{}", blobs.display()))?;
    let photo = store.put(tenant, PHOTO.into()).await?;
    let keyring = Keyring::new(&SECRET.to_owned().into());
    let mut jobs = Vec::new();
    for from in (0..n).step_by(usize::try_from(BLOCK)?) {
        let mut tx = ledger.db.begin("bench_bundles").await?;
        if from == 0 {
            tenants::create(&mut tx, &shop(tenant)?).await?;
        }
        for k in from..n.min(from + BLOCK) {
            jobs.push(one(&mut tx, ledger, &keyring, k, &photo).await?);
        }
        tx.commit().await?;
    }
    Ok(jobs)
}

fn shop(id: TenantId) -> Result<Tenant> {
    Ok(Tenant {
        id,
        name: "bench".to_owned(),
        currency: "EUR".parse().ok().context("EUR is a currency")?,
        platform_fee_bps: 0,
        test_mode: true,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: At(FIRST),
    })
}

async fn one(tx: &mut Tx, ledger: &Ledger, keyring: &Keyring, k: u64, photo: &str) -> Result<BuildBundle> {
    let tenant = tenant()?;
    let mut items = Vec::new();
    for (position, spec) in [mug(k), poster(k, photo)].into_iter().enumerate() {
        let n = 2 * k + u64::try_from(position)?;
        let (spec_hash, snapshot) = design(tx, tenant, n, &spec).await?;
        let (id, position) = (id(ItemId::PREFIX, n)?, i64::try_from(position)?);
        let placements = Json(BTreeMap::from([("face".to_owned(), "default".to_owned())]));
        items.push(Item { id, position, snapshot, spec_hash, placements, ..item(k) });
    }
    let order = Order {
        id: id(OrderId::PREFIX, k)?,
        number: format!("bench-{k}"),
        state: "received".to_owned(),
        payment_state: "unpaid".to_owned(),
        fulfilment_state: "unfulfilled".to_owned(),
        revision: orders::revision(items.iter().map(|item| (item.spec_hash.as_str(), item.quantity))),
        ..order(keyring, tenant, k)?
    };
    orders::create(tx, &order, &items, "bench").await?;
    let now = ledger.now();
    let origin = Origin { tenant, now, run_at: now, priority: 0, correlation_id: "bench".to_owned() };
    let job = BuildBundle { order: order.id, revision: order.revision };
    enqueue(tx, &origin, &job).await?;
    Ok(job)
}

/// Stores a design as somebody approved and locked it; answers its hash and its snapshot.
async fn design(tx: &mut Tx, tenant: TenantId, n: u64, spec: &Value) -> Result<(String, SnapshotId)> {
    let checked = platen_press::check(spec).map_err(|problems| anyhow!("the design has {} faults", problems.len()))?;
    let (at, snapshot) = (At(FIRST), id(SnapshotId::PREFIX, n)?);
    let stored = StoredSpec {
        tenant,
        hash: checked.hash.clone(),
        canonical: checked.canonical,
        product_id: checked.spec.product_id().to_owned(),
        template_version: 1,
        press_version: platen_press::version().to_owned(),
        migrated_from: None,
        created_at: at,
    };
    specs::insert(tx, &stored).await?;
    let (source, created_by) = ("api".to_owned(), "bench".to_owned());
    let row = Snapshot { id: snapshot, tenant, spec_hash: checked.hash.clone(), source, created_by, created_at: at };
    snapshots::insert(tx, &row).await?;
    let (actor, how) = ("bench".to_owned(), "api".to_owned());
    let approval =
        Approval { id: id(EventId::PREFIX, n)?, actor: actor.clone(), note: String::new(), how, seen: None, at };
    snapshots::approve(tx, tenant, snapshot, &approval).await?;
    snapshots::lock(tx, tenant, snapshot, &Lock { actor, at }).await?;
    Ok((checked.hash, snapshot))
}

fn mug(k: u64) -> Value {
    json!({
        "specVersion": "1.0.0",
        "product": { "id": "mug-11oz", "kind": "mug", "zones": [{ "id": "face", "widthMm": 80, "heightMm": 80, "bleedMm": 2, "background": "#fdf6e3" }] },
        "layers": [{
            "zone": "face", "type": "text", "text": format!("Zoë {k}"), "font": "Lobster", "color": "#1d3557", "sizeMm": 14, "minSizeMm": 4,
            "fit": "shrink", "align": "center", "box": { "x": 5, "y": 28, "w": 70, "h": 24 },
        }],
    })
}

fn poster(k: u64, photo: &str) -> Value {
    json!({
        "specVersion": "1.0.0",
        "product": { "id": "card-a6", "kind": "card", "zones": [{ "id": "face", "widthMm": 105, "heightMm": 148, "bleedMm": 4, "background": "#ffffff" }] },
        "layers": [
            { "zone": "face", "type": "image", "href": photo, "box": { "x": 32, "y": 10, "w": 40, "h": 40 } },
            {
                "zone": "face", "type": "text", "text": format!("Happy birthday, {k}!"), "font": "Noto Sans", "color": "#e63946", "sizeMm": 12,
                "minSizeMm": 4, "fit": "shrink", "align": "center", "box": { "x": 5, "y": 90, "w": 95, "h": 20 },
            },
        ],
    })
}
