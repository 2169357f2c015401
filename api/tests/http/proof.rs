//! From an upload to what the printer fetched: every link of the chain, through HTTP.

use std::time::Duration;

use platen_shared::id::TenantId;
use platen_shared::store::fetches;
use platen_shared::testing::until;
use serde_json::{Value, json};

use crate::kit::{Kit, each, png, sha, text};
use crate::seed::{design, order, product};

const DAY: Duration = Duration::from_secs(86_400);

/// A snapshot that waits for approval: (spec hash, snapshot).
async fn open(kit: &Kit, key: &str) -> (String, String) {
    let (_, sha256) = kit.upload(key, png(7)).await;
    kit.put(key, "/v1/products/mug", &product()).await.ok(201);
    let hash = text(&kit.post(key, "/v1/specs", &design("Chain", &sha256)).await.ok(201)["hash"]);
    let origin = json!({ "sessionId": "s-1", "ip": "192.0.2.7", "userAgent": "a browser" });
    let made = kit.post(key, "/v1/snapshots", &json!({ "specHash": hash, "source": "widget", "origin": origin })).await;
    assert!(!made.text().contains("192.0.2.7"), "where it came from is not shown");
    (hash, text(&made.ok(201)["id"]))
}

#[tokio::test]
async fn what_was_shown_is_what_is_approved_and_then_nothing_changes() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Approver").await;
        let key = tenant.key.as_str();
        kit.catalogue(&tenant).await;
        let (hash, snapshot) = open(&kit, key).await;
        let path = format!("/v1/snapshots/{snapshot}");
        let render = |profile: &'static str| {
            let (kit, body) = (&kit, json!({ "specHash": hash, "profile": profile }));
            async move { text(&kit.post(key, "/v1/renders", &body).await.ok(202)["id"]) }
        };
        let proof = render("proof").await;
        assert_eq!(render("proof").await, proof, "the same profile twice is one job");
        assert_ne!(render("mockup").await, proof);
        kit.post(key, "/v1/renders", &json!({ "specHash": hash, "profile": "poster" })).await.problem(422, "invalid");
        let last = text(&kit.post(key, "/v1/renders/final", &json!({ "specHash": hash })).await.ok(202)["id"]);
        assert_eq!(render("final").await, last);
        let body = json!({ "render": proof });
        kit.post(key, &format!("{path}/assets"), &body).await.problem(409, "illegal-state");
        let (page, small) = (png(1), png(2));
        kit.artefact(
            &tenant,
            "render_preview",
            &proof,
            &[("proof.png", "image/png", page.as_slice()), ("thumbnail.png", "image/png", small.as_slice())],
        )
        .await;
        let shown = kit.post(key, &format!("{path}/assets"), &body).await.ok(201);
        assert_eq!(shown["assets"][0]["name"], "proof/proof.png");
        assert_eq!(shown["assets"][0]["sha256"], sha(&page));
        kit.post(key, &format!("{path}/assets"), &body).await.ok(200);
        let fetched = kit.get(key, &format!("{path}/assets/proof/proof.png")).await;
        assert_eq!(
            (fetched.bytes.clone(), fetched.header("etag").to_owned()),
            (page.clone(), format!("\"{}\"", sha(&page)))
        );
        kit.get(key, &format!("{path}/assets/proof/other.png")).await.problem(404, "not-found");
        let file = kit.get(key, &format!("/v1/renders/{proof}/files/proof.png")).await;
        assert_eq!(
            (file.bytes, file.headers["cache-control"].to_str().unwrap_or_default()),
            (page.clone(), "private, max-age=31536000, immutable")
        );
        let wrong = json!({ "seen": "0".repeat(64) });
        kit.post(key, &format!("{path}/approve"), &wrong).await.problem(422, "invalid");
        let right = json!({ "note": "lovely", "how": "proof by mail", "seen": sha(&page) });
        let approved = kit.post(key, &format!("{path}/approve"), &right).await.ok(201);
        assert_eq!(approved["approvals"][0]["how"], "proof by mail");
        kit.post(key, &format!("{path}/lock"), &json!({})).await.ok(200);
        kit.post(key, &format!("{path}/approve"), &json!({})).await.problem(409, "illegal-state");
        kit.post(key, &format!("{path}/assets"), &body).await.problem(409, "illegal-state");
        let by_hash = kit.get(key, &format!("/v1/specs/{hash}/snapshot")).await;
        assert_eq!(by_hash.ok(200), kit.get(key, &path).await.ok(200));
        let etag = by_hash.header("etag").to_owned();
        let again = kit
            .send("GET", &format!("/v1/specs/{hash}/snapshot"), key, &[("if-none-match", &etag)], &Value::Null)
            .await;
        assert_eq!(again.status.as_u16(), 304);
        kit.get(key, &format!("/v1/specs/{}/snapshot", "0".repeat(64))).await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn the_chain_ends_with_what_the_printer_fetched() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Prover").await;
        let key = tenant.key.as_str();
        kit.catalogue(&tenant).await;
        let (hash, snapshot) = open(&kit, key).await;
        kit.post(key, &format!("/v1/snapshots/{snapshot}/approve"), &json!({ "note": "fine", "how": "widget" }))
            .await
            .ok(201);
        kit.post(key, &format!("/v1/snapshots/{snapshot}/lock"), &json!({})).await.ok(200);
        let preview = text(&kit.post(key, "/v1/renders", &json!({ "specHash": hash })).await.ok(202)["id"]);
        kit.artefact(
            &tenant,
            "render_preview",
            &preview,
            &[("preview.png", "image/png", png(1).as_slice()), ("thumbnail.png", "image/png", png(2).as_slice())],
        )
        .await;
        let sold = text(&kit.post(key, "/v1/orders", &order(&snapshot, "first")).await.ok(201)["id"]);
        let path = format!("/v1/snapshots/{snapshot}/proof");
        assert!(kit.get(key, &path).await.ok(200)["orders"][0]["bundle"].is_null(), "not built yet");
        let job = text(&kit.post(key, &format!("/v1/orders/{sold}/bundle"), &json!({})).await.ok(202)["id"]);
        let (zip, print) = (b"a zip".to_vec(), b"%PDF of the left side".to_vec());
        kit.artefact(
            &tenant,
            "build_bundle",
            &job,
            &[
                ("bundle.zip", "application/zip", zip.as_slice()),
                ("items/0/left.pdf", "application/pdf", print.as_slice()),
            ],
        )
        .await;
        let id: TenantId = tenant.id.parse().expect("a tenant");
        let audience = format!("gelato:{sold}");
        let url = kit.links.link_for(kit.ledger.now(), id, (&sha(&print), "application/pdf"), DAY, &audience);
        let link = url.strip_prefix("https://print.example").expect("ours").to_owned();
        assert_eq!(kit.get("", &link).await.bytes, print);
        let ranged = kit.send("GET", &link, "", &[("range", "bytes=0-3")], &Value::Null).await;
        assert_eq!(ranged.bytes, b"%PDF");
        assert_eq!(kit.send("HEAD", &link, "", &[], &Value::Null).await.status.as_u16(), 200);
        until("both answers to be written down", || async {
            fetches::of_file(&mut kit.db.reader(), id, &sha(&print)).await.is_ok_and(|found| found.len() == 2)
        })
        .await;
        let answer = kit.get(key, &path).await;
        let proof = answer.ok(200);
        assert_eq!((&proof["specHash"], &proof["approvals"][0]["how"]), (&json!(hash), &json!("widget")));
        assert!(proof["lock"]["actor"].as_str().is_some_and(|actor| actor.starts_with("key_")), "{proof}");
        assert_eq!(proof["renders"][0]["files"][0]["sha256"], sha(&png(1)));
        let sale = &proof["orders"][0];
        assert_eq!((&sale["order"], &sale["quantity"]), (&json!(sold), &json!(2)));
        assert_eq!(sale["bundle"]["sha256"], sha(&zip));
        assert_eq!(sale["files"][0]["sha256"], sha(&print));
        let mut fetched: Vec<(i64, bool)> = sale["files"][0]["fetched"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| {
                assert_eq!(one["by"], audience.as_str());
                (one["bytes"].as_i64().expect("a number"), one["whole"] == true)
            })
            .collect();
        fetched.sort_unstable();
        assert_eq!(fetched, [(4, false), (21, true)]);
        let etag = answer.header("etag").to_owned();
        assert_eq!(kit.send("GET", &path, key, &[("if-none-match", &etag)], &Value::Null).await.status.as_u16(), 304);
    })
    .await;
}

