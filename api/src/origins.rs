//! Which web pages may use a publishable key: those of the origins that its tenant lists, and our own.
//!
//! The list is believed for [`KEPT`]; this process forgets it at once when it changes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use platen_shared::db::At;
use platen_shared::id::TenantId;
use platen_shared::store::widget;

use crate::app::{Inner, Shared};
use crate::auth;
use crate::error::{Code, Problem, Reply};
use crate::router::mounted;

/// How long what was read is believed.
const KEPT: Duration = Duration::from_secs(5);
/// Entries remembered; beyond it, everything is forgotten.
const KEPT_MAX: usize = 10_000;

/// What was read lately.
#[derive(Default)]
pub(crate) struct Origins(Mutex<State>);

#[derive(Default)]
struct State {
    of: HashMap<TenantId, (Arc<[String]>, At)>,
    known: HashMap<String, (bool, At)>,
}

impl Origins {
    /// Forgets everything: a list has changed.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.of.len() + state.known.len() > KEPT_MAX {
            *state = State::default();
        }
        work(&mut state)
    }
}

fn fresh(at: At, now: At) -> bool {
    at <= now && now.since(at) < KEPT
}

/// The origins of a tenant.
async fn of_tenant(app: &Inner, tenant: TenantId) -> Reply<Arc<[String]>> {
    let now = app.app.ledger.now();
    let known = app.origins.with(|state| state.of.get(&tenant).filter(|(_, at)| fresh(*at, now)).cloned());
    if let Some((listed, _)) = known {
        return Ok(listed);
    }
    let listed: Arc<[String]> = widget::origins(&mut app.app.ledger.db.reader(), tenant).await?.into();
    app.origins.with(|state| state.of.insert(tenant, (listed.clone(), now)));
    Ok(listed)
}

/// Whether any tenant lists an origin.
async fn is_listed(app: &Inner, origin: &str) -> Reply<bool> {
    let now = app.app.ledger.now();
    let known = app.origins.with(|state| state.known.get(origin).filter(|(_, at)| fresh(*at, now)).copied());
    if let Some((listed, _)) = known {
        return Ok(listed);
    }
    let listed = widget::is_listed(&mut app.app.ledger.db.reader(), origin).await?;
    app.origins.with(|state| state.known.insert(origin.to_owned(), (listed, now)));
    Ok(listed)
}

/// Refuses a publishable key in a page that is not its tenant's. What sends no origin is no page of another site: a browser names it on
/// every request that leaves its own.
pub(crate) async fn from_a_page_of(app: &Inner, tenant: TenantId, headers: &HeaderMap) -> Reply<()> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    if is_ours(origin, headers) || of_tenant(app, tenant).await?.iter().any(|listed| listed == origin) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "This key is not used on pages of this origin; PUT /v1/widget/origins lists those that may.",
    ))
}

/// Whether the page came from this very server.
fn is_ours(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    !host.is_empty() && origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}

/// Whether a browser may show the answer to a page of this origin. Before it sends a key it asks (`OPTIONS`), and any tenant's origin will
/// do; with the key, it must be one of the key's own tenant.
pub(crate) async fn may_read(app: &Shared, origin: &HeaderValue, parts: &Parts) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    if app.app.settings.cors_origins.iter().any(|listed| listed == origin) {
        return true;
    }
    if !is_widget_path(parts.uri.path()) {
        return false;
    }
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.split_once(' ')).map(|(_, t)| t);
    let query = parts.uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("key=")));
    let listed = match token.or(query).filter(|_| parts.method != Method::OPTIONS) {
        None => is_listed(app, origin).await,
        Some(token) => match auth::holder(app, token.trim()).await {
            Ok(who) if who.publishable() => {
                of_tenant(app, who.tenant).await.map(|listed| listed.iter().any(|listed| listed == origin))
            }
            // A refusal may be read by whoever might have been let in.
            Ok(_) => Ok(false),
            Err(_) => is_listed(app, origin).await,
        },
    };
    listed.unwrap_or(false)
}

/// Whether a path is one that publishable keys may call; names in braces stand for anything.
fn is_widget_path(path: &str) -> bool {
    let fits = |pattern: &str| {
        let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    mounted().any(|(pattern, route)| route.widget && fits(pattern))
}

#[cfg(test)]
mod tests {
    use super::{is_ours, is_widget_path};
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn only_the_widgets_paths_are_open_to_pages() {
        for path in ["/v1/widget/config/mug", "/v1/specs", "/v1/renders/job_1/preview", "/api/v1/widget/config/mug"] {
            assert!(is_widget_path(path), "{path}");
        }
        for path in ["/v1/orders", "/v1/widget/origins", "/v1/widget/config/mug/x", "/v1/keys", "/"] {
            assert!(!is_widget_path(path), "{path}");
        }
    }

    #[test]
    fn our_own_pages_are_known_by_the_host() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
        assert!(is_ours("http://127.0.0.1:8080", &headers) && !is_ours("http://127.0.0.1:8081", &headers));
        assert!(!is_ours("null", &headers) && !is_ours("http://", &HeaderMap::new()));
    }
}
