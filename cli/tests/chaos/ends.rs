//! What chaos refuses, and what it leaves behind: nothing, however it ends.

use std::process::Command;

use platen_shared::testing::until;

use crate::cli::{platen, said};
use crate::{Place, begin, chaos};

/// Long enough to be ended in the middle.
const LONG: [&str; 4] = ["--orders", "5000", "--over", "10m"];

#[test]
fn what_is_not_its_own_is_refused_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("precious"), "untouched").unwrap();
    let foreign = root.path().display().to_string();
    for (words, sentence) in [
        (vec!["--data", &foreign], "holds other things"),
        (vec!["--host", "192.0.2.1"], "not an address of the loopback"),
        (vec!["--host", "0.0.0.0"], "not an address of the loopback"),
        (vec!["--preset", "f99"], "the presets are everything, f01, f03, none"),
        (vec!["--database-url", "postgres://db.example/shop"], "servers that it started itself"),
    ] {
        let (code, out, err) = said(&platen(&[&["chaos"], &words[..]].concat()).output().unwrap());
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains(sentence), "{words:?}: {err}");
    }
    for words in [["--kill-workers", "often"], ["--lose-replies", "5"], ["--orders", "0"], ["--database", "mysql"]] {
        let (code, _, err) = said(&platen(&[&["chaos"], &words[..]].concat()).output().unwrap());
        assert_eq!(code, 2, "{words:?}: {err}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(root.path().join("precious")).unwrap(), "untouched");
}

/// Waits until a run is under way, sends the signal, and waits until nothing is left.
async fn ended_by(signal: &str) {
    let place = Place::new();
    let run = begin(&place.path(), &LONG);
    let blobs = place.path().join("chaos/pids/worker-3");
    until("the workers run", async || blobs.exists()).await;
    let second = chaos(&place.path(), &LONG).output().unwrap();
    assert!(said(&second).2.contains("another run of chaos uses the folder"), "{:?}", said(&second));
    let id = run.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert!(!output.status.success(), "there is no verdict");
    until("nothing is left", async || place.is_clean()).await;
}

#[tokio::test]
async fn it_leaves_nothing_behind_when_it_is_interrupted() {
    ended_by("INT").await;
}

#[tokio::test]
async fn it_leaves_nothing_behind_when_it_is_asked_to_stop() {
    ended_by("TERM").await;
}

#[tokio::test]
async fn it_leaves_nothing_behind_when_it_is_killed() {
    ended_by("KILL").await;
}
