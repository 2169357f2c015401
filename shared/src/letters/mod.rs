//! Letters: what each notice says to whom, in English and French, and a tenant's own words in their place.
//!
//! A letter is one text: its first line is the subject, and the HTML part is made from the rest, so that both say the same. Tenants' own
//! words run without access to anything but what is handed in, with a bound on steps and on length; a name that does not exist is an
//! error when the words are stored, not when a customer waits for them.

mod sample;
mod sandbox;

use serde_json::{Value, json};

pub use sample::sample;
pub use sandbox::Refused;

use crate::domain::notice::{Topic, recipient};
use crate::store::message_settings::Template;

/// The languages there are.
pub const LANGUAGES: [&str; 2] = ["en", "fr"];

/// A letter's own words.
struct Words {
    name: &'static str,
    en: &'static str,
    fr: &'static str,
}

macro_rules! letter {
    ($name:literal) => {
        Words {
            name: $name,
            en: include_str!(concat!("words/", $name, ".en.txt")),
            fr: include_str!(concat!("words/", $name, ".fr.txt")),
        }
    };
}

const WORDS: &[Words] = &[
    letter!("creator_new_order"),
    letter!("creator_order_status_changed"),
    letter!("operator_endpoint_disabled"),
    letter!("operator_new_order"),
    letter!("operator_production_delays"),
    letter!("operator_production_error"),
    letter!("operator_render_ready"),
    letter!("operator_service_degradation"),
    letter!("operator_service_restored"),
    letter!("operator_service_unavailable"),
    letter!("operator_submission_failed"),
    letter!("order_confirmed"),
    letter!("order_status_changed"),
    letter!("production_delay"),
    letter!("shipping_update"),
    letter!("submission_failed"),
];

/// The names of all letters.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|words| words.name)
}

/// Which letter tells this topic to this recipient.
#[must_use]
pub fn name(topic: Topic, to: &str) -> String {
    let word = topic.word().to_lowercase();
    match to {
        recipient::CUSTOMER => word,
        recipient::OPERATOR => format!("operator_{word}"),
        _ => format!("creator_{word}"),
    }
}

/// A letter, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Writes a letter in a language, in the tenant's own words where it has some.
///
/// # Errors
/// [`Refused`], when own words do not run; ours always do.
pub fn write(name: &str, language: &str, own: Option<&Template>, context: &Value) -> Result<Letter, Refused> {
    let words = WORDS.iter().find(|words| words.name == name).ok_or_else(|| Refused::new("there is no such letter"))?;
    let ours = if language == "fr" { words.fr } else { words.en };
    let (our_subject, our_body) = ours.split_once('\n').unwrap_or((ours, ""));
    let (subject, body) = own.map_or((our_subject, our_body), |own| (own.subject.as_str(), own.body.as_str()));
    let line = sandbox::run("subject", subject, context)?;
    let subject = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = sandbox::run("body", body, context)?.trim().to_owned() + "\n";
    let html = match own.and_then(|own| own.html.as_deref()) {
        Some(html) => sandbox::run("html", html, context)?,
        None => page(&subject, &text, language)?,
    };
    Ok(Letter { subject, text, html })
}

/// The text as a page: a paragraph per block, a link per line that is an address.
fn page(subject: &str, text: &str, language: &str) -> Result<String, Refused> {
    let line = |line: &str| json!({ "text": line, "url": line.starts_with("https://") && !line.contains(' ') });
    let paragraphs: Vec<Value> = text
        .split("\n\n")
        .map(|block| block.lines().map(str::trim).filter(|text| !text.is_empty()).map(line).collect::<Value>())
        .filter(|block| block.as_array().is_some_and(|lines| !lines.is_empty()))
        .collect();
    let context = json!({ "subject": subject, "paragraphs": paragraphs, "language": language });
    sandbox::run("html", include_str!("words/page.html"), &context)
}

/// Tries a tenant's own words on made-up orders, so that a mistake is found by whoever makes it.
///
/// # Errors
/// [`Refused`], with what is wrong and in which line.
pub fn check(own: &Template) -> Result<Letter, Refused> {
    let mut last = Err(Refused::new("there is no such letter"));
    for context in sample(&own.name) {
        last = Ok(write(&own.name, &own.language, Some(own), &context)?);
    }
    last
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
