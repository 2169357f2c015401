//! Every sample design does what its `expect` block says, measured on the real outputs.

use std::collections::BTreeSet;

use crate::common::{Sample, assets, png, sample, samples};
use platen_press::spec::{Content, Process};
use platen_press::{File, text, thumbnail, zone_files};
use serde_json::Value;
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn words(sample: &Sample) -> Vec<String> {
    let spec = sample.checked().spec;
    let of = |content: &Content| match content {
        Content::Text(text) => Some(text.text.clone()),
        _ => None,
    };
    spec.layers().iter().filter_map(|layer| of(&layer.content)).collect()
}

fn files(sample: &Sample) -> Vec<File> {
    let spec = sample.checked().spec;
    zone_files(&spec, &assets(&spec)).unwrap()
}

fn file<'f>(files: &'f [File], path: &str) -> &'f File {
    files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}"))
}

/// A page box of a PDF, in millimetres rounded to hundredths.
fn page_box(pdf: &[u8], name: &str) -> [f64; 4] {
    let text = String::from_utf8_lossy(pdf).into_owned();
    let rest = text.split_once(&format!("/{name} [")).unwrap().1;
    let numbers: Vec<f64> = rest.split_once(']').unwrap().0.split_whitespace().map(|n| n.parse().unwrap()).collect();
    let mm = |index: usize| (numbers[index] / 72.0 * 25.4 * 100.0).round() / 100.0;
    [mm(0), mm(1), mm(2), mm(3)]
}

/// Checks one field of an `expect` block; a field nobody checks fails the test.
fn check_field(sample: &Sample, field: &str, expected: &Value) {
    let spec = sample.checked().spec;
    let fitted = text::fit(&spec);
    match field {
        "valid" => assert_eq!(text::check(&spec).is_empty(), expected == true, "{}", sample.name),
        "missingGlyphs" => {
            let missing: Vec<String> = text::missing(&spec).into_iter().flat_map(|m| m.clusters).collect();
            assert_eq!(missing, strings(expected), "{}", sample.name);
        }
        "overflow" => {
            let overflow = text::check(&spec).iter().any(|problem| problem.code == "does_not_fit");
            assert_eq!(overflow, expected == true);
        }
        "normalizedText" => assert_eq!(words(sample), strings(expected)),
        "graphemeCount" => assert_eq!(words(sample)[0].graphemes(true).count() as u64, expected.as_u64().unwrap()),
        "reason" => {
            assert_eq!(text::check(&spec)[0].code, "empty_text");
            assert_eq!(expected, "empty after removing default-ignorable code points and spaces");
        }
        "shrunk" => {
            let Content::Text(text) = &spec.layers()[0].content else { panic!("a text layer") };
            assert_eq!(fitted.unwrap()[0].size_um < text.size_um, expected == true);
        }
        "sizeMmBelow" => assert!(f64::from(fitted.unwrap()[0].size_um) / 1000.0 < expected.as_f64().unwrap()),
        "singleLine" => assert_eq!(fitted.unwrap()[0].lines.len() == 1, expected == true),
        "linesAtLeast" => assert!(fitted.unwrap()[0].lines.len() as u64 >= expected.as_u64().unwrap()),
        "zones" => {
            let mut zones: Vec<String> = spec.zones().iter().map(|zone| zone.id.clone()).collect();
            zones.sort();
            assert_eq!(zones, strings(expected));
        }
        "process" => {
            assert!(spec.zones().iter().all(|zone| spec.process(zone) == Process::Engrave) && expected == "engrave")
        }
        "scripts" => {
            let real = |c: char| !matches!(c.script(), Script::Common | Script::Inherited);
            let all: BTreeSet<String> = words(sample)
                .concat()
                .chars()
                .filter(|c| real(*c))
                .map(|c| c.script().short_name().to_owned())
                .collect();
            assert_eq!(all.into_iter().collect::<Vec<_>>(), strings(expected));
        }
        "rtl" => assert_eq!(
            words(sample).iter().all(|text| unicode_bidi::BidiInfo::new(text, None).has_rtl()),
            expected == true
        ),
        // Seen in the pixels by `hebrew_starts_at_the_right_edge`.
        "visualOrder" => assert!(sample.name.starts_with("03")),
        "dxfLayers" => {
            let drawing = crate::dxf::read(&file(&files(sample), "plate.dxf").bytes);
            let layers: BTreeSet<&str> = drawing.lines.iter().map(|line| line.layer.as_str()).collect();
            assert_eq!(layers.into_iter().collect::<Vec<_>>(), strings(expected));
        }
        "dxfUnits" => {
            let drawing = crate::dxf::read(&file(&files(sample), "plate.dxf").bytes);
            assert_eq!((drawing.units.as_str(), expected), ("4", &Value::from("mm")));
        }
        "dxfExtentsMm" => {
            let drawing = crate::dxf::read(&file(&files(sample), "plate.dxf").bytes);
            assert_eq!(serde_json::json!(drawing.extents().map(|v| v.round() as i64)), *expected);
        }
        _ => check_output(sample, field, expected),
    }
}

