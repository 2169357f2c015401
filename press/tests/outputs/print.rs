//! Print PDFs: inks, what they claim, and what they do not.

use std::io::Read;

use crate::common::{asset, assets, sample, samples};
use crate::profile::{icc, inks};
use platen_press::{Assets, Cmyk, File, PressError, check_str, print_files, zone_files};

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

/// The poster of one photograph, and its files by their endings.
fn poster(photo: &[u8]) -> Vec<File> {
    let spec = r##"{"specVersion":"1.0.0","product":{"id":"p","kind":"poster","templateVersion":1,"zones":[{"id":"a","widthMm":80,"heightMm":80,
        "bleedMm":0,"background":"#ffffff"}]},"layers":[{"zone":"a","type":"image","href":"photo","box":{"x":4,"y":4,"w":72,"h":48}}]}"##;
    let mut assets = Assets::new();
    assets.insert("photo", photo).unwrap();
    zone_files(&check_str(spec).unwrap().spec, &assets).unwrap()
}

/// The photograph with a segment more after its start.
fn with_segment(photo: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&photo[..2], &[0xff, marker], &length, data, &photo[2..]].concat()
}

#[test]
fn a_jpeg_is_printed_as_it_came_and_nothing_it_carried_besides() {
    let photo = asset("assets/gradient-photo.jpg");
    let plain = poster(&photo);
    let tagged = with_segment(&photo, 0xfe, b"taken at home by Chloe");
    assert_eq!(poster(&tagged), plain, "a comment leaves no trace");
    let has = |file: &File, what: &[u8]| file.bytes.windows(what.len()).any(|part| part == what);
    let by = |files: &[File], ending: &str| files.iter().find(|file| file.path.ends_with(ending)).unwrap().clone();
    let (svg, pdf) = (by(&plain, "svg"), by(&plain, "pdf"));
    assert!(has(&svg, b"data:image/jpeg;base64,") && has(&pdf, b"/DCTDecode"));
    assert!(pdf.bytes.len() < photo.len() + 4_000, "{} and {}", pdf.bytes.len(), photo.len());
    // A profile, colours turned in another way, a picture that lies on its side: pixels, as we understand them.
    let turn = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    for (marker, data) in [(0xe2, &b"ICC_PROFILE\0\x01\x01"[..]), (0xee, b"Adobe\0\x64\0\0\0\0\0"), (0xe1, turn)] {
        let files = poster(&with_segment(&photo, marker, data));
        assert!(has(&by(&files, "svg"), b"data:image/png;base64,"), "{marker:x}");
        assert!(!has(&by(&files, "pdf"), b"DCTDecode"), "{marker:x}");
    }
}
