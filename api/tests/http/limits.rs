//! Rates and origins.

use std::time::Duration;

use platen_api::Settings;
use serde_json::Value;

use crate::kit::{Kit, each, each_with};

#[tokio::test]
async fn a_key_that_calls_too_often_waits_and_others_do_not() {
    each_with(
        || Settings { requests_per_second_per_key: 2, ..Settings::default() },
        async |kit: Kit| {
            let (tenant, other) = (kit.tenant("Hasty").await, kit.tenant("Calm").await);
            for _ in 0..4 {
                kit.get(&tenant.key, "/v1/tenant").await.ok(200);
            }
            let answer = kit.get(&tenant.key, "/v1/tenant").await;
            answer.problem(429, "too-many-requests");
            assert_eq!(answer.header("retry-after"), "1");
            kit.get(&other.key, "/v1/tenant").await.ok(200);
            kit.clock.advance(Duration::from_secs(1));
            kit.get(&tenant.key, "/v1/tenant").await.ok(200);
        },
    )
    .await;
}

const ASKED: [(&str, &str); 3] = [
    ("origin", "https://shop.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization"),
];

#[tokio::test]
async fn browsers_of_other_origins_are_denied_unless_listed() {
    each(async |kit: Kit| {
        let answer = kit.send("OPTIONS", "/v1/orders", "", &ASKED, &Value::Null).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "denied by default");
    })
    .await;
    let listed = || Settings { cors_origins: vec!["https://shop.example".to_owned()], ..Settings::default() };
    each_with(listed, async |kit: Kit| {
        let answer = kit.send("OPTIONS", "/v1/orders", "", &ASKED, &Value::Null).await;
        assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
        assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
        let other = [("origin", "https://evil.example"), ASKED[1], ASKED[2]];
        let answer = kit.send("OPTIONS", "/v1/orders", "", &other, &Value::Null).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    })
    .await;
}
