//! What operators do: jobs by kind, cancel, retry, pause, schedules; each leaves a line in the audit.

use std::time::Duration;

use serde_json::{Value, json};

use crate::kit::{Kit, each, text};
use crate::seed::product;

#[tokio::test]
async fn a_job_is_put_off_and_called_back() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Operator").await;
        let (key, job) = (seed.tenant.key.as_str(), format!("/v1/jobs/{}", seed.render));
        let until = kit.ledger.now().plus(std::time::Duration::from_secs(3600));
        let body = json!({ "until": until, "reason": "the shop is closed" });
        let asleep = kit.post(key, &format!("{job}/snooze"), &body).await.ok(202);
        assert_eq!((asleep["state"].as_str(), asleep["waitingFor"].as_str()), (Some("scheduled"), Some("snoozed")));
        assert!(text(&asleep["waitingWhy"]).ends_with("the shop is closed"), "{asleep}");
        assert_eq!((&asleep["runAt"], &asleep["progress"]), (&json!(until), &json!(null)));
        assert!(kit.ledger.claim("w", platen_shared::ledger::Queue::ALL, 10).await.expect("asked").is_empty());
        let now = json!({ "until": kit.ledger.now(), "reason": "open again" });
        kit.post(key, &format!("{job}/snooze"), &now).await.ok(202);
        kit.ledger.promote().await.expect("what is due is ready");
        assert_eq!(kit.ledger.claim("w", platen_shared::ledger::Queue::ALL, 10).await.expect("asked").len(), 1);
        let refused = kit.post(key, &format!("{job}/snooze"), &body).await;
        assert_eq!(refused.ok(409)["type"], "/problems/illegal-state", "it is being done");
    })
    .await;
}

#[tokio::test]
async fn a_job_is_cancelled_and_brought_back() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Operator").await;
        let (key, job) = (seed.tenant.key.as_str(), format!("/v1/jobs/{}", seed.render));
        let shown = kit.get(key, &job).await.ok(200);
        assert_eq!((shown["kind"].as_str(), shown["state"].as_str()), (Some("render_preview"), Some("ready")));
        assert_eq!(shown["specHash"], seed.spec.as_str());
        let cancelled = kit.post(key, &format!("{job}/cancel"), &json!({ "reason": "wrong words" })).await.ok(202);
        assert_eq!(
            (cancelled["state"].as_str(), cancelled["error"]["class"].as_str()),
            (Some("cancelled"), Some("cancelled"))
        );
        kit.post(key, &format!("{job}/cancel"), &json!({ "reason": "again" })).await.ok(202);
        let waited = [("prefer", "respond-async, wait=5")];
        let again = kit.send("POST", "/v1/renders", key, &waited, &json!({ "specHash": seed.spec })).await;
        assert_eq!(again.ok(200)["state"], "cancelled", "it has ended, so nobody waits");
        assert_eq!(again.header("preference-applied"), "wait=5");
        assert_eq!(again.header("location"), job);
        assert_eq!(
            kit.post(key, &format!("{job}/retry"), &json!({ "reason": "right after all" })).await.ok(202)["state"],
            "ready"
        );
        assert_eq!(kit.get(key, &format!("{job}/attempts")).await.ok(200)["items"], json!([]));
        let audit = kit.get(key, "/v1/audit?limit=2").await.ok(200);
        let lines: Vec<_> = audit["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|a| (text(&a["action"]), text(&a["reason"])))
            .collect();
        assert_eq!(
            lines,
            [("job.retry".into(), "right after all".into()), ("job.cancel".into(), "wrong words".into())]
        );
        assert_eq!(audit["items"][0]["actor"], seed.tenant.key_id.as_str());
    })
    .await;
}

