//! Manifests of strangers: refused with a sentence, or read as one that names files which can be told apart; and files that are not there are missed.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use platen_press::manifest::Manifest;

fuzz_target!(|data: &[u8]| {
    let manifest = match Manifest::read(data) {
        Ok(manifest) => manifest,
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.ends_with('.') && sentence.len() < 1_200, "{sentence}");
            return;
        }
    };
    let names: BTreeSet<String> = manifest.files.iter().map(|file| file.path.to_lowercase()).collect();
    assert!(names.len() == manifest.files.len() && !names.contains("manifest.json"));
    assert!(manifest.files.is_sorted_by(|a, b| a.path < b.path));
    for name in names.iter().flat_map(|path| path.split('/')) {
        assert!(!name.is_empty() && !name.starts_with('.') && name.is_ascii(), "{name}");
    }
    let again = serde_json_canonicalizer::to_vec(&manifest).expect("JSON");
    assert!(Manifest::read(&again).expect("its own text") == manifest);
    assert_eq!(manifest.compare().finish().len(), manifest.files.len(), "what is not there is missed");
    let mut comparison = manifest.compare();
    manifest.files.iter().for_each(|file| comparison.file(&file.path, std::io::empty()));
    comparison.file("added", std::io::empty());
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let wrong = manifest.files.iter().filter(|file| file.bytes > 0 || file.sha256 != nothing).count();
    let faults = comparison.finish();
    // Added, or there twice.
    assert_eq!(faults.len(), wrong + 1, "{faults:?}");
});
