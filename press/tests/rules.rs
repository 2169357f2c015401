//! Every rule has a fixture with texts it lets pass and texts it refuses; rules that cannot be meant are refused
//! themselves.
#![cfg(feature = "text")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use platen_press::text::rules::{ALWAYS, RULES};
use platen_press::text::{check_rules, judge};
use platen_press::{Problem, Spec, check};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/rules")
}

/// A design of one layer on the zone `front`, unless the case says otherwise; with `again`, of two.
fn spec(case: &Value) -> Spec {
    let mut layer =
        json!({"zone": "front", "type": "text", "color": "#000000", "box": {"x": 0, "y": 0, "w": 80, "h": 40}});
    match case["type"].as_str() {
        Some("image") => drop(layer.as_object_mut().unwrap().remove("color")),
        Some("shape") => {}
        _ => layer.as_object_mut().unwrap().extend(
            json!({"text": "x", "font": "Noto Sans", "sizeMm": 10, "minSizeMm": 0.5}).as_object().unwrap().clone(),
        ),
    }
    for (key, value) in case.as_object().unwrap() {
        if !["pointer", "again", "en", "fr"].contains(&key.as_str()) {
            layer[key] = value.clone();
        }
    }
    let zone = |id: &str| json!({"id": id, "widthMm": 80, "heightMm": 40});
    let product = json!({"id": "p", "kind": "mug", "zones": [zone("front"), zone("back")]});
    let layers = if case["again"] == true { json!([layer.clone(), layer]) } else { json!([layer]) };
    check(&json!({"specVersion": "1.1.0", "product": product, "layers": layers})).unwrap().spec
}

fn judged(rules: &Value, case: &Value) -> Vec<Problem> {
    let spec = spec(case);
    judge(&spec, &check_rules(rules, spec.zones()).unwrap())
}

#[test]
fn each_rule_lets_pass_and_refuses_what_its_fixture_says() {
    let named = RULES.iter().map(|(field, code)| (*field, *code)).chain(ALWAYS.iter().map(|code| (*code, *code)));
    let mut expected = BTreeSet::new();
    for (name, code) in named {
        expected.insert(format!("{name}.json"));
        let fixture: Value =
            serde_json::from_str(&std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()).unwrap();
        assert_eq!(fixture["code"], code, "{name}");
        let (pass, fail) = (fixture["pass"].as_array().unwrap(), fixture["fail"].as_array().unwrap());
        assert!(!pass.is_empty() && !fail.is_empty(), "{name} has both kinds of cases");
        for case in pass {
            assert_eq!(judged(&fixture["rules"], case), [], "{name} lets pass {case}");
        }
        for case in fail {
            let problems = judged(&fixture["rules"], case);
            let found = problems.iter().find(|p| p.code == code && case["pointer"] == p.pointer.as_str());
            let found = found.unwrap_or_else(|| panic!("{name} refuses {case}: {problems:?}"));
            assert_sentences(found);
            if case["en"].is_string() {
                assert_eq!((json!(found.message), json!(found.message_fr)), (case["en"].clone(), case["fr"].clone()));
            }
        }
    }
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert_eq!(files, expected, "left: fixtures/rules; right: the rules there are");
}

fn assert_sentences(problem: &Problem) {
    for sentence in [&problem.message, &problem.message_fr] {
        assert!(sentence.ends_with('.') && sentence.len() > 15, "{problem:?}");
    }
    assert_ne!(problem.message, problem.message_fr, "{problem:?}");
}

#[test]
fn every_failure_is_reported_not_only_the_first() {
    let rules =
        json!({"zones": {"front": {"maxLength": 3, "fonts": ["Lobster"], "colors": ["#ffffff"], "maxSizeMm": 5}}});
    let problems = judged(&rules, &json!({"text": "Anna 🎉"}));
    let codes: Vec<&str> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["palette", "too_long", "font", "max_size", "missing_glyph"]);
}

#[test]
fn a_zone_without_rules_takes_everything_that_prints() {
    let rules = json!({"zones": {"front": {"maxLength": 1}}});
    assert_eq!(judged(&rules, &json!({"text": "Anna 🎉", "zone": "back", "emoji": "monochrome"})), []);
    assert_eq!(judged(&json!({}), &json!({"text": "Anna", "font": "Lobster"})), []);
}

#[test]
fn rules_that_cannot_be_meant_are_refused_with_their_place() {
    let long = "a".repeat(501);
    let cases = [
        (json!([]), "type", ""),
        (json!({"zone": {}}), "unknown_field", "/zone"),
        (json!({"zones": {"sleeve": {}}}), "unknown_zone", "/zones/sleeve"),
        (json!({"zones": {"front": {"maxlength": 3}}}), "unknown_field", "/zones/front/maxlength"),
        (json!({"zones": {"front": {"maxLength": 0}}}), "range", "/zones/front/maxLength"),
        (json!({"zones": {"front": {"minLength": 9, "maxLength": 3}}}), "range", "/zones/front/minLength"),
        (json!({"zones": {"front": {"minSizeMm": 9, "maxSizeMm": 3}}}), "range", "/zones/front/minSizeMm"),
        (json!({"zones": {"front": {"required": "yes"}}}), "type", "/zones/front/required"),
        (json!({"zones": {"front": {"scripts": ["Latin"]}}}), "word", "/zones/front/scripts/0"),
        (json!({"zones": {"front": {"fonts": ["Lobster", "Comic Sans"]}}}), "word", "/zones/front/fonts/1"),
        (json!({"zones": {"front": {"colors": ["red"]}}}), "word", "/zones/front/colors/0"),
        (json!({"zones": {"front": {"colors": []}}}), "empty", "/zones/front/colors"),
        (json!({"zones": {"front": {"pattern": "("}}}), "pattern", "/zones/front/pattern"),
        (json!({"zones": {"front": {"pattern": "a)|(b"}}}), "pattern", "/zones/front/pattern"),
        (json!({"zones": {"front": {"pattern": "(\\w{1,500}){1,500}"}}}), "pattern", "/zones/front/pattern"),
        (json!({"zones": {"front": {"pattern": long}}}), "pattern", "/zones/front/pattern"),
        (json!({"zones": {"front": {"patternHint": {"en": "x"}}}}), "missing", "/zones/front/patternHint/fr"),
        (json!({"blockedWords": ["ok", "!!"]}), "empty", "/blockedWords/1"),
    ];
    let zones = spec(&json!({"text": "x"})).zones().to_vec();
    for (rules, code, pointer) in cases {
        let problems = check_rules(&rules, &zones).expect_err(&rules.to_string());
        let found = problems.iter().find(|p| p.code == code && p.pointer == pointer);
        assert_sentences(found.unwrap_or_else(|| panic!("{rules}: {problems:?}")));
    }
}

/// A pattern that would run for ages in a backtracking engine.
#[test]
fn patterns_run_in_linear_time() {
    let rules = json!({"zones": {"front": {"pattern": "(a+)+b"}}});
    let problems = judged(&rules, &json!({"text": "a".repeat(400), "fit": "wrap"}));
    assert!(problems.iter().any(|p| p.code == "pattern"));
}

#[test]
fn a_family_is_one_picture_or_refused() {
    let monochrome = |text: &str| judged(&json!({}), &json!({"text": text, "emoji": "monochrome"}));
    assert_eq!(monochrome("I ♥ you 👩\u{200d}👩\u{200d}👧\u{200d}👦 🎉"), []);
    assert_eq!(monochrome("👍🏽"), []);
    let problems = monochrome("🎉\u{200d}🎉");
    assert_eq!(problems[0].code, "missing_glyph", "no font has two parties in one");
}
