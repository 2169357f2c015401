//! One span, one log line and one measurement per request: method, route, status, time, tenant and the request's id. Nothing of a body, an
//! address or a header's value ever gets here.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::app::Shared;
use crate::availability::Answer;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that follows a request into jobs and out to providers.
#[derive(Clone, Debug)]
pub(crate) struct Correlation(pub(crate) String);

/// Opens the span, names the request, and notes its end.
pub(crate) async fn observe(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let id = correlation(request.headers());
    let method = request.method().clone();
    let patient = request.headers().contains_key("prefer");
    // The pattern and not the path: ids in labels would have no bound, and tokens in paths are secrets.
    let path = request.extensions().get::<MatchedPath>().map_or("-", |path| path.as_str()).to_owned();
    request.extensions_mut().insert(Correlation(id.clone()));
    let span = tracing::info_span!("request", %method, path, correlation_id = id, tenant = tracing::field::Empty);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (took, status) = (began.elapsed(), response.status().as_u16());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(status, ms, "{method} {path} {status} in {ms} ms"));
    let labels = [("method", method.to_string()), ("path", path), ("status", status.to_string())];
    metrics::counter!("platen_http_requests_total", &labels).increment(1);
    let answer = Answer::of(status, took, patient);
    shared.answers.note(answer);
    metrics::counter!("platen_http_answers_total", "answer" => answer.word()).increment(1);
    metrics::histogram!("platen_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// `X-Request-Id`, else the trace of a W3C `traceparent`, else a new one.
fn correlation(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let trace = || text("traceparent").and_then(trace_id).map(str::to_owned);
    text("x-request-id")
        .filter(plain)
        .map(str::to_owned)
        .or_else(trace)
        .unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string())
}

/// The trace id of `00-<32 hex>-<16 hex>-<2 hex>`.
fn trace_id(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts.as_slice() else { return None };
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let whole = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && trace.bytes().any(|b| b != b'0');
    whole.then_some(*trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_its_caller_when_the_name_is_plain() {
        let headers = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).expect("a header"));
            headers
        };
        assert_eq!(correlation(&headers("x-request-id", "shop-17")), "shop-17");
        assert_ne!(correlation(&headers("x-request-id", "two words")), "two words");
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(correlation(&headers("traceparent", trace)), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(correlation(&headers("traceparent", "00-zz-1-01")).len(), 32, "a new one");
    }
}
