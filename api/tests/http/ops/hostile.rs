//! What strangers wrote is shown as text, and a tenant sees nothing of another's.

use std::time::Duration;

use crate::kit::{Kit, ROOT, each};

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>&";

#[tokio::test]
async fn nothing_that_strangers_wrote_becomes_part_of_a_page() {
    each(async |kit: Kit| {
        let tenant = kit.tenant(&format!("Shop {SCRIPT}")).await;
        let (dead, waits) = (kit.sync_job(&tenant, SCRIPT).await, kit.sync_job(&tenant, &format!("2{SCRIPT}")).await);
        kit.start_all(&format!("w{SCRIPT}")).await;
        kit.kill(&tenant, dead, SCRIPT).await;
        let browser = kit.browser(&tenant.key).await;
        let reason = "what=queue:sync&reason=%3Cscript%3Ealert(1)%3C/script%3E%3Cimg+src=x+onerror=alert(2)%3E";
        assert_eq!(browser.post("/ops/pauses", reason).await.status.as_u16(), 303);
        kit.clock.advance(Duration::from_secs(4));
        let root = kit.browser(ROOT).await;
        let mut pages = Vec::new();
        for path in [
            "/ops",
            "/ops/jobs",
            "/ops/pauses",
            "/ops/jobs?said=<script>alert(1)</script>",
            &format!("/ops/jobs/{dead}"),
            &format!("/ops/jobs/{waits}"),
        ] {
            pages.push(browser.page(&path.replace('<', "%3C").replace('>', "%3E")).await);
        }
        pages.push(root.page("/ops").await);
        pages.push(browser.send("GET", "/ops/jobs?id=%3Cscript%3Ealert(1)%3C/script%3E", &[], "").await.text());
        for page in &pages {
            assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"), "{page}");
        }
        let shown = pages.iter().filter(|page| page.contains("&#60;script&#62;")).count();
        assert!(shown >= 5, "it is shown as the text it is: {shown}");
    })
    .await;
}

#[tokio::test]
async fn a_tenant_sees_its_own_jobs_and_only_counts_of_others() {
    each(async |kit: Kit| {
        let (one, other) = (kit.tenant("Shop one").await, kit.tenant("Shop two").await);
        let id = kit.sync_job(&other, "g1").await;
        kit.sync_job(&one, "g2").await;
        let browser = kit.browser(&one.key).await;
        let overview = browser.page("/ops").await;
        assert!(!overview.contains("Shop two") && !overview.contains(&id.to_string()), "{overview}");
        assert!(overview.contains("data-label=\"Ready of all tenants\">2<"), "the queue's depth over all: {overview}");
        for path in
            [format!("/ops/jobs/{id}"), format!("/ops/jobs/{id}?tenant={}", other.id), format!("/ops/jobs?id={id}")]
        {
            assert_eq!(browser.send("GET", &path, &[], "").await.status.as_u16(), 404, "{path}");
        }
        for action in ["cancel", "retry"] {
            let path = format!("/ops/jobs/{id}/{action}?tenant={}", other.id);
            assert_eq!(browser.post(&path, "reason=mine+now").await.status.as_u16(), 404, "{action}");
        }
        assert!(
            browser.page(&format!("/ops?tenant={}", other.id)).await.contains("Shop one"),
            "the choice is the root key's"
        );
    })
    .await;
}
