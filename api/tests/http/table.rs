//! The table of routes: each has a key or is listed here as public, a limit, a schema, problems, and is what its handler declares.

use std::collections::BTreeSet;
use std::time::Duration;

use platen_api::{ALIASES, Access, Code, ROUTES, Scope, Size, mounted, openapi};
use platen_shared::store::keys;
use serde_json::Value;

use crate::kit::{Kit, ROOT, each};

/// What needs no key. A new line here is a decision.
const PUBLIC: &[&str] = &[
    "/",
    "/f/{token}",
    "/livez",
    "/metrics",
    "/openapi.json",
    "/readyz",
    "/v1/hooks/{provider}/{connection}",
    "/v1/schemas/spec",
    "/v1/widget/fonts/{sha256}",
];

fn document() -> Value {
    serde_json::to_value(openapi()).expect("a document")
}

#[test]
fn every_route_has_a_key_a_limit_a_schema_and_problems() {
    let document = document();
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for (path, route) in mounted() {
        let operation = &document["paths"][path][route.method.to_lowercase()];
        let mut need = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{} {path}: {what}", route.method));
            }
        };
        need(operation.is_object(), "not in the OpenAPI document under its method and path");
        let keyed = matches!(route.access, Access::Key(_) | Access::Root);
        need(keyed || PUBLIC.contains(&path), "needs no key and is not listed as public");
        need(keyed == operation["security"].is_array(), "its key is not documented");
        need(!(route.writes() && route.size == Size::Nothing), "writes without a limit on its body");
        need(route.method == "GET" || route.writes() || route.pure, "neither repeatable nor pure");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let takes = |name: &str| parameters.iter().any(|p| p["name"] == name);
        need(route.writes() == takes("Idempotency-Key"), "its Idempotency-Key is not documented");
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            need(path != route.path || takes(name), "a name in its path is not documented");
        }
        let bodied = ["POST", "PUT", "PATCH"].contains(&route.method);
        need(bodied == operation["requestBody"]["content"].is_object(), "its body has no schema");
        let responses = operation["responses"].as_object().cloned().unwrap_or_default();
        let good: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        need(!good.is_empty(), "documents no success");
        let schema = |status: &str, response: &Value| {
            status == "204" || response["content"].as_object().is_some_and(|c| !c.is_empty())
        };
        need(good.iter().all(|(status, response)| schema(status, response)), "a success has no schema");
        let problem =
            |status: &str| responses.get(status).is_some_and(|r| r["content"]["application/problem+json"].is_object());
        need(
            problem("500") && (!keyed || ["401", "403", "404", "422", "429"].iter().all(|s| problem(s))),
            "problems are missing",
        );
        need(names.insert(operation["operationId"].to_string()), "its operationId is taken");
        need(operation["summary"].as_str().is_some_and(|s| s.len() > 10), "says nothing of itself");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let documented: usize = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|item| item.as_object().map_or(0, |o| o.len()))
        .sum();
    assert_eq!(documented, mounted().count(), "the document holds what the table holds");
    assert_eq!(mounted().count(), ROUTES.len() + ALIASES.len(), "every alias names a route of the table");
}

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let now = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        std::fs::write(file, &now).expect("docs/openapi.json");
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(now == kept, "docs/openapi.json is not what the routes say; if that was meant: cargo xtask golden");
}

#[test]
fn every_code_of_the_contract_has_its_status() {
    let all: Vec<_> = Code::ALL.iter().map(|code| format!("{} {}", code.word(), code.status().as_u16())).collect();
    let contract =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ARCHITECTURE.md")).expect("the contract");
    for line in &all {
        let (word, status) = line.split_once(' ').expect("two words");
        assert!(contract.contains(&format!("`{word}` {status}")), "ARCHITECTURE.md does not name {line}");
    }
}

/// A path of the route, with names that exist nowhere.
fn concrete(path: &str) -> String {
    path.replace("{id}", "ord_01jd0000000000000000000000")
        .replace("{hash}", &"0".repeat(64))
        .replace("{provider}", "gelato")
        .replace("{uid}", "none")
        .replace("{month}", "2026-11")
        .replace("{name}", "none")
        .replace("{language}", "en")
        .replace("{token}", "none")
        .replace("{connection}", "con_01jd0000000000000000000000")
        .replace("{number}", "none")
        .replace("{tier}", "none")
        .replace("{product}", "none")
        .replace("{profile}", "none")
}

