//! `platen spec`, `platen press` and `platen bundle`: designs in files, without any server.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use std::path::{Path, PathBuf};

use platen_shared::canon::sha256_hex;
use serde_json::{Value, json};

use cli::{platen, said};

fn sample(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/specs");
    let mut found = std::fs::read_dir(folder).expect("samples").map(|entry| entry.expect("a file").path());
    let path = found.find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name)));
    path.expect("a sample of this name").display().to_string()
}

fn run(words: &[&str]) -> (i32, String, String) {
    said(&platen(words).output().expect("platen starts"))
}

fn run_json(words: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(words);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words:?}: {error}: {out}{err}")))
}

#[test]
fn every_sample_is_judged_as_it_says_itself() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/specs");
    let mut judged = 0;
    for entry in std::fs::read_dir(folder).expect("samples") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let expect: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("text")).expect("JSON");
        let (valid, file) = (expect["expect"]["valid"] == true, path.display().to_string());
        let (code, said) = run_json(&["spec", "check", &file, "--json"]);
        assert_eq!((code, &said["valid"]), (i32::from(!valid), &json!(valid)), "{file}: {said}");
        for error in said["errors"].as_array().expect("a list") {
            assert!(error["pointer"].as_str().is_some_and(|pointer| pointer.starts_with('/')), "{error}");
            assert!(
                error["code"].is_string() && error["message"].is_string() && error["translations"]["fr"].is_string()
            );
        }
        let (code, out, err) = run(&["spec", "check", &file]);
        assert_eq!(code, i32::from(!valid));
        assert!(if valid { out.starts_with("valid ") } else { err.contains("/layers/0/") }, "{out}{err}");
        judged += 1;
    }
    assert!(judged >= 15);
}

#[test]
fn what_is_canonical_is_what_is_hashed() {
    let file = sample("01");
    let (code, canonical, _) = run(&["spec", "canonical", &file]);
    let (_, hash, _) = run(&["spec", "hash", &file]);
    assert_eq!((code, hash.trim()), (0, sha256_hex(&canonical).as_str()));
    let (_, both) = run_json(&["spec", "canonical", &file, "--json"]);
    assert_eq!((&both["hash"], &both["canonical"]), (&json!(hash.trim()), &json!(canonical)));
    let (code, moved) = run_json(&["spec", "migrate", &file, "--json"]);
    assert_eq!((code, &moved["migratedFrom"]), (0, &json!(hash.trim())));
    assert_ne!(moved["hash"], hash.trim());
    let (code, _, err) = run(&["spec", "migrate", &sample("10")]);
    assert!(code == 1 && err.contains("already"), "{err}");
    let (code, schema) = run_json(&["spec", "schema"]);
    assert_eq!((code, &schema["title"]), (0, &json!("Design spec")));
}

#[test]
fn every_failure_has_its_code_and_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("spec.json");
    let spec = json!({ "specVersion": "1.1.0", "product": { "id": "p", "kind": "mug", "zones": [{ "id": "z", "widthMm": 80.0005, "heightMm": 80 }] },
        "layers": [{ "zone": "z", "type": "shape", "shape": "star", "color": "red", "box": { "x": 0, "y": 0, "w": 1, "h": 1 } }] });
    std::fs::write(&file, spec.to_string()).expect("written");
    let path = file.display().to_string();
    let (code, said) = run_json(&["spec", "hash", &path, "--json"]);
    let found: Vec<_> = said["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| (e["code"].as_str(), e["pointer"].as_str()))
        .collect();
    assert_eq!(code, 1);
    assert_eq!(
        found,
        [
            (Some("precision"), Some("/product/zones/0/widthMm")),
            (Some("word"), Some("/layers/0/shape")),
            (Some("color"), Some("/layers/0/color"))
        ]
    );
    for (text, code) in
        [("{", "not_json"), ("[]", "type"), ("{\"specVersion\":\"1.0.0\",\"specVersion\":\"1.0.0\"}", "duplicate_key")]
    {
        std::fs::write(&file, text).expect("written");
        assert_eq!(run_json(&["spec", "check", &path, "--json"]).1["errors"][0]["code"], code, "{text}");
    }
    let (code, _, err) = run(&["spec", "check", "nowhere.json"]);
    assert!(code == 1 && err.contains("nowhere.json cannot be read"), "{err}");
}

#[test]
fn rules_of_a_file_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.json").display().to_string();
    std::fs::write(&rules, json!({ "zones": { "front": { "maxLength": 5 } } }).to_string()).expect("written");
    let (code, said) = run_json(&["spec", "check", &sample("01"), "--rules", &rules, "--json"]);
    assert_eq!(
        (code, &said["errors"][0]["code"], &said["errors"][0]["pointer"]),
        (1, &json!("too_long"), &json!("/layers/1/text"))
    );
    std::fs::write(&rules, json!({ "zones": { "back": {} } }).to_string()).expect("written");
    let (_, said) = run_json(&["spec", "check", &sample("01"), "--rules", &rules, "--json"]);
    assert_eq!(said["errors"][0]["code"], "unknown_zone");
}

