//! Hostile and mistaken specs are refused with a pointer and a sentence, never echoed, never rounded.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use platen_press::{Problem, check, check_str};
use serde_json::{Value, json};

const MUG: &str = include_str!("../../fixtures/specs/01-mug-unicode-name.json");

fn mug() -> Value {
    serde_json::from_str::<Value>(MUG).unwrap()["spec"].clone()
}

fn with(pointer: &str, value: Value) -> Vec<Problem> {
    let mut spec = mug();
    *spec.pointer_mut(pointer).unwrap() = value;
    check(&spec).expect_err(pointer)
}

#[test]
fn each_wrong_value_is_named_by_its_pointer() {
    let cases = [
        ("/specVersion", json!("2.0.0"), "word"),
        ("/product", json!([]), "type"),
        ("/product/id", json!("no spaces please"), "name"),
        ("/product/id", json!(""), "name"),
        ("/product/zones", json!([]), "empty"),
        ("/product/zones/0/id", json!("../etc/passwd"), "name"),
        ("/product/zones/0/widthMm", json!(1e308), "range"),
        ("/product/zones/0/widthMm", json!(-1), "range"),
        ("/product/zones/0/widthMm", json!(0), "range"),
        ("/product/zones/0/widthMm", json!(2000.001), "range"),
        ("/product/zones/0/widthMm", json!(80.0001), "precision"),
        ("/product/zones/0/widthMm", json!("80"), "type"),
        ("/product/zones/0/widthMm", json!(null), "type"),
        ("/product/zones/0/bleedMm", json!(51), "range"),
        ("/product/zones/0/background", json!("red"), "color"),
        ("/product/zones/0/background", json!("#fff"), "color"),
        ("/product/zones/0/background", json!("#ff\u{e9}ff"), "color"),
        ("/layers", json!([]), "empty"),
        ("/layers/0/zone", json!("back"), "unknown_zone"),
        ("/layers/0/type", json!("script"), "word"),
        ("/layers/0/shape", json!("star"), "word"),
        ("/layers/0/box/w", json!(0), "range"),
        ("/layers/0/box/x", json!(1e300), "range"),
        ("/layers/1/sizeMm", json!(0.1), "range"),
        ("/layers/1/minSizeMm", json!(17), "range"),
        ("/layers/1/fit", json!("squeeze"), "word"),
        ("/layers/1/text", json!("x".repeat(501)), "too_long"),
        ("/layers/1/text", json!(format!("x{}", "\u{301}".repeat(3000))), "too_long"),
        ("/layers/1/effect/widthMm", json!(21), "range"),
    ];
    for (pointer, value, code) in cases {
        let problems = with(pointer, value.clone());
        let found = problems.iter().any(|p| p.code == code && p.pointer == pointer);
        assert!(found, "{pointer} {value}: {problems:?}");
        for problem in &problems {
            assert!(problem.message.ends_with('.'), "{problem:?}");
        }
    }
}

#[test]
fn every_failure_is_collected() {
    let mut spec = mug();
    spec["product"]["zones"][0]["widthMm"] = json!(-1);
    spec["layers"][0]["color"] = json!("blue");
    spec["layers"][1]["surprise"] = json!(1);
    spec["layers"][1].as_object_mut().unwrap().remove("font");
    let problems = check(&spec).unwrap_err();
    let at: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(at, ["/product/zones/0/widthMm", "/layers/0/color", "/layers/1/font", "/layers/1/surprise"]);
}

#[test]
fn values_are_never_echoed() {
    let secret = "correct-horse-battery-staple";
    for pointer in ["/specVersion", "/product/zones/0/background", "/layers/0/color", "/layers/1/fit", "/layers/0/type"]
    {
        for problem in with(pointer, json!(secret)) {
            assert!(!problem.message.contains(secret), "{problem:?}");
        }
    }
    let mut spec = mug();
    spec["k".repeat(5000)] = json!(1);
    let problems = check(&spec).unwrap_err();
    assert_eq!((problems[0].code, problems[0].pointer.as_str()), ("unknown_field", ""));
}

#[test]
fn raw_text_keeps_what_a_parsed_value_forgets() {
    let raw = serde_json::to_string(&mug()).unwrap();
    let twice = raw.replace("\"kind\":\"mug\"", "\"kind\":\"mug\",\"kind\":\"cup\"");
    let problem = &check_str(&twice).unwrap_err()[0];
    assert_eq!((problem.code, problem.pointer.as_str()), ("duplicate_key", "/product/kind"));
    // As a float this is exactly 80.
    let finer = raw.replace("\"widthMm\":80", "\"widthMm\":80.00000000000000000001");
    assert_eq!(check_str(&finer).unwrap_err()[0].code, "precision");
}

#[test]
fn malformed_deep_and_long_text_is_refused_quickly() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    let long = format!("{{\"specVersion\":\"{}\"}}", "x".repeat(300_000));
    for (text, code) in [
        ("", "not_json"),
        ("{", "not_json"),
        ("{\"a\":1,}", "not_json"),
        ("{\"a\":NaN}", "not_json"),
        ("\"\\ud800\"", "not_json"),
        ("null", "type"),
        (deep.as_str(), "too_deep"),
        (deep_objects.as_str(), "too_deep"),
        (long.as_str(), "too_long"),
    ] {
        let problems = check_str(text).unwrap_err();
        assert_eq!(problems[0].code, code, "{}", &text[..text.len().min(40)]);
    }
    let mut value = json!(1);
    for _ in 0..100 {
        value = json!([value]);
    }
    assert_eq!(check(&value).unwrap_err()[0].code, "too_deep");
}

#[test]
fn limits_over_the_whole_spec_hold() {
    let zone = |id: usize, side: f64| json!({"id": format!("z{id}"), "widthMm": side, "heightMm": side});
    let layer =
        |zone: &str| json!({"zone": zone, "type": "image", "href": "a", "box": {"x": 0, "y": 0, "w": 1, "h": 1}});
    let spec = |zones: Vec<Value>, layers: Vec<Value>| json!({"specVersion": "1.0.0", "product": {"id": "p", "kind": "mug", "zones": zones}, "layers": layers});
    let code = |spec: Value| check(&spec).unwrap_err()[0].clone();
    assert_eq!(code(spec((0..17).map(|i| zone(i, 10.0)).collect(), vec![layer("z0")])).code, "too_many");
    assert_eq!(code(spec(vec![zone(0, 10.0)], vec![layer("z0"); 65])).code, "too_many");
    assert_eq!(code(spec(vec![zone(0, 10.0)], vec![layer("z0"); 21])).pointer, "/layers");
    assert_eq!(code(spec(vec![zone(0, 1500.0)], vec![layer("z0")])).code, "too_large");
    let same = json!({"id": "Z0", "widthMm": 10, "heightMm": 10});
    assert_eq!(code(spec(vec![zone(0, 10.0), same], vec![layer("z0")])).code, "duplicate");
    let outside = json!({"zone": "z0", "type": "image", "href": "a", "box": {"x": 10, "y": 0, "w": 1, "h": 1}});
    assert_eq!(code(spec(vec![zone(0, 10.0)], vec![outside])).code, "outside");
    for href in ["https://example.org/a.png", "data:image/png;base64,AA", "", "a b"] {
        let mut bad = layer("z0");
        bad["href"] = json!(href);
        assert_eq!(code(spec(vec![zone(0, 10.0)], vec![bad])).pointer, "/layers/0/href");
    }
}