#[tokio::test]
async fn uploads_keep_the_picture_and_nothing_else() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Sender").await;
        let key = tenant.key.as_str();
        let plain = png(9);
        let talkative = [&plain[..], b"<html>behind the end</html>"].concat();
        let send = |query: &'static str, media: &'static str, bytes: Vec<u8>| {
            let path = format!("/v1/uploads{query}");
            let kit = &kit;
            async move { kit.bytes("POST", &path, key, &[("content-type", media)], bytes).await }
        };
        let first = send("", "image/png", talkative.clone()).await.ok(201);
        assert_eq!((&first["sha256"], &first["profile"]), (&json!(sha(&plain)), &json!("buyer")));
        assert_eq!(
            send("", "image/png", talkative).await.ok(200)["id"],
            first["id"],
            "the same bytes, the same upload"
        );
        let tiff = {
            let mut out = std::io::Cursor::new(Vec::new());
            image::RgbImage::new(3, 2).write_to(&mut out, image::ImageFormat::Tiff).expect("a TIFF");
            out.into_inner()
        };
        send("", "image/tiff", tiff.clone()).await.problem(415, "unsupported-media");
        let artwork = send("?profile=artwork", "image/tiff", tiff.clone()).await.ok(201);
        assert_eq!((&artwork["mediaType"], &artwork["profile"]), (&json!("image/png"), &json!("artwork")));
        send("?profile=poster", "image/png", png(3)).await.problem(422, "invalid");
        send("?profile=artwork", "image/svg+xml", b"<svg >".to_vec()).await.problem(415, "unsupported-media");
        send("?profile=artwork", "application/pdf", b"%PDF-1.7 /JavaScript %%EOF".to_vec())
            .await
            .problem(422, "invalid");
        for nothing in [&b""[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"MZ"] {
            let status = send("", "image/png", nothing.to_vec()).await.status.as_u16();
            assert!([415, 422].contains(&status), "{nothing:?}: {status}");
        }
        // A buyer's photo ends at the buyer's limit; artwork at the tenant's.
        let padded = [&png(4)[..], &vec![0; 11 * 1024 * 1024]].concat();
        send("", "image/png", padded.clone()).await.problem(413, "too-large");
        send("?profile=artwork", "image/png", padded.clone()).await.ok(201);
        let id: TenantId = tenant.id.parse().expect("a tenant");
        let mut tx = kit.db.begin("limit").await.expect("begun");
        platen_shared::store::uploads::limit_artwork(&mut tx, id, 100).await.expect("written");
        tx.commit().await.expect("committed");
        send("?profile=artwork", "image/tiff", [&tiff[..], &[0; 200]].concat()).await.problem(413, "too-large");
    })
    .await;
}
