//! What must not be written.

use crate::repo::{Source, has_word, none, sources};

/// The test kit creates databases, whose names no bind can carry.
const TEST_KIT: &[&str] = &["shared/src/testing"];

fn found(wrong: impl Fn(&Source) -> Vec<usize>) -> Vec<String> {
    let places = |source: &Source| wrong(source).into_iter().map(|number| source.at(number)).collect::<Vec<_>>();
    sources().iter().flat_map(places).collect()
}

fn code_with(source: &Source, wrong: impl Fn(&str) -> bool) -> Vec<usize> {
    source.code().filter(|(_, line)| wrong(line)).map(|(number, _)| number).collect()
}

#[test]
fn lints_are_expected_never_allowed() {
    let wrong = |line: &str| line.contains("#[allow(") || line.contains("#![allow(");
    none("Use `#[expect(lint, reason = \"…\")]`, which fails once it is needless:", &found(|s| code_with(s, wrong)));
}

#[test]
fn nothing_is_left_for_later() {
    let wrong = |line: &str| line.contains("todo!") || ["TODO", "FIXME"].iter().any(|word| has_word(line, word));
    let places = found(|source| {
        let lines = source.text.lines().enumerate();
        lines.filter(|(_, line)| wrong(line)).map(|(index, _)| index + 1).collect()
    });
    none("Do it now, or write an issue:", &places);
}

#[test]
fn no_test_is_ignored() {
    none("A test that does not run proves nothing:", &found(|s| code_with(s, |line| line.contains("#[ignore"))));
}

#[test]
fn no_test_sleeps() {
    let places = found(|source| {
        source.tests().filter(|(_, l)| has_word(l, "sleep") && l.contains("sleep(")).map(|(n, _)| n).collect()
    });
    none("Wait for a signal with a deadline instead; a sleep is slow or flaky:", &places);
}

#[test]
fn money_is_never_a_float() {
    let is_money = |source: &Source| {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        source.is_in(&["shared/src/", "jobs/src/"])
            && ["money", "revenue", "journal"].iter().any(|part| name.contains(part))
    };
    let files = sources();
    let files: Vec<_> = files.iter().filter(|source| is_money(source)).collect();
    for needed in ["shared/src/domain/money.rs", "shared/src/domain/revenue.rs"] {
        assert!(files.iter().any(|source| source.path == needed), "{needed} is gone: point this rule at its successor");
    }
    let wrong = |source: &&Source| {
        let lines = code_with(source, |line| has_word(line, "f32") || has_word(line, "f64"));
        lines.into_iter().map(|number| source.at(number)).collect::<Vec<_>>()
    };
    none("Money is integers in minor units:", &files.iter().flat_map(wrong).collect::<Vec<_>>());
}

#[test]
fn sql_text_is_never_put_together() {
    let wrong = |source: &Source| !source.is_in(TEST_KIT);
    let places = found(|s| if wrong(s) { code_with(s, |line| line.contains("AssertSqlSafe")) } else { Vec::new() });
    none("SQL is a literal with binds; only the test kit may build text, to create databases:", &places);
}
