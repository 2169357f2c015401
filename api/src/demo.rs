//! The demo page at `/demo`: a small shop in a browser, where `platen dev` asks for it.
//!
//! The page talks to the API as any web page would, with a publishable key. What needs a secret key (to approve, to place and pay an order)
//! it asks of its shop, which holds one; here that is the [`Desk`], and in a real shop it is the shop's own server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::Value;

use crate::app::Shared;
use crate::error::{Code, Problem, Reply};
use crate::extract::{Input, Named};

/// What a desk answers: what was asked for, or a sentence why not.
pub type Asked = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// The shop's own server, as far as the page needs it.
pub trait Desk: Send + Sync {
    /// `{"key", "products", "speed"}`: a publishable key, and what is on sale. An error until the shop is open.
    fn open(&self) -> Asked;
    /// The buyer approves a snapshot, and it is locked.
    fn approve(&self, snapshot: String) -> Asked;
    /// An approved snapshot is ordered and paid for: `{"id", "number", "total"}`.
    fn order(&self, snapshot: String) -> Asked;
    /// Where an order is: `{"state", "shipments"}`.
    fn follow(&self, order: String) -> Asked;
}

/// The shop behind the page.
#[derive(Clone)]
pub struct Shop(pub Arc<dyn Desk>);

/// Longest body: a snapshot's id fits a hundred times.
const BODY_BYTES_MAX: usize = 4096;

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src 'self' blob: data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-cache"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Adds the page to the server, where there is a shop behind it.
pub(crate) fn mount(router: Router<Shared>, shared: &Shared) -> Router<Shared> {
    if shared.app.settings.demo.is_none() {
        return router;
    }
    let pages = Router::new()
        .route("/demo", get(|| file("text/html; charset=utf-8", include_str!("../demo/index.html"))))
        .route("/demo/style.css", get(|| file("text/css; charset=utf-8", include_str!("../demo/style.css"))))
        .route("/demo/app.js", get(|| file("text/javascript; charset=utf-8", include_str!("../demo/app.js"))))
        .route("/demo/products.js", get(|| file("text/javascript; charset=utf-8", include_str!("../demo/products.js"))))
        .route("/demo/", get(|| async { Redirect::permanent("/demo") }))
        .route("/demo/shop", get(shop))
        .route("/demo/approvals", post(approve))
        .route("/demo/orders", post(order))
        .route("/demo/orders/{id}", get(follow))
        .layer(from_fn_with_state(shared.clone(), guard));
    router.merge(pages)
}

async fn file(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, media_type)], text)
}

/// Rate, protection against other sites, and the headers of a page that runs no script but its own.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    let ours = site.is_none_or(|site| site == b"same-origin" || site == b"none");
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    let mut response = if shared.public.take((), shared.app.ledger.now()).is_err() {
        Problem::new(Code::TooManyRequests, "That was too fast; wait a second.").after(1).into_response()
    } else if request.method() == Method::POST && (!ours || length.is_none_or(|length| length > BODY_BYTES_MAX)) {
        Problem::new(Code::Forbidden, "Only the demo page itself sends this.").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn desk(shared: &Shared) -> Reply<Arc<dyn Desk>> {
    let shop = shared.app.settings.demo.as_ref().map(|shop| shop.0.clone());
    shop.ok_or_else(|| Problem::internal(&"the demo page is served without a shop"))
}

async fn answer(asked: Asked) -> Reply<Response> {
    let said = asked.await.map_err(|why| Problem::new(Code::Conflict, why))?;
    Ok((StatusCode::OK, Json(said)).into_response())
}

async fn shop(State(shared): State<Shared>) -> Reply<Response> {
    answer(desk(&shared)?.open()).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    snapshot: String,
}

async fn approve(State(shared): State<Shared>, Input(wish): Input<Wish>) -> Reply<Response> {
    answer(desk(&shared)?.approve(wish.snapshot)).await
}

async fn order(State(shared): State<Shared>, Input(wish): Input<Wish>) -> Reply<Response> {
    answer(desk(&shared)?.order(wish.snapshot)).await
}

async fn follow(State(shared): State<Shared>, Named(id): Named<String>) -> Reply<Response> {
    answer(desk(&shared)?.follow(id)).await
}
