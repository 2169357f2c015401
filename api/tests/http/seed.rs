//! A tenant with one of everything, made through HTTP where HTTP makes it.

use platen_shared::id::{JobId, TenantId};
use platen_shared::ports::provider::CatalogueItem;
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::catalogue;
use serde_json::{Value, json};

use crate::kit::{Kit, ROOT, png, sha, text};

/// A tenant and the ids of what it has.
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) key_id: String,
}

/// One of everything.
pub(crate) struct Seeded {
    pub(crate) tenant: Tenant,
    pub(crate) upload: String,
    pub(crate) sha256: String,
    pub(crate) spec: String,
    pub(crate) snapshot: String,
    pub(crate) render: String,
    pub(crate) order: String,
    pub(crate) pause: String,
}

/// The provider's product that every seeded catalogue has.
pub(crate) const UID: &str = "mug_product_msz_11-oz_mmat_ceramic-white";

impl Kit {
    /// A tenant with its first key.
    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let body = json!({ "name": name, "currency": "EUR", "platformFeeBps": 1500 });
        let made = self.post(ROOT, "/v1/tenants", &body).await.ok(201);
        Tenant { id: text(&made["tenant"]["id"]), key: text(&made["key"]["secret"]), key_id: text(&made["key"]["id"]) }
    }

    /// A key of a tenant with these scopes only.
    pub(crate) async fn key(&self, tenant: &Tenant, scopes: &[&str]) -> String {
        let made = self.post(&tenant.key, "/v1/keys", &json!({ "name": "another", "scopes": scopes })).await.ok(201);
        text(&made["secret"])
    }

    /// A catalogue of one product, as a sync leaves it.
    pub(crate) async fn catalogue(&self, tenant: &Tenant) {
        let id: TenantId = tenant.id.parse().expect("a tenant");
        let item = CatalogueItem {
            uid: UID.to_owned(),
            catalogue: "mugs".to_owned(),
            title: "Ceramic mug".to_owned(),
            attributes: [("Size".to_owned(), "11 oz".to_owned())].into(),
            cost: None,
            stock: "in-stock".to_owned(),
            raw: json!({}),
            ..CatalogueItem::default()
        };
        let mut tx = self.db.begin("seed").await.expect("a transaction");
        catalogue::begin(&mut tx, self.ledger.now(), id, "gelato", "g1").await.expect("begun");
        catalogue::page(&mut tx, self.ledger.now(), id, "gelato", "g1", "EUR", &[item]).await.expect("a page");
        catalogue::end(&mut tx, self.ledger.now(), id, "gelato", "g1").await.expect("ended").expect("no brake");
        tx.commit().await.expect("committed");
    }

    /// An uploaded picture: (id, sha256).
    pub(crate) async fn upload(&self, key: &str, bytes: Vec<u8>) -> (String, String) {
        let hash = sha(&bytes);
        let made = self.bytes("POST", "/v1/uploads", key, &[("content-type", "image/png")], bytes).await.ok(201);
        assert_eq!(made["sha256"], hash.as_str());
        (text(&made["id"]), hash)
    }

    /// A snapshot of a design with these words, approved and locked: (spec hash, snapshot).
    pub(crate) async fn locked(&self, key: &str, spec: &Value) -> (String, String) {
        let hash = text(&self.post(key, "/v1/specs", spec).await.ok(201)["hash"]);
        let made = self.post(key, "/v1/snapshots", &json!({ "specHash": hash, "source": "shop" })).await.ok(201);
        let id = text(&made["id"]);
        self.post(key, &format!("/v1/snapshots/{id}/approve"), &json!({ "note": "fine" })).await.ok(201);
        self.post(key, &format!("/v1/snapshots/{id}/lock"), &json!({})).await.ok(200);
        (hash, id)
    }

    /// A tenant with one of everything.
    pub(crate) async fn seeded(&self, name: &str) -> Seeded {
        let tenant = self.tenant(name).await;
        let key = tenant.key.as_str();
        self.catalogue(&tenant).await;
        self.put(key, "/v1/connections/gelato", &json!({ "apiKey": format!("gelato-key-of-{name}") })).await.ok(200);
        let (upload, sha256) = self.upload(key, png(7)).await;
        self.put(key, "/v1/products/mug", &product()).await.ok(201);
        let (spec, snapshot) = self.locked(key, &design(&format!("Words of {name}"), &sha256)).await;
        let render = text(
            &self.post(key, "/v1/renders", &json!({ "specHash": spec, "profile": "preview" })).await.ok(202)["id"],
        );
        let order = text(&self.post(key, "/v1/orders", &order(&snapshot, "first")).await.ok(201)["id"]);
        let pause = json!({ "scope": "queue", "value": "messages", "reason": format!("reason of {name}") });
        let pause = text(&self.post(key, "/v1/pauses", &pause).await.ok(201)["id"]);
        let schedule = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "0 3 * * *", "zone": "Europe/Paris" });
        self.put(key, "/v1/schedules/nightly", &schedule).await.ok(201);
        Seeded { tenant, upload, sha256, spec, snapshot, render, order, pause }
    }

    /// Puts the files of a job there, as its worker would.
    pub(crate) async fn artefact(&self, tenant: &Tenant, kind: &str, job: &str, files: &[(&str, &str, &[u8])]) {
        let id: TenantId = tenant.id.parse().expect("a tenant");
        let job: JobId = job.parse().expect("a job");
        let key = self.ledger.job(id, job).await.expect("asked").expect("a job").key;
        let mut stored = Vec::new();
        for (name, media_type, bytes) in files {
            let sha256 = self.blobs.put(id, bytes.to_vec().into()).await.expect("stored");
            stored.push(StoredFile {
                name: (*name).into(),
                sha256,
                media_type: (*media_type).into(),
                bytes: bytes.len() as u64,
            });
        }
        let mut tx = self.db.begin("seed").await.expect("a transaction");
        artefacts::put(&mut tx, self.ledger.now(), id, kind, &key, job, &stored).await.expect("written");
        tx.commit().await.expect("committed");
    }
}

