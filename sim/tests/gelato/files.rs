//! File links are really fetched: at a draft for reachability, at release for what they hold.

use crate::support::{DAY, MUG, Sim, TEE, config, text};
use std::time::Duration;

use platen_sim::gelato::Config;
use serde_json::{Value, json};

async fn admin_orders(sim: &Sim) -> Vec<Value> {
    sim.get("/admin/orders").await.1["orders"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_file_is_fetched_and_its_digest_recorded() {
    let sim = Sim::start().await;
    let id = sim.create(sim.draft("f-1", &[TEE, TEE])).await;
    assert_eq!(sim.server.counts().file_fetches, 2);
    sim.promote(&id).await;
    sim.advance(DAY);
    assert_eq!(sim.status(&id).await, "printed");
    assert_eq!(sim.server.counts().file_fetches, 4);
    let order = &admin_orders(&sim).await[0];
    let fetched = &order["fetches"][0]["fetched"][1];
    assert_eq!((&fetched["status"], &fetched["bytes"]), (&json!(200), &json!(12)));
    assert_eq!(text(&fetched["sha256"]).len(), 64);
}

#[tokio::test]
async fn a_draft_proves_reachability_only() {
    let sim = Sim::start().await;
    let refused = |name: &str| {
        let mut body = sim.draft("f-2", &[MUG]);
        body["items"][0]["files"][0]["url"] = json!(sim.file(name));
        body
    };
    for name in ["missing.png", "moved.png"] {
        let (status, body) = sim.post("/v4/orders", refused(name)).await;
        assert_eq!((status, &body["code"]), (400, &json!("file_not_reachable")), "{name}");
    }
    assert_eq!(sim.server.counts().creates, 0);
    for name in ["empty.png", "page.html", "liar.png"] {
        let id = sim.create(refused(name)).await;
        sim.promote(&id).await;
        sim.advance(DAY);
        let order = sim.order(&id).await;
        assert_eq!(order["fulfillmentStatus"], "failed", "{name}");
        assert!(text(&order["refusalReason"]).contains("file"), "{order}");
        assert_eq!(order["receipts"], json!([]), "a failed order is not charged");
        assert_eq!(order["financialStatus"], "canceled");
    }
}

#[tokio::test]
async fn a_garment_is_printed_from_pixels_and_a_mug_from_either() {
    let sim = Sim::start().await;
    for (product, name, reached) in [
        (TEE, "page.pdf", "failed"),
        (TEE, "good.png", "printed"),
        (MUG, "page.pdf", "printed"),
        (MUG, "good.png", "printed"),
    ] {
        let mut body = sim.draft("f-5", &[product]);
        body["items"][0]["files"][0]["url"] = json!(sim.file(name));
        let id = sim.create(body).await;
        sim.promote(&id).await;
        sim.advance(DAY);
        let order = sim.order(&id).await;
        assert_eq!(order["fulfillmentStatus"], reached, "{product} from {name}");
        assert_eq!(
            reached == "failed",
            order["refusalReason"].as_str().is_some_and(|why| why.contains("PNG")),
            "{order}"
        );
    }
}

#[tokio::test]
async fn a_link_that_never_answers_is_given_up() {
    let sim = Sim::with(Config { file_timeout: Duration::from_millis(50), ..config() }).await;
    let mut body = sim.draft("f-4", &[MUG]);
    body["items"][0]["files"][0]["url"] = json!(sim.file("never.png"));
    assert_eq!(sim.post("/v4/orders", body).await.0, 400);
}

#[tokio::test]
async fn an_order_without_a_draft_fails_at_uploading_and_size_is_capped() {
    let sim = Sim::with(Config { file_bytes_max: 1024, ..config() }).await;
    for name in ["missing.png", "big.png"] {
        let mut body = sim.draft("f-3", &[MUG]);
        body["orderType"] = json!("order");
        body["items"][0]["files"][0]["url"] = json!(sim.file(name));
        let id = sim.create(body).await;
        sim.advance(60);
        assert_eq!(sim.status(&id).await, "failed", "{name}");
    }
}
