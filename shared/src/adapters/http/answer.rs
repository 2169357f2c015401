//! What an answer means: the caller's next step, and a sentence that gives nothing away.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{Call, Effect, Outcome};
use crate::ports::{PortError, PortResult};

/// Characters of a sentence that a provider may contribute.
const SENTENCE_CHARS_MAX: usize = 500;
/// Shorter texts are not worth hiding and would blank half of a sentence (`DE`).
const HIDE_CHARS_MIN: usize = 3;

/// How sending ended.
#[derive(Debug)]
pub(super) enum Sent {
    /// No connection stood, so nothing was sent.
    Never,
    /// Something was sent and no whole answer came.
    Lost {
        /// The time limit ended it.
        timed_out: bool,
    },
    /// The answer was longer than the limit.
    TooLong,
    /// A whole answer.
    Answered {
        /// HTTP.
        status: u16,
        /// In seconds, if it says so.
        retry_after: Option<Duration>,
        /// At most as long as the limit.
        body: Bytes,
    },
}

/// What the gate and the caller are told.
pub(super) fn judge(provider: &str, call: &Call, sent: Sent) -> (Outcome, PortResult<Bytes>) {
    let operation = call.operation;
    let unknown = |text: String| match call.effect {
        Effect::Write => PortError::Ambiguous(format!("{text}; it may have been done")),
        Effect::Read | Effect::SlowRead => PortError::Transient(text),
    };
    let (status, retry_after, body) = match sent {
        Sent::Never => {
            let text = format!("no connection to {provider} for {operation}; nothing was sent");
            return (Outcome::Failed, Err(PortError::Transient(text)));
        }
        Sent::Lost { timed_out } => {
            let how = if timed_out { "did not answer in time to" } else { "broke the connection on" };
            return (Outcome::Failed, Err(unknown(format!("{provider} {how} {operation}"))));
        }
        Sent::TooLong => {
            return (Outcome::Answered, Err(unknown(format!("{provider} answered {operation} with too many bytes"))));
        }
        Sent::Answered { status, retry_after, body } => (status, retry_after, body),
    };
    let said = |verb: &str| {
        let reason = sentence(&body, &call.hide);
        let colon = if reason.is_empty() { "" } else { ": " };
        format!("{provider} {verb} {operation} ({status}){colon}{reason}")
    };
    let error = match status {
        200..=299 => return (Outcome::Answered, Ok(body)),
        // Only these two promise that nothing was done; after the others a POST may have had its effect.
        307 | 308 => {
            PortError::Transient(format!("{provider} redirected {operation} ({status}); redirects are not followed"))
        }
        300..=399 => unknown(format!("{provider} redirected {operation} ({status}); redirects are not followed")),
        401 | 403 => {
            PortError::Auth(format!("{provider} does not accept the key of this account for {operation} ({status})"))
        }
        404 | 410 => PortError::NotFound(said("knows nothing under this id for")),
        408 | 425 => unknown(format!("{provider} gave up waiting on {operation} ({status})")),
        409 => PortError::Conflict(said("does not allow")),
        429 => {
            let after = retry_after.unwrap_or(Duration::from_secs(1));
            return (Outcome::Throttled(retry_after), Err(PortError::Limited { after }));
        }
        400..=499 => PortError::Invalid(said("refused")),
        _ => return (Outcome::Failed, Err(unknown(said("failed on")))),
    };
    (Outcome::Answered, Err(error))
}

/// The label of an error in metrics and logs.
pub(super) fn hint(error: &PortError) -> &'static str {
    match error {
        PortError::Invalid(_) => "invalid",
        PortError::Auth(_) => "auth",
        PortError::NotFound(_) => "not_found",
        PortError::Conflict(_) => "conflict",
        PortError::Limited { .. } => "limited",
        PortError::Open { .. } => "open",
        PortError::Transient(_) => "transient",
        PortError::Ambiguous(_) => "ambiguous",
    }
}

/// The provider's own words from `message`, `code` and `errors[]`; else the raw text, unless that is a page.
pub(super) fn sentence(body: &[u8], hide: &[String]) -> String {
    let raw = String::from_utf8_lossy(body);
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => words(&value),
        Err(_) if raw.trim_start().starts_with('<') => "an HTML page".to_owned(),
        Err(_) => raw.into_owned(),
    };
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4 * SENTENCE_CHARS_MAX).collect();
    let text = hide.iter().fold(text, |text, secret| without(&text, secret));
    text.trim().chars().take(SENTENCE_CHARS_MAX).collect()
}

fn words(value: &Value) -> String {
    let pick = |value: &Value, names: &[&str]| {
        names.iter().find_map(|name| value[*name].as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut parts: Vec<String> = pick(value, &["message", "error", "title", "detail", "code"]).into_iter().collect();
    for error in value["errors"].as_array().into_iter().flatten() {
        let place = pick(error, &["field", "path", "propertyPath", "reference"]);
        let what = pick(error, &["message", "code"]).or_else(|| error.as_str().map(str::to_owned));
        parts.push([place, what].into_iter().flatten().collect::<Vec<_>>().join(" - "));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// `text` without the places where `secret` stands as a word of its own, in capitals or not.
fn without(text: &str, secret: &str) -> String {
    let secret = secret.trim();
    if secret.chars().count() < HIDE_CHARS_MIN {
        return text.to_owned();
    }
    // ASCII lower-casing keeps every byte's place.
    let (hay, needle) = (text.to_ascii_lowercase(), secret.to_ascii_lowercase());
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in hay.match_indices(&needle) {
        let end = at + needle.len();
        let word_before = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let word_after = text[end..].chars().next().is_some_and(char::is_alphanumeric);
        if !word_before && !word_after {
            kept.push_str(&text[from..at]);
            kept.push('…');
            from = end;
        }
    }
    kept + &text[from..]
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