/// A mug of two zones.
pub(crate) fn product() -> Value {
    json!({
        "title": "Mug", "kind": "mug", "zones": zones(), "provider": "gelato", "providerUid": UID,
        "price": { "minor": 1890, "currency": "EUR" },
        "revenue": { "creator": "ada", "royalties": [{ "holder": "label", "bps": 1000 }] },
    })
}

/// Its zones.
pub(crate) fn zones() -> Value {
    json!([
        { "id": "left", "widthMm": 85, "heightMm": 90, "bleedMm": 2 },
        { "id": "right", "widthMm": 85, "heightMm": 90, "bleedMm": 2 },
    ])
}

/// A design for it: words on the left, a picture on the right.
pub(crate) fn design(words: &str, href: &str) -> Value {
    json!({
        "specVersion": "1.0.0",
        "product": { "id": "mug", "kind": "mug", "templateVersion": 1, "zones": zones() },
        "layers": [
            { "zone": "left", "type": "text", "text": words, "font": "Noto Sans", "color": "#1d3557", "sizeMm": 10, "minSizeMm": 2,
              "fit": "shrink", "align": "center", "box": { "x": 5, "y": 10, "w": 75, "h": 30 } },
            { "zone": "right", "type": "image", "href": href, "box": { "x": 5, "y": 5, "w": 75, "h": 50 } },
        ],
    })
}

/// An order of two such mugs.
pub(crate) fn order(snapshot: &str, external: &str) -> Value {
    json!({
        "externalId": external, "channel": "shop", "items": [{ "snapshotId": snapshot, "quantity": 2 }],
        "recipient": { "firstName": "Lena", "lastName": "Vogt", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003",
            "country": "FR", "email": "lena@example.org" },
        "shipping": { "minor": 499, "currency": "EUR" }, "tax": { "minor": 300, "currency": "EUR" },
    })
}
