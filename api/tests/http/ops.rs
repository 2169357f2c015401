//! The status page without a browser: who gets in, what they see, what their forms do, and that nothing hostile gets through.

mod actions;
mod clicks;
mod driver;
mod hostile;
mod scene;
mod sections;
mod signing_in;

use axum::body::Body;
use axum::http::Request;
use platen_shared::id::{JobId, TenantId};
use platen_shared::ledger::finish::{End, Trouble, archive, hold};
use platen_shared::ledger::{Presence, Queue};
use serde_json::json;

use crate::kit::{Answer, Kit, text};
use crate::seed::Tenant;

/// A browser that may have signed in.
pub(crate) struct Browser<'k> {
    kit: &'k Kit,
    pub(crate) cookie: String,
}

impl Kit {
    /// A browser that signed in with this key.
    pub(crate) async fn browser(&self, key: &str) -> Browser<'_> {
        let mut browser = Browser { kit: self, cookie: String::new() };
        let answer = browser.send("POST", "/ops/login", &[], &format!("key={key}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/ops"), "{}", answer.text());
        browser.cookie = answer.header("set-cookie").split(';').next().expect("a cookie").to_owned();
        browser
    }

    /// A job of this tenant's in the queue `sync`; other words, another job.
    pub(crate) async fn sync_job(&self, tenant: &Tenant, generation: &str) -> JobId {
        let work = json!({ "kind": "sync_catalog", "payload": { "provider": "gelato", "generation": generation } });
        let made = self.post(&tenant.key, "/v1/jobs", &work).await.ok(202);
        text(&made["id"]).parse().expect("an id")
    }

    /// Starts every ready job at a worker of this name.
    pub(crate) async fn start_all(&self, worker: &str) {
        self.ledger
            .beat(&Presence { process: "77".into(), queues: "sync,orders,previews".into(), ..Presence::named(worker) })
            .await
            .expect("a heartbeat");
        self.ledger.claim(worker, Queue::ALL, 100).await.expect("claimed");
    }

    /// Gives a running job up, for this reason.
    pub(crate) async fn kill(&self, tenant: &Tenant, id: JobId, why: &str) {
        let owner: TenantId = tenant.id.parse().expect("a tenant");
        let fence = self.ledger.job(owner, id).await.expect("asked").expect("a job").fence();
        let trouble = Trouble::new("invalid", why);
        let mut tx = self.db.begin("test").await.expect("a transaction");
        hold(&mut tx, &fence).await.expect("held");
        archive(&mut tx, self.ledger.now(), (owner, id), End::Dead, Some(&trouble), None).await.expect("archived");
        tx.commit().await.expect("committed");
    }
}

impl Browser<'_> {
    /// A request as the browser makes it.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("cookie", &self.cookie);
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.kit.raw(request.body(Body::from(form.to_owned())).expect("a request")).await
    }

    /// A page that must be there.
    #[track_caller]
    pub(crate) fn page<'a>(&'a self, path: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.send("GET", path, &[], "").await;
            assert_eq!(answer.status.as_u16(), 200, "{caller}: {}", answer.text());
            answer.text()
        }
    }

    /// The token that forms of this session carry.
    pub(crate) async fn csrf(&self) -> String {
        let page = self.page("/ops/pauses").await;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().expect("a token").to_owned()
    }

    /// Sends a form with the session's token.
    pub(crate) async fn post(&self, path: &str, fields: &str) -> Answer {
        let form = format!("csrf={}&{fields}", self.csrf().await);
        self.send("POST", path, &[("sec-fetch-site", "same-origin")], &form).await
    }
}
