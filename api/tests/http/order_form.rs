//! What a tenant wants to know with every order: its own JSON Schema, checked at intake with pointers, kept sealed with the order.

use platen_shared::store::order_details;
use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::order;

fn schema() -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["level", "birth"],
        "properties": {
            "level": { "enum": ["basic", "full"] },
            "birth": { "type": "object", "required": ["date"],
                "properties": { "date": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }, "a/b": { "type": "integer" } } },
        },
    })
}

fn with(snapshot: &str, external: &str, form: Value) -> Value {
    let mut body = order(snapshot, external);
    body["form"] = form;
    body
}

#[tokio::test]
async fn a_form_is_checked_when_an_order_is_taken_in_and_kept_with_it() {
    each(async |kit: Kit| {
        let (seed, other) = (kit.seeded("Former").await, kit.seeded("Other").await);
        let key = seed.tenant.key.as_str();
        let none = kit.get(key, "/v1/orders/form").await.ok(200);
        assert_eq!((&none["version"], &none["schema"]), (&json!(0), &Value::Null));
        let early = kit.post(key, "/v1/orders", &with(&seed.snapshot, "f-0", json!({ "level": "full" }))).await;
        assert_eq!(early.problem(422, "invalid")["errors"][0]["code"], "unexpected");
        for _ in 0..2 {
            let put = kit.put(key, "/v1/orders/form", &json!({ "schema": schema() })).await.ok(200);
            assert_eq!(put["version"], 1, "the same again is the same version");
        }
        for (form, faults) in [
            (Value::Null, vec![("required", "/form/birth"), ("required", "/form/level")]),
            (
                json!({ "level": "Secret-42", "birth": {} }),
                vec![("form", "/form/level"), ("required", "/form/birth/date")],
            ),
            (
                json!({ "level": "full", "birth": { "date": "Secret-42", "a/b": "x" } }),
                vec![("form", "/form/birth/a~1b"), ("form", "/form/birth/date")],
            ),
            (json!({ "level": "full", "birth": { "date": "1990-01-02" }, "Secret-42": 1 }), vec![("form", "/form")]),
            (json!(["Secret-42"]), vec![("form", "/form")]),
        ] {
            let problem = kit.post(key, "/v1/orders", &with(&seed.snapshot, "f-1", form)).await.problem(422, "invalid");
            let mut found: Vec<_> = problem["errors"]
                .as_array()
                .expect("errors")
                .iter()
                .map(|e| (text(&e["code"]), text(&e["pointer"])))
                .collect();
            found.sort_by(|a, b| a.1.cmp(&b.1));
            let mut faults: Vec<_> = faults.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            faults.sort_by(|a, b| a.1.cmp(&b.1));
            assert_eq!(found, faults);
            assert!(!problem.to_string().contains("Secret-42"), "what was sent is never repeated: {problem}");
        }
        let good = json!({ "level": "full", "birth": { "date": "1990-01-02" } });
        let made = kit.post(key, "/v1/orders", &with(&seed.snapshot, "f-2", good.clone())).await.ok(201);
        assert_eq!((&made["form"], &made["formVersion"]), (&good, &json!(1)));
        kit.post(key, "/v1/orders", &with(&seed.snapshot, "f-2", good.clone())).await.ok(200);
        let changed = json!({ "level": "basic", "birth": { "date": "1990-01-02" } });
        kit.post(key, "/v1/orders", &with(&seed.snapshot, "f-2", changed)).await.problem(409, "conflict");
        let (tenant, id) = (seed.tenant.id.parse().expect("a tenant"), text(&made["id"]).parse().expect("an order"));
        let kept = order_details::get(&mut kit.db.reader(), tenant, id).await.expect("asked").form.expect("kept");
        assert!(kept.starts_with("v1.") && !kept.contains("1990"), "it is sealed at rest");
        kit.put(key, "/v1/orders/form", &json!({ "schema": null })).await.ok(200);
        kit.post(key, "/v1/orders", &order(&seed.snapshot, "f-3")).await.ok(201);
        let shown = kit.get(key, &format!("/v1/orders/{}", text(&made["id"]))).await.ok(200);
        assert_eq!((&shown["form"], &shown["formVersion"]), (&good, &json!(1)), "what was said is kept");
        assert_eq!(kit.get(&other.tenant.key, "/v1/orders/form").await.ok(200)["version"], 0, "a tenant's own");
    })
    .await;
}

#[tokio::test]
async fn a_schema_stands_by_itself() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Schemer").await;
        let key = seed.tenant.key.as_str();
        let rows = kit.rows().await;
        for (schema, pointer) in [
            (json!([1]), "/schema/type"),
            (json!({ "type": "array" }), "/schema/type"),
            (json!({ "type": "object", "properties": { "a": { "type": "nonsense" } } }), "/schema/properties/a/type"),
            (json!({ "type": "object", "properties": { "a": { "pattern": "(a" } } }), "/schema"),
            (
                json!({ "type": "object", "properties": { "a": { "$ref": "https://elsewhere.example/schema.json" } } }),
                "/schema",
            ),
            (json!({ "type": "object", "description": "x".repeat(65 * 1024) }), "/schema"),
        ] {
            let problem = kit.put(key, "/v1/orders/form", &json!({ "schema": schema })).await.problem(422, "invalid");
            assert!(text(&problem["errors"][0]["pointer"]).starts_with(pointer), "{pointer}: {problem}");
        }
        let none = kit.put(key, "/v1/orders/form", &json!({})).await.problem(422, "invalid");
        assert_eq!(none["errors"][0]["code"], "required", "nothing is not null: {none}");
        assert_eq!(kit.rows().await, rows, "what is refused changes nothing");
    })
    .await;
}
