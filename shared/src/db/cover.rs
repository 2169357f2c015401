//! Test builds only: every literal of the crate, and which of them ran. Each process writes both into `PLATEN_COVER_DIR`, at once, so
//! that a killed process still counts; `cargo xtask test` unites them and fails on a literal that never ran on a database.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Mutex;

use super::Sql;

/// Every `sql!` linked into this binary.
#[linkme::distributed_slice]
pub static ALL: [Sql];

static RAN: Mutex<Option<HashSet<(bool, usize)>>> = Mutex::new(None);

/// Notes that a literal was made into a query.
pub fn ran(sql: &Sql, pg: bool) {
    let mut guard = RAN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let seen = guard.get_or_insert_with(|| {
        for known in ALL {
            note("all-sqlite", known.lite);
            // What is for SQLite only leaves nothing.
            if !known.pg.trim().is_empty() {
                note("all-postgres", known.pg);
            }
        }
        HashSet::new()
    });
    let text = if pg { sql.pg } else { sql.lite };
    if seen.insert((pg, text.as_ptr() as usize)) {
        note(if pg { "ran-postgres" } else { "ran-sqlite" }, text);
    }
}

fn note(what: &str, text: &str) {
    let Some(folder) = std::env::var_os("PLATEN_COVER_DIR") else { return };
    let path = std::path::Path::new(&folder).join(format!("{what}-{}", std::process::id()));
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path) {
        let _ = writeln!(file, "{}", serde_json::Value::from(text));
    }
}
