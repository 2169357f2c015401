//! Did every suite run, on everything it is for? A suite that was skipped passes silently; this is where that is noticed.
//!
//! A test that runs a suite appends a line `<suite> <variant>` to the file named by `PLATEN_SUITES_LOG`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::step::Outcome;

const DATABASES: &[&str] = &["sqlite", "postgres"];

/// The behaviour suites, and what each must run on.
const SUITES: &[(&str, &[&str])] = &[
    ("ledger", &["sqlite", "postgres", "pgbouncer"]),
    ("store", &["sqlite", "postgres", "pgbouncer"]),
    ("money", &["sqlite", "postgres", "pgbouncer"]),
    ("kinds", DATABASES),
    ("worker", DATABASES),
    ("http", DATABASES),
    ("crash", DATABASES),
    ("drain", DATABASES),
    ("upgrade", DATABASES),
    ("poison", DATABASES),
    ("late", DATABASES),
    ("simulation", &["sqlite"]),
    ("procfile", &["foreman"]),
    ("messages", DATABASES),
    ("smtp", &["aiosmtpd", "starttls"]),
    ("blobs", &["folder", "memory", "s3"]),
    ("backup", &["sqlite", "postgres", "s3"]),
    ("gates", &["sqlite", "postgres", "redis"]),
    ("ops", &["chromium"]),
    ("demo", &["chromium"]),
    ("canonical", &["javascript", "python"]),
    ("lines", DATABASES),
    ("dispatch", &["sqlite-ledger", "postgres-ledger", "sqlite-redis", "postgres-redis"]),
    ("fleet", &["postgres-redis"]),
    ("models", &["gltf", "usd"]),
    ("judges", &["pdf", "x4", "ink", "png", "dxf", "zip", "barcode"]),
    ("chaos", &["sqlite", "postgres-redis"]),
];

/// Compares the log with the list above.
pub(crate) fn check(log: &Path) -> Result<Outcome> {
    let missing = missing(&fs::read_to_string(log).unwrap_or_default());
    if missing.is_empty() {
        let variants: usize = SUITES.iter().map(|(_, variants)| variants.len()).sum();
        return Ok(Outcome::Passed(format!("{} suites, {variants} with their variants", SUITES.len())));
    }
    bail!(
        "these suites did not run: {}; a test that runs a suite appends `<suite> <variant>` to the file named by \
         PLATEN_SUITES_LOG",
        missing.join(", ")
    )
}

fn missing(log: &str) -> Vec<String> {
    let ran: BTreeSet<&str> = log.lines().map(str::trim).collect();
    let expected = SUITES.iter().flat_map(|(suite, variants)| variants.iter().map(move |variant| (suite, variant)));
    let absent = expected.filter(|(suite, variant)| !ran.contains(format!("{suite} {variant}").as_str()));
    absent.map(|(suite, variant)| format!("`{suite}` on {variant}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_did_not_run() {
        let lines = SUITES.iter().flat_map(|(s, variants)| variants.iter().map(move |v| format!("{s} {v}\n")));
        let all: String = lines.clone().collect();
        assert!(missing(&all).is_empty());
        assert_eq!(missing(&all.replace("crash postgres\n", "")), ["`crash` on postgres"]);
        assert_eq!(missing("").len(), lines.count());
    }

    #[test]
    fn a_missing_log_is_a_failure() {
        assert!(check(Path::new("/nonexistent/suites.log")).is_err());
    }
}
