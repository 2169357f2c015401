//! The format moves on and leaves nothing behind: old designs keep their hash, are read for ever, and can be moved.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use platen_press::spec::Version;
use platen_press::{Assets, Checked, check_str, from_canonical, preview};
use serde_json::Value;

/// Hashes of version 1.0, written down when there was no other version: they must name the same designs for ever.
const KNOWN: [(&str, &str, &str); 4] = [
    (
        "01",
        include_str!("../../fixtures/specs/01-mug-unicode-name.json"),
        "bf09cc6c3fc62de8357f874854bfb50ffd612a2d11011c3e5230bb9c71daf55d",
    ),
    (
        "03",
        include_str!("../../fixtures/specs/03-tshirt-rtl-hebrew.json"),
        "25083614ff529c6fe2c5bcc04f444b6a0a67f7e6985301132379f09a025bce2a",
    ),
    (
        "05",
        include_str!("../../fixtures/specs/05-long-text-wrap.json"),
        "62e5eb70c8d342a4d9659af8ac02741803e401e42668d16076569c2075131759",
    ),
    (
        "08",
        include_str!("../../fixtures/specs/08-combining-marks.json"),
        "709acbb6a7f6b233a69e822b87c1da259aa0950d02582a8d7d6eeea74f2eefb7",
    ),
];

fn raw(sample: &str) -> String {
    serde_json::from_str::<Value>(sample).unwrap()["spec"].to_string()
}

#[test]
fn old_hashes_name_the_same_designs_and_are_read_back() {
    for (name, sample, hash) in KNOWN {
        let checked = check_str(&raw(sample)).unwrap();
        assert_eq!((checked.hash.as_str(), checked.spec.version()), (hash, Version::V1_0), "{name}");
        for word in ["valign", "direction", "emoji"] {
            assert!(!checked.canonical.contains(word), "{name}: 1.0 says nothing of {word}");
        }
        assert_eq!(from_canonical(&checked.canonical).unwrap(), checked.spec, "{name}");
    }
}

#[test]
fn a_moved_design_has_another_hash_and_looks_the_same() {
    for (name, sample, hash) in KNOWN {
        let old = check_str(&raw(sample)).unwrap();
        let new = Checked::from(old.spec.migrated(Version::NEWEST).unwrap());
        assert_ne!(new.hash, hash, "{name}");
        assert!(new.canonical.contains("\"valign\":\"middle\"") && new.canonical.contains("\"specVersion\":\"1.1.0\""));
        assert_eq!(from_canonical(&new.canonical).unwrap(), new.spec, "{name}");
        assert!(new.spec.migrated(Version::NEWEST).is_none() && new.spec.migrated(Version::V1_0).is_none());
        let drawn = |checked: &Checked| preview(&checked.spec, &Assets::new(), 300).unwrap();
        assert_eq!(drawn(&old), drawn(&new), "{name}: not a pixel moves");
        let posted = raw(sample).replace("\"1.0.0\"", "\"1.1.0\"");
        assert_eq!(check_str(&posted).unwrap().hash, new.hash, "{name}: as if it had been written so");
    }
}

#[test]
fn a_version_has_its_own_fields_and_no_others() {
    let sample = raw(KNOWN[0].1);
    let with = |version: &str, field: &str| {
        check_str(
            &sample.replace("\"1.0.0\"", version).replace("\"type\":\"text\"", &format!("\"type\":\"text\",{field}")),
        )
    };
    for field in ["\"valign\":\"top\"", "\"direction\":\"rtl\"", "\"emoji\":\"monochrome\""] {
        let problems = with("\"1.0.0\"", field).unwrap_err();
        assert_eq!(problems[0].code, "unknown_field", "{field}");
        assert!(with("\"1.1.0\"", field).is_ok(), "{field}");
    }
    assert_eq!(with("\"1.1.0\"", "\"valign\":\"centre\"").unwrap_err()[0].code, "word");
    assert_eq!(with("\"2.0.0\"", "\"valign\":\"top\"").unwrap_err().len(), 1, "only the version is wrong");
}
