//! Files that customers uploaded, looked at over HTTP: real defects, on both databases, by the very process that the command starts.

use platen_shared::canon::sha256_hex;
use platen_shared::clock::SystemClock;
use platen_shared::id::UploadId;
use platen_shared::ports::blobs::Blobs;
use platen_shared::ports::provider::CatalogueItem;
use platen_shared::store::catalogue;
use platen_shared::store::uploads::{self, Upload};
use platen_shared::testing::{TestDb, databases};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{self, ROOT};
use crate::seed::{Seeded, seed};
use crate::{pdf, stream};

/// A6 with 4 mm bleed, and trimmed.
const BLED: &str = "/MediaBox[0 0 320.315 442.205]/TrimBox[11.339 11.339 308.976 430.866]";
const TRIMMED: &str = "/MediaBox[0 0 297.638 419.528]/TrimBox[0 0 297.638 419.528]";
/// A product at the printer that says its measures, and nothing in its name.
const FLAT: &str = "wall_x_0001";

/// A document of one page.
fn paper(boxes: &str, drawing: &str) -> Vec<u8> {
    let page = format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R{boxes}/Resources<</Font<</F 5 0 R>>>>>>");
    pdf(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        stream("", drawing.as_bytes()),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
    ])
}

/// A front over one database, with its files beside it.
struct Front {
    api: api::Api,
    http: reqwest::Client,
    seeded: Seeded,
    test: TestDb,
    blobs: Blobs,
    _folder: tempfile::TempDir,
}

impl Front {
    async fn start(test: TestDb) -> Front {
        let folder = tempfile::tempdir().expect("a folder");
        let api = api::start(&test.url, folder.path(), &[]).await;
        let seeded = seed(&test.db, &api.url).await;
        let blobs = Blobs::open(&format!("file://{}", folder.path().join("blobs").display())).expect("a store");
        Front { api, http: api::client(), seeded, test, blobs, _folder: folder }
    }

    /// Sends artwork; answers what was said.
    async fn send(&self, kind: &str, bytes: Vec<u8>) -> (u16, Value) {
        let request = self.http.post(format!("{}/v1/uploads?profile=artwork", self.api.url));
        let request = request.bearer_auth(&self.seeded.key).header("Content-Type", kind).body(bytes);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("text")).expect("JSON"))
    }

    /// The id of artwork that is taken.
    async fn sent(&self, kind: &str, bytes: Vec<u8>) -> String {
        let (status, upload) = self.send(kind, bytes).await;
        assert!(status == 201 || status == 200, "{status}: {upload}");
        upload["id"].as_str().expect("an id").to_owned()
    }

    /// An upload that this release would not have taken, put there by hand.
    async fn planted(&self, bytes: Vec<u8>) -> String {
        let (id, tenant, length) = (UploadId::new(), self.seeded.tenant, i64::try_from(bytes.len()).expect("small"));
        let sha256 = self.blobs.put(tenant, bytes.into()).await.expect("stored");
        let (profile, media_type) = ("artwork".to_owned(), "application/pdf".to_owned());
        let created_at = SystemClock::wall();
        let source_sha256 = Some(sha256_hex(id.to_string().as_bytes()));
        let upload = Upload {
            id,
            tenant,
            profile,
            sha256,
            source_sha256,
            media_type,
            bytes: length,
            width: 1,
            height: 1,
            created_at,
        };
        let mut tx = self.test.db.begin("test").await.expect("a transaction");
        assert!(uploads::insert(&mut tx, &upload).await.expect("written"));
        tx.commit().await.expect("committed");
        id.to_string()
    }

    async fn ask(&self, key: &str, id: &str, wanted: &Value) -> (u16, Value) {
        let url = format!("{}/v1/uploads/{id}/preflight", self.api.url);
        let idempotency = UploadId::new().to_string();
        api::call(&self.http, key, Method::POST, &url, &idempotency, wanted).await.expect("an answer")
    }

    /// The report, which is the same when it is asked for again.
    async fn report(&self, id: &str, wanted: &Value) -> Value {
        let (status, report) = self.ask(&self.seeded.key, id, wanted).await;
        assert_eq!(status, 200, "{report}");
        assert_eq!(self.ask(&self.seeded.key, id, wanted).await, (200, report.clone()), "the same report again");
        report
    }
}

/// A check's verdict and sentence.
fn found<'r>(report: &'r Value, check: &str) -> (&'r str, &'r str) {
    let all = report["checks"].as_array().expect("checks");
    let one = all.iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("{check}: {report}"));
    (one["verdict"].as_str().expect("a word"), one["message"].as_str().expect("a sentence"))
}

