//! What programs that nobody here wrote say of the print files. `cargo xtask test` installs them and sets `TEST_JUDGES_PYTHON`; a run
//! without it passes by, which is a failure there, since the suite is missed.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{assets, sample, samples};
use platen_press::{Cmyk, File, Item, Naming, bundle, print_files};

/// The Python with ezdxf, where the judges are here.
fn python() -> Option<PathBuf> {
    std::env::var_os("TEST_JUDGES_PYTHON").map(PathBuf::from)
}

fn suite_ran(variant: &str) {
    let Some(path) = std::env::var_os("PLATEN_SUITES_LOG") else { return };
    let mut log = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(log, "judges {variant}").unwrap();
}

/// What a program says, on either stream; it must be content.
fn said(program: &str, args: &[&str], file: &Path) -> String {
    let out = Command::new(program).args(args).arg(file).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{program} {args:?} {}: {text}", file.display());
    text
}

/// The print files of every valid sample, in sRGB and for the test's printing condition, in a folder of their own.
fn written(name: &str, ending: &str) -> Vec<(PathBuf, File)> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut all = Vec::new();
    for sample in samples().iter().filter(|sample| sample.valid()) {
        let checked = sample.checked();
        for (word, inks) in [("srgb", None), ("cmyk", Some(crate::profile::inks()))] {
            let printed = print_files(&checked.spec, &assets(&checked.spec), inks).unwrap();
            for file in printed.files.into_iter().filter(|file| file.path.ends_with(ending)) {
                let path = folder.join(format!("{}-{word}-{}", sample.name, file.path));
                std::fs::write(&path, &file.bytes).unwrap();
                all.push((path, file));
            }
        }
    }
    all
}

#[test]
fn pdf_readers_find_sound_files_without_fonts() {
    if python().is_none() {
        return;
    }
    for (path, _) in written("pdf", ".pdf") {
        let info = said("pdfinfo", &["-box"], &path);
        for needed in ["MediaBox:", "BleedBox:", "TrimBox:", "Pages:           1"] {
            assert!(info.contains(needed), "{}: {info}", path.display());
        }
        let in_inks = path.to_string_lossy().contains("-cmyk-");
        assert_eq!(info.contains("PDF/X-4"), in_inks, "the claim is made with a profile alone: {info}");
        assert!(said("qpdf", &["--check"], &path).contains("No syntax or stream encoding errors found"));
        let info = said("mutool", &["info"], &path);
        assert!(!info.contains("Fonts ("), "{info}");
    }
    suite_ran("pdf");
}

/// What `x4.py`, which reads by qpdf and was written from the standard, has against a file.
fn x4_faults(python: &Path, file: &Path) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/outputs/x4.py");
    let out = Command::new(python).arg(script).arg(file).output().unwrap();
    let faults = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    assert_eq!(out.status.success(), faults.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    faults
}

