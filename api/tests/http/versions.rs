//! Versions of the format: the schema that is served, and designs that move to the newest and stay what they were.

use platen_press::spec::schema;
use serde_json::{Value, json};

use crate::kit::{Kit, each, png, text};
use crate::seed::{design, product};

#[tokio::test]
async fn the_schema_is_served_to_everybody() {
    each(async |kit: Kit| {
        let answer = kit.get("", "/v1/schemas/spec").await;
        assert_eq!((answer.header("content-type"), answer.ok(200)), ("application/schema+json", schema()));
    })
    .await;
}

#[tokio::test]
async fn a_moved_design_leaves_the_old_one_where_it_was() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Mover").await;
        let key = tenant.key.as_str();
        kit.catalogue(&tenant).await;
        let (_, sha256) = kit.upload(key, png(7)).await;
        kit.put(key, "/v1/products/mug", &product()).await.ok(201);
        let old = text(&kit.post(key, "/v1/specs", &design("Zoë", &sha256)).await.ok(201)["hash"]);
        let before = kit.get(key, &format!("/v1/specs/{old}")).await.ok(200);
        assert_eq!((&before["canonical"]["specVersion"], &before["pressVersion"]), (&json!("1.0.0"), &json!("test")));

        let moved = kit.post(key, &format!("/v1/specs/{old}/migrate"), &json!({})).await.ok(201);
        let new = text(&moved["hash"]);
        assert_ne!(new, old);
        assert_eq!(moved["migratedFrom"], old.as_str());
        assert_eq!(kit.post(key, &format!("/v1/specs/{old}/migrate"), &json!({})).await.ok(200)["hash"], new.as_str());
        assert_eq!(kit.post(key, &format!("/v1/specs/{new}/migrate"), &json!({})).await.ok(200)["hash"], new.as_str());
        let after = kit.get(key, &format!("/v1/specs/{new}")).await.ok(200);
        assert_eq!(after["canonical"]["specVersion"], "1.1.0");
        assert_eq!(after["canonical"]["layers"][0]["valign"], "middle");

        assert_eq!(kit.get(key, &format!("/v1/specs/{old}")).await.ok(200), before, "the old hash means what it meant");
        for hash in [&old, &new] {
            kit.post(key, "/v1/renders", &json!({ "specHash": hash })).await.ok(202);
        }
        let mut next = design("Zoë", &sha256);
        next["specVersion"] = json!("1.1.0");
        assert_eq!(
            kit.post(key, "/v1/specs", &next).await.ok(200)["hash"],
            new.as_str(),
            "as if it had been written so"
        );
        kit.post(key, &format!("/v1/specs/{}/migrate", "0".repeat(64)), &Value::Null).await.problem(404, "not-found");
    })
    .await;
}
