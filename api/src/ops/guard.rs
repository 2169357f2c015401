//! What every request to the status page passes: session, rate, protection against other sites, and the headers of a page that nobody may
//! frame, cache or run scripts in.

use std::collections::HashMap;
use std::time::Duration;

use axum::Form;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;

use super::frame::Refused;
use super::session::{self, Session};
use super::{Door, Page};
use crate::app::Shared;
use crate::error::{Code, Problem};

/// Longest form, in bytes: a key or a reason fits ten times.
const FORM_BYTES_MAX: usize = 16 * 1024;

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The fields of a form that passed.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    /// A field without the spaces around it; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(|text| text.trim()).unwrap_or_default()
    }
}

/// The middleware of one page.
pub(super) async fn guard(
    State((app, page)): State<(Shared, &'static Page)>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = pass(&app, page, request, next).await.unwrap_or_else(IntoResponse::into_response);
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn pass(app: &Shared, page: &Page, request: Request, next: Next) -> Result<Response, Refused> {
    let session = match page.door {
        Door::Open => None,
        Door::Session => match session::of(app, request.headers()).await? {
            Some(session) => Some(session),
            None => return Ok(Redirect::to("/ops/login").into_response()),
        },
    };
    let now = app.app.ledger.now();
    match session.as_ref().and_then(Session::key) {
        Some(key) => app.per_key.take(key, now).map_err(too_fast)?,
        None => app.public.take((), now).map_err(too_fast)?,
    }
    let mut request = if request.method() == Method::POST { posted(request, session.as_ref()).await? } else { request };
    if let Some(session) = session {
        request.extensions_mut().insert(session);
    }
    Ok(next.run(request).await)
}

fn too_fast(_: Duration) -> Problem {
    Problem::new(Code::TooManyRequests, "That was too fast; wait a second and load the page again.").after(1)
}

/// Reads a form that our own page sent: browsers say where a request comes from, and the session's token cannot be known elsewhere.
async fn posted(request: Request, session: Option<&Session>) -> Result<Request, Refused> {
    let (parts, body) = request.into_parts();
    if !same_site(&parts.headers) {
        return Err(foreign().into());
    }
    let limited =
        Request::from_parts(parts.clone(), axum::body::Body::new(http_body_util::Limited::new(body, FORM_BYTES_MAX)));
    let form = Form::<HashMap<String, String>>::from_request(limited, &()).await;
    let Form(fields) = form.map_err(|_| Problem::new(Code::BadRequest, "The form cannot be read."))?;
    if let Some(session) = session {
        let sent = fields.get("csrf").map(String::as_str).unwrap_or_default();
        if !bool::from(sent.as_bytes().ct_eq(session.csrf().as_bytes())) {
            platen_shared::secrets::refused("form", "token");
            return Err(foreign().into());
        }
    }
    let mut request = Request::from_parts(parts, axum::body::Body::empty());
    request.extensions_mut().insert(Fields(fields));
    Ok(request)
}

/// Every browser of today says whether another site made it send this; without the word, the cookie's `SameSite` and the token decide.
fn same_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none")
}

fn foreign() -> Problem {
    Problem::new(Code::Forbidden, "This form was not sent by a page of this session; load the page again and repeat.")
}
