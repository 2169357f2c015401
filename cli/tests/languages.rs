//! One design, one hash, in Rust, JavaScript and Python: however it is spelled. The other two are scripts of their own in
//! `fixtures/canonical/`, which share no line with the press.
//!
//! Plain `cargo test` runs them where `TEST_NODE` and `TEST_PYTHON` name programs; `cargo xtask test` always does. All 100,000 spellings
//! of each design: `TEST_NODE=node TEST_PYTHON=python3 PLATEN_SHUFFLES=100000 cargo test -p platen --test languages --release`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use platen_press::check_str;
use platen_shared::testing::suite_ran;
use serde_json::Value;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn count() -> usize {
    std::env::var("PLATEN_SHUFFLES").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

/// Every sample with the hash that the press gives it.
fn samples() -> BTreeMap<PathBuf, String> {
    let files =
        std::fs::read_dir(fixtures().join("specs")).expect("samples").map(|entry| entry.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let hash = |path: &PathBuf| {
        let sample: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
        check_str(&sample["spec"].to_string())
            .unwrap_or_else(|problems| panic!("{}: {problems:?}", path.display()))
            .hash
    };
    files.map(|path| (path.clone(), hash(&path))).collect()
}

/// Runs a script; what it says, by lines.
fn script(program: &str, name: &str, words: &[String], input: &str) -> Vec<String> {
    let mut command = Command::new(program);
    command.arg(fixtures().join("canonical").join(name)).args(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{name} {words:?}");
    writer.join().expect("written").expect("taken");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn three_languages_give_every_spelling_one_hash() {
    let named = |name: &str| std::env::var(name).ok().filter(|path| !path.is_empty());
    let (Some(node), Some(python)) = (named("TEST_NODE"), named("TEST_PYTHON")) else { return };
    let samples = samples();
    assert!(samples.len() >= 15);
    let mut words = vec!["shuffle".to_owned(), count().to_string()];
    words.extend(samples.keys().map(|path| path.display().to_string()));
    let wanted: Vec<String> = samples
        .iter()
        .map(|(path, hash)| format!("{hash} {} {}", count(), path.file_name().expect("a name").to_string_lossy()))
        .collect();
    for (program, name, variant) in [(&node, "canonical.mjs", "javascript"), (&python, "canonical.py", "python")] {
        assert_eq!(script(program, name, &words, ""), wanted, "{name}: each spelling of its own has the press's hash");
        suite_ran("canonical", variant);
    }
}

/// The same spellings through all three: what one language wrote, the others read.
#[test]
fn what_one_language_spells_the_others_read() {
    let named = |name: &str| std::env::var(name).ok().filter(|path| !path.is_empty());
    let (Some(node), Some(python)) = (named("TEST_NODE"), named("TEST_PYTHON")) else { return };
    for (path, hash) in samples() {
        let words = ["spell".to_owned(), count().to_string(), path.display().to_string()];
        let spelled = script(&node, "canonical.mjs", &words, "");
        let different: BTreeSet<&String> = spelled.iter().collect();
        assert!(different.len() * 10 > count() * 9, "{}: they are spelled differently", path.display());
        for text in &spelled {
            let checked = check_str(text).unwrap_or_else(|problems| panic!("{problems:?}: {text}"));
            assert_eq!(checked.hash, hash, "{}: {text}", path.display());
        }
        let hashed = script(&python, "canonical.py", &["hash".to_owned()], &(spelled.join("\n") + "\n"));
        assert_eq!(hashed.len(), count());
        assert!(hashed.iter().all(|one| *one == hash), "{}: in Python", path.display());
    }
}
