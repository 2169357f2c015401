//! Every error code, in one table: where it is seen, its family, whether the same again may succeed, and what to do. `docs/errors.md` is made
//! from it.
//!
//! A code is the word of a problem (`type` of an HTTP answer), of one field in it (`errors[].code`), or the class of a job's failure. Fields'
//! codes that are not here are details of `invalid`: bad data, told where.

use serde::Serialize;
use serde_json::Value;

/// What kind of trouble a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// It cannot be made, or not for there, or not now.
    UnavailableProduct,
    /// What was sent, or stored, cannot be used.
    InvalidData,
    /// About money that is missing, wrong or given back.
    Payment,
    /// Understood, and not allowed as things stand.
    BusinessRule,
    /// Ours, or of something that we depend on.
    System,
}

/// Whether the same again may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// Never: something else must be sent.
    Never,
    /// Later, without anybody doing anything; a job does it by itself.
    Later,
    /// Once the cause is mended.
    AfterMending,
    /// Only after a look at what became of it; a job looks by itself.
    AfterLookup,
}

/// Where a code is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `type` of a problem.
    Problem,
    /// `errors[].code` of a problem.
    Field,
    /// `error.class` of a job, `class` of an attempt.
    Job,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode {
    /// Where it is seen.
    pub place: Place,
    /// The word.
    pub word: &'static str,
    /// What kind of trouble it is.
    pub family: Family,
    /// Whether the same again may succeed.
    pub again: Again,
    /// A sentence for whoever runs the shop: what to do.
    pub hint: &'static str,
}

impl Family {
    /// Every family.
    pub const ALL: &'static [Family] =
        &[Family::UnavailableProduct, Family::InvalidData, Family::Payment, Family::BusinessRule, Family::System];

    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Family::UnavailableProduct => "unavailable_product",
            Family::InvalidData => "invalid_data",
            Family::Payment => "payment",
            Family::BusinessRule => "business_rule",
            Family::System => "system",
        }
    }
}

impl Again {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Again::Never => "never",
            Again::Later => "later",
            Again::AfterMending => "after_mending",
            Again::AfterLookup => "after_lookup",
        }
    }
}

macro_rules! table {
    ($($place:ident { $($word:literal, $family:ident, $again:ident, $hint:literal;)* })*) => {
        /// Every code.
        pub const ERROR_CODES: &[ErrorCode] = &[$($(
            ErrorCode { place: Place::$place, word: $word, family: Family::$family, again: Again::$again, hint: $hint },
        )*)*];
    };
}

