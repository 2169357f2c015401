//! Did every SQL literal run, on every database? SQL is checked by running it, so a literal no test reaches is unchecked.
//!
//! Test processes leave files in the folder named by `PLATEN_COVER_DIR`: `ran-<database>-*` with what they ran and
//! `all-<database>-*` with what they know. Each line is one SQL text as a JSON string.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::step::Outcome;

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Unites the files of all processes and compares what is known with what ran.
pub(crate) fn check(dir: &Path) -> Result<Outcome> {
    let mut remarks = Vec::new();
    let mut never_ran = String::new();
    for database in DATABASES {
        let all = union(dir, &format!("all-{database}-"))?;
        let ran = union(dir, &format!("ran-{database}-"))?;
        if all.is_empty() {
            bail!(
                "no test process listed its SQL for {database}: files `all-{database}-*` are missing in PLATEN_COVER_DIR"
            );
        }
        for sql in all.difference(&ran) {
            never_ran.push_str(&format!("\n  {database}: {}", one_line(sql)));
        }
        remarks.push(format!("{} on {database}", all.len()));
    }
    if !never_ran.is_empty() {
        bail!("these SQL literals never ran in a test; write one that reaches them, or remove them:{never_ran}");
    }
    Ok(Outcome::Passed(format!("SQL literals run: {}", remarks.join(", "))))
}

fn union(dir: &Path, prefix: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            let text = fs::read(entry.path())?;
            found.extend(literals(&text).with_context(|| format!("{} is not readable", entry.path().display()))?);
        }
    }
    Ok(found)
}

/// The texts of one file. A process killed while writing leaves a last line without its end; that one does not count.
fn literals(text: &[u8]) -> Result<Vec<String>> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &text[..end]);
    let lines = whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).context("a line is not one JSON string")).collect()
}

fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn unites_processes_and_names_what_never_ran() {
        let mut files = vec![
            ("all-sqlite-1", "\"a\"\n\"b\"\n"),
            ("ran-sqlite-1", "\"a\"\n"),
            ("ran-sqlite-2", "\"b\"\n\"half"),
            ("all-postgres-1", "\"a\"\n\"SELECT\\n  1\"\n"),
            ("ran-postgres-1", "\"a\"\n"),
        ];
        let error = check(folder(&files).path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.ends_with("\n  postgres: SELECT 1"), "{error}");
        files.push(("ran-postgres-2", "\"SELECT\\n  1\"\n"));
        assert!(check(folder(&files).path()).is_ok());
    }

    #[test]
    fn nothing_known_is_a_failure() {
        let error = check(folder(&[]).path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("no test process listed its SQL for sqlite"), "{error}");
    }
}
