//! Did every suite run, on every database? A suite that was skipped passes silently; this is where that is noticed.
//!
//! A test that runs a suite appends a line `<suite> <database>` to the file named by `PLATEN_SUITES_LOG`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::step::Outcome;

/// The behaviour suites that must run on each of [`DATABASES`].
const SUITES: [&str; 6] = ["ledger", "store", "kinds", "worker", "http", "crash"];
const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Compares the log with the list above.
pub(crate) fn check(log: &Path) -> Result<Outcome> {
    let missing = missing(&fs::read_to_string(log).unwrap_or_default());
    if missing.is_empty() {
        return Ok(Outcome::Passed(format!("{} suites on {}", SUITES.len(), DATABASES.join(" and "))));
    }
    bail!(
        "these suites did not run: {}; a test that runs a suite appends `<suite> <database>` to the file named by \
         PLATEN_SUITES_LOG",
        missing.join(", ")
    )
}

fn missing(log: &str) -> Vec<String> {
    let ran: BTreeSet<&str> = log.lines().map(str::trim).collect();
    let expected = SUITES.iter().flat_map(|suite| DATABASES.map(|database| (suite, database)));
    let absent = expected.filter(|(suite, database)| !ran.contains(format!("{suite} {database}").as_str()));
    absent.map(|(suite, database)| format!("`{suite}` on {database}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_did_not_run() {
        let all: String = SUITES.iter().flat_map(|s| DATABASES.map(|d| format!("{s} {d}\n"))).collect();
        assert!(missing(&all).is_empty());
        assert_eq!(missing(&all.replace("crash postgres\n", "")), ["`crash` on postgres"]);
        assert_eq!(missing("").len(), SUITES.len() * DATABASES.len());
    }

    #[test]
    fn a_missing_log_is_a_failure() {
        assert!(check(Path::new("/nonexistent/suites.log")).is_err());
    }
}
