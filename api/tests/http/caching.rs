//! What never changes is sent once: ETags, 304s and signed links.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Kit, each, png, sha};

#[tokio::test]
async fn a_render_is_not_ready_and_then_immutable() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Viewer").await;
        let (key, render) = (seed.tenant.key.as_str(), format!("/v1/renders/{}", seed.render));
        assert!(kit.get(key, &render).await.ok(200)["files"].is_null());
        kit.get(key, &format!("{render}/preview")).await.problem(404, "not-ready");
        let (sheet, small) = (png(1), png(2));
        let files: [(&str, &str, &[u8]); 2] =
            [("preview.png", "image/png", &sheet), ("thumbnail.png", "image/png", &small)];
        kit.artefact(&seed.tenant, "render_preview", &seed.render, &files).await;
        let shown = kit.get(key, &render).await.ok(200);
        assert_eq!(shown["files"]["preview"]["sha256"], sha(&sheet));
        assert_eq!(shown["files"]["thumbnail"]["url"], format!("{render}/thumbnail"));
        let answer = kit.get(key, &format!("{render}/thumbnail")).await;
        let etag = format!("\"{}\"", sha(&small));
        assert_eq!(
            (answer.bytes.as_slice(), answer.header("etag"), answer.header("content-type")),
            (small.as_slice(), etag.as_str(), "image/png")
        );
        assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable");
        let again =
            kit.send("GET", &format!("{render}/thumbnail"), key, &[("if-none-match", &etag)], &Value::Null).await;
        assert_eq!((again.status.as_u16(), again.bytes.len(), again.header("etag")), (304, 0, etag.as_str()));
        assert_eq!(
            kit.get(key, &format!("/api/v1/renders/{}/preview", seed.render)).await.bytes,
            sheet,
            "under its other name"
        );
    })
    .await;
}

#[tokio::test]
async fn specs_and_snapshots_carry_etags() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Keeper").await;
        let key = seed.tenant.key.as_str();
        let path = format!("/v1/specs/{}", seed.spec);
        let spec = kit.get(key, &path).await;
        assert_eq!(spec.ok(200)["canonical"]["product"]["zones"][0]["widthUm"], 85_000);
        let etag = format!("\"{}\"", seed.spec);
        assert_eq!(spec.header("etag"), etag);
        assert_eq!(kit.send("GET", &path, key, &[("if-none-match", &etag)], &Value::Null).await.status, 304);
        assert_eq!(kit.send("GET", &path, key, &[("if-none-match", "\"other\"")], &Value::Null).await.status, 200);
        let path = format!("/v1/snapshots/{}", seed.snapshot);
        let snapshot = kit.get(key, &path).await;
        assert_eq!(snapshot.ok(200)["approvals"][0]["note"], "fine");
        assert!(snapshot.ok(200)["lock"].is_object());
        let etag = snapshot.header("etag").to_owned();
        assert_eq!(kit.send("GET", &path, key, &[("if-none-match", &etag)], &Value::Null).await.status, 304);
        let again = kit.post(key, "/v1/snapshots", &json!({ "specHash": seed.spec })).await;
        assert_eq!(again.ok(200)["id"], seed.snapshot.as_str());
    })
    .await;
}

#[tokio::test]
async fn a_signed_link_needs_no_key_and_ends() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Linker").await;
        let tenant = seed.tenant.id.parse().expect("a tenant");
        let url = kit.links.link(kit.ledger.now(), tenant, &seed.sha256, "image/png", Duration::from_secs(60));
        let path = url.strip_prefix("https://print.example").expect("ours").to_owned();
        let answer = kit.get("", &path).await;
        assert_eq!((answer.status.as_u16(), answer.bytes), (200, png(7)));
        assert!(answer.headers.contains_key("content-security-policy"));
        kit.get("", &format!("{path}x")).await.problem(404, "not-found");
        kit.clock.advance(Duration::from_secs(3 * 86_400));
        kit.get("", &path).await.problem(404, "not-found");
    })
    .await;
}
