//! Stored files as answers: streamed in constant memory, with what browsers and printers ask for (ETag, HEAD, ranges).
//!
//! A file is named by the hash of its bytes, so it never changes: the hash is its ETag. A whole file is checked on its way, and
//! breaks off before its last bytes when they are wrong; a range cannot be checked by itself, and whoever fetched all of them can.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::{BlobError, Blobs};

use crate::call::{holds, immutable};
use crate::error::{Code, Problem, Reply};

/// A stored file, to be served.
pub(crate) struct Stored<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) sha256: &'a str,
    pub(crate) media_type: &'a str,
}

impl Stored<'_> {
    /// The answer to a GET or HEAD with these headers.
    pub(crate) async fn send(&self, blobs: &Blobs, method: &Method, headers: &HeaderMap) -> Reply<Response> {
        let etag = format!("\"{}\"", self.sha256);
        if holds(headers, &etag) {
            return Ok(self.with_headers(headers, StatusCode::NOT_MODIFIED, Body::empty()));
        }
        let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        // A range of another version is of no use; the whole is.
        let same = headers.get(header::IF_RANGE).is_none_or(|version| version.as_bytes() == etag.as_bytes());
        let head = method == Method::HEAD;
        let Some(asked) = asked.filter(|_| same && !head) else {
            return if head { self.head(blobs, headers).await } else { self.whole(blobs, headers).await };
        };
        let length = blobs.length(self.tenant, self.sha256).await.map_err(trouble)?;
        match wanted(asked, length) {
            Wanted::Whole => self.whole(blobs, headers).await,
            Wanted::Part(range) => self.part(blobs, headers, range, length).await,
            Wanted::Nothing => Ok(unsatisfiable(length)),
        }
    }

    async fn whole(&self, blobs: &Blobs, headers: &HeaderMap) -> Reply<Response> {
        let file = blobs.stream(self.tenant, self.sha256).await.map_err(trouble)?;
        Ok(sized(self.with_headers(headers, StatusCode::OK, Body::from_stream(file.bytes)), file.length))
    }

    async fn head(&self, blobs: &Blobs, headers: &HeaderMap) -> Reply<Response> {
        let length = blobs.length(self.tenant, self.sha256).await.map_err(trouble)?;
        Ok(sized(self.with_headers(headers, StatusCode::OK, Body::empty()), length))
    }

    async fn part(&self, blobs: &Blobs, headers: &HeaderMap, range: Range<u64>, length: u64) -> Reply<Response> {
        let bytes = blobs.slice(self.tenant, self.sha256, range.clone()).await.map_err(trouble)?;
        let response = self.with_headers(headers, StatusCode::PARTIAL_CONTENT, Body::from_stream(bytes));
        let mut response = sized(response, range.end - range.start);
        let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        if let Ok(place) = HeaderValue::try_from(place) {
            response.headers_mut().insert(header::CONTENT_RANGE, place);
        }
        Ok(response)
    }

    fn with_headers(&self, asked: &HeaderMap, status: StatusCode, body: Body) -> Response {
        let mut response = immutable(asked, self.sha256, self.media_type, None);
        *response.status_mut() = status;
        *response.body_mut() = body;
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        response
    }
}

/// A row or a link of ours named the file, so that it is gone is for an operator to know.
fn trouble(error: BlobError) -> Problem {
    match error {
        BlobError::Missing(_) => {
            tracing::error!(error = %error, "a file is lost: {error}");
            Problem::missing("file")
        }
        error => error.into(),
    }
}

/// 416, with the length that the caller lacks.
fn unsatisfiable(length: u64) -> Response {
    let sentence = format!("The file has {length} bytes, and the range begins behind them.");
    let mut response = Problem::new(Code::RangeNotSatisfiable, sentence).into_response();
    if let Ok(place) = HeaderValue::try_from(format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, place);
    }
    response
}

fn sized(mut response: Response, length: u64) -> Response {
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// What a `Range` asks of a file of some length.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Several ranges at once, other units, or nothing that can be read: such a header may be ignored (RFC 9110, 14.2).
    Whole,
    Part(Range<u64>),
    /// It begins behind the end.
    Nothing,
}

fn wanted(range: &str, length: u64) -> Wanted {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::Whole;
    };
    match (first.trim(), last.trim()) {
        ("", last) => match last.parse::<u64>() {
            Ok(0) => Wanted::Nothing,
            Ok(_) if length == 0 => Wanted::Nothing,
            Ok(n) => Wanted::Part(length.saturating_sub(n)..length),
            Err(_) => Wanted::Whole,
        },
        (first, last) => {
            let end = if last.is_empty() { Ok(u64::MAX) } else { last.parse::<u64>() };
            match (first.parse::<u64>(), end) {
                (Ok(first), Ok(last)) if first > last => Wanted::Whole,
                (Ok(first), Ok(_)) if first >= length => Wanted::Nothing,
                (Ok(first), Ok(last)) => Wanted::Part(first..last.saturating_add(1).min(length)),
                _ => Wanted::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, answer) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=3-", Wanted::Part(3..10)),
            ("bytes=3-400", Wanted::Part(3..10)),
            ("bytes=-4", Wanted::Part(6..10)),
            ("bytes=-40", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-3", Wanted::Whole),
            ("bytes=1-2,4-5", Wanted::Whole),
            ("bytes=x-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=18446744073709551616-", Wanted::Whole),
        ] {
            assert_eq!(wanted(range, 10), answer, "{range}");
        }
        assert_eq!(wanted("bytes=-1", 0), Wanted::Nothing);
    }
}
