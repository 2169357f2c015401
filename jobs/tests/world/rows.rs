//! The rows a world begins with, written through the stores.

use std::collections::BTreeMap;

use platen_jobs::Ports;
use platen_shared::db::{Json, Tx};
use platen_shared::domain::address::Recipient;
use platen_shared::domain::revenue::{RevenueTerms, Royalty};
use platen_shared::id::{EventId, ItemId, OrderId, SnapshotId, TenantId};
use platen_shared::ledger::Ledger;
use platen_shared::secrets::Keyring;
use platen_shared::store::connections;
use platen_shared::store::orders::{self, Item, Order, OrderTerms, Payment};
use platen_shared::store::snapshots::{self, Approval, Lock, Snapshot};
use platen_shared::store::specs::{self, StoredSpec};
use platen_shared::store::tenants::{self, Tenant};

const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";
const TEE: &str = "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4";

pub(crate) async fn plant(ledger: &Ledger, ports: &Ports, keyring: &Keyring) -> (TenantId, OrderId, String) {
    let (tenant, now) = (TenantId::new(), ledger.now());
    let photo = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/specs/assets/star.png")).unwrap();
    let star = ports.blobs.put(tenant, photo.into()).await.unwrap();
    let mut tx = ledger.db.begin("plant").await.unwrap();
    let row = Tenant {
        id: tenant,
        name: "Test".into(),
        currency: "EUR".parse().unwrap(),
        platform_fee_bps: 2000,
        test_mode: false,
        frozen: false,
        auto_submit: true,
        spending_cap_minor: Some(1_000_000),
        weight: 1,
        created_at: now,
    };
    tenants::create(&mut tx, &row).await.unwrap();
    let sealed = keyring.seal("sim-key", &connections::bound(tenant, "gelato")).unwrap();
    connections::put(&mut tx, now, tenant, "gelato", &sealed).await.unwrap();
    let mug = design(&mut tx, tenant, ledger, mug_spec(&star)).await;
    let tee = design(&mut tx, tenant, ledger, tee_spec()).await;
    let order = order(&mut tx, tenant, ledger, keyring, &mug, &tee).await;
    tx.commit().await.unwrap();
    (tenant, order, mug.0)
}

fn mug_spec(star: &str) -> serde_json::Value {
    serde_json::json!({ "specVersion": "1.0.0",
        "product": { "id": "mug", "kind": "mug", "zones": [
            { "id": "left", "widthMm": 40, "heightMm": 45, "bleedMm": 2, "background": "#ffffff" },
            { "id": "right", "widthMm": 40, "heightMm": 45, "bleedMm": 2 }] },
        "layers": [
            { "zone": "left", "type": "image", "href": star, "box": { "x": 5, "y": 5, "w": 20, "h": 20 } },
            { "zone": "right", "type": "text", "text": "Zoë", "font": "Noto Sans", "color": "#1d3557", "sizeMm": 8, "minSizeMm": 2, "fit": "shrink",
              "align": "center", "box": { "x": 2, "y": 10, "w": 36, "h": 20 } }] })
}

fn tee_spec() -> serde_json::Value {
    serde_json::json!({ "specVersion": "1.0.0",
        "product": { "id": "tee", "kind": "tshirt", "zones": [{ "id": "chest", "widthMm": 60, "heightMm": 40, "bleedMm": 0 }] },
        "layers": [{ "zone": "chest", "type": "shape", "shape": "ellipse", "color": "#e63946", "box": { "x": 5, "y": 5, "w": 30, "h": 30 } }] })
}

