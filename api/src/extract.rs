//! From requests to checked Rust values. Whatever cannot be read becomes a problem with a pointer, and never repeats what was sent.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{Code, Fault, Problem, Reply};

/// Longest part of a pointer that came from the request.
const POINTER_CHARS_MAX: usize = 200;

/// A JSON body. An empty one reads as `{}`.
pub(crate) struct Input<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Reply<Self> {
        json_type(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|e| Problem::internal(&e))?;
        read(if bytes.is_empty() { b"{}" } else { &bytes }).map(Input)
    }
}

/// A body as text, for what must keep its digits.
pub(crate) struct RawJson(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Reply<Self> {
        json_type(request.headers())?;
        let bytes = Bytes::from_request(request, state).await.map_err(|e| Problem::internal(&e))?;
        String::from_utf8(bytes.into()).map(RawJson).map_err(|_| malformed())
    }
}

/// Query parameters.
pub(crate) struct Filters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Filters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Reply<Self> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::field("control", "/", "A parameter holds a NUL character."));
        }
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        read.map(|query| Filters(query.0)).map_err(|refused| parameter(&refused.body_text()))
    }
}

/// What is wrong with a query, by what its reader says: `…: limit: invalid digit`, `…: unknown field \`x\`, expected …`.
fn parameter(said: &str) -> Problem {
    let said = said.rsplit_once("query string: ").map_or(said, |(_, said)| said);
    let quoted = |word: &str| {
        let (_, rest) = said.split_once(&format!("{word} field `"))?;
        rest.split_once('`').map(|(name, _)| name)
    };
    let (name, sentence) = match (quoted("unknown"), quoted("duplicate"), quoted("missing")) {
        (Some(name), ..) => (name, "There is no parameter of this name here."),
        (_, Some(name), _) => (name, "This parameter may stand here once."),
        (.., Some(name)) => (name, "This parameter is required."),
        _ => (said.split_once(": ").map_or("", |(name, _)| name), "This parameter is of the wrong form."),
    };
    let pointer: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(64).collect();
    Problem::field("parameter", &format!("/{pointer}"), sentence)
}

/// One or more names in the path; a name that cannot be one names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Reply<Self> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(names)) if !parts.uri.path().contains("%00") => Ok(Named(names)),
            _ => Err(Problem::new(Code::NotFound, "There is nothing of this name.")),
        }
    }
}

fn json_type(headers: &HeaderMap) -> Reply<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMedia, "Send `Content-Type: application/json`."))
}

fn malformed() -> Problem {
    Problem::new(Code::BadRequest, "The body is not well-formed JSON.")
}

fn no_object() -> Problem {
    Problem::field("type", "", "The body must be an object.")
}

/// Reads JSON into a type.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Reply<T> {
    if holds_nul(bytes) {
        return Err(Problem::field("control", "", "A text in the body holds a NUL character."));
    }
    let object = bytes.trim_ascii_start().first() == Some(&b'{');
    match Json::<T>::from_bytes(bytes) {
        // A list would fill a struct field by field; nobody means that.
        Ok(Json(value)) if object => Ok(value),
        Ok(_) => Err(no_object()),
        // Beyond the first fault nothing was looked at: malformed is malformed, whatever stands before.
        Err(JsonRejection::JsonDataError(_)) if serde_json::from_slice::<IgnoredAny>(bytes).is_err() => {
            Err(malformed())
        }
        Err(JsonRejection::JsonDataError(error)) if object => {
            let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            Err(Problem::fields(vec![fault(&text)]))
        }
        Err(JsonRejection::JsonDataError(_)) => Err(no_object()),
        Err(_) => Err(malformed()),
    }
}

