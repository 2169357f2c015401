//! One design, one hash: however it was spelled.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use platen_press::spec::canonical_json;
use platen_press::{check, check_str, check_zones, from_canonical};
use proptest::prelude::*;
use serde_json::{Value, json};

const MUG: &str = include_str!("../../fixtures/specs/01-mug-unicode-name.json");

fn mug() -> Value {
    serde_json::from_str::<Value>(MUG).unwrap()["spec"].clone()
}

#[test]
fn rfc_8785_published_vector() {
    let input = r#"{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"#;
    let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(canonical_json(&serde_json::from_str::<Value>(input).unwrap()), expected);
}

#[test]
fn rfc_8785_sorts_keys_by_utf_16_units() {
    let input = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
      "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let text = canonical_json(&serde_json::from_str::<Value>(input).unwrap());
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
    let places: Vec<usize> = order.iter().map(|word| text.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn canonical_form_is_fixed() {
    let checked = check(&mug()).unwrap();
    assert_eq!(
        checked.canonical,
        "{\"layers\":[{\"box\":{\"hUm\":60000,\"wUm\":60000,\"xUm\":10000,\"yUm\":10000},\"color\":\"#f4a261\",\
         \"shape\":\"ellipse\",\"type\":\"shape\",\"zone\":\"front\"},{\"align\":\"center\",\"box\":{\"hUm\":20000,\
         \"wUm\":64000,\"xUm\":8000,\"yUm\":30000},\"color\":\"#1d3557\",\"effect\":{\"color\":\"#ffffff\",\
         \"kind\":\"outline\",\"widthUm\":600},\"fit\":\"shrink\",\"font\":\"Lobster\",\"minSizeUm\":4000,\
         \"sizeUm\":16000,\"text\":\"Zo\u{eb} & \u{141}ukasz\",\"type\":\"text\",\"zone\":\"front\"}],\"product\":{\
         \"id\":\"mug-11oz\",\"kind\":\"mug\",\"templateVersion\":1,\"zones\":[{\"background\":\"#fdf6e3\",\
         \"bleedUm\":2000,\"heightUm\":80000,\"id\":\"front\",\"widthUm\":80000}]},\"specVersion\":\"1.0.0\"}"
    );
    assert_eq!(checked.hash.len(), 64);
    assert_eq!(checked.spec.hash(), checked.hash);
    assert_eq!(from_canonical(&checked.canonical).unwrap(), checked.spec);
}

#[test]
fn spelling_of_numbers_defaults_and_marks_does_not_matter() {
    let raw = serde_json::to_string(&mug()).unwrap();
    let hash = check_str(&raw).unwrap().hash;
    for (from, to) in [
        ("\"widthMm\":80", "\"widthMm\":8.0e1"),
        ("\"widthMm\":80", "\"widthMm\":80.000"),
        ("\"widthMm\":0.6", "\"widthMm\":600e-3"),
        ("#fdf6e3", "#FDF6E3"),
        ("o\u{308}", "\u{f6}"),
        ("e\u{308}", "\u{eb}"),
        ("\"fit\":\"shrink\",", ""),
        ("\"id\":\"mug-11oz\"", "\"id\":\"mug-11oz\",\"templateVersion\":1"),
    ] {
        let other = raw.replace(from, to);
        assert_eq!(check_str(&other).unwrap().hash, hash, "{from} -> {to}");
    }
    let other = raw.replace("\"widthMm\":80", "\"widthMm\":80.001");
    assert_ne!(check_str(&other).unwrap().hash, hash);
}

#[test]
fn stored_text_that_is_not_canonical_is_refused() {
    let canonical = check(&mug()).unwrap().canonical;
    for broken in [
        canonical.replace("\"hUm\":60000", "\"hUm\": 60000"),
        canonical.replace("\"hUm\":60000", "\"hUm\":60000.0"),
        canonical.replace("\"templateVersion\":1,", ""),
        canonical.replace('\u{eb}', "e\u{308}"),
        canonical.replace("80000", "-1"),
        String::new(),
    ] {
        assert!(from_canonical(&broken).is_err(), "{broken}");
    }
}

#[test]
fn template_zones_compare_with_a_specs_zones() {
    let spec = check(&mug()).unwrap().spec;
    let zones = json!([{"id": "front", "heightMm": 80.0, "widthMm": 80, "bleedMm": 2, "background": "#FDF6E3"}]);
    assert_eq!(check_zones(&zones).unwrap(), spec.zones());
    let wider = json!([{"id": "front", "heightMm": 80.0, "widthMm": 81, "bleedMm": 2, "background": "#FDF6E3"}]);
    assert_ne!(check_zones(&wider).unwrap(), spec.zones());
    assert_eq!(check_zones(&json!([])).unwrap_err()[0].code, "empty");
    assert_eq!(check_zones(&json!([{"id": "a"}])).unwrap_err()[0].pointer, "/0/widthMm");
}

/// Writes `value` with its object keys in an order and spacing drawn from `seed`.
fn shuffled(value: &Value, seed: &mut u64) -> String {
    let mut next = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 40).unwrap()
    };
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            for i in (1..keys.len()).rev() {
                keys.swap(i, next() % (i + 1));
            }
            let space = ["", " ", "\n\t", "  "][next() % 4];
            let parts: Vec<String> =
                keys.iter().map(|k| format!("{space}{}{space}:{}", json!(k), shuffled(&fields[*k], seed))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(|item| shuffled(item, seed)).collect();
            format!("[{}]", parts.join(" , "))
        }
        other => other.to_string(),
    }
}

proptest! {
    // A failing case is printed in full; a regression file beside it would say nothing more.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_key_order_and_spacing_give_one_hash(mut seed: u64) {
        let spec = mug();
        prop_assert_eq!(check_str(&shuffled(&spec, &mut seed)).unwrap().hash, check(&spec).unwrap().hash);
    }

    #[test]
    fn composed_and_decomposed_text_give_one_hash(text in "[a-zA-Zäöüéèñçåşğı가-힣ắộ]{1,40}") {
        use unicode_normalization::UnicodeNormalization;
        let mut spec = mug();
        let hash = |text: String, spec: &mut Value| {
            spec["layers"][1]["text"] = json!(text);
            check(spec).unwrap().hash
        };
        prop_assert_eq!(hash(text.nfd().collect(), &mut spec), hash(text.nfc().collect(), &mut spec));
    }

    #[test]
    fn millimetres_survive_the_round_trip(um in 31_000_i32..2_000_000) {
        let mut spec = mug();
        let raw = serde_json::to_string(&spec).unwrap();
        let text = format!("{}.{:03}", um / 1000, um % 1000);
        let by_text = check_str(&raw.replace("\"heightMm\":80", &format!("\"heightMm\":{text}"))).unwrap();
        spec["product"]["zones"][0]["heightMm"] = json!(text.parse::<f64>().unwrap());
        prop_assert_eq!(by_text.spec.zones()[0].height_um, um);
        prop_assert_eq!(check(&spec).unwrap(), by_text);
    }
}
