//! What outside validators say of the models. They are found by `TEST_GLTF_VALIDATOR` and `TEST_USD_PYTHON`, which
//! `cargo xtask test` always sets; a run that lacks them is a failure there, since the suite is missed.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use platen_press::{Assets, Profile, check_str, render};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Writes the models of a mug, a shirt and a poster; answers the files of one ending.
fn models(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let sample = |path: &str| {
        let text = std::fs::read_to_string(root().join("fixtures").join(path)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.get("spec").map_or(text, ToString::to_string)
    };
    let mut found = Vec::new();
    for path in
        ["specs/01-mug-unicode-name.json", "specs/02-mug-multi-zone.json", "mockups/tee.json", "mockups/poster.json"]
    {
        let checked = check_str(&sample(path)).unwrap();
        let mut assets = Assets::new();
        for href in checked.spec.assets() {
            assets.insert(href, &std::fs::read(root().join("fixtures/specs").join(href)).unwrap()).unwrap();
        }
        for file in render(&checked.spec, &assets, Profile::Model).unwrap().iter().filter(|f| f.path.ends_with(ending))
        {
            let stem = Path::new(path).file_stem().unwrap().to_string_lossy().into_owned();
            let target = folder.join(format!("{stem}{ending}"));
            std::fs::write(&target, &file.bytes).unwrap();
            found.push(target);
        }
    }
    found
}

fn suite_ran(variant: &str) {
    let Some(path) = std::env::var_os("PLATEN_SUITES_LOG") else { return };
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(log, "models {variant}").unwrap();
}

fn folder(name: &str) -> PathBuf {
    let folder = root().join("target").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn judge(program: OsString, args: &[OsString], files: &[PathBuf]) {
    let said = Command::new(&program).args(args).args(files).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{text}");
    assert_eq!(text.matches(": 0 errors").count(), files.len(), "{text}");
}

#[test]
fn the_gltf_validator_finds_nothing() {
    let Some(modules) = std::env::var_os("TEST_GLTF_VALIDATOR") else { return };
    let files = models(&folder("models-gltf"), ".glb");
    assert_eq!(files.len(), 4);
    judge("node".into(), &[root().join("xtask/validators/gltf.mjs").into(), modules], &files);
    suite_ran("gltf");
}

#[test]
fn the_usd_validators_find_nothing() {
    let Some(python) = std::env::var_os("TEST_USD_PYTHON") else { return };
    let files = models(&folder("models-usd"), ".usdz");
    assert_eq!(files.len(), 2, "of the mugs");
    judge(python, &[root().join("xtask/validators/usd.py").into()], &files);
    suite_ran("usd");
}