#[tokio::test]
async fn jobs_are_enqueued_by_kind_and_listed() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Lister").await;
        let key = seed.tenant.key.as_str();
        let body =
            json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "g9" }, "priority": 5 });
        let made = kit.send("POST", "/v1/jobs", key, &[("x-request-id", "from-the-shop")], &body).await;
        let job = made.ok(202);
        assert_eq!((job["priority"].as_i64(), job["correlationId"].as_str()), (Some(5), Some("from-the-shop")));
        assert_eq!(made.header("location"), format!("/v1/jobs/{}", text(&job["id"])));
        assert_eq!(kit.post(key, "/v1/jobs", &body).await.ok(202)["id"], job["id"], "the same work");
        let list = kit.get(key, "/v1/jobs?queue=sync&state=ready").await.ok(200);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
        let list = kit.get(key, &format!("/v1/jobs?specHash={}&limit=1", seed.spec)).await.ok(200);
        assert_eq!((list["items"][0]["id"].as_str(), &list["next"]), (Some(seed.render.as_str()), &Value::Null));
        let first = kit.get(key, "/v1/jobs?limit=1").await.ok(200);
        let second = kit.get(key, &format!("/v1/jobs?limit=1&cursor={}", text(&first["next"]))).await.ok(200);
        assert_eq!(
            (&first["items"][0]["id"], &second["items"][0]["id"]),
            (&job["id"], &json!(seed.render)),
            "newest first"
        );
        kit.clock.advance(Duration::from_secs(7));
        let queues = kit.get(key, "/v1/queues").await.ok(200);
        let sync = queues["items"].as_array().expect("queues").iter().find(|q| q["queue"] == "sync").expect("sync");
        assert_eq!((sync["ready"].as_i64(), sync["oldestReadyAgeS"].as_i64()), (Some(1), Some(7)));
    })
    .await;
}

#[tokio::test]
async fn the_answer_to_an_enqueue_is_the_row_that_is_read_afterwards() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Reader").await;
        let key = seed.tenant.key.as_str();
        let same = async |payload: Value, state: &str| {
            let body = json!({ "kind": "sync_catalog", "payload": payload, "priority": -3 });
            let answer = kit.send("POST", "/v1/jobs", key, &[("x-request-id", "r1")], &body).await.ok(202);
            let read = kit.get(key, &format!("/v1/jobs/{}", text(&answer["id"]))).await.ok(200);
            assert_eq!(answer, read);
            assert_eq!(answer["state"], state, "{answer}");
        };
        let payload = |generation: &str| json!({ "provider": "gelato", "generation": generation });
        same(payload("new"), "ready").await;
        kit.clock.advance(Duration::from_secs(1));
        same(payload("new"), "ready").await;
        let render = json!({ "kind": "render_preview", "payload": { "specHash": seed.spec, "profile": "x", "pressVersion": "y" } });
        let answer = kit.post(key, "/v1/jobs", &render).await.ok(202);
        assert_eq!(answer, kit.get(key, &format!("/v1/jobs/{}", text(&answer["id"]))).await.ok(200));
        let pause = json!({ "scope": "kind", "value": "sync_catalog", "reason": "inventory" });
        kit.post(key, "/v1/pauses", &pause).await.ok(201);
        same(payload("held"), "scheduled").await;
    })
    .await;
}

#[tokio::test]
async fn a_pause_holds_and_lets_go() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Pauser").await;
        let (key, job) = (seed.tenant.key.as_str(), format!("/v1/jobs/{}", seed.render));
        let pause = kit
            .post(key, "/v1/pauses", &json!({ "scope": "kind", "value": "render_preview", "reason": "inventory" }))
            .await
            .ok(201);
        let held = kit.get(key, &job).await.ok(200);
        assert_eq!((held["state"].as_str(), held["waitingFor"].as_str()), (Some("scheduled"), Some("paused")));
        assert!(text(&held["waitingWhy"]).contains("inventory"));
        assert_eq!(kit.get(key, "/v1/pauses").await.ok(200)["items"].as_array().map(Vec::len), Some(2));
        let path = format!("/v1/pauses/{}", text(&pause["id"]));
        kit.send("DELETE", &path, key, &[], &Value::Null).await.ok(204);
        kit.send("DELETE", &path, key, &[], &Value::Null).await.problem(404, "not-found");
        assert_eq!(kit.get(key, &job).await.ok(200)["waitingFor"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn no_tenant_enqueues_the_installations_own_work() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Meddler").await;
        let key = seed.tenant.key.as_str();
        let job = json!({ "kind": "housekeeping", "payload": { "run": "mine", "keepHistoryDays": 0 } });
        let refused = kit.post(key, "/v1/jobs", &job).await.problem(403, "forbidden");
        assert!(text(&refused["detail"]).contains("the installation's own work"), "{refused}");
        let mut nightly = job.clone();
        nightly["cron"] = "0 3 * * *".into();
        kit.put(key, "/v1/schedules/mine", &nightly).await.problem(403, "forbidden");
        let unknown = kit.post(key, "/v1/jobs", &json!({ "kind": "nothing", "payload": {} })).await;
        let kinds = unknown.problem(400, "unknown-kind");
        assert!(!text(&kinds["detail"]).contains("housekeeping"), "{kinds}");
    })
    .await;
}

