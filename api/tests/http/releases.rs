//! What holds releases, as a tenant sets and sees it; and what waits for a person.

use platen_shared::store::operator_items::{self, Kind};
use serde_json::json;

use crate::kit::{Kit, each, text};

#[tokio::test]
async fn caps_and_freezes_are_set_and_shown() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Frozen").await;
        let change = async |body| kit.send("PATCH", "/v1/tenant", &tenant.key, &[], &body).await;
        let shown = change(json!({ "frozen": true, "reason": "wrong files", "dailyCapMinor": 5000 })).await.ok(200);
        assert_eq!((shown["frozenWhy"].as_str(), shown["dailyCapMinor"].as_i64()), (Some("wrong files"), Some(5000)));
        let shown = change(json!({ "name": "Still frozen" })).await.ok(200);
        assert_eq!((text(&shown["frozenWhy"]).as_str(), shown["dailyCapMinor"].as_i64()), ("wrong files", Some(5000)));
        let shown = change(json!({ "frozen": false, "dailyCapMinor": null })).await.ok(200);
        assert_eq!((shown["frozenWhy"].as_str(), shown["dailyCapMinor"].is_null()), (Some(""), true));
        assert_eq!(kit.get(&tenant.key, "/v1/tenant").await.ok(200), shown);
        change(json!({ "dailyCapMinor": -1 })).await.problem(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn operator_items_are_listed_page_by_page_and_closed_once() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Operator").await;
        let id = tenant.id.parse().expect("a tenant");
        let mut tx = kit.ledger.db.begin("test").await.expect("begun");
        for kind in Kind::ALL {
            let now = kit.ledger.now();
            assert!(operator_items::open(&mut tx, now, id, *kind, ("thing", None), "look").await.expect("open"));
            assert!(!operator_items::open(&mut tx, now, id, *kind, ("thing", None), "again").await.expect("open"));
        }
        tx.commit().await.expect("committed");
        let first = kit.get(&tenant.key, "/v1/operator-items?limit=5").await.ok(200);
        let next = format!("/v1/operator-items?cursor={}", text(&first["next"]));
        let rest = kit.get(&tenant.key, &next).await.ok(200);
        let count = |page: &serde_json::Value| page["items"].as_array().map_or(0, Vec::len);
        assert_eq!((count(&first), count(&rest)), (5, Kind::ALL.len() - 5));
        let item = format!("/v1/operator-items/{}", text(&first["items"][0]["id"]));
        let close = async || kit.post(&tenant.key, &format!("{item}/close"), &json!({ "reason": "seen" })).await;
        let closed = close().await.ok(200);
        assert_eq!(
            (closed["note"].as_str(), closed["closedBy"].as_str()),
            (Some("seen"), Some(tenant.key_id.as_str()))
        );
        assert_eq!(close().await.ok(200), closed, "twice is once");
        assert_eq!(kit.get(&tenant.key, &item).await.ok(200), closed);
        assert_eq!(count(&kit.get(&tenant.key, "/v1/operator-items").await.ok(200)), Kind::ALL.len() - 1);
        assert_eq!(count(&kit.get(&tenant.key, "/v1/operator-items?all=true").await.ok(200)), Kind::ALL.len());
        assert_eq!(kit.get(&tenant.key, "/v1/providers/unknown-words").await.ok(200)["items"], json!([]));
    })
    .await;
}