/// Every file that an answer names is there, with that hash.
fn files(folder: &Path, said: &Value) -> Vec<String> {
    let files = said["files"].as_array().expect("files");
    let one = |file: &Value| {
        let path = file["path"].as_str().expect("a path").to_owned();
        let bytes = std::fs::read(folder.join(&path)).expect("it was written");
        assert_eq!(
            (file["sha256"].as_str(), file["bytes"].as_u64()),
            (Some(sha256_hex(&bytes).as_str()), Some(bytes.len() as u64))
        );
        path
    };
    files.iter().map(one).collect()
}

#[test]
fn the_press_draws_without_a_server_and_twice_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name).display().to_string();
    let (file, a, b) = (sample("02"), out("a"), out("b"));
    let (code, said) = run_json(&["press", &file, "--out", &a, "--json"]);
    assert_eq!(
        (code, files(Path::new(&a), &said)),
        (0, ["preview.png", "preview.webp", "thumbnail.png"].map(str::to_owned).to_vec())
    );
    let (_, again) = run_json(&["press", &file, "--out", &b, "--json"]);
    assert_eq!(said, again, "same spec, same bytes");
    let (code, last) = run_json(&["press", &file, "--out", &a, "--profile", "final", "--bundle", "--json"]);
    let names = files(Path::new(&a), &last);
    assert_eq!(code, 0);
    for name in ["left.svg", "right.pdf", "handle.png", "bundle.zip"] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    let (code, said) = run_json(&["press", &sample("06"), "--out", &out("c"), "--json"]);
    assert_eq!((code, &said["errors"][0]["code"]), (1, &json!("missing_glyph")));
    assert!(!Path::new(&out("c")).exists(), "what is refused leaves nothing");
    let elsewhere = folder.path().join("none").display().to_string();
    let (code, said) = run_json(&["press", &file, "--out", &out("d"), "--assets", &elsewhere, "--json"]);
    assert_eq!(
        (code, &said["errors"][0]["code"], &said["errors"][0]["pointer"]),
        (1, &json!("missing_asset"), &json!("/layers/1/href"))
    );
    let (code, _, err) = run(&["press", &file, "--out", &a, "--profile", "hologram"]);
    assert!(code == 2 && err.contains("possible values"), "{err}");
}

/// A folder that a bundle of two files was unpacked into.
fn unpacked(folder: &Path) {
    let files = [("items/01-mug/left.pdf", "%PDF-1.6"), ("items/01-mug/left.svg", "<svg/>")];
    let listed =
        files.map(|(path, text)| json!({ "path": path, "bytes": text.len(), "sha256": sha256_hex(text.as_bytes()) }));
    let manifest = json!({ "reference": "order-7", "pressVersion": "3", "fonts": [], "items": [{}], "files": listed });
    std::fs::create_dir_all(folder.join("items/01-mug")).expect("a folder");
    for (path, text) in files {
        std::fs::write(folder.join(path), text).expect("written");
    }
    let text = platen_shared::canon::canonical(&manifest).expect("JSON");
    std::fs::write(folder.join("manifest.json"), text).expect("written");
}

#[test]
fn whoever_receives_a_bundle_can_tell_whether_it_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).display().to_string();
    run(&["press", &sample("02"), "--out", &place("drawn"), "--bundle"]);
    let zip = place("drawn/bundle.zip");
    let (code, out, _) = run(&["bundle", "check", &zip]);
    assert!(code == 0 && out.starts_with("sound: all 9 files of "), "{out}");
    let mut bytes = std::fs::read(&zip).expect("the ZIP");
    let at = bytes.windows(5).position(|window| window == b"%PDF-").expect("a PDF is stored as it is");
    bytes[at + 5] = b'9';
    std::fs::write(&zip, bytes).expect("written");
    let (code, out, _) = run(&["bundle", "check", &zip]);
    assert!(code == 1 && out.contains(".pdf cannot be read") && out.contains("not sound: do not print"), "{out}");

    let (shop, words) = (folder.path().join("shop"), ["bundle", "check", &place("shop"), "--json"]);
    unpacked(&shop);
    let (code, said) = run_json(&words);
    assert_eq!((code, &said["sound"], &said["files"]), (0, &json!(true), &json!(2)), "{said}");
    std::fs::write(shop.join("items/01-mug/left.svg"), "<SVG/>").expect("written");
    std::fs::write(shop.join("items/right.pdf"), "%PDF").expect("written");
    std::fs::remove_file(shop.join("items/01-mug/left.pdf")).expect("removed");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", shop.join("items/01-mug/left.pdf")).expect("a link");
    let (code, said) = run_json(&words);
    let faults: Vec<&str> = said["faults"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(
        faults,
        [
            "items/01-mug/left.pdf is a link or a device: a bundle has files alone.",
            "items/01-mug/left.svg was changed: its SHA-256 is another.",
            "items/right.pdf is not in the manifest: somebody added it.",
            "items/01-mug/left.pdf is missing.",
        ]
    );
    assert_eq!((code, &said["sound"]), (1, &json!(false)));
    std::fs::write(shop.join("manifest.json"), "{}\n").expect("written");
    let (code, _, err) = run(&["bundle", "check", &place("shop")]);
    assert!(code == 1 && err.contains("is no bundle") && err.contains("canonical form"), "{err}");
    let (code, _, err) = run(&["bundle", "check", &place("nowhere")]);
    assert!(code == 1 && err.contains("cannot be read"), "{err}");
}
