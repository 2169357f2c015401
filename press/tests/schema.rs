//! The published schema and the parser agree: what the parser takes, the schema takes; what the schema can say and
//! refuses, the parser refuses too.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use jsonschema::Validator;
use platen_press::check;
use platen_press::spec::schema;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a schema cannot say, or says only of one value at a time.
const BEYOND: [&str; 8] =
    ["precision", "unknown_zone", "outside", "duplicate", "too_large", "too_long", "too_many", "too_deep"];

fn samples() -> Vec<Value> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/specs");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let read = |path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()["spec"].take();
    files.map(read).collect()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// Both say of a value whether it is a spec; the schema may be the more patient one.
fn agree(validator: &Validator, spec: &Value) -> Result<(), String> {
    let said = check(spec);
    match (validator.is_valid(spec), &said) {
        (true, Ok(_)) | (false, Err(_)) => Ok(()),
        (false, Ok(_)) => Err(format!("the schema refuses what the parser takes: {spec}")),
        (true, Err(problems)) => {
            let crosses = |p: &platen_press::Problem| {
                // A radius, a smallest size and a box are judged against another field of the same object.
                BEYOND.contains(&p.code)
                    || (p.code == "range" && (p.pointer.ends_with("/cutContour") || p.pointer.ends_with("/minSizeMm")))
            };
            let beyond = problems.iter().all(crosses);
            if beyond { Ok(()) } else { Err(format!("the schema takes what the parser refuses: {problems:?} {spec}")) }
        }
    }
}

#[test]
fn the_published_schema_is_the_one_the_parser_means() {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/spec.schema.json");
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&schema()).unwrap() + "\n").unwrap();
    }
    // As values: the order of keys depends on how the JSON crate was built.
    let kept = serde_json::from_str::<Value>(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert!(kept == schema(), "docs/spec.schema.json differs; if that was meant: cargo xtask golden");
    jsonschema::meta::validate(&schema()).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn samples_pass_both_and_addresses_neither() {
    let validator = validator();
    for spec in samples() {
        assert!(check(&spec).is_ok() && validator.is_valid(&spec), "{spec}");
        let mut hostile = spec.clone();
        hostile["previewUrl"] = json!("https://evil.example/preview.png");
        assert!(check(&hostile).is_err() && !validator.is_valid(&hostile));
        hostile = spec.clone();
        hostile["layers"][0] = json!({"zone": "z", "type": "image", "href": "https://evil.example/a.png",
            "box": {"x": 0, "y": 0, "w": 10, "h": 10}});
        assert!(check(&hostile).is_err() && !validator.is_valid(&hostile));
    }
}

/// Changes one place of a value: removed, replaced, or given a field nobody asked for.
fn mutated(mut spec: Value, steps: &[usize], change: usize) -> Value {
    damage(&mut spec, steps, change);
    spec
}

fn damage(place: &mut Value, steps: &[usize], change: usize) {
    if let Some((step, rest)) = steps.split_first() {
        let inner = match place {
            Value::Object(fields) => {
                let index = step % fields.len().max(1);
                fields.iter_mut().nth(index).map(|(_, value)| value)
            }
            Value::Array(items) => {
                let index = step % items.len().max(1);
                items.get_mut(index)
            }
            _ => None,
        };
        if let Some(inner) = inner {
            return damage(inner, rest, change);
        }
    }
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1e9),
        json!(2_000_001),
        json!(""),
        json!("#12345g"),
        json!("#ABCDEF"),
        json!("text"),
        json!("shape"),
        json!("a b"),
        json!("../x"),
        json!([]),
        json!({}),
        json!("1.1.0"),
        json!("middle"),
        json!("x".repeat(300)),
        json!(0.1),
        json!([1]),
        json!({"kind": "shadow"}),
    ];
    match (change % (strange.len() + 3), place) {
        (0, Value::Object(fields)) => drop(fields.insert("surprise".to_owned(), json!(1))),
        (1, Value::Object(fields)) => drop(fields.insert("valign".to_owned(), json!("top"))),
        (2, Value::Object(fields)) => {
            let first = fields.keys().next().cloned().unwrap_or_default();
            fields.remove(&first);
        }
        (n, place) => *place = strange[n % strange.len()].clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn parser_and_schema_agree_on_damaged_designs(which: usize, steps in prop::collection::vec(any::<usize>(), 0..6), change: usize) {
        thread_local!(static VALIDATOR: (Validator, Vec<Value>) = (validator(), samples()));
        VALIDATOR.with(|(validator, samples)| {
            let spec = mutated(samples[which % samples.len()].clone(), &steps, change);
            prop_assert_eq!(agree(validator, &spec), Ok(()));
            Ok(())
        })?;
    }
}
