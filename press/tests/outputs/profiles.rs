//! What each profile gives: names, sizes, kinds of files, and the promises that go with them.

use std::io::Read;

use crate::common::{Decoded, assets, png, sample, samples};
use platen_press::{File, Language, Profile, check, render};
use serde_json::json;

fn files(start: &str, profile: Profile) -> Vec<File> {
    let checked = sample(start).checked();
    render(&checked.spec, &assets(&checked.spec), profile).unwrap()
}

fn names(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn every_profile_begins_with_a_picture_and_ends_with_a_thumbnail() {
    for sample in samples().iter().filter(|sample| sample.valid()) {
        let checked = sample.checked();
        for profile in Profile::ALL {
            let files = render(&checked.spec, &assets(&checked.spec), profile).unwrap();
            let (first, last) = (&files[0], &files[files.len() - 1]);
            assert_eq!((first.media_type, last.path.as_str()), ("image/png", "thumbnail.png"), "{}", sample.name);
            let Decoded { width, height, .. } = png(&last.bytes);
            assert_eq!((width, height), (200, 200));
            assert!(png(&first.bytes).width > 100 || first.path != "mockup.png");
        }
    }
}

#[test]
fn webp_shows_the_very_pixels_of_the_png() {
    for (profile, stem) in [(Profile::Preview, "preview"), (Profile::Mockup, "mockup")] {
        let files = files("02", profile);
        assert_eq!(names(&files), [format!("{stem}.png"), format!("{stem}.webp"), "thumbnail.png".to_owned()]);
        let webp = image::load_from_memory_with_format(&files[1].bytes, image::ImageFormat::WebP).unwrap().into_rgba8();
        assert!(webp.into_raw() == png(&files[0].bytes).rgba, "lossless means lossless");
    }
}

#[test]
fn print_resolution_comes_with_bleed_and_density() {
    let files = files("02", Profile::Final);
    assert_eq!(names(&files), ["left.png", "right.png", "handle.png", "thumbnail.png"]);
    let left = png(&files[0].bytes);
    // round((85 + 2·2) / 25.4 · 300), and the same for 90.
    assert_eq!((left.width, left.height, left.density), (1051, 1110, Some(11_811)));
}

#[test]
fn models_come_with_the_kinds_that_have_one() {
    assert_eq!(names(&files("01", Profile::Model)), ["mockup.png", "model.glb", "model.usdz", "thumbnail.png"]);
    assert_eq!(names(&files("03", Profile::Model)), ["mockup.png", "model.glb", "thumbnail.png"]);
    assert_eq!(names(&files("08", Profile::Model)), ["mockup.png", "thumbnail.png"], "a picture there always is");
}

#[test]
fn every_file_of_a_usdz_begins_at_a_multiple_of_64() {
    let files = files("01", Profile::Model);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&files[2].bytes)).unwrap();
    assert_eq!(zip.len(), 2);
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let name = entry.name().unwrap().into_owned();
        assert_eq!(entry.data_start().unwrap() % 64, 0, "{name}");
        assert_eq!(name.ends_with(".usda"), index == 0, "the scene comes first");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(!bytes.is_empty());
    }
}

#[test]
fn a_proof_is_a_picture_and_a_document_in_either_language() {
    for (language, word) in [(Language::En, "Proof"), (Language::Fr, "Bon")] {
        let files = files("02", Profile::Proof(language));
        assert_eq!(names(&files), ["proof.png", "proof.pdf", "thumbnail.png"]);
        let page = png(&files[0].bytes);
        assert_eq!((page.width, page.height % 1240), (1754, 0), "A4 pages below each other");
        assert!(files[1].bytes.starts_with(b"%PDF-1.6"));
        // In the clear, or as two bytes a letter where an accent asks for them.
        let wide: Vec<u8> = word.bytes().flat_map(|b| [0, b]).collect();
        let says = |what: &[u8]| files[1].bytes.windows(what.len()).any(|window| window == what);
        let hex: String = wide.iter().map(|b| format!("{b:02X}")).collect();
        assert!(
            says(word.as_bytes()) || says(&wide) || says(hex.as_bytes()) || says(hex.to_lowercase().as_bytes()),
            "the document says what it is"
        );
    }
}

#[test]
fn a_proof_lists_as_many_layers_as_a_design_may_have() {
    let layer = |n: usize| {
        json!({"zone": "a", "type": "text", "text": format!("Line {n}"), "font": "Noto Sans", "color": "#112233", "sizeMm": 30, "minSizeMm": 1,
               "fit": "shrink", "align": "left", "box": {"x": 0, "y": n, "w": 20, "h": 4}})
    };
    let wire = json!({
        "specVersion": "1.0.0", "product": {"id": "many", "kind": "card", "zones": [{"id": "a", "widthMm": 100, "heightMm": 100, "bleedMm": 3}]},
        "layers": (0..64).map(layer).collect::<Vec<_>>(),
    });
    let checked = check(&wire).unwrap();
    let files = render(&checked.spec, &assets(&checked.spec), Profile::Proof(Language::En)).unwrap();
    assert!(png(&files[0].bytes).height >= 4 * 1240, "64 layers and their warnings take several pages");
}

/// The smallest, the largest and the narrowest zones there may be, of every kind: always a picture, never a panic.
#[test]
fn extreme_zones_have_pictures_too() {
    for kind in ["mug", "tshirt", "tote", "poster", "plate", "anything"] {
        for (width, height) in [(0.1, 0.1), (2000.0, 0.1), (0.1, 2000.0), (1000.0, 1000.0)] {
            let wire = json!({
                "specVersion": "1.0.0",
                "product": {"id": "extreme", "kind": kind, "zones": [{"id": "a", "widthMm": width, "heightMm": height, "bleedMm": 0, "background": "#457b9d"}]},
                "layers": [{"zone": "a", "type": "shape", "shape": "ellipse", "color": "#e63946", "box": {"x": 0, "y": 0, "w": width, "h": height}}],
            });
            let checked = check(&wire).unwrap();
            for profile in [Profile::Mockup, Profile::Model] {
                let files = render(&checked.spec, &assets(&checked.spec), profile).unwrap();
                assert!(png(&files[0].bytes).width == 1200, "{kind} {width} {height}");
            }
        }
    }
}
