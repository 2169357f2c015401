//! Work orders, their papers, and what files are called.

use std::process::Command;

use platen_shared::testing::suite_ran;
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::Seeded;

async fn item(kit: &Kit, seed: &Seeded) -> String {
    let order = kit.get(&seed.tenant.key, &format!("/v1/orders/{}", seed.order)).await.ok(200);
    text(&order["items"][0]["id"])
}

#[tokio::test]
async fn a_work_order_goes_its_way_and_no_other() {
    each(async |kit| {
        let seed = kit.seeded("Owner").await;
        let key = seed.tenant.key.as_str();
        let item = item(&kit, &seed).await;
        let line = |quantity: Value| json!({ "lines": [{ "orderId": seed.order, "itemId": item, "quantity": quantity }], "note": "soft" });
        let one = kit.post(key, "/v1/work-orders", &line(json!(1))).await.ok(201);
        assert_eq!((&one["number"], &one["state"], &one["lines"][0]["quantity"]), (&json!(1), &json!("draft"), &json!(1)));
        let problem = kit.post(key, "/v1/work-orders", &line(json!(2))).await.problem(422, "invalid");
        assert!(problem["detail"].as_str().is_some_and(|said| said.contains("Of the item's 2 pieces 1 are on no other")), "{problem}");
        let rest = kit.post(key, "/v1/work-orders", &line(Value::Null)).await.ok(201);
        assert_eq!((&rest["number"], &rest["lines"][0]["quantity"]), (&json!(2), &json!(1)), "what was left");
        let path = format!("/v1/work-orders/{}", text(&one["id"]));
        let go = async |state: &str| kit.post(key, &format!("{path}/status"), &json!({ "state": state, "reason": "because" })).await;
        go("finished").await.problem(409, "illegal-state");
        go("lost").await.problem(422, "invalid");
        for state in ["released", "in_production", "on_hold", "in_production", "in_production", "finished"] {
            assert_eq!(go(state).await.ok(200)["state"], state);
        }
        go("cancelled").await.problem(409, "illegal-state");
        let shown = kit.get(key, &path).await.ok(200);
        assert_eq!(shown["history"].as_array().map(Vec::len), Some(6), "the move to where it was is none: {shown}");
        let second = format!("/v1/work-orders/{}/status", text(&rest["id"]));
        kit.post(key, &second, &json!({ "state": "cancelled", "reason": "because" })).await.ok(200);
        kit.post(key, "/v1/work-orders", &line(json!(1))).await.ok(201);
        let open = kit.get(key, "/v1/work-orders?state=draft&limit=1").await.ok(200);
        assert_eq!((open["items"].as_array().map(Vec::len), &open["items"][0]["number"]), (Some(1), &json!(3)));
        kit.get(key, "/v1/work-orders?state=lost").await.problem(422, "invalid");
        kit.post(key, &format!("{path}/bundle"), &json!({})).await.ok(202);
        kit.get(key, &format!("{path}/bundle")).await.problem(404, "not-ready");
        kit.get(key, &format!("{path}/bundle/file")).await.problem(404, "not-ready");
        let cancelled = format!("/v1/work-orders/{}/bundle", text(&rest["id"]));
        kit.post(key, &cancelled, &json!({})).await.problem(409, "illegal-state");
        let of_item = format!("/v1/orders/{}/items/{item}/bundle", seed.order);
        kit.post(key, &of_item, &json!({})).await.ok(202);
        kit.get(key, &of_item).await.problem(404, "not-ready");
    })
    .await;
}

#[tokio::test]
async fn papers_are_pdfs_in_both_languages() {
    each(async |kit| {
        let seed = kit.seeded("Owner").await;
        let key = seed.tenant.key.as_str();
        let item = item(&kit, &seed).await;
        let lines = json!({ "lines": [{ "orderId": seed.order, "itemId": item }] });
        let work = text(&kit.post(key, "/v1/work-orders", &lines).await.ok(201)["id"]);
        for path in [format!("/v1/work-orders/{work}/ticket"), format!("/v1/orders/{}/packing-slip", seed.order)] {
            for language in ["", "?language=en", "?language=fr"] {
                let paper = kit.get(key, &format!("{path}{language}")).await;
                assert_eq!((paper.status.as_u16(), &paper.bytes[..5]), (200, &b"%PDF-"[..]), "{path}");
            }
            kit.get(key, &format!("{path}?language=de")).await.problem(422, "invalid");
        }
    })
    .await;
}

/// What a barcode reader finds on the first page of a paper.
fn scanned(name: &str, paper: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (pdf, png) = (folder.path().join("paper.pdf"), folder.path().join("paper.png"));
    std::fs::write(&pdf, paper).expect("written");
    let drawn = Command::new("mutool").args(["draw", "-q", "-r", "200", "-o"]).arg(&png).arg(&pdf).arg("1").status();
    assert!(drawn.is_ok_and(|status| status.success()), "mutool draws the {name}");
    let read = Command::new("zbarimg").arg("-q").arg(&png).output().expect("zbarimg");
    String::from_utf8_lossy(&read.stdout).into_owned()
}

/// A reader that nobody here wrote reads what we drew, where `cargo xtask test` has installed it.
#[tokio::test]
async fn a_barcode_reader_reads_our_codes() {
    if std::env::var_os("TEST_JUDGES_PYTHON").is_none() {
        return;
    }
    each(async |kit| {
        let seed = kit.seeded("Owner").await;
        let key = seed.tenant.key.as_str();
        let item = item(&kit, &seed).await;
        let lines = json!({ "lines": [{ "orderId": seed.order, "itemId": item }], "note": "Handle with care." });
        let work = text(&kit.post(key, "/v1/work-orders", &lines).await.ok(201)["id"]);
        let ticket = kit.get(key, &format!("/v1/work-orders/{work}/ticket?language=fr")).await;
        let codes = scanned("ticket", &ticket.bytes);
        for code in ["CODE-128:WO-000001".to_owned(), format!("QR-Code:{work}")] {
            assert!(codes.lines().any(|line| line == code), "{code}: {codes}");
        }
        let slip = kit.get(key, &format!("/v1/orders/{}/packing-slip", seed.order)).await;
        let number = text(&kit.get(key, &format!("/v1/orders/{}", seed.order)).await.ok(200)["number"]);
        let codes = scanned("packing slip", &slip.bytes);
        assert!(codes.lines().any(|line| line == format!("CODE-128:{number}")), "{number}: {codes}");
        suite_ran("judges", "barcode");
    })
    .await;
}

#[tokio::test]
async fn file_names_are_a_template_that_names_every_file() {
    each(async |kit| {
        let seed = kit.seeded("Owner").await;
        let key = seed.tenant.key.as_str();
        assert_eq!(kit.get(key, "/v1/file-names").await.ok(200)["template"], "items/{item}-{product}/{zone}");
        for bad in ["", "{item}", "{item}/../{zone}", "{item} {zone}", "{item}{zone}{secret}"] {
            kit.put(key, "/v1/file-names", &json!({ "template": bad })).await.problem(422, "invalid");
        }
        let own = json!({ "template": "{order}/{kind}/{item}-{zone}" });
        assert_eq!(kit.put(key, "/v1/file-names", &own).await.ok(200), own);
        assert_eq!(kit.get(key, "/v1/file-names").await.ok(200), own);
        let other = kit.seeded("Other").await;
        assert_eq!(
            kit.get(&other.tenant.key, "/v1/file-names").await.ok(200)["template"],
            "items/{item}-{product}/{zone}"
        );
    })
    .await;
}
