//! What a handler works with: the parts, who called, and under which id; and the shapes that replies share.

use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use bytes::Bytes;
use platen_jobs::{Origin, outbox};
use platen_shared::canon::sha256_hex;
use platen_shared::db::{At, Read, Tx};
use platen_shared::id::{EventId, JobId, TenantId};
use platen_shared::ledger::Job;
use platen_shared::store::audit::{self, Audit};
use serde::{Deserialize, Serialize};

use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::error::{Code, Problem, Reply};
use crate::observe::Correlation;
use crate::routes::jobs::JobView;

/// Longest wait that `Prefer` may ask for.
const WAIT_S_MAX: u64 = 30;
/// Between two looks at a job that somebody waits for: soon at first, since a preview takes milliseconds, and rarer the longer it takes.
const LOOK_FIRST: Duration = Duration::from_millis(2);
const LOOK_LAST: Duration = Duration::from_millis(40);
/// Most things on one page, and how many without being asked.
const PAGE_MAX: u32 = 200;
const PAGE_USUAL: u32 = 50;

/// A request by a known key.
pub(crate) struct Call {
    shared: Shared,
    who: Principal,
    pub(crate) correlation: String,
    wait: Option<u64>,
    once: Option<String>,
    if_match: Option<String>,
}

impl FromRequestParts<Shared> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Reply<Self> {
        let who = parts.extensions.get::<Principal>().cloned();
        let who = who.ok_or_else(|| Problem::internal(&"a route that needs a caller let one without a key pass"))?;
        let correlation = parts.extensions.get::<Correlation>().map(|id| id.0.clone()).unwrap_or_default();
        let once = parts.headers.get("idempotency-key").map(|key| sha256_hex(key.as_bytes()));
        let if_match = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Call { shared: app.clone(), who, correlation, wait: wait(&parts.headers), once, if_match })
    }
}

/// N of `Prefer: wait=N`.
fn wait(headers: &HeaderMap) -> Option<u64> {
    let all = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    let seconds = all.flat_map(|text| text.split([',', ';'])).find_map(|part| part.trim().strip_prefix("wait="));
    seconds.and_then(|text| text.trim().parse().ok()).filter(|n| *n > 0).map(|n: u64| n.min(WAIT_S_MAX))
}

impl Call {
    /// A call that did not come through the table of routes.
    pub(crate) fn of(shared: Shared, who: Principal, correlation: String) -> Call {
        Call { shared, who, correlation, wait: None, once: None, if_match: None }
    }

    pub(crate) fn app(&self) -> &App {
        &self.shared.app
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.who.tenant
    }

    /// Whether the key stands in a web page, for everybody to read.
    pub(crate) fn publishable(&self) -> bool {
        self.who.publishable()
    }

    /// Who, as audit and history name them.
    pub(crate) fn actor(&self) -> String {
        self.who.actor()
    }

    /// The business clock.
    pub(crate) fn now(&self) -> At {
        self.app().clock.now()
    }

    /// The ledger's time.
    pub(crate) fn ledger_now(&self) -> At {
        self.app().ledger.now()
    }

    /// The digest of the request's `Idempotency-Key`: what a new thing is named by when its sender gave it no name, so that a repeat finds
    /// it even when the process died before the first reply was kept.
    pub(crate) fn once(&self) -> Option<&str> {
        self.once.as_deref()
    }

    /// Refuses a change of something that is no longer what its caller saw: `If-Match` names the ETag, `version` of a body the number.
    pub(crate) fn expects(&self, found: i64, version: Option<i64>) -> Reply<()> {
        let etag = etag(found);
        let tags =
            self.if_match.as_deref().map(|text| text.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag));
        if tags == Some(false) {
            return Err(Problem::new(Code::PreconditionFailed, "It has another ETag by now; read it again."));
        }
        if version.is_some_and(|version| version != found) {
            return Err(Problem::new(Code::Conflict, "It has another version by now; read it again."));
        }
        Ok(())
    }

    pub(crate) fn read(&self) -> Read {
        self.app().ledger.db.reader()
    }

    pub(crate) async fn begin(&self, name: &'static str) -> Reply<Tx> {
        Ok(self.app().ledger.db.begin(name).await?)
    }

    /// Who enqueues, for a job that starts at once.
    pub(crate) fn origin(&self, priority: i64) -> Origin {
        let now = self.ledger_now();
        Origin { tenant: self.tenant(), now, run_at: now, priority, correlation_id: self.correlation.clone() }
    }

    /// Enqueues what carries the messages that this transaction wrote.
    pub(crate) async fn carry(&self, tx: &mut Tx) -> Reply<()> {
        Ok(outbox::carry(tx, &self.origin(0)).await?)
    }

    /// Notes a command in its own transaction.
    pub(crate) async fn audit(&self, tx: &mut Tx, action: &str, subject: impl ToString, reason: &str) -> Reply<()> {
        Ok(audit::write(tx, &self.note(action, subject, reason)).await?)
    }

    /// What the audit says of a command.
    pub(crate) fn note(&self, action: &str, subject: impl ToString, reason: &str) -> Audit {
        Audit {
            id: EventId::new(),
            tenant: self.tenant(),
            at: self.ledger_now(),
            actor: self.actor(),
            action: action.to_owned(),
            subject: subject.to_string(),
            reason: reason.to_owned(),
        }
    }

    async fn job(&self, id: JobId) -> Reply<Job> {
        let job = self.app().ledger.job(self.tenant(), id).await?;
        job.ok_or_else(|| Problem::internal(&"a job vanished after its commit"))
    }

    /// 202 with the job of this id, or 200 with its end when the caller waited for it and it came in time.
    pub(crate) async fn work(&self, id: JobId) -> Reply<Response> {
        self.work_on(self.job(id).await?).await
    }

    /// The same for a job whose row is known as it was a moment ago.
    pub(crate) async fn work_on(&self, mut job: Job) -> Reply<Response> {
        let id = job.id;
        let began = tokio::time::Instant::now();
        let until = self.wait.map(|seconds| began + Duration::from_secs(seconds));
        while !job.finished() && until.is_some_and(|until| tokio::time::Instant::now() < until) {
            // The answer comes at most an eighth later than it could.
            tokio::time::sleep((began.elapsed() / 8).clamp(LOOK_FIRST, LOOK_LAST)).await;
            job = self.job(id).await?;
        }
        let status = if self.wait.is_some() && job.finished() { StatusCode::OK } else { StatusCode::ACCEPTED };
        let mut response = (status, Json(JobView::from(job))).into_response();
        let set = |response: &mut Response, name, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(&mut response, header::LOCATION, format!("/v1/jobs/{id}"));
        if let Some(seconds) = self.wait {
            set(&mut response, header::HeaderName::from_static("preference-applied"), format!("wait={seconds}"));
        }
        Ok(response)
    }
}

