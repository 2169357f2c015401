//! What forms do: the commands of the HTTP API, with their lines in the audit.

use std::time::Duration;

use crate::kit::{Kit, ROOT, each, text};

async fn audit(kit: &Kit, key: &str) -> Vec<(String, String, String)> {
    let audit = kit.get(key, "/v1/audit?limit=3").await.ok(200);
    let lines = audit["items"].as_array().expect("a list").iter();
    lines.map(|line| (text(&line["action"]), text(&line["reason"]), text(&line["actor"]))).collect()
}

#[tokio::test]
async fn a_dead_job_is_seen_explained_and_retried() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Mender").await;
        let id = kit.sync_job(&tenant, "g1").await;
        kit.start_all("w-1").await;
        kit.clock.advance(Duration::from_secs(5));
        kit.kill(&tenant, id, "the printer knows no such paper").await;
        let browser = kit.browser(&tenant.key).await;
        let overview = browser.page("/ops").await;
        assert!(
            overview.contains("1 job is dead") && overview.contains("the printer knows no such paper"),
            "{overview}"
        );
        let job = browser.page(&format!("/ops/jobs/{id}")).await;
        for words in
            ["Attempt 1", "took 5 s", "a retry is safe", "id=\"retry\"", "&quot;generation&quot;: &quot;g1&quot;"]
        {
            let plain = job.replace("&#34;", "&quot;");
            assert!(plain.contains(words), "{words}: {plain}");
        }
        let path = format!("/ops/jobs/{id}/retry");
        let answer = browser.post(&path, "reason=").await;
        assert!(answer.status.as_u16() == 422 && answer.text().contains("may not be empty"), "{}", answer.text());
        let answer = browser.post(&path, "reason=paper+is+back").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, &*format!("/ops/jobs/{id}?said=retried"))
        );
        let job = browser.page(&format!("/ops/jobs/{id}?said=retried")).await;
        assert!(job.contains("ready again") && job.contains("id=\"cancel\"") && !job.contains("id=\"retry\""), "{job}");
        assert_eq!(browser.post(&path, "reason=again").await.status.as_u16(), 409, "it is not dead any more");
        let line = ("job.retry".to_owned(), "paper is back".to_owned(), tenant.key_id.clone());
        assert_eq!(audit(&kit, &tenant.key).await[0], line);
    })
    .await;
}

#[tokio::test]
async fn a_job_is_cancelled_and_a_running_one_is_asked_to_stop() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Canceller").await;
        let browser = kit.browser(&tenant.key).await;
        let runs = kit.sync_job(&tenant, "g1").await;
        kit.start_all("w-1").await;
        let waits = kit.sync_job(&tenant, "g2").await;
        for id in [runs, waits] {
            let answer = browser.post(&format!("/ops/jobs/{id}/cancel"), "reason=wrong+season").await;
            assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
        }
        assert!(browser.page(&format!("/ops/jobs/{runs}")).await.contains("was asked to stop"));
        assert!(browser.page(&format!("/ops/jobs/{waits}")).await.contains("wrong season"));
        assert!(browser.page("/ops/jobs?state=cancelled").await.contains(&waits.to_string()));
        let found = browser.send("GET", &format!("/ops/jobs?id={waits}&state="), &[], "").await;
        assert_eq!(found.header("location"), format!("/ops/jobs/{waits}"), "an id leads to its job");
        assert_eq!(browser.send("GET", "/ops/jobs?state=lost", &[], "").await.status.as_u16(), 404);
        assert_eq!(audit(&kit, &tenant.key).await[0].0, "job.cancel");
    })
    .await;
}

#[tokio::test]
async fn a_queue_is_paused_and_resumed_with_reasons() {
    each(async |kit: Kit| {
        let tenant = kit.tenant("Pauser").await;
        let id = kit.sync_job(&tenant, "g1").await;
        let browser = kit.browser(&tenant.key).await;
        assert!(browser.page("/ops/pauses?what=queue:sync").await.contains("<option value=\"queue:sync\" selected>"));
        assert_eq!(browser.post("/ops/pauses", "what=queue:nonsense&reason=x").await.status.as_u16(), 422);
        let answer = browser.post("/ops/pauses", "what=queue:sync&reason=stock+taking").await;
        assert_eq!(answer.header("location"), "/ops/pauses?said=paused", "{}", answer.text());
        let job = browser.page(&format!("/ops/jobs/{id}")).await;
        assert!(job.contains("once the pause that holds it is taken away") && job.contains("stock taking"), "{job}");
        let overview = browser.page("/ops").await;
        assert!(overview.contains("1 pause keeps work from starting") && overview.contains("queue sync"), "{overview}");
        let pause = text(&kit.get(&tenant.key, "/v1/pauses").await.ok(200)["items"][0]["id"]);
        let path = format!("/ops/pauses/{pause}/resume");
        assert_eq!(browser.post(&path, "reason=").await.status.as_u16(), 422, "also the end has its reason");
        assert_eq!(browser.post(&path, "reason=counted").await.header("location"), "/ops/pauses?said=resumed");
        assert!(!browser.page(&format!("/ops/jobs/{id}")).await.contains("pause that holds it"));
        let lines = audit(&kit, &tenant.key).await;
        assert_eq!((lines[0].0.as_str(), lines[0].1.as_str()), ("pause.remove", "counted"));
        assert_eq!((lines[1].0.as_str(), lines[1].1.as_str()), ("pause.create", "stock taking"));
    })
    .await;
}

#[tokio::test]
async fn the_root_key_sees_every_tenant_and_acts_for_one() {
    each(async |kit: Kit| {
        let (one, other) = (kit.tenant("Shop one").await, kit.tenant("Shop two").await);
        let id = kit.sync_job(&one, "g1").await;
        let browser = kit.browser(ROOT).await;
        let overview = browser.page("/ops").await;
        assert!(
            overview.contains("Shop one") && overview.contains("Shop two") && overview.contains("No worker beats"),
            "{overview}"
        );
        let page = browser.page(&format!("/ops/jobs?tenant={}", one.id)).await;
        assert!(page.contains(&format!("/ops/jobs/{id}?tenant={}", one.id)), "links keep the tenant: {page}");
        let lost = browser.send("GET", &format!("/ops/jobs/{id}?tenant={}", other.id), &[], "").await;
        assert_eq!(lost.status.as_u16(), 404, "another tenant's job");
        let unknown = browser.send("GET", "/ops?tenant=ten_01jd0000000000000000000000", &[], "").await;
        assert_eq!(unknown.status.as_u16(), 404);
        let answer = browser.post(&format!("/ops/jobs/{id}/cancel?tenant={}", one.id), "reason=asked+by+phone").await;
        assert_eq!(answer.header("location"), format!("/ops/jobs/{id}?said=cancelled&tenant={}", one.id));
        assert_eq!(audit(&kit, &one.key).await[0], ("job.cancel".into(), "asked by phone".into(), "root".into()));
        let answer = browser.post("/ops/pauses", "what=provider:gelato&reason=incident+123").await;
        assert_eq!(answer.header("location"), "/ops/pauses?said=paused");
        let held = kit.sync_job(&other, "g2").await;
        let theirs = kit.browser(&other.key).await;
        assert!(
            theirs.page(&format!("/ops/jobs/{held}")).await.contains("pause that holds it"),
            "everybody's work is held"
        );
        let pauses = theirs.page("/ops/pauses").await;
        assert!(pauses.contains("incident 123") && pauses.contains("who alone can take it away"), "{pauses}");
    })
    .await;
}