#[tokio::test]
async fn every_route_denies_by_default() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Denied").await;
        let mut keys = Vec::new();
        for scope in ["read", "write", "approve", "operate", "admin"] {
            keys.push((scope, kit.key(&tenant, &[scope]).await));
        }
        let rows = kit.rows().await;
        for (path, route) in mounted().filter(|(path, _)| !PUBLIC.contains(path)) {
            let path = concrete(path);
            kit.send(route.method, &path, "", &[], &Value::Null).await.problem(401, "unauthorized");
            kit.send(route.method, &path, &format!("plk_{}_{}", "0".repeat(12), "0".repeat(64)), &[], &Value::Null)
                .await
                .problem(401, "unauthorized");
            for (scope, key) in &keys {
                let wanted = match route.access {
                    Access::Key(scope) => scope.word(),
                    _ => "root",
                };
                if wanted != *scope {
                    kit.send(route.method, &path, key, &[], &Value::Null).await.problem(403, "forbidden");
                }
            }
            let root = kit.send(route.method, &path, ROOT, &[], &Value::Null).await;
            assert_eq!(
                root.status.as_u16() == 401,
                route.access != Access::Root,
                "{route:?}: the root key creates tenants, nothing else"
            );
        }
        assert_eq!(kit.rows().await, rows, "nothing was written");
        kit.get("", "/v1/nowhere").await.problem(404, "not-found");
        kit.send("DELETE", "/v1/tenant", &tenant.key, &[], &Value::Null).await.problem(405, "method-not-allowed");
        let answer = kit.get("", "/v1/tenant").await;
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(Scope::Operate.word(), "operate");
    })
    .await;
}

#[tokio::test]
async fn a_key_that_another_process_revokes_is_refused_within_a_second() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Elsewhere").await;
        kit.get(&tenant.key, "/v1/tenant").await.ok(200);
        let (prefix, secret) = tenant.key.rsplit_once('_').expect("a token");
        let wrong = format!("{prefix}_{}", secret.chars().rev().collect::<String>());
        kit.get(&wrong, "/v1/tenant").await.problem(401, "unauthorized");
        let mut tx = kit.db.begin("elsewhere").await.expect("a transaction");
        let id = tenant.key_id.parse().expect("an id");
        assert!(keys::revoke(&mut tx, kit.ledger.now(), tenant.id.parse().expect("an id"), id).await.expect("revoked"));
        tx.commit().await.expect("a commit");
        kit.clock.advance(Duration::from_secs(1));
        kit.get(&tenant.key, "/v1/tenant").await.problem(401, "unauthorized");
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_revoking_twice_is_fine() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Revoker").await;
        let made =
            kit.post(&tenant.key, "/v1/keys", &serde_json::json!({ "name": "till", "scopes": ["read"] })).await.ok(201);
        let (id, key) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
        assert_eq!(kit.get(key, "/v1/tenant").await.ok(200)["name"], "Revoker");
        let listed = kit.get(&tenant.key, "/v1/keys?limit=1").await.ok(200);
        assert_eq!(listed["items"][0]["id"], tenant.key_id.as_str());
        assert!(listed["items"][0]["secret"].is_null() && listed["items"][0]["lastUsedAt"].is_string(), "{listed}");
        let next = listed["next"].as_str().expect("a second page");
        assert_eq!(
            kit.get(&tenant.key, &format!("/v1/keys?limit=1&cursor={next}")).await.ok(200)["items"][0]["id"],
            id
        );
        for _ in 0..2 {
            kit.send("DELETE", &format!("/v1/keys/{id}"), &tenant.key, &[], &Value::Null).await.ok(204);
        }
        kit.get(key, "/v1/tenant").await.problem(401, "unauthorized");
        let audit = kit.get(&tenant.key, "/v1/audit").await.ok(200);
        assert_eq!(audit["items"][0]["action"], "key.revoke");
        assert_eq!(audit["items"][0]["actor"], tenant.key_id.as_str());
    })
    .await;
}

#[tokio::test]
async fn machines_learn_what_they_ask() {
    each(async |kit: Kit| {
        kit.get("", "/livez").await.ok(200);
        kit.get("", "/readyz").await.ok(200);
        assert_eq!(kit.get("", "/").await.ok(200)["openapi"], "/openapi.json");
        assert_eq!(kit.get("", "/openapi.json").await.ok(200), document());
        kit.get("", "/metrics").await.problem(404, "not-found");
        let answer = kit.send("GET", "/livez", "", &[("x-request-id", "probe-7")], &Value::Null).await;
        assert_eq!(answer.header("x-request-id"), "probe-7");
        kit.db.close().await;
        let problem = kit.get("", "/readyz").await.problem(503, "unavailable");
        assert!(!problem.to_string().to_lowercase().contains("pool"), "nothing internal: {problem}");
        kit.get("", "/livez").await.ok(200);
    })
    .await;
}