/// No free program validates PDF/X that runs here; this one at least nobody wrote from our writer.
#[test]
fn what_claims_pdf_x4_keeps_what_it_asks() {
    let Some(python) = python() else { return };
    let all = written("x4", ".pdf");
    for (path, _) in &all {
        let faults = x4_faults(&python, path);
        if path.to_string_lossy().contains("-cmyk-") {
            assert_eq!(faults, "", "{}", path.display());
        } else {
            assert!(faults.contains("output intent") && faults.contains("no metadata"), "what claims nothing is none");
        }
    }
    // The judge sees what is wrong: one word of a sound file changed, at the same length.
    let (sound, file) =
        all.iter().find(|(path, _)| path.to_string_lossy().contains("07-engraved-plate-cmyk-")).unwrap();
    let broken = sound.with_extension("broken.pdf");
    for (from, to, fault) in [
        ("%PDF-1.6", "%PDF-1.7", "the header"),
        ("/GTS_PDFX\n", "/GTS_PDFA\n", "output intent"),
        (">PDF/X-4<", ">PDF/X-3<", "does not say PDF/X-4"),
        ("/Trapped /False", "/Trapped /Unset", "whether it is trapped"),
        ("<pdf:Trapped>False", "<pdf:Trapped>Truee", "whether it is trapped"),
        ("/TrimBox", "/Trimmed", "has not a MediaBox"),
        ("/ID [", "/IX [", "no ID"),
        ("T00:00:00Z</xmp:Cr", "T01:00:00Z</xmp:Cr", "/CreationDate and"),
    ] {
        let at = file.bytes.windows(from.len()).position(|window| window == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{from} is in the file"));
        let mut bytes = file.bytes.clone();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        std::fs::write(&broken, bytes).unwrap();
        let faults = x4_faults(&python, &broken);
        assert!(faults.contains(fault), "{from} as {to}: {faults}");
    }
    suite_ran("x4");
}

/// Points of a box as `pdfinfo` prints it.
fn trim(path: &Path) -> [f64; 2] {
    let info = said("pdfinfo", &["-box"], path);
    let line = info.lines().find(|line| line.starts_with("TrimBox:")).unwrap();
    let all: Vec<f64> = line.split_whitespace().skip(1).map(|part| part.parse().unwrap()).collect();
    [all[2] - all[0], all[3] - all[1]].map(|points| points / 72.0 * 25.4)
}

#[test]
fn ghostscript_sees_black_ink_alone_and_the_picture_we_see() {
    if python().is_none() {
        return;
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ink");
    std::fs::create_dir_all(&folder).unwrap();
    let files = |start: &str, inks: Option<&Cmyk>| {
        let checked = sample(start).checked();
        print_files(&checked.spec, &assets(&checked.spec), inks).unwrap().files
    };
    let plate = files("07", Some(crate::profile::inks()));
    let path = folder.join("plate.pdf");
    std::fs::write(&path, &plate.iter().find(|file| file.path == "plate.pdf").unwrap().bytes).unwrap();
    let [width, height] = trim(&path);
    assert!((width - 90.0).abs() < 0.02 && (height - 40.0).abs() < 0.02, "true size: {width} {height}");
    let ink = said("gs", &["-q", "-o", "-", "-sDEVICE=inkcov"], &path);
    let all: Vec<f64> = ink.split_whitespace().take(4).map(|part| part.parse().unwrap()).collect();
    // The cut line is magenta, a hair of the plate; letters are black.
    assert!(all[0] == 0.0 && all[1] < 0.01 && all[2] == 0.0 && all[3] > 0.01, "{ink}");
    // At 300 dpi Ghostscript draws the sRGB file as our PNG shows it, but for the edges of shapes.
    let shirt = files("01", None);
    let path = folder.join("front.pdf");
    std::fs::write(&path, &shirt.iter().find(|file| file.path == "front.pdf").unwrap().bytes).unwrap();
    let drawn = folder.join("front.png");
    let to = format!("-sOutputFile={}", drawn.display());
    said(
        "gs",
        &["-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=png16m", "-r300", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4", &to],
        &path,
    );
    let theirs = image::open(&drawn).unwrap().into_rgb8();
    let ours = image::load_from_memory(&shirt.iter().find(|file| file.path == "front.png").unwrap().bytes)
        .unwrap()
        .into_rgba8();
    assert!(theirs.width().abs_diff(ours.width()) <= 1 && theirs.height().abs_diff(ours.height()) <= 1);
    let (mut far, mut inked) = (0_u64, 0_u64);
    for (x, y, px) in ours.enumerate_pixels().filter(|(x, y, _)| *x < theirs.width() && *y < theirs.height()) {
        // Paper is white behind what is transparent.
        let over = |c: usize| (u32::from(px.0[c]) * u32::from(px.0[3]) + 255 * (255 - u32::from(px.0[3]))) / 255;
        let other = theirs.get_pixel(x, y);
        far += u64::from((0..3).any(|c| over(c).abs_diff(u32::from(other.0[c])) > 96));
        inked += u64::from((0..3).any(|c| over(c) < 200));
    }
    assert!(inked > 1_000 && far * 50 < inked, "{far} of {inked} inked pixels differ");
    suite_ran("ink");
}

#[test]
fn png_readers_find_300_dpi() {
    if python().is_none() {
        return;
    }
    for (path, _) in written("png", ".png") {
        assert!(said("pngcheck", &[], &path).starts_with("OK:"));
        let dense = said("exiftool", &["-s3", "-PixelsPerUnitX", "-PixelsPerUnitY", "-PixelUnits"], &path);
        assert_eq!(dense.split_whitespace().collect::<Vec<_>>(), ["11811", "11811", "meters"]);
    }
    suite_ran("png");
}

#[test]
fn ezdxf_has_nothing_to_mend() {
    let Some(python) = python() else { return };
    let script = "import sys, ezdxf\nfrom ezdxf import recover, bbox\n\
        doc, auditor = recover.readfile(sys.argv[1])\n\
        assert doc.dxfversion == 'AC1009', doc.dxfversion\n\
        assert not auditor.errors and not auditor.fixes, (auditor.errors, auditor.fixes)\n\
        lines = doc.modelspace().query('POLYLINE')\n\
        assert len(lines) > 0 and all(line.is_closed for line in lines)\n\
        box = bbox.extents(doc.modelspace())\n\
        print(round(box.extmin.x, 3), round(box.extmin.y, 3), round(box.extmax.x, 3), round(box.extmax.y, 3))\n\
        print(sorted({line.dxf.layer for line in lines}), doc.header['$INSUNITS'])\n";
    for (path, _) in written("dxf", ".dxf") {
        let out = Command::new(&python).args(["-c", script]).arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
        assert!(text.contains("'CUT'") && text.trim_end().ends_with('4'), "{text}");
        if path.to_string_lossy().contains("07-") {
            assert!(text.starts_with("0.0 0.0 90.0 40.0\n['CUT', 'ENGRAVE']"), "{text}");
        }
    }
    suite_ran("dxf");
}

/// Python's own reader of ZIPs finds every file of the manifest, and no other.
const MANIFEST: &str = "import sys, json, hashlib, zipfile\n\
    pack = zipfile.ZipFile(sys.argv[1])\n\
    manifest = json.loads(pack.read('manifest.json'))\n\
    names = [info.filename for info in pack.infolist()]\n\
    assert names == [file['path'] for file in manifest['files']] + ['manifest.json'], names\n\
    for file in manifest['files']:\n\
    \x20   data = pack.read(file['path'])\n\
    \x20   assert (len(data), hashlib.sha256(data).hexdigest()) == (file['bytes'], file['sha256']), file['path']\n";

#[test]
fn unzip_and_python_read_every_bundle() {
    let Some(python) = python() else { return };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("zip");
    std::fs::create_dir_all(&folder).unwrap();
    for sample in samples().iter().filter(|sample| sample.valid()) {
        let checked = sample.checked();
        let printed = print_files(&checked.spec, &assets(&checked.spec), None).unwrap();
        let item = Item { product: "p", quantity: 1, spec_hash: &checked.hash, approval: None, printed };
        let path = folder.join(format!("{}.zip", sample.name));
        std::fs::write(&path, bundle("order", vec![item], &Naming::default()).unwrap().zip).unwrap();
        assert!(said("unzip", &["-tqq"], &path).is_empty());
        let read = Command::new(&python).args(["-c", MANIFEST]).arg(&path).output().unwrap();
        assert!(read.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&read.stderr));
    }
    suite_ran("zip");
}
