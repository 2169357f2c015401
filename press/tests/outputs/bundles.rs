//! A bundle can be proven file by file and unpacked safely.

use std::io::{Cursor, Read};

use crate::common::{assets, sample};
use platen_press::manifest::{Manifest, check_zip};
use platen_press::{File, Head, Item, Naming, PRESS_VERSION, Packer, PressError, Printed, bundle, print_files, text};
use serde_json::json;
use sha2::{Digest, Sha256};

#[test]
fn the_manifest_matches_every_file_in_the_zip() {
    let checked = sample("02").checked();
    let printed = print_files(&checked.spec, &assets(&checked.spec), None).unwrap();
    let item = |quantity| {
        let (product, spec_hash) = (checked.spec.product_id(), checked.hash.as_str());
        Item { product, quantity, spec_hash, approval: None, printed: printed.clone() }
    };
    let bundle = bundle("order-7", vec![item(2), item(1)], &Naming::default()).unwrap();
    let manifest = &bundle.manifest;
    assert_eq!((&manifest["reference"], &manifest["pressVersion"]), (&"order-7".into(), &PRESS_VERSION.into()));
    assert_eq!(manifest["fonts"].as_array().unwrap().len(), text::fonts().len());
    assert_eq!(manifest["items"][0]["specHash"], checked.hash);
    assert_eq!(manifest["items"][0]["quantity"], 2);
    let zone = &manifest["items"][0]["zones"][0];
    assert_eq!(
        (&zone["id"], &zone["color"]["space"], &zone["process"]),
        (&"left".into(), &"sRGB".into(), &"print".into())
    );
    assert!(zone["checks"].as_array().unwrap().iter().all(|check| check["detail"].is_string()));

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

fn packed(reference: &str, paths: &[&str], items: usize) -> Result<serde_json::Value, PressError> {
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    for path in paths {
        packer.begin(path)?;
        packer.write(b"123")?;
    }
    let head = Head { reference: reference.to_owned(), items: vec![json!({}); items] };
    packer.finish(&head).map(|(_, manifest)| manifest)
}

#[test]
fn names_that_leave_the_folder_or_clash_are_refused() {
    let refused = |paths: &[&str]| matches!(packed("r", paths, 1), Err(PressError::OutOfLimits(_)));
    for path in ["", "..", "/etc", "a b", "C:", ".hidden", "a\0", "a/../b", "a//b", "manifest.json", "Manifest.JSON"] {
        assert!(refused(&[path]), "{path:?}");
    }
    assert!(refused(&["X.png", "x.png"]) && !refused(&["a/x.png", "b/x.png"]));
    assert!(matches!(packed("r", &["b", "a"], 1), Err(PressError::Defect(_))), "out of order");
    assert!(packed("r\n", &["a"], 1).is_err() && packed("r", &["a"], 0).is_err() && packed("r", &["a"], 1001).is_err());
    assert!(packed("r", &["a"], 1).is_ok());
}

#[test]
fn names_come_from_the_template_and_pieces_change_nothing() {
    let checked = sample("07").checked();
    let printed: Printed = print_files(&checked.spec, &assets(&checked.spec), None).unwrap();
    let naming = Naming::new("{order}-{item}-{zone}-{quantity}").unwrap();
    let item = Item { product: "p", quantity: 3, spec_hash: &checked.hash, approval: None, printed: printed.clone() };
    let whole = bundle("A/7", vec![item], &naming).unwrap();
    let names: Vec<&str> =
        whole.manifest["files"].as_array().unwrap().iter().filter_map(|f| f["path"].as_str()).collect();
    assert_eq!(names, ["dxf", "pdf", "png", "svg"].map(|kind| format!("A-7-01-plate-3.{kind}")));
    // The same files byte by byte make the same ZIP.
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    for name in names {
        packer.begin(name).unwrap();
        let ending = name.rsplit_once('.').unwrap().1;
        let file: &File = printed.files.iter().find(|file| file.path.ends_with(ending)).unwrap();
        file.bytes.chunks(997).for_each(|piece| packer.write(piece).unwrap());
    }
    let items = whole.manifest["items"].as_array().unwrap().clone();
    let (zip, manifest) = packer.finish(&Head { reference: "A/7".to_owned(), items }).unwrap();
    assert!(zip.into_inner() == whole.zip && manifest == whole.manifest, "the same bytes");
}

/// Files of every size in pieces of every size, the same ones every time: the ZIP does not depend on the pieces, and another reader finds
/// every byte.
#[test]
fn whatever_is_packed_is_found_again() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % most
    };
    let head = Head { reference: "r".to_owned(), items: vec![json!({})] };
    for _ in 0..12 {
        let files: Vec<(String, Vec<u8>)> = (0..1 + next(5))
            .map(|n| {
                let bytes = (0..next(200_000)).map(|_| u8::try_from(next(7)).unwrap()).collect();
                (format!("{n}/{}.{}", "x".repeat(1 + next(30)), ["svg", "dxf", "pdf", "png"][next(4)]), bytes)
            })
            .collect();
        let mut packed = |piece: usize| {
            let mut packer = Packer::new(Cursor::new(Vec::new()));
            for (path, bytes) in &files {
                packer.begin(path).unwrap();
                bytes.chunks(1 + next(piece)).for_each(|piece| packer.write(piece).unwrap());
            }
            packer.finish(&head).unwrap().0.into_inner()
        };
        let (whole, pieces) = (packed(1_000_000), packed(5_000));
        assert!(whole == pieces);
        let mut zip = zip::ZipArchive::new(Cursor::new(&whole)).unwrap();
        assert_eq!(zip.len(), files.len() + 1);
        for (path, bytes) in &files {
            let mut found = Vec::new();
            zip.by_name(path).unwrap().read_to_end(&mut found).unwrap();
            assert!(found == *bytes, "{path}");
        }
    }
}

