//! What every request passes before its handler: key, scope, rate, size, idempotency; all as the route's row in the table says.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platen_shared::id::TenantId;
use platen_shared::store::idempotency;

use crate::app::Shared;
use crate::auth::{self, Principal};
use crate::error::{Code, Problem, Reply};
use crate::idempotency::once;
use crate::origins;
use crate::router::{Access, Route, Size};

/// A body must be here by then.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Whose keys the root key's requests have.
const NOBODY: TenantId = TenantId(uuid::Uuid::nil());

/// The middleware of one route.
pub(crate) async fn gate(
    State((app, route)): State<(Shared, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    pass(app, route, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn pass(app: Shared, route: &'static Route, mut request: Request, next: Next) -> Reply<Response> {
    let now = app.app.ledger.now();
    let rate = |wait: Duration| {
        let seconds = wait.as_secs_f64().ceil() as u64;
        Problem::new(Code::TooManyRequests, "The rate of this key is used up; wait as long as Retry-After says.")
            .after(seconds)
    };
    let tenant = match route.access {
        Access::Probe => return Ok(next.run(request).await),
        Access::Public => {
            app.public.take((), now).map_err(rate)?;
            NOBODY
        }
        Access::Root => {
            app.public.take((), now).map_err(rate)?;
            auth::root(&app, request.headers()).await?;
            NOBODY
        }
        Access::Key(scope) => {
            let principal: Principal = match in_query(route, &request) {
                Some(token) => auth::holder(&app, token).await?,
                None => auth::principal(&app, request.headers()).await?,
            };
            tracing::Span::current().record("tenant", tracing::field::display(principal.tenant));
            if let Some(key) = principal.key {
                app.per_key.take_at(key, principal.per_second, now).map_err(rate)?;
            }
            match route.widget && principal.publishable() {
                true => origins::from_a_page_of(&app, principal.tenant, request.headers()).await?,
                false => principal.need(scope)?,
            }
            let tenant = principal.tenant;
            request.extensions_mut().insert(principal);
            tenant
        }
    };
    let (request, body) = sized(&app, route, request).await?;
    let mut response =
        if route.writes() { once(&app, tenant, request, &body, next).await? } else { next.run(request).await };
    if !matches!(route.access, Access::Public) {
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// A publishable key in the address, for what cannot send a header: a browser's `EventSource`. A secret key never stands there.
fn in_query<'r>(route: &Route, request: &'r Request) -> Option<&'r str> {
    let pairs = request.uri().query().filter(|_| route.streams)?.split('&');
    pairs.filter_map(|pair| pair.strip_prefix("key=")).find(|token| token.starts_with("plp_"))
}

/// Reads the body whole, within the route's limit.
async fn sized(app: &Shared, route: &Route, request: Request) -> Reply<(Request, Bytes)> {
    let most = match route.size {
        Size::Nothing => return Ok((request, Bytes::new())),
        Size::Json => app.app.settings.body_bytes_max,
        Size::Upload => app.app.settings.upload_bytes_max.max(app.app.settings.artwork_bytes_max),
    };
    let too_large = || Problem::new(Code::TooLarge, format!("At most {most} bytes are taken here."));
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_WITHIN, Limited::new(body, most).collect()).await;
    let read = read.map_err(|_| Problem::new(Code::BadRequest, "The body did not arrive in time."))?;
    let body = read.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => too_large(),
        None => Problem::new(Code::BadRequest, "The body did not arrive whole."),
    })?;
    let body = body.to_bytes();
    Ok((Request::from_parts(parts, Body::from(body.clone())), body))
}

/// How long a reply is kept, for the documents.
pub(crate) const KEPT_HOURS: u64 = idempotency::KEPT.as_secs() / 3600;