fn check_output(sample: &Sample, field: &str, expected: &Value) {
    let files = files(sample);
    match field {
        "rasterPx300dpi" => {
            for (zone, size) in expected.as_object().unwrap() {
                let picture = png(&file(&files, &format!("{zone}.png")).bytes);
                assert_eq!(serde_json::json!([picture.width, picture.height]), *size, "{zone}");
                assert_eq!(picture.density, Some(11_811));
            }
        }
        "trimMm" => {
            for (zone, size) in expected.as_object().unwrap() {
                let [left, bottom, right, top] = page_box(&file(&files, &format!("{zone}.pdf")).bytes, "TrimBox");
                assert!((right - left - size[0].as_f64().unwrap()).abs() < 0.02, "{zone}");
                assert!((top - bottom - size[1].as_f64().unwrap()).abs() < 0.02, "{zone}");
            }
        }
        "mediaAtLeastMm" => {
            for (zone, size) in expected.as_object().unwrap() {
                let pdf = &file(&files, &format!("{zone}.pdf")).bytes;
                let media = page_box(pdf, "MediaBox");
                assert!(media[2] >= size[0].as_f64().unwrap() && media[3] >= size[1].as_f64().unwrap(), "{media:?}");
                assert_eq!(media, page_box(pdf, "BleedBox"));
            }
        }
        "transparentBackground" => {
            let picture = png(&file(&files, "chest.png").bytes);
            assert_eq!((picture.color_type, picture.at(0, 0)[3], expected), (6, 0, &Value::Bool(true)));
        }
        "cutContour" => {
            let svg = String::from_utf8(file(&files, "face.svg").bytes.clone()).unwrap();
            let path = svg.split_once("id=\"CutContour\"").unwrap().1.split_once("d=\"").unwrap().1;
            let path = path.split_once('"').unwrap().0;
            assert!(path.ends_with('Z'), "closed");
            let numbers: Vec<f64> =
                path.split(|c: char| c.is_alphabetic() || c == ' ').filter_map(|n| n.parse().ok()).collect();
            let most = numbers.iter().copied().fold(f64::MIN, f64::max);
            let least = numbers.iter().copied().fold(f64::MAX, f64::min);
            assert_eq!(serde_json::json!([least as i64, least as i64, most as i64, most as i64]), expected["bboxMm"]);
            let pdf = String::from_utf8_lossy(&file(&files, "face.pdf").bytes).into_owned();
            for needed in ["/Separation /CutContour /DeviceCMYK", "/OP true", "/op true", "/OPM 1"] {
                assert!(pdf.contains(needed), "{needed}");
            }
        }
        other => panic!("{}: nobody checks `{other}`", sample.name),
    }
}

#[test]
fn every_expectation_of_every_sample_holds() {
    for sample in samples() {
        for (field, expected) in sample.expect.as_object().unwrap() {
            check_field(&sample, field, expected);
        }
    }
}

#[test]
fn refused_designs_leave_no_files_and_valid_ones_have_thumbnails() {
    for sample in samples() {
        let spec = sample.checked().spec;
        let assets = assets(&spec);
        if sample.valid() {
            let picture = png(&thumbnail(&spec, &assets).unwrap());
            assert_eq!((picture.width, picture.height), (200, 200), "{}", sample.name);
            assert!(picture.rgba.chunks_exact(4).any(|px| px[3] == 255), "{} shows something", sample.name);
        } else {
            assert!(zone_files(&spec, &assets).is_err());
            assert!(thumbnail(&spec, &assets).is_err());
        }
    }
}

/// Right to left is seen in the pixels: the first Hebrew letter, shin, stands at the right edge of the line.
#[test]
fn hebrew_starts_at_the_right_edge() {
    let picture = png(&file(&files(&sample("03")), "chest.png").bytes);
    let px = |mm: f64| (mm / 25.4 * 300.0) as u32;
    let ink = |from: f64, to: f64| {
        let columns = px(from)..px(to);
        columns
            .flat_map(|x| (px(40.0)..px(100.0)).map(move |y| (x, y)))
            .filter(|(x, y)| picture.at(*x, *y)[3] > 128)
            .count()
    };
    assert!(ink(10.0, 15.0) > 0 && ink(262.0, 270.0) > 0, "the line fills its box");
    // Shin ends in an upright stroke; the digit at the other end has none.
    let rows_inked = |x_mm: f64| (px(40.0)..px(100.0)).filter(|y| picture.at(px(x_mm), *y)[3] > 128).count();
    assert!(rows_inked(266.0) > px(10.0) as usize, "an upright stroke near the right edge");
}

#[test]
fn nothing_needs_a_font_or_an_outside_file() {
    for sample in samples().iter().filter(|sample| sample.valid()) {
        for file in files(sample) {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            if file.path.ends_with(".svg") {
                assert!(!text.contains("<text") && !text.contains("href=\"http"), "{}", file.path);
            }
            if file.path.ends_with(".pdf") {
                assert!(!text.contains("/Font") && !text.contains("/CreationDate"), "{}", file.path);
            }
        }
    }
}
