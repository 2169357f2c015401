//! What a set of orders under one reference means.

use serde_json::json;

use super::*;

/// A part: id, its group, and a word (`draft`, `order`, or a dead end).
fn part(id: &str, connected: &[&str], word: &str, born: &str) -> (String, Option<Part>) {
    let part = Part {
        id: id.into(),
        reference: "ord-1".into(),
        status: word.into(),
        stage: wire::stage(word),
        released: word != "draft",
        connected: connected.iter().map(|id| (*id).to_owned()).collect(),
        items: Vec::new(),
        shipment: None,
        cost: None,
        refusal: None,
        as_of: None,
        raw: json!({"createdAt": format!("2026-02-03T09:00:{born}+00:00")}),
    };
    (id.to_owned(), Some(part))
}

fn meaning<const N: usize>(parts: [(String, Option<Part>); N]) -> String {
    let ids = |parts: Vec<Part>| parts.into_iter().map(|part| part.id).collect::<Vec<_>>().join("+");
    match sort_out(BTreeMap::from(parts)) {
        Found::Nothing => "nothing".into(),
        Found::Released(parts) => format!("released {}", ids(parts)),
        Found::Drafts(drafts) => {
            format!("drafts {}", drafts.iter().map(|draft| draft.ids.join("+")).collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn nothing_and_only_dead_ones_are_nothing() {
    assert_eq!(meaning([]), "nothing");
    assert_eq!(meaning([part("a", &["a"], "failed", "00"), part("b", &["b"], "canceled", "00")]), "nothing");
}

#[test]
fn drafts_come_oldest_first_and_groups_stay_together() {
    let two = ["c", "a"];
    assert_eq!(
        meaning([part("a", &two, "draft", "05"), part("c", &two, "draft", "05"), part("b", &["b"], "draft", "01")]),
        "drafts b c+a"
    );
}

#[test]
fn a_released_group_wins_over_drafts_and_shows_its_dead_parts() {
    let two = ["a", "b"];
    let parts = [part("a", &two, "passed", "05"), part("b", &two, "failed", "05"), part("c", &["c"], "draft", "01")];
    assert_eq!(meaning(parts), "released a+b");
}

#[test]
fn a_half_promoted_group_is_a_draft_to_go_on_with_before_all_others() {
    let two = ["a", "b"];
    let parts = [part("a", &two, "created", "05"), part("b", &two, "draft", "05"), part("c", &["c"], "draft", "01")];
    assert_eq!(meaning(parts), "drafts a+b c");
    let parts = [part("a", &two, "created", "05"), part("b", &two, "draft", "05"), part("c", &["c"], "passed", "01")];
    assert_eq!(meaning(parts), "released c", "something whole is in production: nothing more may be promoted");
}

#[test]
fn a_draft_that_lost_a_part_is_not_adopted() {
    let two = ["a", "b"];
    assert_eq!(meaning([part("a", &two, "draft", "00"), ("b".into(), None)]), "nothing", "deleted halfway");
    let halves = [("a".into(), None), part("b", &two, "draft", "00")];
    assert_eq!(meaning(halves), "nothing", "whichever id comes first");
    assert_eq!(meaning([part("a", &two, "draft", "00"), part("b", &two, "failed", "00")]), "nothing");
    assert_eq!(meaning([part("a", &two, "failed", "00"), part("b", &two, "draft", "00")]), "nothing");
}

#[test]
fn an_unknown_status_is_alive() {
    assert_eq!(meaning([part("a", &["a"], "teleporting", "00")]), "released a");
}
