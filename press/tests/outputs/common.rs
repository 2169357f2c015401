//! The sample designs and their pictures, for every test binary.

use std::path::PathBuf;

use platen_press::{Assets, Checked, Spec, check_str};
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// One sample: its name, the raw text of its spec, and what is expected of it.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) raw: String,
    pub(crate) expect: Value,
}

#[derive(serde::Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    spec: &'a RawValue,
    expect: Value,
}

impl Sample {
    pub(crate) fn checked(&self) -> Checked {
        check_str(&self.raw).unwrap_or_else(|problems| panic!("{}: {problems:?}", self.name))
    }

    pub(crate) fn valid(&self) -> bool {
        self.expect["valid"] == true
    }
}

/// Every sample, by name.
pub(crate) fn samples() -> Vec<Sample> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(fixtures().join("specs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "the sample designs are all there");
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let wrapped: Wrapped<'_> = serde_json::from_str(&text).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Sample { name, raw: wrapped.spec.get().to_owned(), expect: wrapped.expect }
    };
    names.iter().map(read).collect()
}

pub(crate) fn sample(start: &str) -> Sample {
    samples().into_iter().find(|sample| sample.name.starts_with(start)).unwrap()
}

pub(crate) fn asset(href: &str) -> Vec<u8> {
    std::fs::read(fixtures().join("specs").join(href)).unwrap()
}

pub(crate) fn assets(spec: &Spec) -> Assets {
    let mut assets = Assets::new();
    for href in spec.assets() {
        assets.insert(href, &asset(href)).unwrap();
    }
    assets
}

/// A PNG's size, colour type, pHYs density and pixels as RGBA.
pub(crate) struct Decoded {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) color_type: u8,
    pub(crate) density: Option<u32>,
    pub(crate) rgba: Vec<u8>,
}

pub(crate) fn png(bytes: &[u8]) -> Decoded {
    let picture = image::load_from_memory(bytes).unwrap().into_rgba8();
    let density = bytes.windows(4).position(|w| w == b"pHYs");
    let density = density.map(|at| u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()));
    let (width, height) = picture.dimensions();
    Decoded { width, height, color_type: bytes[25], density, rgba: picture.into_raw() }
}

impl Decoded {
    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 4] {
        let start = ((y * self.width + x) * 4) as usize;
        self.rgba[start..start + 4].try_into().unwrap()
    }
}
