//! A bundle can be proven file by file and unpacked safely.

use std::io::{Cursor, Read};

use crate::common::{assets, sample};
use platen_press::{File, Item, PRESS_VERSION, PressError, bundle, text, zone_files};
use sha2::{Digest, Sha256};

fn file(path: &str) -> File {
    File { path: path.to_owned(), media_type: "image/png", bytes: vec![1, 2, 3] }
}

fn item<'a>(name: &'a str, files: Vec<File>) -> Item<'a> {
    Item { name, quantity: 1, spec_hash: "h", approval: None, files }
}

#[test]
fn the_manifest_matches_every_file_in_the_zip() {
    let checked = sample("02").checked();
    let files = zone_files(&checked.spec, &assets(&checked.spec)).unwrap();
    let lines = vec![
        Item { name: "mug-1", quantity: 2, spec_hash: &checked.hash, approval: None, files: files.clone() },
        Item { name: "mug-2", quantity: 1, spec_hash: &checked.hash, approval: None, files },
    ];
    let bundle = bundle("order-7", lines).unwrap();
    let manifest = &bundle.manifest;
    assert_eq!((&manifest["reference"], &manifest["pressVersion"]), (&"order-7".into(), &PRESS_VERSION.into()));
    assert_eq!(manifest["fonts"].as_array().unwrap().len(), text::fonts().len());
    assert_eq!(manifest["items"][0]["specHash"], checked.hash);
    assert_eq!(manifest["items"][0]["quantity"], 2);

    let mut zip = zip::ZipArchive::new(Cursor::new(&bundle.zip)).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!((listed.len(), zip.len()), (18, 19));
    for entry in listed {
        let mut bytes = Vec::new();
        let mut packed = zip.by_name(entry["path"].as_str().unwrap()).unwrap();
        assert_eq!(packed.last_modified().unwrap(), zip::DateTime::default());
        assert_eq!(packed.unix_mode().unwrap() & 0o777, 0o644);
        packed.read_to_end(&mut bytes).unwrap();
        let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((entry["bytes"].as_u64().unwrap(), &entry["sha256"]), (bytes.len() as u64, &sum.into()));
    }
    let mut inside = String::new();
    zip.by_name("manifest.json").unwrap().read_to_string(&mut inside).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&inside).unwrap(), *manifest);
}

#[test]
fn names_that_leave_the_folder_or_clash_are_refused() {
    let refused = |items: Vec<Item<'_>>| matches!(bundle("r", items), Err(PressError::OutOfLimits(_)));
    for name in ["", "..", "a/b", "/etc", "a b", "C:", ".hidden", "a\0"] {
        assert!(refused(vec![item(name, vec![file("a.png")])]), "{name:?}");
        assert!(refused(vec![item("ok", vec![file(name)])]) || name == "a/b", "{name:?}");
    }
    assert!(refused(vec![]));
    assert!(refused(vec![item("a", vec![]), item("A", vec![])]));
    assert!(refused(vec![item("a", vec![file("x.png"), file("X.png")])]));
    assert!(bundle("r\n", vec![item("a", vec![])]).is_err());
    assert!(bundle("r", vec![item("a", vec![file("x.png")])]).is_ok());
}