async fn defects(front: &Front) {
    let a6 = json!({ "size": "A6", "pages": 1 });
    let pdf = async |boxes: &str, drawing: &str| front.sent("application/pdf", paper(boxes, drawing)).await;
    let good = pdf(BLED, "0 0 0 1 k 0 0 320 442 re f").await;
    let report = front.report(&good, &a6).await;
    assert_eq!((&report["verdict"], found(&report, "page_size").0), (&json!("pass"), "pass"), "{report}");
    let report = front.report(&good, &json!({ "size": "A5", "pages": 2 })).await;
    assert_eq!((found(&report, "page_size").0, found(&report, "pages").0), ("refuse", "refuse"));
    assert!(found(&report, "page_size").1.contains("105 × 148 mm; the product is 148 × 210 mm"), "{report}");
    let report = front.report(&pdf(TRIMMED, "").await, &a6).await;
    assert_eq!((&report["verdict"], found(&report, "bleed").0), (&json!("warn"), "warn"), "{report}");
    let report = front.report(&pdf(BLED, "BT /F 12 Tf 50 50 Td (x) Tj ET").await, &a6).await;
    assert_eq!(found(&report, "fonts").0, "refuse");
    assert!(found(&report, "fonts").1.contains("Helvetica is not embedded"), "{report}");
    let star = front.sent("image/png", include_bytes!("../../../fixtures/demo/star.png").to_vec()).await;
    let report = front.report(&star, &json!({ "size": "A3" })).await;
    assert_eq!((&report["verdict"], found(&report, "effective_dpi").0), (&json!("refuse"), "refuse"), "{report}");

    // What is no print file is not even taken; what was, is refused all the same.
    let mut locked = paper(BLED, "");
    let at = locked.windows(7).rposition(|window| window == b"trailer").expect("a trailer");
    let lock = format!(
        "/ID[(0123456789abcdef)(0123456789abcdef)]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O({0})/U({0})>>",
        "x".repeat(32)
    );
    locked.splice(at + 9..at + 9, lock.bytes());
    let (status, said) = front.send("application/pdf", locked.clone()).await;
    assert!(
        status == 422 && said["detail"].as_str().is_some_and(|text| text.contains("encrypted")),
        "{status}: {said}"
    );
    assert_eq!(front.send("application/pdf", Vec::new()).await.0, 415, "nothing is no file");
    for (bytes, sentence) in [(locked, "encrypted"), (Vec::new(), "no PDF, PNG, JPEG, TIFF or SVG")] {
        let report = front.report(&front.planted(bytes).await, &a6).await;
        assert_eq!((&report["verdict"], found(&report, "opens").0), (&json!("refuse"), "refuse"));
        assert!(found(&report, "opens").1.contains(sentence), "{report}");
    }
}

/// Where a size is known from, and what is said when it is not.
async fn products(front: &Front) {
    let item = CatalogueItem {
        uid: FLAT.to_owned(),
        catalogue: "wall".to_owned(),
        title: "Print".to_owned(),
        stock: "in-stock".to_owned(),
        raw: json!({ "dimensions": { "Width": { "value": 105, "measureUnit": "mm" }, "Height": { "value": 148, "measureUnit": "mm" } } }),
        ..CatalogueItem::default()
    };
    let (at, tenant) = (SystemClock::wall(), front.seeded.tenant);
    let mut tx = front.test.db.begin("test").await.expect("a transaction");
    catalogue::begin(&mut tx, at, tenant, "gelato", "h").await.expect("begun");
    catalogue::page(&mut tx, at, tenant, "gelato", "h", "EUR", &[item]).await.expect("stored");
    tx.commit().await.expect("committed");
    let id = front.sent("application/pdf", paper(BLED, "")).await;
    let target = async |wanted: Value| front.report(&id, &wanted).await["target"].clone();
    let flat = target(json!({ "product": FLAT })).await;
    assert_eq!(flat["sizeUm"], json!([105_000, 148_000]), "the provider's catalogue says it: {flat}");
    let own = target(json!({ "product": "mug" })).await;
    assert_eq!(
        (&own["sizeUm"], &own["bleedUm"], &own["kind"]),
        (&json!([80_000, 80_000]), &json!(2_000), &json!("mug"))
    );
    assert_eq!(target(json!({ "product": "mug", "zone": "front" })).await, own);
    let uid = target(json!({ "product": "cards_pf_a6_x_4-4_hor" })).await;
    assert_eq!((&uid["sizeUm"], &uid["pages"]), (&json!([148_000, 105_000]), &json!(2)));
    for (wanted, pointer, sentence) in [
        (json!({ "product": "spaceship" }), "/product", "Nobody knows the product"),
        (json!({ "product": "mug", "zone": "lid" }), "/zone", "front"),
        (json!({ "product": FLAT, "zone": "front" }), "/zone", "of your own"),
        (json!({ "size": "huge" }), "/size", "millimetres"),
        (json!({ "provider": "nobody" }), "/provider", "rules of this provider"),
    ] {
        let (status, said) = front.ask(&front.seeded.key, &id, &wanted).await;
        assert_eq!((status, &said["errors"][0]["pointer"]), (422, &json!(pointer)), "{said}");
        assert!(said["detail"].as_str().is_some_and(|text| text.contains(sentence)), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_upload_is_said_on_every_database() {
    for test in databases().await {
        let front = Front::start(test).await;
        defects(&front).await;
        products(&front).await;
        let id = front.sent("application/pdf", paper(BLED, "")).await;
        let body = json!({ "name": "Somebody else", "currency": "EUR", "platformFeeBps": 0 });
        let url = format!("{}/v1/tenants", front.api.url);
        let other =
            api::call(&front.http, ROOT, Method::POST, &url, "another tenant", &body).await.expect("an answer").1;
        let key = other["key"]["secret"].as_str().expect("a key");
        assert_eq!(front.ask(key, &id, &json!({})).await.0, 404, "somebody else's upload is none");
        assert_eq!(front.ask(&front.seeded.key, &UploadId::new().to_string(), &json!({})).await.0, 404);
        front.api.kill().await;
        front.test.drop_it().await;
    }
}
