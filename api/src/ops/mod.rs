//! The status page at `/ops`: what an operator sees and does in a browser, without a build step and without scripts.
//!
//! | file | what stands there |
//! | --- | --- |
//! | `session.rs` | signing in with an API key, the sealed cookie, signing out |
//! | `guard.rs` | what every request passes: session, rate, cross-site protection, headers |
//! | `frame.rs` | what every page shows around its content, and refusals as pages |
//! | `overview.rs`, `alerts.rs` | the first page, and what needs attention |
//! | `fleet.rs`, `providers.rs` | its parts about queues and workers, and about accounts at providers |
//! | `jobs.rs`, `next.rs` | lists of jobs, one job, and what happens to it next |
//! | `pauses.rs`, `actions.rs` | what an operator does |
//! | `show.rs` | times, spans and states as HTML |

mod actions;
mod alerts;
mod fleet;
mod frame;
mod guard;
mod jobs;
mod next;
mod overview;
mod pauses;
mod providers;
mod session;
mod show;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};

use crate::app::Shared;

/// Who may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Anybody, at the common rate.
    Open,
    /// A browser that signed in; a POST must carry the session's token.
    Session,
}

/// A row of the table.
pub struct Page {
    /// HTTP method.
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
    /// Who may.
    pub door: Door,
    build: fn() -> MethodRouter<Shared>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?})", self.method, self.path, self.door)
    }
}

const fn page(method: &'static str, path: &'static str, door: Door, build: fn() -> MethodRouter<Shared>) -> Page {
    Page { method, path, door, build }
}

/// Every page and every form.
pub static PAGES: &[Page] = &[
    page("GET", "/ops/style.css", Door::Open, || get(style)),
    page("GET", "/ops/login", Door::Open, || get(session::form)),
    page("POST", "/ops/login", Door::Open, || post(session::sign_in)),
    page("POST", "/ops/logout", Door::Session, || post(session::sign_out)),
    page("GET", "/ops", Door::Session, || get(overview::show)),
    page("GET", "/ops/jobs", Door::Session, || get(jobs::list)),
    page("GET", "/ops/jobs/{id}", Door::Session, || get(jobs::show)),
    page("POST", "/ops/jobs/{id}/retry", Door::Session, || post(actions::retry)),
    page("POST", "/ops/jobs/{id}/cancel", Door::Session, || post(actions::cancel)),
    page("GET", "/ops/pauses", Door::Session, || get(pauses::show)),
    page("POST", "/ops/pauses", Door::Session, || post(actions::pause)),
    page("POST", "/ops/pauses/{id}/resume", Door::Session, || post(actions::resume)),
];

/// Adds the pages to the server.
pub(crate) fn mount(mut router: Router<Shared>, shared: &Shared) -> Router<Shared> {
    for page in PAGES {
        let guarded = (page.build)().route_layer(from_fn_with_state((shared.clone(), page), guard::guard));
        router = router.route(page.path, guarded);
    }
    router
}

async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, include_str!("../../templates/style.css"))
}
