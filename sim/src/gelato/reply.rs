//! What a call answers: JSON most of the time, HTML on a bad day, or nothing but a dead socket.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer on its way out.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) extra: Option<(HeaderName, String)>,
    pub(crate) body: Content,
    /// The client gets no byte of this; its connection is cut instead.
    pub(crate) cut: bool,
}

#[derive(Debug)]
pub(crate) enum Content {
    Json(Value),
    Html(&'static str),
    /// As it was recorded: HTML where it looks like it.
    Text(String),
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: Value) -> Reply {
        Reply { status, extra: None, body: Content::Json(body), cut: false }
    }

    pub(crate) fn ok(body: Value) -> Reply {
        Reply::json(StatusCode::OK, body)
    }

    pub(crate) fn html(status: StatusCode) -> Reply {
        let page = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><center><h1>Bad Gateway</h1></center></body>\r\n</html>\r\n";
        Reply { status, extra: None, body: Content::Html(page), cut: false }
    }

    pub(crate) fn text(status: StatusCode, text: String) -> Reply {
        Reply { status, extra: None, body: Content::Text(text), cut: false }
    }

    pub(crate) fn dropped() -> Reply {
        Reply { cut: true, ..Reply::ok(Value::Null) }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Reply {
        self.extra = Some((name, value));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let (kind, bytes) = match self.body {
            Content::Json(value) => ("application/json", value.to_string()),
            Content::Html(page) => ("text/html", page.to_owned()),
            Content::Text(text) if text.trim_start().starts_with('<') => ("text/html", text),
            Content::Text(text) => ("text/plain", text),
        };
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], Body::from(bytes)).into_response();
        if let Some((name, value)) = self.extra
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A refusal in the documented form.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
    errors: Vec<Value>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status, code: code.to_owned(), message: message.into(), errors: Vec::new() }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::CONFLICT, code, message)
    }

    pub(crate) fn not_found(what: &str) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("{what} not found."))
    }

    /// A 400 that lists every bad field.
    pub(crate) fn fields(errors: Vec<Value>) -> Refusal {
        let message = format!("The request has {} invalid value(s).", errors.len());
        Refusal { errors, ..Refusal::bad("invalid_request", message) }
    }

    pub(crate) fn reply(self) -> Reply {
        let mut body = json!({"code": self.code, "message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = Value::from(self.errors);
        }
        Reply::json(self.status, body)
    }
}
