//! The widget's door: what a publishable key may do, from which pages, and what the editor begins with.

use std::time::Duration;

use platen_press::text::choices;
use serde_json::{Value, json};

use crate::kit::{Answer, Kit, each, text};
use crate::seed::{Tenant, product};

const PAGE: &str = "https://shop.example";

impl Kit {
    /// A publishable key of a tenant.
    async fn page_key(&self, tenant: &Tenant, per_second: Option<i64>) -> String {
        let mut body = json!({ "name": "page", "scopes": ["widget"] });
        if let Some(n) = per_second {
            body["requestsPerSecond"] = json!(n);
        }
        let made = self.post(&tenant.key, "/v1/keys", &body).await.ok(201);
        assert_eq!(made["publishable"], true);
        let key = text(&made["secret"]);
        assert!(key.starts_with("plp_"), "it says so itself");
        key
    }

    /// A tenant with a mug, its publishable key, and a page.
    async fn with_page(&self, name: &str) -> (Tenant, String) {
        let tenant = self.tenant(name).await;
        self.catalogue(&tenant).await;
        self.put(&tenant.key, "/v1/products/mug", &product()).await.ok(201);
        self.put(&tenant.key, "/v1/widget/origins", &json!({ "origins": [PAGE] })).await.ok(200);
        let key = self.page_key(&tenant, None).await;
        (tenant, key)
    }

    async fn preflight(&self, origin: &str, path: &str) -> Answer {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        self.send("OPTIONS", path, "", &headers, &Value::Null).await
    }
}

