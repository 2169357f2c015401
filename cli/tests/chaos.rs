//! `platen chaos` on the real binary: bounded runs in which every fault fires, a verdict that can be bad, and nothing left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "support/cli.rs"]
mod cli;
#[path = "chaos/ends.rs"]
mod ends;
#[path = "support/shell.rs"]
mod shell;
#[path = "chaos/spoilt.rs"]
mod spoilt;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cli::{platen, said};
use platen_shared::testing::{has_redis, postgres_url, suite_ran};
use serde_json::Value;

/// A folder that does not exist yet, where a Postgres of another user can walk through.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        Place(root)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("run")
    }

    /// Neither the folder nor a process that names it is left.
    pub(crate) fn is_clean(&self) -> bool {
        let all = Command::new("ps").args(["-eo", "args="]).output().unwrap();
        let named = self.0.path().display().to_string();
        !self.path().exists() && !String::from_utf8_lossy(&all.stdout).contains(&named)
    }
}

/// A run in a folder.
pub(crate) fn chaos(data: &Path, words: &[&str]) -> Command {
    let mut command = platen(&["chaos", "--json", "--data"]);
    command.arg(data).args(words);
    command
}

/// The same, under way.
pub(crate) fn begin(data: &Path, words: &[&str]) -> Child {
    chaos(data, words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A run under these options: every order is where it belongs, and each fault that the options name has happened.
fn survives(options: &[&str]) -> Value {
    let words: Vec<&str> = options.iter().flat_map(|text| text.split(' ')).collect();
    let faults: Vec<&str> =
        options[1..].iter().flat_map(|text| text.split(' ')).filter_map(|word| word.strip_prefix("--")).collect();
    assert!(faults.len() >= 5);
    let place = Place::new();
    let (code, out, err) = said(&chaos(&place.path(), &words).output().unwrap());
    assert_eq!(code, 0, "{out}\n{err}");
    let verdict: Value = serde_json::from_str(&out).unwrap();
    let empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
    assert!(verdict["good"] == true && empty(&verdict["lost"]) && empty(&verdict["doubled"]), "{verdict}");
    assert_eq!(verdict["enqueued"], verdict["finished"]);
    for fault in faults {
        assert!(verdict["faults"][fault].as_u64() >= Some(1), "{fault} never happened: {verdict}");
    }
    assert!(verdict["lostReplies"].as_u64() >= Some(1), "no reply was lost: {verdict}");
    assert!(
        verdict["recovery"]["measured"].as_u64() >= Some(1),
        "no job was under way when its worker fell: {verdict}"
    );
    assert!(place.is_clean(), "something is left in {}", place.path().display());
    verdict
}

#[test]
fn nothing_is_lost_on_sqlite() {
    let work =
        "--orders 120 --over 16s --for 16s --within 5m --seed 1 --workers 3 --slow-replies 200ms --lose-replies 10%";
    let faults = "--kill-workers 1s --kill-api 5s --stop 8s --cut 6s --delay 5s";
    println!("{}", survives(&[work, faults]));
    suite_ran("chaos", "sqlite");
}

#[test]
fn nothing_is_lost_on_postgres_and_redis() {
    if !has_redis() || postgres_url().is_none() {
        return;
    }
    let work = "--database postgres --redis --orders 150 --over 20s --for 20s --within 5m --seed 2 --slow-replies 200ms --lose-replies 10%";
    let kills = "--kill-workers 1s --kill-api 6s --skew 9s --kill-postgres 9s --restart-redis 8s --flush-redis 5s";
    let others = "--stop 9s --cut 7s --delay 5s";
    println!("{}", survives(&[work, kills, others]));
    suite_ran("chaos", "postgres-redis");
}
