//! What can go wrong, as RFC 9457 problems: the one place that knows codes and statuses. No problem repeats a value that was sent, and a
//! 5xx says nothing of the inside; that stands in the log, under the request's id.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use platen_shared::codes::{self, Again, Family};
use platen_shared::db;
use platen_shared::ledger::EnqueueError;
use platen_shared::ports::blobs::BlobError;
use platen_shared::secrets::Sealed;
use serde::Serialize;

/// The answer of everything that can be refused.
pub(crate) type Reply<T> = Result<T, Problem>;

/// Declares the closed list: code, word, status, title.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident, $word:literal, $status:ident, $title:literal;)*) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            /// The word in `type`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Code::$code => $word,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Code::$code => StatusCode::$status,)* }
            }

            pub(crate) fn title(self) -> &'static str {
                match self { $(Code::$code => $title,)* }
            }
        }
    };
}

codes! {
    /// Malformed.
    BadRequest, "bad-request", BAD_REQUEST, "The request cannot be read";
    /// No such kind of job.
    UnknownKind, "unknown-kind", BAD_REQUEST, "There is no such kind of job";
    /// No key, or not a valid one.
    Unauthorized, "unauthorized", UNAUTHORIZED, "A valid API key is needed";
    /// The key may not do this.
    Forbidden, "forbidden", FORBIDDEN, "The key may not do this";
    /// Not there, or another tenant's.
    NotFound, "not-found", NOT_FOUND, "There is no such thing";
    /// Will be there.
    NotReady, "not-ready", NOT_FOUND, "It is not ready yet";
    /// The path knows no such method.
    MethodNotAllowed, "method-not-allowed", METHOD_NOT_ALLOWED, "The path does not take this method";
    /// Clashes with what is there.
    Conflict, "conflict", CONFLICT, "It clashes with what is there";
    /// Not from this state.
    IllegalState, "illegal-state", CONFLICT, "The present state does not allow this";
    /// The same request is being worked on.
    InProgress, "in-progress", CONFLICT, "The same request is in progress";
    /// Not the version that the caller saw.
    PreconditionFailed, "precondition-failed", PRECONDITION_FAILED, "It has changed since it was read";
    /// Beyond a limit of size.
    TooLarge, "too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not a type that is taken.
    UnsupportedMedia, "unsupported-media", UNSUPPORTED_MEDIA_TYPE, "This kind of content is not taken";
    /// A range of bytes that the file does not have.
    RangeNotSatisfiable, "range-not-satisfiable", RANGE_NOT_SATISFIABLE, "The file has no such range";
    /// Readable, but breaks rules.
    Invalid, "invalid", UNPROCESSABLE_ENTITY, "The request breaks rules";
    /// An idempotency key of another request.
    KeyReused, "key-reused", UNPROCESSABLE_ENTITY, "The idempotency key belongs to another request";
    /// Beyond the rate.
    TooManyRequests, "too-many-requests", TOO_MANY_REQUESTS, "Too many requests";
    /// Our fault.
    Internal, "internal", INTERNAL_SERVER_ERROR, "Something went wrong here";
    /// Try again soon.
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "Not available at this moment";
}

/// One thing that is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// A word for programs.
    pub code: String,
    /// JSON pointer (RFC 6901) into the body, or the name of a parameter after a slash.
    pub pointer: String,
    /// A sentence.
    pub message: String,
    /// The same for buyers, by language (`fr`), where it is about a design.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub translations: BTreeMap<&'static str, String>,
}

impl Fault {
    pub(crate) fn new(code: &str, pointer: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { code: code.to_owned(), pointer: pointer.into(), message: message.into(), translations: BTreeMap::new() }
    }
}

impl From<platen_press::Problem> for Fault {
    fn from(problem: platen_press::Problem) -> Fault {
        Fault {
            code: problem.code.to_owned(),
            pointer: problem.pointer,
            message: problem.message,
            translations: [("fr", problem.message_fr)].into(),
        }
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    detail: String,
    errors: Vec<Fault>,
    retry_after_s: Option<u64>,
}

/// `application/problem+json`, RFC 9457.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// `/problems/<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of the type.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A sentence about this one.
    detail: String,
    /// `unavailable_product`, `invalid_data`, `payment`, `business_rule` or `system` (docs/errors.md).
    family: Family,
    /// Whether the same again may succeed: `never`, `later`, `after_mending` or `after_lookup`.
    again: Again,
    /// What whoever runs the shop can do.
    hint: &'static str,
    /// What is wrong with the body, place by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem { code, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// There is no such thing of this tenant's.
    pub(crate) fn missing(what: &str) -> Problem {
        Problem::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// The present state does not allow it.
    pub(crate) fn state(detail: impl Into<String>) -> Problem {
        Problem::new(Code::IllegalState, detail)
    }

    /// One broken rule.
    pub(crate) fn field(code: &str, pointer: &str, message: &str) -> Problem {
        Problem::fields(vec![Fault::new(code, pointer, message)])
    }

    /// Broken rules.
    pub(crate) fn fields(errors: Vec<Fault>) -> Problem {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} places in the request break rules.", many.len()),
        };
        Problem { errors, ..Problem::new(Code::Invalid, detail) }
    }

    /// Some parts of the system are to blame, each with its sentence.
    pub(crate) fn of_parts(code: Code, detail: String, errors: Vec<Fault>) -> Problem {
        Problem { errors, ..Problem::new(code, detail) }
    }

    /// Our fault; the cause goes to the log.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Problem {
        tracing::error!(error = %cause, "a request failed: {cause}");
        Problem::new(Code::Internal, "The request failed because of a fault on this side; it has been noted.")
    }

    /// Passing trouble; the cause goes to the log.
    pub(crate) fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
        tracing::warn!(error = %cause, "a request was turned away: {cause}");
        Problem::new(Code::Unavailable, "A part of the system is not available at this moment; try again.").after(1)
    }

    /// What it says to people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// With a time to wait.
    pub(crate) fn after(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds.max(1));
        self
    }

    fn body(self) -> ProblemBody {
        let row = codes::of_problem(self.code.word(), self.errors.iter().map(|fault| fault.code.as_str()));
        ProblemBody {
            family: row.map_or(Family::System, |row| row.family),
            again: row.map_or(Again::Never, |row| row.again),
            hint: row.map_or("", |row| row.hint),
            kind: format!("/problems/{}", self.code.word()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            errors: self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, retry) = (self.code, self.retry_after_s);
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"platen\""));
        }
        response
    }
}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Problem {
        if db::is_passing(&error) {
            Problem::unavailable(&error)
        } else if db::is_conflict(&error) {
            Problem::new(Code::Conflict, "Another request changed the same thing at the same moment; try again.")
        } else {
            Problem::internal(&error)
        }
    }
}

impl From<EnqueueError> for Problem {
    fn from(error: EnqueueError) -> Problem {
        match error {
            EnqueueError::KeyTaken(id) => {
                Problem::new(Code::Conflict, format!("The same work is there with another payload: {id}."))
            }
            EnqueueError::Payload(error) => Problem::internal(&error),
            EnqueueError::Db(error) => error.into(),
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Problem {
        match error {
            BlobError::Store(_) => Problem::unavailable(&error),
            _ => Problem::internal(&error),
        }
    }
}

impl From<Sealed> for Problem {
    fn from(error: Sealed) -> Problem {
        Problem::internal(&error)
    }
}
