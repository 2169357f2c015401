//! Print PDFs: inks, what they claim, and what they do not.

use std::io::Read;

use crate::common::{assets, sample, samples};
use crate::profile::{icc, inks};
use platen_press::{Cmyk, PressError, print_files};

fn pdf(start: &str, zone: &str, inks: Option<&Cmyk>) -> Vec<u8> {
    let checked = sample(start).checked();
    let files = print_files(&checked.spec, &assets(&checked.spec), inks).unwrap().files;
    files.into_iter().find(|file| file.path == format!("{zone}.pdf")).unwrap().bytes
}

/// The file with its drawings unpacked.
fn words(pdf: &[u8]) -> String {
    let mut out = String::from_utf8_lossy(pdf).into_owned();
    for (at, _) in pdf.windows(7).enumerate().filter(|(_, window)| *window == b"stream\n") {
        let mut inside = Vec::new();
        let _ = flate2::read::ZlibDecoder::new(&pdf[at + 7..]).read_to_end(&mut inside);
        if let Ok(text) = String::from_utf8(inside) {
            out.push_str(&text);
        }
    }
    out
}

#[test]
fn black_takes_black_ink_alone_with_and_without_a_profile() {
    let plain = words(&pdf("07", "plate", None));
    assert!(plain.contains("\n0 g\n") && !plain.contains(" rg\n"), "no other colour on this plate");
    let cmyk = words(&pdf("07", "plate", Some(inks())));
    assert!(cmyk.contains("\n0 0 0 1 k\n") && !cmyk.contains(" rg\n"));
}

#[test]
fn a_file_in_inks_has_the_marks_and_no_other_colour() {
    for sample in samples().iter().filter(|sample| sample.valid()) {
        let checked = sample.checked();
        for file in print_files(&checked.spec, &assets(&checked.spec), Some(inks())).unwrap().files {
            if !file.path.ends_with(".pdf") {
                continue;
            }
            let text = words(&file.bytes);
            for needed in
                ["/GTS_PDFX", "/DestOutputProfile", "<pdfxid:GTS_PDFXVersion>PDF/X-4<", "/TrimBox", "/ID [", "/N 4"]
            {
                assert!(text.contains(needed), "{} {}: {needed}", sample.name, file.path);
            }
            for forbidden in ["DeviceRGB", " rg\n", " RG ", "/Font"] {
                assert!(!text.contains(forbidden), "{} {}: {forbidden}", sample.name, file.path);
            }
        }
    }
}

#[test]
fn a_file_in_srgb_claims_nothing() {
    let text = words(&pdf("02", "left", None));
    for claim in ["GTS_PDFX", "OutputIntent", "PDF/X", "DeviceCMYK", "CreationDate"] {
        assert!(!text.contains(claim), "{claim}");
    }
}

#[test]
fn facts_name_the_profile() {
    let checked = sample("02").checked();
    let printed = print_files(&checked.spec, &assets(&checked.spec), Some(inks())).unwrap();
    let color = &printed.zones[0]["color"];
    assert_eq!((&color["space"], &color["profile"]["name"]), (&"CMYK".into(), &"Test inks 1.0".into()));
    assert_eq!(color["profile"]["sha256"], inks().sha256());
    let dpi = printed.zones.as_array().unwrap().iter().flat_map(|zone| zone["pictures"].as_array().unwrap()).count();
    assert!(dpi > 0, "the sample has a picture, and its density is told");
}

#[test]
fn only_profiles_of_cmyk_printing_conditions_are_taken() {
    let said = |icc: &[u8]| match Cmyk::new(icc) {
        Err(PressError::OutOfLimits(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    assert!(said(b"no profile").contains("no ICC profile"));
    let mut display = icc();
    display[12..16].copy_from_slice(b"mntr");
    assert!(said(&display).contains("class prtr"));
    let mut none = icc();
    let at = none.windows(4).position(|w| w == b"B2A0").unwrap();
    none[at..at + 4].copy_from_slice(b"zzzz");
    assert!(said(&none).contains("no table"));
    assert!(said(&vec![0; 9_000_000]).contains("8 MB"));
    let icc = icc();
    // Whatever is broken of it: a sentence or a profile, never a panic.
    for at in (0..300).step_by(5).chain([1_000, 4_000]) {
        let mut broken = icc.clone();
        broken[at] ^= 0xff;
        let _ = Cmyk::new(&broken);
        let _ = Cmyk::new(&icc[..at]);
    }
}