/// An approved and locked design: (hash, snapshot).
async fn design(tx: &mut Tx, tenant: TenantId, ledger: &Ledger, spec: serde_json::Value) -> (String, SnapshotId) {
    let checked = platen_press::check(&spec).unwrap();
    let created_at = ledger.now();
    let stored = StoredSpec {
        tenant,
        hash: checked.hash.clone(),
        canonical: checked.canonical.clone(),
        product_id: checked.spec.product_id().to_owned(),
        template_version: 1,
        press_version: "1".to_owned(),
        migrated_from: None,
        created_at,
    };
    specs::insert(tx, &stored).await.unwrap();
    let id = SnapshotId::new();
    let snapshot = Snapshot {
        id,
        tenant,
        spec_hash: checked.hash.clone(),
        source: "api".into(),
        created_by: "test".into(),
        created_at,
    };
    snapshots::insert(tx, &snapshot).await.unwrap();
    let approval = Approval {
        id: EventId::new(),
        actor: "test".into(),
        note: String::new(),
        how: "test".into(),
        seen: None,
        at: created_at,
    };
    snapshots::approve(tx, tenant, id, &approval).await.unwrap();
    snapshots::lock(tx, tenant, id, &Lock { actor: "test".into(), at: created_at }).await.unwrap();
    (checked.hash, id)
}

fn item(
    position: i64,
    design: &(String, SnapshotId),
    product: &str,
    uid: &str,
    placements: &[(&str, &str)],
    unit: i64,
    revenue: RevenueTerms,
) -> Item {
    Item {
        id: ItemId::new(),
        position,
        product_id: product.into(),
        product_version: 1,
        snapshot: design.1,
        spec_hash: design.0.clone(),
        title: product.into(),
        provider: "gelato".into(),
        provider_uid: uid.into(),
        placements: Json(
            placements.iter().map(|(z, a)| ((*z).to_owned(), (*a).to_owned())).collect::<BTreeMap<_, _>>(),
        ),
        quantity: 1 + position,
        unit_minor: unit,
        line_minor: unit * (1 + position),
        revenue: Json(revenue),
    }
}

async fn order(
    tx: &mut Tx,
    tenant: TenantId,
    ledger: &Ledger,
    keyring: &Keyring,
    mug: &(String, SnapshotId),
    tee: &(String, SnapshotId),
) -> OrderId {
    let royalties = [("estate", 1000), ("label", 500), ("charity", 250)]
        .map(|(holder, bps)| Royalty { holder: holder.into(), bps });
    let terms = RevenueTerms { creator: "ada".into(), royalties: royalties.into(), ..RevenueTerms::default() };
    let items = vec![
        item(0, mug, "mug", MUG, &[("left", "default"), ("right", "back")], 2490, terms.clone()),
        item(1, tee, "tee", TEE, &[("chest", "default")], 3190, terms),
    ];
    let recipient: Recipient = serde_json::from_value(serde_json::json!({
        "firstName": "Zoë", "lastName": "Lenoir", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
        "email": "zoe@example.org" }))
    .unwrap();
    let (id, at) = (OrderId::new(), ledger.now());
    let sealed = keyring.seal(&serde_json::to_string(&recipient).unwrap(), &format!("{tenant}:{id}")).unwrap();
    let items_minor: i64 = items.iter().map(|i| i.line_minor).sum();
    let row = Order {
        id,
        tenant,
        number: "T-1".into(),
        channel: "api".into(),
        external_id: "x-1".into(),
        state: "received".into(),
        payment_state: "unpaid".into(),
        fulfilment_state: "unfulfilled".into(),
        review_state: "none".into(),
        state_why: String::new(),
        revision: orders::revision(items.iter().map(|i| (i.spec_hash.as_str(), i.quantity))),
        currency: "EUR".parse().unwrap(),
        items_minor,
        shipping_minor: 590,
        packaging_minor: 0,
        tax_minor: 1000,
        total_minor: items_minor + 590 + 1000,
        terms: Json(OrderTerms { platform_fee_bps: 2000, ..OrderTerms::default() }),
        country: "FR".into(),
        recipient: sealed,
        test: false,
        version: 1,
        created_at: at,
        updated_at: at,
    };
    assert!(orders::create(tx, &row, &items, "test").await.unwrap());
    let payment = Payment {
        reference: "p-1".into(),
        method: "card".into(),
        amount_minor: row.total_minor,
        currency: "EUR".parse().unwrap(),
        actor: "test".into(),
    };
    orders::pay(tx, at, &row, &payment).await.unwrap();
    id
}