table! {
    Problem {
        "bad-request", InvalidData, Never, "Send well-formed JSON, or a query of the documented form.";
        "unknown-kind", InvalidData, Never, "Name one of the kinds that the documentation of POST /v1/jobs lists.";
        "unauthorized", BusinessRule, AfterMending, "Send a key that is not revoked: `Authorization: Bearer …`.";
        "forbidden", BusinessRule, AfterMending, "Use a key with the scope that the route asks for.";
        "not-found", InvalidData, Never, "Look for the id in the list of its kind; another tenant's is missing in the same way.";
        "not-ready", BusinessRule, Later, "Ask again: a job is making it.";
        "method-not-allowed", InvalidData, Never, "Use a method that the header Allow names.";
        "conflict", BusinessRule, AfterMending, "Read what is there, decide, and send the change anew.";
        "illegal-state", BusinessRule, AfterMending, "Do first what the sentence names; the order's `readiness` says what is missing.";
        "in-progress", BusinessRule, Later, "Wait for the first request with this Idempotency-Key, then send it again.";
        "precondition-failed", BusinessRule, AfterMending, "Read it again, look at what changed, and send its new version.";
        "too-large", InvalidData, Never, "Send less; the limits stand in the documentation of the route.";
        "unsupported-media", InvalidData, Never, "Send `Content-Type: application/json`, or a picture of a documented type.";
        "range-not-satisfiable", InvalidData, Never, "Ask for a range that lies in the file, or for all of it.";
        "invalid", InvalidData, Never, "Mend each place that `errors` points at.";
        "key-reused", InvalidData, Never, "Give every request an Idempotency-Key of its own.";
        "too-many-requests", System, Later, "Wait as long as Retry-After says; ask for a higher limit if it happens often.";
        "internal", System, AfterMending, "Look in the log under the answer's X-Request-Id.";
        "unavailable", System, Later, "Wait as long as Retry-After says; look at /readyz if it lasts.";
    }
    Field {
        "unavailable", UnavailableProduct, AfterMending, "Sell something else, or sync the catalogue if the printer has it again.";
        "unknown-product", UnavailableProduct, AfterMending, "Put the product, or sync the catalogue that it is in.";
        "amount", Payment, Never, "Send exactly the amount that the order's page names.";
    }
    Job {
        "ambiguous", System, AfterLookup, "Nothing: the job looks what became of its call before it does anything.";
        "auth", BusinessRule, AfterMending, "Put the account's key anew (PUT /v1/connections/{provider}), then retry the job.";
        "blobs", System, Later, "Look at the file store; the job tries again by itself.";
        "breaker_open", System, Later, "Nothing: the printer failed too often in a row, and is tried again soon.";
        "bug", System, AfterMending, "Report it with the job's page; retry it on a release that mends it.";
        "cancelled", BusinessRule, AfterMending, "Nothing, unless it is wanted after all: retry the job.";
        "changed", BusinessRule, Never, "Nothing: the order was changed, and another job does its work.";
        "conflict", BusinessRule, AfterMending, "Read the order at the printer; cancel it, or retry the job once the sentence is not true any more.";
        "database", System, Later, "Look at the database; the job tries again by itself.";
        "destination", BusinessRule, AfterMending, "Name an address that may be reached (docs/messages.md), then redeliver the message.";
        "draft_gone", System, Later, "Nothing: the draft was deleted at the printer, and the job makes another.";
        "forbidden", BusinessRule, Never, "Only an operator starts this kind of job.";
        "held", BusinessRule, Later, "Nothing, or take the hold away: test mode, the freeze or the spending cap of PATCH /v1/tenant.";
        "illegal_state", BusinessRule, AfterMending, "Do first what the sentence names, then retry the job.";
        "invalid", InvalidData, AfterMending, "Mend what the printer names (address, file, product), then retry the job.";
        "limited", System, Later, "Nothing: the account's request budget is used up for a moment.";
        "lone", System, AfterMending, "Look at the worker's log: it could not start a process for this job.";
        "looking", System, AfterLookup, "Nothing: it looks again until the printer answers what it has.";
        "mail_server", System, Later, "Look at the mail server; the letter is tried again.";
        "newer_release", System, Later, "Bring every worker to the newest release.";
        "not_found", InvalidData, AfterMending, "What the job names is gone: put it there again, or leave the job.";
        "not_ready", BusinessRule, Later, "Nothing: what it needs is on its way; the order's `readiness` says what is missing.";
        "on_hold", BusinessRule, Later, "Settle the order that is on hold; the job looks again by itself.";
        "other_press", System, Later, "Nothing: a worker of the release that was asked for takes it; bring every worker to one release if none comes.";
        "panic", System, AfterMending, "Report it with the job's page; retry it on a release that mends it.";
        "payload", InvalidData, Never, "Enqueue it anew with a payload of the documented form.";
        "poison", System, AfterMending, "Its workers died while running it: look at their logs and memory before you retry it.";
        "preflight", InvalidData, AfterMending, "Mend the print file that the sentence names, and approve the design anew.";
        "press", InvalidData, AfterMending, "Mend the design; the sentence names the layer.";
        "rate", Payment, AfterMending, "Record an exchange rate (POST /v1/rates), then retry the job.";
        "receipts", Payment, Later, "Wait for the printer's receipt, or look for it there; then retry the job.";
        "record", System, AfterLookup, "Look at the database; the job looks what it did before it goes on.";
        "refunded", Payment, Never, "Nothing: the buyer has the money back, and nothing is printed.";
        "sealed", System, AfterMending, "Start the workers with the key that sealed it (PLATEN_SECRETS__KEY), then retry the job.";
        "template", InvalidData, AfterMending, "Mend the message template that the sentence names, then redeliver the message.";
        "timeout", System, AfterLookup, "Look at what it talks to; the job looks what it did before it goes on.";
        "transient", System, Later, "Nothing: it passes; look at the other side if it lasts.";
    }
}

fn row(place: Place, word: &str) -> Option<&'static ErrorCode> {
    ERROR_CODES.iter().find(|code| code.place == place && code.word == word)
}