/// The ETag of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// JSON of a version of something, with its ETag.
pub(crate) fn versioned(version: i64, body: impl Serialize) -> Response {
    ([(header::ETAG, etag(version))], Json(body)).into_response()
}

/// 201 for what is new, 200 for what was there.
pub(crate) fn made(fresh: bool, body: impl Serialize) -> Response {
    (if fresh { StatusCode::CREATED } else { StatusCode::OK }, Json(body)).into_response()
}

/// A page of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// The parameters of a list without any others.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Pages {
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
}

impl Pages {
    pub(crate) fn read(&self) -> Reply<Paging> {
        Paging::new(self.cursor.as_deref(), self.limit)
    }
}

/// Where a page begins and how long it is.
pub(crate) struct Paging {
    pub(crate) after: Option<String>,
    limit: usize,
}

impl Paging {
    /// Reads the two parameters that every list takes.
    pub(crate) fn new(cursor: Option<&str>, limit: Option<u32>) -> Reply<Paging> {
        let limit = limit.unwrap_or(PAGE_USUAL);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(Problem::field("range", "/limit", "limit must be between 1 and 200."));
        }
        let bad = || Problem::field("cursor", "/cursor", "cursor must be what `next` of the page before said.");
        let text = |cursor: &str| String::from_utf8(B64.decode(cursor).ok()?).ok().filter(|text| !text.contains('\0'));
        let after = cursor.map(|cursor| text(cursor).ok_or_else(bad)).transpose()?;
        Ok(Paging { after, limit: limit as usize })
    }

    /// The same, where the place is an id.
    pub(crate) fn after_id<T: std::str::FromStr>(&self) -> Reply<Option<T>> {
        let bad = |_| Problem::field("cursor", "/cursor", "cursor must be what `next` of the page before said.");
        self.after.as_deref().map(|text| text.parse().map_err(bad)).transpose()
    }

    /// One more than fits: how the next page is known to exist.
    pub(crate) fn fetch(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }

    /// The page of the rows fetched; `place` names where one is.
    pub(crate) fn page<R, V: From<R>>(&self, mut rows: Vec<R>, place: impl Fn(&R) -> String) -> Json<Page<V>> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| more).map(|last| B64.encode(place(last)));
        Json(Page { items: rows.into_iter().map(V::from).collect(), next })
    }
}

/// A list that is never long.
pub(crate) fn whole<R, V: From<R>>(rows: Vec<R>) -> Json<Page<V>> {
    Json(Page { items: rows.into_iter().map(V::from).collect(), next: None })
}

/// Whether the caller holds this version already.
pub(crate) fn holds(headers: &HeaderMap, etag: &str) -> bool {
    let all = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

/// Bytes named by their hash: for ever the same, so a caller that holds them is told just that.
pub(crate) fn immutable(headers: &HeaderMap, hash: &str, media_type: &str, bytes: Option<Bytes>) -> Response {
    let etag = format!("\"{hash}\"");
    let mut response = match bytes {
        Some(bytes) if !holds(headers, &etag) => bytes.into_response(),
        _ => StatusCode::NOT_MODIFIED.into_response(),
    };
    let set = response.headers_mut();
    let media = HeaderValue::from_str(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    set.insert(header::CONTENT_TYPE, media);
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    response
}

/// JSON of something immutable, under its hash or id.
pub(crate) fn immutable_json(headers: &HeaderMap, name: &str, body: &impl Serialize) -> Reply<Response> {
    let bytes = serde_json::to_vec(body).map_err(|e| Problem::internal(&e))?;
    Ok(immutable(headers, name, "application/json", Some(bytes.into())))
}