#[tokio::test]
async fn schedules_are_kept_by_name() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Planner").await;
        let key = seed.tenant.key.as_str();
        let shown = kit.get(key, "/v1/schedules/nightly").await.ok(200);
        assert!(text(&shown["nextFire"]) > kit.ledger.now().to_string());
        let body = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": "{fire}" }, "cron": "*/5 * * * *" });
        assert_eq!(kit.put(key, "/v1/schedules/nightly", &body).await.ok(200)["zone"], "UTC");
        assert_eq!(kit.get(key, "/v1/schedules").await.ok(200)["items"][0]["cron"], "*/5 * * * *");
        kit.send("DELETE", "/v1/schedules/nightly", key, &[], &Value::Null).await.ok(204);
        kit.get(key, "/v1/schedules/nightly").await.problem(404, "not-found");
    })
    .await;
}

#[tokio::test]
async fn a_changed_product_is_a_new_version_and_an_unchanged_one_is_not() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Seller").await;
        let key = seed.tenant.key.as_str();
        let same = kit.put(key, "/v1/products/mug", &product()).await.ok(200);
        assert_eq!(
            (same["version"].as_i64(), &same["placements"]),
            (Some(1), &json!({ "left": "default", "right": "back" }))
        );
        let mut dearer = product();
        dearer["price"]["minor"] = json!(1990);
        assert_eq!(kit.put(key, "/v1/products/mug", &dearer).await.ok(200)["version"], 2);
        assert_eq!(kit.get(key, "/v1/products").await.ok(200)["items"][0]["version"], 2);
        let change = json!({ "frozen": true, "spendingCapMinor": 100, "reason": "holidays" });
        let tenant = kit.send("PATCH", "/v1/tenant", key, &[], &change).await.ok(200);
        assert_eq!((tenant["frozen"].as_bool(), tenant["spendingCapMinor"].as_i64()), (Some(true), Some(100)));
        let tenant = kit.send("PATCH", "/v1/tenant", key, &[], &json!({ "spendingCapMinor": null })).await.ok(200);
        assert_eq!((tenant["frozen"].as_bool(), &tenant["spendingCapMinor"]), (Some(true), &Value::Null));
        assert_eq!(kit.get(key, "/v1/connections").await.ok(200)["items"][0]["provider"], "gelato");
        assert_eq!(kit.get(key, "/v1/catalogue").await.ok(200)["items"][0]["state"], "done");
        let items = kit.get(key, "/v1/catalogue/items?catalogue=mugs").await.ok(200);
        assert_eq!(
            kit.get(key, &format!("/v1/catalogue/items/{}", text(&items["items"][0]["uid"]))).await.ok(200)["title"],
            "Ceramic mug"
        );
        let verdict = kit.post(key, "/v1/specs/validate", &crate::seed::design("\u{202e}", &seed.sha256)).await.ok(200);
        assert_eq!(
            (verdict["valid"].as_bool(), verdict["errors"][0]["pointer"].as_str()),
            (Some(false), Some("/layers/0/text"))
        );
        let verdict =
            kit.post(key, "/v1/specs/validate", &crate::seed::design("Words of Seller", &seed.sha256)).await.ok(200);
        assert_eq!((verdict["valid"].as_bool(), verdict["hash"].as_str()), (Some(true), Some(seed.spec.as_str())));
        kit.get(key, &format!("/v1/uploads/{}", seed.upload)).await.ok(200);
        kit.post(key, "/v1/catalogue/syncs", &json!({ "provider": "gelato" })).await.ok(202);
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_a_job_hears_of_its_end() {
    each(async |kit: Kit| {
        let seed = kit.seeded("Patient").await;
        let key = seed.tenant.key.as_str();
        let (waits, body) = ([("prefer", "wait=30")], json!({ "specHash": seed.spec }));
        let waiting = kit.send("POST", "/v1/renders", key, &waits, &body);
        let (path, reason) = (format!("/v1/jobs/{}/cancel", seed.render), json!({ "reason": "enough" }));
        let (waited, _) = futures::join!(waiting, kit.post(key, &path, &reason));
        assert_eq!(waited.ok(200)["state"], "cancelled");
        assert_eq!(waited.header("preference-applied"), "wait=30");
    })
    .await;
}
