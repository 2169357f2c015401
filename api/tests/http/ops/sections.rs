//! The parts of the first page that stand on other parts of the system: providers, and the configuration's schedules.

use platen_shared::adapters::http::{AccountKey, Class, Outcome};
use platen_shared::id::TenantId;
use platen_shared::ledger::fires::{Each, Line};
use serde_json::json;

use crate::kit::{Kit, RATE, ROOT, each};

#[tokio::test]
async fn an_open_breaker_is_seen_at_once() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Connected").await;
        let browser = kit.browser(&tenant.key).await;
        assert!(browser.page("/ops").await.contains("No provider is connected"));
        kit.put(&tenant.key, "/v1/connections/gelato", &json!({ "apiKey": "an-account" })).await.ok(200);
        let page = browser.page("/ops").await;
        assert!(page.contains("10 of 10 now, 5 per second") && page.contains("closed</span>"), "{page}");
        let id: TenantId = tenant.id.parse().expect("a tenant");
        for _ in 0..5 {
            let gate = kit.gates.gate(AccountKey { provider: "gelato", tenant: id }, RATE);
            gate.enter(Class::Prompt).await.expect("a permit").report(Outcome::Failed).await;
        }
        let page = browser.page("/ops").await;
        assert!(page.contains("gelato: no call goes out now") && page.contains("open</span> again"), "{page}");
        assert!(page.contains(">in 30 s<"), "{page}");
    })
    .await;
}

#[tokio::test]
async fn the_root_key_sees_the_configurations_schedules() {
    each(async |kit: Kit| {
        let line = Line {
            name: "keep-house".to_owned(),
            cron: "30 4 * * *".to_owned(),
            zone: "Europe/Paris".to_owned(),
            kind: "keep_house".to_owned(),
            each: Each::Installation,
            payload: json!({}),
        };
        kit.ledger.keep_lines(&[line]).await.expect("kept");
        let page = kit.browser(ROOT).await.page("/ops").await;
        for words in ["keep-house", "30 4 * * *", "Europe/Paris", "never"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let tenant = kit.tenant("Shop").await;
        assert!(!kit.browser(&tenant.key).await.page("/ops").await.contains("keep-house"), "not a tenant's");
    })
    .await;
}
