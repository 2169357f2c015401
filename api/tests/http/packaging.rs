//! Packaging: one resolver, charged only where the account delivers the tier, frozen on the order, a creator's own only once it is accepted.

use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::{Seeded, order};

async fn tier(kit: &Kit, key: &str) -> (String, i64) {
    let answer = kit.get(key, "/v1/packaging?creator=ada").await.ok(200);
    (text(&answer["tier"]), answer["price"]["minor"].as_i64().expect("a price"))
}

async fn delivered(kit: &Kit, key: &str, tier: &str, delivered: bool) {
    let body = json!({ "delivered": delivered, "note": "as the account's manager wrote" });
    kit.put(key, &format!("/v1/packaging/costs/gelato/{tier}"), &body).await.ok(200);
}

fn design(seed: &Seeded) -> Value {
    json!({ "logoSha256": seed.sha256, "primaryColor": "#1d3557", "secondaryColor": "#f1faee", "messageTemplate": "Thank you, {firstName}!" })
}

#[tokio::test]
async fn the_price_is_that_of_what_is_really_delivered_and_stays_with_the_order() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Packer").await;
        let key = seed.tenant.key.as_str();
        assert_eq!(tier(&kit, key).await, ("standard".into(), 0), "nobody asked for more");
        kit.put(key, "/v1/packaging/rules", &json!({ "platform": true })).await.ok(200);
        assert_eq!(tier(&kit, key).await, ("standard".into(), 0), "nothing is delivered, so nothing is charged");
        delivered(&kit, key, "platform", true).await;
        delivered(&kit, key, "creator", true).await;
        assert_eq!(tier(&kit, key).await, ("platform".into(), 100), "the creator has no design yet");

        let place = "/v1/creators/ada/packaging";
        let mut wrong = design(&seed);
        wrong["messageTemplate"] = json!("{{7*7}}");
        let problem = kit.put(key, place, &wrong).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/messageTemplate");
        wrong = design(&seed);
        wrong["logoSha256"] = json!("0".repeat(64));
        assert_eq!(kit.put(key, place, &wrong).await.problem(422, "invalid")["errors"][0]["code"], "unknown-upload");
        let draft = kit.put(key, place, &design(&seed)).await.ok(201);
        assert_eq!((&draft["state"], &draft["version"], &draft["warnings"]), (&json!("draft"), &json!(1), &json!([])));
        assert_eq!(tier(&kit, key).await.0, "platform", "a draft reaches no order");
        let say =
            |version: i64, accept: bool| json!({ "version": version, "accept": accept, "why": "as the printer wrote" });
        let decision = format!("{place}/decision");
        kit.post(key, &decision, &say(1, true)).await.ok(200);
        kit.post(key, &decision, &say(1, false)).await.problem(404, "not-found");
        assert_eq!(tier(&kit, key).await, ("creator".into(), 300));

        let sold = kit.post(key, "/v1/orders", &order(&seed.snapshot, "packed")).await.ok(201);
        assert_eq!(sold["totals"]["packaging"]["minor"], 300);
        assert_eq!(sold["totals"]["total"]["minor"], 2 * 1890 + 499 + 300 + 300);
        let mut said = order(&seed.snapshot, "said");
        said["packaging"] = json!({ "minor": 1, "currency": "EUR" });
        assert_eq!(
            kit.post(key, "/v1/orders", &said).await.problem(422, "invalid")["errors"][0]["pointer"],
            "/packaging"
        );

        delivered(&kit, key, "creator", false).await;
        assert_eq!(tier(&kit, key).await, ("platform".into(), 100), "the next below");
        let kept = kit.get(key, &format!("/v1/orders/{}", text(&sold["id"]))).await.ok(200);
        assert_eq!(kept["totals"]["packaging"]["minor"], 300, "frozen at sale");
        let terms = kit.get(key, &format!("/v1/orders/{}/money", text(&sold["id"]))).await.ok(200).to_string();
        assert!(terms.contains("ada:1") && terms.contains("\"name\":\"creator\""), "{terms}");
        kit.put(key, "/v1/packaging/rules", &json!({ "platform": false })).await.ok(200);
        assert_eq!(tier(&kit, key).await, ("standard".into(), 0));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_design_never_reaches_an_order_and_a_later_one_takes_the_place_of_the_accepted() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Designer").await;
        let (key, place) = (seed.tenant.key.as_str(), "/v1/creators/ada/packaging");
        kit.put(key, "/v1/packaging/rules", &json!({ "platform": true })).await.ok(200);
        delivered(&kit, key, "creator", true).await;
        for (version, accept) in [(1, false), (2, true), (3, false), (4, true)] {
            kit.put(key, place, &design(&seed)).await.ok(201);
            let body = json!({ "version": version, "accept": accept, "why": "as the printer wrote" });
            kit.post(key, &format!("{place}/decision"), &body).await.ok(200);
            let expected = if version == 1 { "standard" } else { "creator" };
            assert_eq!(tier(&kit, key).await.0, expected, "after version {version}");
        }
        let all = kit.get(key, place).await.ok(200);
        let states: Vec<_> = all["items"].as_array().expect("a list").iter().map(|row| text(&row["state"])).collect();
        assert_eq!(states, ["accepted", "rejected", "replaced", "rejected"]);
        kit.get(key, "/v1/packaging?provider=nobody").await.problem(422, "invalid");
        kit.put(key, "/v1/packaging/costs/gelato/golden", &json!({ "delivered": true, "note": "x" }))
            .await
            .problem(404, "not-found");
    })
    .await;
}
