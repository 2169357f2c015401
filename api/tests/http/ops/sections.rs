//! The parts of the first page that stand on other parts of the system: providers, and the configuration's schedules.

use platen_shared::adapters::http::{AccountKey, Class, Outcome};
use platen_shared::id::TenantId;
use platen_shared::ledger::finish::{End, Trouble, archive};
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
async fn availability_and_errors_are_told_as_they_are_defined() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Served").await;
        let browser = kit.browser(&tenant.key).await;
        let page = browser.page("/ops").await;
        assert!(page.contains("Availability") && page.contains("100.00 %"), "{page}");
        assert!(page.contains("none yet") && page.contains("0 of 0 jobs of the last hour"), "{page}");
        let id: TenantId = tenant.id.parse().expect("a tenant");
        for (n, class) in ["panic", "invalid", "cancelled"].into_iter().enumerate() {
            let work =
                json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": format!("g{n}") } });
            kit.put(&tenant.key, "/v1/connections/gelato", &json!({ "apiKey": "an-account" })).await.ok(200);
            let job = kit.post(&tenant.key, "/v1/jobs", &work).await.ok(202);
            let job = job["id"].as_str().expect("an id").parse().expect("a job");
            let mut tx = kit.db.begin("test").await.expect("a transaction");
            let trouble = Trouble::new(class, "a sentence");
            archive(&mut tx, kit.ledger.now(), (id, job), End::Dead, Some(&trouble), None).await.expect("ended");
            tx.commit().await.expect("committed");
        }
        let page = browser.page("/ops").await;
        assert!(page.contains("33.33 %") && page.contains("1 of 3 jobs of the last hour ended by our fault"), "{page}");
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