/// Whether a text in the JSON escapes a NUL, which no database text can hold.
fn holds_nul(bytes: &[u8]) -> bool {
    bytes.windows(6).enumerate().any(|(at, window)| {
        window == b"\\u0000" && bytes[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0
    })
}

/// Our words for what serde found: `items[0].quantity: invalid type: string "x", expected i64 at line 1 column 9`.
pub(crate) fn fault(text: &str) -> Fault {
    let text = text.rsplit_once(" at line ").map_or(text, |(before, _)| before);
    let starts = [
        "missing field",
        "unknown field",
        "unknown variant",
        "duplicate field",
        "invalid type",
        "invalid value",
        "invalid length",
    ];
    let starts = || starts.iter().chain(OURS);
    let cut = starts()
        .filter_map(
            |start| if text.starts_with(*start) { Some(0) } else { text.find(&format!(": {start}")).map(|at| at + 2) },
        )
        .min();
    let (path, message) = cut.map_or(("", text), |at| (text[..at].trim_end_matches(": "), &text[at..]));
    let mut pointer = pointer(path);
    let (code, message) =
        match message.split_once('`').and_then(|(kind, rest)| Some((kind.trim(), rest.split_once('`')?.0))) {
            Some(("missing field", field)) => {
                pointer = format!("{pointer}/{field}");
                ("required", "This field is required.".to_owned())
            }
            Some(("unknown field", field)) => {
                let place = step(field);
                pointer = if pointer.ends_with(&place) { pointer } else { short(&format!("{pointer}{place}")) };
                ("unknown-field", "There is no field of this name here.".to_owned())
            }
            Some(("duplicate field", field)) => {
                pointer = format!("{}/{field}", pointer.strip_suffix(&format!("/{field}")).unwrap_or(&pointer));
                ("duplicate-field", "This field is given twice.".to_owned())
            }
            _ if OURS.iter().any(|start| message.starts_with(start)) => ("value", sentence(message)),
            _ => match message.rsplit_once("expected ") {
                Some((_, wanted)) => ("type", format!("This must be {}.", plain(wanted))),
                None => ("value", "This value cannot be taken.".to_owned()),
            },
        };
    Fault::new(code, pointer, message)
}

/// Messages of our own types, which hold no value.
const OURS: &[&str] = &["this is not an id of the form", "this is not a moment such as", "the currency is not one of"];

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).chain(['.']).collect()).unwrap_or_default()
}

/// Rust's names for types, as people say them.
fn plain(wanted: &str) -> String {
    match wanted {
        "i64" | "u64" | "i32" | "u32" | "u16" => "a whole number within range".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        wanted if wanted.starts_with("struct ") || wanted == "a map" => "an object".to_owned(),
        wanted => wanted.to_owned(),
    }
}

/// `items[0].quantity` → `/items/0/quantity`.
fn pointer(path: &str) -> String {
    let parts = path.split('.').filter(|part| !part.is_empty() && *part != "?");
    let steps = parts.flat_map(|part| part.split('[')).map(|part| part.trim_end_matches(']'));
    short(&steps.filter(|name| !name.is_empty()).map(step).collect::<String>())
}

/// A step of a pointer.
fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn short(pointer: &str) -> String {
    pointer.chars().filter(|c| !c.is_control()).take(POINTER_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use platen_shared::domain::money::Money;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        items: Vec<Item>,
        price: Option<Money>,
        order: Option<platen_shared::id::OrderId>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Item {
        quantity: i64,
    }

    #[test]
    fn a_fault_names_its_place_and_never_its_value() {
        for (body, code, pointer) in [
            (r#"{"items":[{"quantity":"s3cret, expected"}]}"#, "type", "/items/0/quantity"),
            (r#"{"items":[{"quantity":1,"s3cretfield":2}]}"#, "unknown-field", "/items/0/s3cretfield"),
            (r#"{"items":[{}]}"#, "required", "/items/0/quantity"),
            (r#"{}"#, "required", "/items"),
            (r#"{"items":[],"items":[]}"#, "duplicate-field", "/items"),
            (r#"{"items":[],"price":{"minor":9223372036854775808,"currency":"EUR"}}"#, "type", "/price/minor"),
            (r#"{"items":[],"price":{"minor":1,"currency":"s3cret"}}"#, "value", "/price/currency"),
            (r#"{"items":[],"order":"s3cret"}"#, "value", "/order"),
            (r#"{"items":["s3cret"]}"#, "type", "/items/0"),
            (r#"["s3cret"]"#, "type", ""),
        ] {
            let Err(problem) = read::<Body>(body.as_bytes()) else { panic!("{body} was read") };
            let text = format!("{problem:?}");
            assert!(text.contains(&format!("code: \"{code}\", pointer: \"{pointer}\"")), "{body}: {text}");
            assert!(!text.replace("s3cretfield", "").contains("s3cret"), "{body}: {text}");
        }
    }

    #[test]
    fn malformed_json_and_nul_are_told_apart() {
        let code = |body: &str| read::<Body>(body.as_bytes()).err().map(|p| p.code);
        assert_eq!(code("{"), Some(Code::BadRequest));
        assert_eq!(code(r#"{"items":[],"x\u0000":1}"#), Some(Code::Invalid));
        assert!(!holds_nul(br#""\\u0000""#), "an escaped backslash before u0000 is text");
    }
}
