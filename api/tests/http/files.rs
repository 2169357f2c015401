//! Files behind signed links: scoped to one object of one tenant, streamed, in ranges, and never damaged and whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt;
use platen_api::Settings;
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::Blobs;
use platen_shared::testing::TestDb;
use serde_json::Value;
use tower::ServiceExt;

use crate::kit::{Answer, Kit, each, sha};

const DAY: Duration = Duration::from_secs(86_400);

/// The path of a link to a file of this hash.
fn link(kit: &Kit, tenant: TenantId, sha256: &str) -> String {
    let url = kit.links.link(kit.ledger.now(), tenant, sha256, "application/pdf", DAY);
    url.strip_prefix("https://print.example").expect("ours").to_owned()
}

async fn ask(kit: &Kit, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    kit.send(method, path, "", headers, &Value::Null).await
}

#[tokio::test]
async fn a_link_gives_ranges_and_a_head() {
    each(async |kit: Kit| {
        let (tenant, bytes) = (TenantId::new(), b"0123456789".as_slice());
        let sha256 = kit.blobs.put(tenant, Bytes::from_static(bytes)).await.expect("stored");
        let (path, etag) = (link(&kit, tenant, &sha256), format!("\"{sha256}\""));
        let whole = ask(&kit, "GET", &path, &[]).await;
        assert_eq!((whole.status.as_u16(), whole.bytes.as_slice()), (200, bytes));
        assert_eq!((whole.header("content-length"), whole.header("accept-ranges")), ("10", "bytes"));
        assert_eq!((whole.header("etag"), whole.header("content-type")), (etag.as_str(), "application/pdf"));
        let head = ask(&kit, "HEAD", &path, &[("range", "bytes=2-4")]).await;
        assert_eq!((head.status.as_u16(), head.bytes.len(), head.header("content-length")), (200, 0, "10"));
        for (range, body, place) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=-2", "89", "bytes 8-9/10"),
        ] {
            let part = ask(&kit, "GET", &path, &[("range", range), ("if-range", &etag)]).await;
            assert_eq!((part.status.as_u16(), part.text().as_str()), (206, body), "{range}");
            assert_eq!((part.header("content-range"), part.header("etag")), (place, etag.as_str()), "{range}");
        }
        for (headers, status) in [
            (&[("range", "bytes=2-4"), ("if-range", "\"other\"")][..], 200),
            (&[("range", "bytes=0-1,4-5")], 200),
            (&[("range", "bytes=2-4"), ("if-none-match", etag.as_str())], 304),
        ] {
            assert_eq!(ask(&kit, "GET", &path, headers).await.status, status, "{headers:?}");
        }
        let behind = ask(&kit, "GET", &path, &[("range", "bytes=10-")]).await;
        behind.problem(416, "range-not-satisfiable");
        assert_eq!(behind.header("content-range"), "bytes */10");
    })
    .await;
}

#[tokio::test]
async fn a_link_is_good_for_one_file_of_one_tenant() {
    each(async |kit: Kit| {
        let (one, other) = (TenantId::new(), TenantId::new());
        let mine = kit.blobs.put(one, Bytes::from_static(b"mine")).await.expect("stored");
        let theirs = kit.blobs.put(other, Bytes::from_static(b"theirs")).await.expect("stored");
        let (good, foreign) = (link(&kit, one, &mine), link(&kit, other, &theirs));
        assert_eq!(ask(&kit, "GET", &good, &[]).await.text(), "mine");
        ask(&kit, "GET", &link(&kit, one, &theirs), &[]).await.problem(404, "not-found");
        // What one link says under the signature of another.
        let (said, _) = good.rsplit_once('.').expect("signed");
        let (_, signature) = foreign.rsplit_once('.').expect("signed");
        ask(&kit, "GET", &format!("{said}.{signature}"), &[]).await.problem(404, "not-found");
        for (method, path) in [("GET", format!("{good}A")), ("HEAD", said.to_owned()), ("GET", "/f/.".to_owned())] {
            assert_eq!(ask(&kit, method, &path, &[]).await.status, 404, "{path}");
        }
        kit.clock.advance(3 * DAY);
        ask(&kit, "GET", &good, &[]).await.problem(404, "not-found");
        ask(&kit, "GET", &good, &[("range", "bytes=0-1")]).await.problem(404, "not-found");
    })
    .await;
}

fn only_file(folder: &Path) -> PathBuf {
    let entry = std::fs::read_dir(folder).expect("a folder").next().expect("one entry").expect("readable").path();
    if entry.is_dir() { only_file(&entry) } else { entry }
}

#[tokio::test]
async fn a_damaged_file_breaks_off_before_its_end() {
    let (test, folder) = (TestDb::sqlite().await, tempfile::tempdir().expect("a folder"));
    let blobs = Blobs::open(&format!("file://{}", folder.path().display())).expect("a folder");
    let kit = Kit::over(test.db.clone(), Settings::default(), blobs);
    let (tenant, mut bytes) = (TenantId::new(), vec![5; 100_000]);
    let sha256 = kit.blobs.put(tenant, bytes.clone().into()).await.expect("stored");
    bytes[7] ^= 1;
    std::fs::write(only_file(folder.path()), &bytes).expect("damaged");
    let request = Request::builder().uri(link(&kit, tenant, &sha256)).body(Body::empty()).expect("a request");
    let mut response = kit.router.clone().oneshot(request).await.expect("the router never fails");
    assert_eq!(response.headers()["content-length"], "100000");
    let mut got = Vec::new();
    let broken = loop {
        match response.body_mut().frame().await {
            Some(Ok(frame)) => got.extend_from_slice(&frame.into_data().expect("bytes")),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken && got.len() < bytes.len(), "{} of {} bytes, {}", got.len(), bytes.len(), sha(&got));
    std::fs::remove_file(only_file(folder.path())).expect("gone");
    ask(&kit, "GET", &link(&kit, tenant, &sha256), &[]).await.problem(404, "not-found");
}
