//! `platen bench` in the small: every measurement runs, in a place of its own that is gone afterwards, and nobody else's place is taken.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use platen_shared::db::Schema;
use platen_shared::testing::{DEADLINE, TestDb, postgres_url, redis_url};

use cli::{platen, said};

/// Every verb but `bundles` with sizes of a test, and what its answer begins with.
const VERBS: [(&[&str], &str); 12] = [
    (&["single", "--n", "100"], "single enqueue, 64 in flight"),
    (&["bulk", "--n", "2000"], "enqueue in blocks of 1000"),
    (&["http", "--n", "100", "--rate", "100", "--seconds", "1"], "POST /v1/jobs, 64 callers"),
    (&["live", "--rate", "50", "--seconds", "1"], "POST /v1/personalization/validate at 50/s"),
    (&["claim", "--ready", "2000", "--future", "100"], "claim of 10, 1000 ready"),
    (&["fair", "--n", "20000"], "a single job beside another tenant's 20000"),
    (&["limiter", "--n", "100"], "jobs of 0 ms without a limit"),
    (&["catalogue", "--products", "150"], "sync of "),
    (&["orders", "--n", "1200"], "the newest orders, 1200 orders"),
    (&["micro", "claim", "--times", "3"], ""),
    (&["micro", "finish", "--times", "3"], ""),
    (&["micro", "group-commit", "--times", "2"], ""),
];

/// Runs it in a folder that it has to make: (exit code, standard output, standard error).
fn bench(words: &[&str], folder: &Path, database_url: Option<&str>) -> (i32, String, String) {
    let mut command = platen(&["bench"]);
    command.args(words).args(["--rounds", "1", "--folder"]).arg(folder);
    command.args(database_url.iter().flat_map(|url| ["--database-url", url]));
    said(&command.output().expect("platen starts"))
}

fn every_verb(database_url: Option<&str>) {
    let parent = tempfile::tempdir().expect("a folder");
    for (words, title) in VERBS {
        let (code, out, err) = bench(words, &parent.path().join("place"), database_url);
        assert!(code == 0 && out.starts_with(title), "{words:?}: {out}{err}");
        assert!(!parent.path().join("place").exists(), "{words:?} left its folder behind");
    }
}

#[test]
fn every_measurement_runs_on_sqlite_and_leaves_nothing() {
    every_verb(None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_measurement_runs_on_postgres_and_leaves_an_empty_database() {
    if postgres_url().is_none() {
        return;
    }
    let db = TestDb::postgres().await;
    let parent = tempfile::tempdir().expect("a folder");
    let (code, _, err) = bench(VERBS[0].0, &parent.path().join("place"), Some(&db.url));
    assert!(code == 1 && err.contains("is not empty and not a benchmark's"), "{err}");
    assert!(db.db.schema().await.is_ok_and(|found| matches!(found, Schema::Fits(_))), "the tables are gone");
    for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        db.tamper(statement).await.expect("a schema of its own");
    }
    every_verb(Some(&db.url));
    assert_eq!(db.db.schema().await.expect("an answer"), Schema::TooOld(None));
    db.drop_it().await;
}

/// The measurement fails by itself when four workers make other bytes than one; it says a hash of all bundles, for every database the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_the_same_bytes_from_one_worker_and_from_four_on_every_database() {
    let parent = tempfile::tempdir().expect("a folder");
    let words = ["bundles", "--orders", "6"];
    let (code, out, err) = bench(&words, &parent.path().join("place"), None);
    let same = |out: &str| out.lines().last().unwrap_or_default().to_owned();
    assert!(code == 0 && out.starts_with("bundles of two items, 6 orders, workers: 1, sqlite: "), "{out}{err}");
    assert!(same(&out).starts_with("6 bundles, the same bytes from 1 and from 4 workers: "), "{out}");
    assert!(!parent.path().join("place").exists(), "it left its folder behind");
    if postgres_url().is_none() {
        return;
    }
    let db = TestDb::postgres().await;
    for statement in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        db.tamper(statement).await.expect("a schema of its own");
    }
    let (code, there, err) = bench(&words, &parent.path().join("place"), Some(&db.url));
    assert!(code == 0 && there.contains("workers: 4, postgres: "), "{there}{err}");
    assert_eq!(same(&out), same(&there), "the same bytes on both databases");
    db.drop_it().await;
}

#[test]
fn a_run_that_is_asked_to_stop_leaves_nothing() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut command = platen(&["bench", "single", "--n", "1000000"]);
    let mut run = command.env("TMPDIR", parent.path()).stderr(Stdio::piped()).spawn().expect("platen starts");
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let deadline = Instant::now() + DEADLINE;
    while !entries(parent.path()).any(|place| place.join("bench.db").exists()) {
        assert!(Instant::now() < deadline, "it does not begin");
        std::thread::yield_now();
    }
    let asked = Command::new("kill").arg(run.id().to_string()).status();
    assert!(asked.is_ok_and(|status| status.success()));
    assert_eq!(run.wait().expect("it ended").code(), Some(1));
    assert_eq!(entries(parent.path()).count(), 0, "its folder is gone");
}

#[test]
fn the_limiter_is_measured_over_redis_too_and_leaves_no_key() {
    let Some(url) = redis_url() else { return };
    let parent = tempfile::tempdir().expect("a folder");
    let words = ["limiter", "--n", "100", "--redis-url", &url];
    let mut command = platen(&["bench"]);
    command.args(words).args(["--rounds", "1", "--folder"]).arg(parent.path().join("place"));
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("platen starts");
    let pid = running.id();
    let (code, out, err) = said(&running.wait_with_output().expect("it ends"));
    assert!(code == 0 && out.contains("what the limit costs jobs of 5 ms"), "{out}{err}");
    let keys = Command::new("redis-cli").args(["-u", &url, "KEYS", &format!("platen-bench:{pid}:*")]).output();
    assert_eq!(String::from_utf8_lossy(&keys.expect("redis-cli answers").stdout).trim(), "");
}

#[test]
fn only_this_machines_databases_are_taken() {
    let parent = tempfile::tempdir().expect("a folder");
    for url in ["postgres://db.example/platen", "postgres://127.0.0.1/platen?host=db.example"] {
        let (code, out, err) = bench(VERBS[0].0, &parent.path().join("place"), Some(url));
        assert!(code == 1 && out.is_empty() && err.contains("this machine alone"), "{url}: {err}");
    }
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_left_as_it_is() {
    let theirs = tempfile::tempdir().expect("a folder");
    std::fs::write(theirs.path().join("letter"), "dear").expect("a file");
    let (code, _, err) = bench(VERBS[0].0, theirs.path(), None);
    assert!(code == 1 && err.contains("holds other things"), "{err}");
    assert_eq!(std::fs::read_dir(theirs.path()).expect("it is there").count(), 1);
}