/// A bundle of two small files.
fn small() -> (Vec<u8>, serde_json::Value) {
    let mut packer = Packer::new(Cursor::new(Vec::new()));
    for (path, bytes) in [("items/01-mug/left.pdf", &b"%PDF-1.6"[..]), ("items/01-mug/left.svg", b"<svg/>")] {
        packer.begin(path).unwrap();
        packer.write(bytes).unwrap();
    }
    let head = Head { reference: "order-7".to_owned(), items: vec![json!({"item": 1})] };
    let (zip, manifest) = packer.finish(&head).unwrap();
    (zip.into_inner(), manifest)
}

#[test]
fn a_bundle_is_sound_or_says_which_file_is_not() {
    let (zip, manifest) = small();
    let (read, faults) = check_zip(Cursor::new(&zip)).unwrap();
    assert!(faults.is_empty() && json!(read) == manifest, "{faults:?}");
    let said = |found: &[(&str, &[u8])]| {
        let mut comparison = read.compare();
        found.iter().for_each(|(path, bytes)| comparison.file(path, *bytes));
        comparison.finish()
    };
    let (pdf, svg) = (("items/01-mug/left.pdf", &b"%PDF-1.6"[..]), ("items/01-mug/left.svg", &b"<svg/>"[..]));
    assert_eq!(said(&[svg, pdf]), Vec::<String>::new(), "in any order");
    assert_eq!(said(&[pdf]), ["items/01-mug/left.svg is missing."]);
    assert_eq!(said(&[pdf, svg, svg]), ["items/01-mug/left.svg is there twice."]);
    assert_eq!(
        said(&[pdf, svg, ("no\u{1b}te.txt", b"")]),
        ["no\\u{1b}te.txt is not in the manifest: somebody added it."]
    );
    for (bytes, what) in [(&b"<svg>"[..], "shorter"), (b"<svg/>\n", "longer"), (b"<SVG/>", "was changed")] {
        let faults = said(&[pdf, ("items/01-mug/left.svg", bytes)]);
        assert!(faults.len() == 1 && faults[0].starts_with("items/01-mug/left.svg ") && faults[0].contains(what));
    }
    // The PDF is stored as it is: a changed letter of it is a wrong checksum of the ZIP, too.
    let mut changed = zip.clone();
    let at = changed.windows(8).position(|window| window == b"%PDF-1.6").unwrap();
    changed[at + 7] = b'7';
    let (_, faults) = check_zip(Cursor::new(&changed)).unwrap();
    assert_eq!(faults, ["items/01-mug/left.pdf cannot be read to its end."]);
    for (bytes, sentence) in [(&b"PK"[..], "is no ZIP"), (b"", "is no ZIP"), (&zip[..zip.len() / 2], "is no ZIP")] {
        let error = check_zip(Cursor::new(bytes)).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn a_manifest_that_no_press_wrote_is_refused_with_a_sentence() {
    let (_, manifest) = small();
    let text = |value: &serde_json::Value| serde_json_canonicalizer::to_vec(value).unwrap();
    assert_eq!(json!(Manifest::read(&text(&manifest)).unwrap()), manifest);
    let changed = |change: fn(&mut serde_json::Value)| {
        let mut value = manifest.clone();
        change(&mut value);
        text(&value)
    };
    for (json, sentence) in [
        (b"{".to_vec(), "no JSON"),
        (serde_json::to_vec_pretty(&manifest).unwrap(), "canonical form"),
        (text(&json!([])), "expected struct Manifest"),
        (changed(|m| drop(m.as_object_mut().unwrap().remove("files"))), "missing field `files`"),
        (changed(|m| m["reference"] = json!("a\nb")), "without control characters"),
        (changed(|m| m["items"] = json!([])), "1 to 1000 items"),
        (changed(|m| m["items"] = json!([1])), "no object"),
        (changed(|m| m["files"][1]["path"] = m["files"][0]["path"].clone()), "file 2: its path is there twice"),
        (changed(|m| m["files"][1]["path"] = json!("ITEMS/01-mug/left.PDF")), "there twice"),
        (changed(|m| m["files"].as_array_mut().unwrap().reverse()), "out of order"),
        (changed(|m| m["files"][0]["path"] = json!("../passwd")), "file 1: its path is not made of plain names"),
        (changed(|m| m["files"][0]["path"] = json!("manifest.json")), "there twice"),
        (changed(|m| m["files"][0]["sha256"] = json!("0")), "SHA-256 is none"),
        (changed(|m| m["files"][0]["bytes"] = json!(-1)), "invalid value"),
        (changed(|m| m["files"][0]["bytes"] = json!(4_000_000_000_u64)), "longer than a bundle"),
        (changed(|m| m["fonts"][0]["sha256"] = json!("x")), "of a font"),
    ] {
        let error = Manifest::read(&json).unwrap_err().to_string();
        assert!(error.contains(sentence) && error.ends_with('.'), "{sentence}: {error}");
    }
}