fn allowed(answer: &Answer) -> &str {
    assert_eq!(answer.header("access-control-allow-credentials"), "", "never with cookies");
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn a_publishable_key_personalises_and_does_nothing_else() {
    each(async |kit: Kit| {
        let (_, key) = kit.with_page("Page").await;
        kit.get(&key, "/v1/widget/config/mug").await.ok(200);
        let layer = json!({ "zone": "left", "type": "text", "text": "Zoë", "font": "Lobster", "color": "#1d3557", "sizeMm": 16,
            "box": { "x": 5, "y": 10, "w": 75, "h": 30 } });
        let body = json!({ "product": { "id": "mug" }, "layers": [layer] });
        let judged = kit.post(&key, "/v1/personalization/validate", &body).await.ok(200);
        kit.post(&key, "/v1/personalization/auto-fit", &body).await.ok(200);
        let hash = text(&kit.post(&key, "/v1/specs", &judged["spec"]).await.ok(201)["hash"]);
        let job = text(&kit.post(&key, "/v1/renders", &json!({ "specHash": hash })).await.ok(202)["id"]);
        kit.get(&key, &format!("/v1/renders/{job}")).await.ok(200);
        kit.get(&key, &format!("/v1/renders/{job}/preview")).await.problem(404, "not-ready");
        let snapshot = text(&kit.post(&key, "/v1/snapshots", &json!({ "specHash": hash })).await.ok(201)["id"]);
        for (method, path) in [
            ("POST", format!("/v1/snapshots/{snapshot}/approve")),
            ("POST", format!("/v1/snapshots/{snapshot}/lock")),
            ("POST", "/v1/orders".to_owned()),
            ("GET", "/v1/orders".to_owned()),
            ("GET", "/v1/jobs".to_owned()),
            ("GET", "/v1/tenant".to_owned()),
            ("GET", "/v1/products".to_owned()),
            ("PUT", "/v1/products/mug".to_owned()),
            ("POST", "/v1/keys".to_owned()),
            ("PUT", "/v1/widget/origins".to_owned()),
        ] {
            kit.send(method, &path, &key, &[], &json!({})).await.problem(403, "forbidden");
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_uses_its_own_tenants_key_and_no_other() {
    each(async |kit: Kit| {
        let (tenant, key) = kit.with_page("Ours").await;
        let other = kit.tenant("Other").await;
        kit.put(&other.key, "/v1/widget/origins", &json!({ "origins": ["https://other.example"] })).await.ok(200);
        let get = async |origin: &str| {
            kit.send("GET", "/v1/widget/config/mug", &key, &[("origin", origin)], &Value::Null).await
        };
        let ours = get(PAGE).await;
        assert_eq!((ours.status.as_u16(), allowed(&ours)), (200, PAGE));
        for foreign in ["https://other.example", "https://evil.example", "null", "https://shop.example.evil.example"] {
            let refused = get(foreign).await;
            refused.problem(403, "forbidden");
            assert_eq!(allowed(&refused), "", "{foreign}");
        }
        let here = [("origin", "http://platen.example"), ("host", "platen.example")];
        kit.send("GET", "/v1/widget/config/mug", &key, &here, &Value::Null).await.ok(200);
        let secret = kit.send("GET", "/v1/widget/config/mug", &tenant.key, &[("origin", PAGE)], &Value::Null).await;
        assert_eq!(allowed(&secret), "", "a secret key has no business in a page");
        kit.put(&tenant.key, "/v1/widget/origins", &json!({ "origins": [] })).await.ok(200);
        get(PAGE).await.problem(403, "forbidden");
        assert_eq!(kit.get(&tenant.key, "/v1/widget/origins").await.ok(200), json!({ "origins": [] }));
        let audit = kit.get(&tenant.key, "/v1/audit").await.ok(200);
        assert_eq!(audit["items"][0]["action"], "widget.origins");
    })
    .await;
}

/// A browser asks before it says whose key it holds: any listed origin, for the widget's paths, and for nothing else.
#[tokio::test]
async fn preflights_are_answered_by_origin_and_path() {
    each(async |kit: Kit| {
        kit.with_page("Asked").await;
        for path in
            ["/v1/specs", "/v1/widget/config/mug", "/v1/personalization/validate", "/api/v1/personalization/validate"]
        {
            let answer = kit.preflight(PAGE, path).await;
            assert_eq!(allowed(&answer), PAGE, "{path}");
            assert!(answer.header("access-control-allow-headers").contains("authorization"), "{path}");
            assert_eq!(allowed(&kit.preflight("https://evil.example", path).await), "", "{path}");
        }
        for path in ["/v1/orders", "/v1/keys", "/v1/tenant", "/v1/widget/origins", "/ops"] {
            assert_eq!(allowed(&kit.preflight(PAGE, path).await), "", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn origins_are_origins() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Strict").await;
        for bad in ["*", "https://shop.example/", "http://shop.example", "null", "https://*.example"] {
            let body = json!({ "origins": [PAGE, bad] });
            let problem = kit.put(&tenant.key, "/v1/widget/origins", &body).await.problem(422, "invalid");
            assert_eq!(problem["errors"][0]["pointer"], "/origins/1", "{bad}");
        }
        let body = json!({ "origins": ["http://localhost:3000", PAGE, PAGE] });
        let set = kit.put(&tenant.key, "/v1/widget/origins", &body).await.ok(200);
        assert_eq!(set, json!({ "origins": ["http://localhost:3000", PAGE] }));
    })
    .await;
}

#[tokio::test]
async fn the_config_is_kept_for_an_hour_and_asked_again_with_its_etag() {
    each(async |kit: Kit| {
        let (tenant, key) = kit.with_page("Config").await;
        let answer = kit.get(&key, "/v1/widget/config/mug").await;
        let config = answer.ok(200);
        assert_eq!(answer.header("cache-control"), "private, max-age=3600");
        assert_eq!((&config["product"]["templateVersion"], &config["specVersion"]), (&json!(1), &json!("1.1.0")));
        assert_eq!(config["fonts"].as_array().map(Vec::len), Some(choices().len()));
        assert_eq!(config["product"]["zones"][0]["widthMm"], 85);
        let etag = answer.header("etag").to_owned();
        let again = kit.send("GET", "/v1/widget/config/mug", &key, &[("if-none-match", &etag)], &Value::Null).await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
        assert_eq!(again.header("cache-control"), "private, max-age=3600");
        let mut changed = product();
        changed["rules"] = json!({ "zones": { "left": { "colors": ["#ff0000"] } } });
        kit.put(&tenant.key, "/v1/products/mug", &changed).await.ok(200);
        let fresh =
            kit.send("GET", "/v1/widget/config/mug", &key, &[("if-none-match", &etag)], &Value::Null).await.ok(200);
        assert_eq!(fresh["rules"], changed["rules"]);
        kit.get(&key, "/v1/widget/config/cup").await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn fonts_are_served_to_everybody_by_their_hash() {
    each(async |kit: Kit| {
        for font in choices() {
            let answer = kit.get("", &format!("/v1/widget/fonts/{}", font.sha256)).await;
            assert_eq!(answer.status, 200, "{}", font.name);
            assert_eq!(crate::kit::sha(&answer.bytes), font.sha256, "{}", font.name);
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        }
        kit.get("", "/v1/widget/fonts/none").await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn a_key_may_have_a_rate_of_its_own() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Rated").await;
        let key = kit.page_key(&tenant, Some(2)).await;
        for _ in 0..4 {
            kit.get(&key, "/v1/widget/config/none").await.problem(404, "not-found");
        }
        let answer = kit.get(&key, "/v1/widget/config/none").await;
        answer.problem(429, "too-many-requests");
        assert_eq!(answer.header("retry-after"), "1");
        kit.get(&tenant.key, "/v1/tenant").await.ok(200);
        kit.clock.advance(Duration::from_secs(1));
        kit.get(&key, "/v1/widget/config/none").await.problem(404, "not-found");
        let listed = kit.get(&tenant.key, "/v1/keys").await.ok(200);
        assert_eq!(listed["items"][1]["requestsPerSecond"], 2);
        for body in [
            json!({ "name": "x", "scopes": ["widget", "read"] }),
            json!({ "name": "x", "scopes": ["widget"], "requestsPerSecond": 0 }),
        ] {
            kit.post(&tenant.key, "/v1/keys", &body).await.problem(422, "invalid");
        }
    })
    .await;
}

/// Pictures come from the press. A page that sends an address of one is refused by the shape of the body, and nothing is fetched.
#[tokio::test]
async fn addresses_of_previews_are_refused() {
    each(async |kit: Kit| {
        let (_, key) = kit.with_page("Addresses").await;
        let url = "https://evil.example/preview.png";
        let image = json!({ "zone": "left", "type": "image", "href": url, "box": { "x": 0, "y": 0, "w": 10, "h": 10 } });
        let zones = product()["zones"].clone();
        let spec = json!({ "specVersion": "1.1.0", "product": { "id": "mug", "kind": "mug", "zones": zones }, "layers": [image] });
        let mut with_field = spec.clone();
        with_field["previewUrl"] = json!(url);
        for (path, body) in [
            ("/v1/specs", spec.clone()),
            ("/v1/specs", with_field),
            ("/v1/snapshots", json!({ "specHash": "0".repeat(64), "previewUrl": url })),
            ("/v1/renders", json!({ "specHash": "0".repeat(64), "previewUrl": url })),
            ("/v1/personalization/validate", json!({ "product": { "id": "mug" }, "layers": [], "preview": url })),
        ] {
            let problem = kit.post(&key, path, &body).await.problem(422, "invalid");
            assert!(!problem.to_string().contains("evil"), "{problem}");
        }
        let judged = kit.post(&key, "/v1/personalization/validate", &json!({ "product": { "id": "mug" }, "layers": [image] })).await.ok(200);
        assert_eq!((&judged["valid"], &judged["errors"][0]["pointer"]), (&json!(false), &json!("/layers/0/href")));
    })
    .await;
}
