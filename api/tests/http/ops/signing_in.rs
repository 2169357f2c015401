//! Who gets in, and who no longer does.

use std::time::Duration;

use platen_api::{Door, PAGES};
use serde_json::{Value, json};

use super::Browser;
use crate::kit::{Kit, ROOT, each};

/// What needs no session. A new line here is a decision.
const OPEN: &[&str] = &["GET /ops/style.css", "GET /ops/login", "POST /ops/login"];

fn concrete(path: &str) -> String {
    path.replace("/jobs/{id}", "/jobs/job_01jd0000000000000000000000").replace("{id}", "pse_01jd0000000000000000000000")
}

#[tokio::test]
async fn every_page_needs_a_session_and_every_form_its_token() {
    let open: Vec<_> =
        PAGES.iter().filter(|p| p.door == Door::Open).map(|p| format!("{} {}", p.method, p.path)).collect();
    assert_eq!(open, OPEN);
    each(async |kit: Kit| {
        let tenant = kit.tenant("Guarded").await;
        let nobody = Browser { kit: &kit, cookie: String::new() };
        let somebody = kit.browser(&tenant.key).await;
        let rows = kit.rows().await;
        for page in PAGES {
            let path = concrete(page.path);
            let answer = nobody.send(page.method, &path, &[], "key=none").await;
            for (name, value) in [("x-frame-options", "DENY"), ("x-content-type-options", "nosniff")] {
                assert_eq!(answer.header(name), value, "{page:?}");
            }
            let csp = answer.header("content-security-policy");
            assert!(csp.starts_with("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{page:?}: {csp}");
            assert!(!csp.contains("script") && !csp.contains("unsafe"), "{csp}");
            if page.door == Door::Session {
                assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/ops/login"), "{page:?}");
                assert_eq!(answer.header("cache-control"), "no-store", "{page:?}");
                let bearer = format!("Bearer {}", tenant.key);
                let answer = nobody.send(page.method, &path, &[("authorization", &bearer)], "").await;
                assert_eq!(answer.header("location"), "/ops/login", "{page:?}: a key is no session");
            }
            if page.method == "POST" && page.door == Door::Session {
                for form in ["reason=x", "csrf=guessed&reason=x"] {
                    assert_eq!(somebody.send("POST", &path, &[], form).await.status.as_u16(), 403, "{page:?}");
                }
                let form = format!("csrf={}&reason=x&what=queue:sync", somebody.csrf().await);
                let answer = somebody.send("POST", &path, &[("sec-fetch-site", "cross-site")], &form).await;
                assert_eq!(answer.status.as_u16(), 403, "{page:?}: from another site");
            }
        }
        let long = format!("key={}", "x".repeat(20_000));
        assert_eq!(nobody.send("POST", "/ops/login", &[], &long).await.status.as_u16(), 400);
        assert_eq!(kit.rows().await, rows, "nothing was written");
    })
    .await;
}

#[tokio::test]
async fn a_key_with_the_scope_signs_in_until_its_session_is_over() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Signed in").await;
        let nobody = Browser { kit: &kit, cookie: String::new() };
        for (key, said) in [
            ("plk_wrong".to_owned(), "not known here"),
            (format!("plk_{}_{}", "0".repeat(12), "0".repeat(64)), "not known here"),
            (kit.key(&tenant, &["read", "write", "admin"]).await, "lacks the scope"),
            (String::new(), "not known here"),
        ] {
            let answer = nobody.send("POST", "/ops/login", &[], &format!("key={key}")).await;
            assert!(answer.status.as_u16() == 401 && answer.text().contains(said), "{}", answer.text());
            assert_eq!(answer.header("set-cookie"), "");
        }
        let key = kit.key(&tenant, &["operate"]).await;
        let answer = nobody.send("POST", "/ops/login", &[], &format!("key={key}")).await;
        let cookie = answer.header("set-cookie").to_owned();
        for word in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/ops", "; Max-Age=28800"] {
            assert!(cookie.contains(word), "{cookie}");
        }
        assert!(!cookie.contains(&key[17..]), "the key is not in the cookie");
        let browser = kit.browser(&key).await;
        assert!(browser.page("/ops").await.contains("Signed in"));
        let forged = Browser { kit: &kit, cookie: browser.cookie.replace("=v1.", "=v1.A") };
        assert_eq!(forged.send("GET", "/ops", &[], "").await.header("location"), "/ops/login");
        kit.clock.advance(Duration::from_secs(8 * 3600 - 1));
        browser.page("/ops").await;
        kit.clock.advance(Duration::from_secs(1));
        assert_eq!(browser.send("GET", "/ops", &[], "").await.header("location"), "/ops/login", "over");
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_is_signed_out_and_so_is_who_signs_out() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Leaver").await;
        let made = kit.post(&tenant.key, "/v1/keys", &json!({ "name": "till", "scopes": ["operate"] })).await.ok(201);
        let browser = kit.browser(made["secret"].as_str().expect("a key")).await;
        browser.page("/ops").await;
        let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
        kit.send("DELETE", &path, &tenant.key, &[], &Value::Null).await.ok(204);
        assert_eq!(browser.send("GET", "/ops", &[], "").await.header("location"), "/ops/login");
        let browser = kit.browser(ROOT).await;
        let answer = browser.post("/ops/logout", "").await;
        assert_eq!(answer.header("location"), "/ops/login");
        assert!(
            answer.header("set-cookie").starts_with("platen_ops=; Path=/ops; Max-Age=0"),
            "{}",
            answer.header("set-cookie")
        );
    })
    .await;
}