/// The row of a problem, by its word and the codes of its fields: what is said of a field is nearer than what is said of all.
#[must_use]
pub fn of_problem<'a>(word: &str, mut fields: impl Iterator<Item = &'a str>) -> Option<&'static ErrorCode> {
    fields.find_map(|field| row(Place::Field, field)).or_else(|| row(Place::Problem, word))
}

/// The row of a job's class.
#[must_use]
pub fn of_job(class: &str) -> Option<&'static ErrorCode> {
    row(Place::Job, class)
}

/// A job's error as people see it: with family, whether the same again may succeed, and what to do.
#[must_use]
pub fn explained(error: &Value) -> Value {
    let mut shown = error.clone();
    if let Some(code) = error["class"].as_str().and_then(of_job) {
        shown["family"] = code.family.word().into();
        shown["again"] = code.again.word().into();
        shown["hint"] = code.hint.into();
    }
    shown
}

/// Whether a job that ended with this class failed by no fault of its caller or its data: an unknown class is ours.
#[must_use]
pub fn is_ours(class: &str) -> bool {
    of_job(class).is_none_or(|code| code.family == Family::System)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::*;

    fn page() -> String {
        let mut page = String::from(
            "# Errors\n\nMade from `shared/src/codes.rs`; `cargo xtask golden` writes it anew.\n\nEvery problem carries `family`, `again` and `hint` \
             beside its sentence; a job's page shows them for the class of its error.\n\n| family | what it means |\n| --- | --- |\n\
             | `unavailable_product` | it cannot be made, or not for there, or not now |\n\
             | `invalid_data` | what was sent, or stored, cannot be used |\n\
             | `payment` | about money that is missing, wrong or given back |\n\
             | `business_rule` | understood, and not allowed as things stand |\n\
             | `system` | ours, or of something that we depend on; what counts as an error in the sense of [alerts.md](alerts.md) |\n\n\
             `again` says whether the same may succeed: `never`, `later` (by itself), `after_mending` (once the cause is mended) or `after_lookup` \
             (its outcome is unknown; only a look may follow).\n",
        );
        for (place, title) in [
            (Place::Problem, "Problems: `type` is `/problems/<code>`"),
            (Place::Field, "Fields: `errors[].code`; any other is a detail of `invalid`"),
            (Place::Job, "Jobs: `error.class`"),
        ] {
            let _ = write!(page, "\n## {title}\n\n| code | family | again | what to do |\n| --- | --- | --- | --- |\n");
            for code in ERROR_CODES.iter().filter(|code| code.place == place) {
                let _ = writeln!(
                    page,
                    "| `{}` | `{}` | `{}` | {} |",
                    code.word,
                    code.family.word(),
                    code.again.word(),
                    code.hint
                );
            }
        }
        page
    }

    #[test]
    fn the_page_is_the_table() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
        if std::env::var_os("PLATEN_ACCEPT").is_some() {
            std::fs::write(file, page()).expect("docs/errors.md");
        }
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert!(kept == page(), "docs/errors.md is not what the table says; if that was meant: cargo xtask golden");
    }

    #[test]
    fn every_code_stands_once_in_its_place_and_every_hint_is_a_sentence() {
        let mut seen = BTreeSet::new();
        for code in ERROR_CODES {
            assert!(seen.insert((format!("{:?}", code.place), code.word)), "{} stands twice", code.word);
            assert!(code.hint.ends_with('.') && code.hint.len() > 20 && !code.hint.contains('|'), "{}", code.word);
        }
        for family in Family::ALL {
            assert!(ERROR_CODES.iter().any(|code| code.family == *family), "{family:?} has no code");
        }
    }

    #[test]
    fn what_is_said_of_a_field_is_nearer() {
        let family = |word: &str, fields: &[&str]| of_problem(word, fields.iter().copied()).map(|code| code.family);
        assert_eq!(family("invalid", &["range"]), Some(Family::InvalidData));
        assert_eq!(family("invalid", &["range", "unavailable"]), Some(Family::UnavailableProduct));
        assert_eq!(family("unavailable", &[]), Some(Family::System));
        assert!(is_ours("panic") && is_ours("a-class-of-a-later-release") && !is_ours("refunded"));
    }
}
