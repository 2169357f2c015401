//! The life of orders: staged, promoted, split, cancelled, deleted, searched, kept over a restart.

use crate::support::{DAY, MUG, Sim, TEE, config, text};
use platen_sim::gelato::{Config, ReferencePolicy};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_goes_all_the_way_to_delivered() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("r-1", &[MUG])).await;
    let draft = sim.order(&id).await;
    assert_eq!((&draft["orderType"], &draft["fulfillmentStatus"]), (&json!("draft"), &json!("draft")));
    assert_eq!(draft["receipts"], json!([]));
    sim.advance(9 * DAY);
    assert_eq!(sim.status(&id).await, "draft", "a draft never moves by itself");

    let (status, released) = sim.promote(&id).await;
    assert_eq!((status, &released["fulfillmentStatus"]), (200, &json!("created")));
    let mut seen = vec!["created".to_owned()];
    for _ in 0..8 * 24 * 4 {
        sim.advance(15 * 60);
        let order = sim.order(&id).await;
        let status = text(&order["fulfillmentStatus"]);
        let shipped = matches!(status.as_str(), "shipped" | "in_transit" | "delivered");
        assert_eq!(order["shipment"]["packages"].as_array().unwrap().is_empty(), !shipped);
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    let path = ["created", "uploading", "passed", "in_production", "printed", "shipped", "in_transit", "delivered"];
    let skipped_uploading: Vec<&str> = path.iter().copied().filter(|s| *s != "uploading").collect();
    assert!(seen == path || seen == skipped_uploading, "{seen:?}");

    let order = sim.order(&id).await;
    let package = &order["shipment"]["packages"][0];
    assert!(text(&package["trackingUrl"]).ends_with(&text(&package["trackingCode"])));
    assert_eq!(package["orderItemIds"], json!([order["items"][0]["id"]]));
    assert_eq!(order["financialStatus"], "paid");
    let counts = sim.server.counts();
    assert_eq!((counts.creates, counts.releases_effective, counts.released_orders), (1, 1, 1));
    let per = &counts.by_reference["r-1"];
    assert_eq!((per.created, per.released_groups, per.shipments, per.delivered), (1, 1, 1, 1));
}

#[tokio::test]
async fn a_mug_and_a_tee_split_into_two_orders_and_each_is_promoted_alone() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("r-2", &[MUG, TEE])).await;
    let rows = sim.search("r-2").await;
    assert_eq!(rows.len(), 2);
    let order = sim.order(&id).await;
    let connected = order["connectedOrderIds"].as_array().unwrap().clone();
    assert_eq!(connected.len(), 2);
    assert!(connected.contains(&json!(id)));
    let other = text(connected.iter().find(|other| **other != json!(id)).unwrap());

    assert_eq!(sim.promote(&id).await.0, 200);
    assert_eq!(sim.status(&other).await, "draft", "the connected draft stays a draft");
    let counts = sim.server.counts();
    assert_eq!((counts.released_groups, counts.drafts_live, counts.promotions), (1, 1, 0));
    assert_eq!(sim.promote(&other).await.0, 200);
    assert_eq!(sim.promote(&other).await.0, 409, "a second patch fails");

    sim.advance(5 * DAY);
    let (one, two) = (sim.order(&id).await, sim.order(&other).await);
    assert_ne!(one["shipment"]["fulfillmentFacilityId"], two["shipment"]["fulfillmentFacilityId"]);
    let code = |order: &Value| text(&order["shipment"]["packages"][0]["trackingCode"]);
    assert_ne!(code(&one), code(&two));
    let counts = sim.server.counts();
    assert_eq!((counts.creates, counts.releases_effective, counts.promotions), (1, 1, 1));
    assert_eq!((counts.release_calls, counts.released_orders), (3, 2));
    assert_eq!(counts.by_reference["r-2"].delivered, 2);
}

#[tokio::test]
async fn of_many_releases_at_once_one_takes_effect() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("m-1", &[MUG])).await;
    let calls: Vec<_> = (0..16).map(|_| sim.promote(&id)).collect();
    let mut answers: Vec<u16> = futures::future::join_all(calls).await.into_iter().map(|(status, _)| status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [vec![200], vec![409; 15]].concat());
    let counts = sim.server.counts();
    assert_eq!((counts.release_calls, counts.releases_effective, counts.released_orders), (16, 1, 1));
}

#[tokio::test]
async fn promoting_one_may_promote_all() {
    let sim = Sim::with(Config { promote_connected: true, ..config() }).await;
    let id = sim.create(sim.draft("r-3", &[TEE, MUG])).await;
    assert_eq!(sim.promote(&id).await.0, 200);
    let counts = sim.server.counts();
    assert_eq!((counts.drafts_live, counts.released_orders, counts.releases_effective), (0, 2, 1));
}

#[tokio::test]
async fn a_second_group_under_one_reference_is_a_second_release() {
    let sim = Sim::start().await;
    for _ in 0..2 {
        let id = sim.create(sim.draft("r-4", &[MUG])).await;
        sim.promote(&id).await;
    }
    let per = sim.server.counts().by_reference["r-4"].clone();
    assert_eq!((per.created, per.releases_effective, per.released_groups), (2, 2, 2));
}

#[tokio::test]
async fn reference_policies() {
    let replay = Sim::with(Config { reference_policy: ReferencePolicy::Replay, ..config() }).await;
    let first = replay.create(replay.draft("r", &[MUG])).await;
    assert_eq!(replay.create(replay.draft("r", &[MUG])).await, first);
    assert_eq!(replay.server.counts().creates, 1);

    let conflict = Sim::with(Config { reference_policy: ReferencePolicy::Conflict, ..config() }).await;
    conflict.create(conflict.draft("r", &[MUG])).await;
    assert_eq!(conflict.post("/v4/orders", conflict.draft("r", &[MUG])).await.0, 409);
}

#[tokio::test]
async fn cancel_is_possible_until_printed_and_refunds() {
    let sim = Sim::start().await;
    let (early, late) = (sim.create(sim.draft("c-1", &[MUG])).await, sim.create(sim.draft("c-2", &[MUG])).await);
    assert_eq!(sim.post(&format!("/v4/orders/{early}:cancel"), json!({})).await.0, 400, "a draft is deleted");
    for id in [&early, &late] {
        sim.promote(id).await;
    }
    sim.advance(DAY / 2);
    let (status, canceled) = sim.post(&format!("/v4/orders/{early}:cancel"), json!({})).await;
    assert_eq!((status, &canceled["fulfillmentStatus"]), (200, &json!("canceled")));
    let kinds: Vec<&Value> = canceled["receipts"].as_array().unwrap().iter().map(|r| &r["transactionType"]).collect();
    assert_eq!(kinds, ["purchase", "refund"]);
    assert_eq!(canceled["financialStatus"], "refunded");
    sim.advance(DAY);
    assert_eq!(sim.status(&early).await, "canceled");
    assert_eq!(sim.post(&format!("/v4/orders/{late}:cancel"), json!({})).await.0, 409);
    assert_eq!(sim.post("/v4/orders/none:cancel", json!({})).await.0, 404);
    assert_eq!(sim.server.counts().cancels, 1);
}

#[tokio::test]
async fn a_deleted_draft_is_gone() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("d-1", &[MUG])).await;
    let path = format!("/v4/orders/{id}");
    assert_eq!(sim.call(Method::DELETE, &path, None).await.0, 200);
    let (status, body) = sim.get(&path).await;
    assert_eq!((status, &body["code"]), (404, &json!("NOT_FOUND")));
    assert!(sim.search("d-1").await.is_empty());
    let released = sim.create(sim.draft("d-2", &[MUG])).await;
    sim.promote(&released).await;
    assert_eq!(sim.call(Method::DELETE, &format!("/v4/orders/{released}"), None).await.0, 409);
    let counts = sim.server.counts();
    assert_eq!((counts.deletes, counts.drafts_live), (1, 0));
}

#[tokio::test]
async fn a_patch_with_items_removes_those_not_listed() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("p-1", &[TEE, TEE])).await;
    let order = sim.order(&id).await;
    let kept = &order["items"][1]["id"];
    let body = json!({"orderType": "order", "items": [{"id": kept, "files": [{"type": "front", "url": sim.file("good.png")}]}]});
    let (status, patched) = sim.call(Method::PATCH, &format!("/v4/orders/{id}"), Some(&body)).await;
    assert_eq!(status, 200, "{patched}");
    assert_eq!(patched["items"].as_array().unwrap().len(), 1);
    assert_eq!(patched["items"][0]["files"][0]["type"], "front");
}

#[tokio::test]
async fn search_pages_and_filters() {
    let sim = Sim::with(Config { fetch_files: false, ..config() }).await;
    for n in 0..7 {
        sim.create(sim.draft(&format!("s-{n}"), &[MUG])).await;
    }
    let mut found = Vec::new();
    for offset in [0, 3, 6] {
        let (_, page) = sim.post("/v4/orders:search", json!({"limit": 3, "offset": offset})).await;
        let rows = page["orders"].as_array().unwrap();
        assert_eq!(rows.len(), if offset == 6 { 1 } else { 3 });
        found.extend(rows.iter().map(|row| text(&row["orderReferenceId"])));
    }
    assert_eq!(found, ["s-6", "s-5", "s-4", "s-3", "s-2", "s-1", "s-0"]);
    assert_eq!(sim.post("/v4/orders:search", json!({"limit": 101})).await.0, 400);
    for (filter, hits) in [
        (json!({"orderReferenceIds": ["s-1", "s-2", "none"]}), 2),
        (json!({"orderTypes": ["order"]}), 0),
        (json!({"fulfillmentStatuses": ["draft"], "countries": ["DE"]}), 7),
        (json!({"search": "vogt"}), 7),
        (json!({"startDate": "2026-02-04"}), 0),
        (json!({"endDate": "2026-02-03"}), 7),
    ] {
        let (_, page) = sim.post("/v4/orders:search", filter.clone()).await;
        assert_eq!(page["orders"].as_array().unwrap().len(), hits, "{filter}");
    }
    let (_, listed) = sim.get("/v4/orders").await;
    assert_eq!(listed["orders"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_restart_keeps_orders_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gelato.jsonl");
    let keep = || Config { state_file: Some(file.clone()), ..config() };
    let sim = Sim::with(keep()).await;
    let kept = sim.create(sim.draft("k-1", &[MUG, TEE])).await;
    sim.promote(&kept).await;
    let gone = sim.create(sim.draft("k-2", &[MUG])).await;
    sim.call(Method::DELETE, &format!("/v4/orders/{gone}"), None).await;
    let url = format!("{}/admin/clock", sim.server.base_url());
    sim.http.post(url).json(&json!({"advanceSeconds": 4 * DAY})).send().await.unwrap();
    assert_eq!(sim.status(&kept).await, "delivered");
    let before = sim.server.counts();
    sim.server.stop().await;
    // A kill in the middle of a write leaves a torn line.
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("{\"at\":\"2026-");
    std::fs::write(&file, text).unwrap();

    let sim = Sim::with(keep()).await;
    assert_eq!(sim.status(&kept).await, "delivered", "the clock did not run back");
    assert_eq!(sim.get(&format!("/v4/orders/{gone}")).await.0, 404);
    let after = sim.server.counts();
    assert_eq!(after.by_reference, before.by_reference);
    assert_eq!((after.creates, after.deletes, after.drafts_live), (2, 1, 1));
    let next = sim.create(sim.draft("k-3", &[MUG])).await;
    assert_ne!(next, kept);
}

#[tokio::test]
async fn another_key_sees_nothing() {
    let sim = Sim::with(Config { further_keys: vec!["key-2".into()], ..config() }).await;
    let id = sim.create(sim.draft("a-1", &[MUG])).await;
    let ask = |key: &'static str| {
        sim.http.get(format!("{}/v4/orders/{id}", sim.server.base_url())).header("x-api-key", key).send()
    };
    assert_eq!(ask("key-2").await.unwrap().status(), 404);
    let refused = ask("wrong").await.unwrap();
    assert_eq!(refused.status(), 401);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "invalid_api_key_provided");
}
