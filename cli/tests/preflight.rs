//! `platen preflight` on files that were made to harm: whatever they do, there is a report, soon, and nothing else happens.

#[path = "support/api.rs"]
mod api;
#[expect(dead_code, reason = "orders are other tests' business")]
#[path = "support/seed.rs"]
mod seed;
#[path = "support/shell.rs"]
mod shell;
#[path = "preflight/uploads.rs"]
mod uploads;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::Value;

/// Far beyond what any of these files may take; by it a run has hung.
const WITHIN: Duration = Duration::from_secs(120);

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("preflight");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn platen(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_platen");
    Command::new(program).args(args).output().expect("platen runs")
}

fn report(name: &str, bytes: &[u8]) -> Value {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("written");
    let started = std::time::Instant::now();
    let out = platen(&["preflight", &path.to_string_lossy(), "--json"]);
    assert!(started.elapsed() < WITHIN, "{name} hung");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let report: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{name}: {error} {said}"));
    let refused = report["verdict"] == "refuse";
    assert_eq!(out.status.code(), Some(i32::from(refused)), "{name}: {report}");
    report
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A PDF of these objects, the first of them its catalogue.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", n + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    out.extend(format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", places.len() + 1).bytes());
    out
}

fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dictionary}/Length {}>>stream\n", bytes.len()).into_bytes();
    out.extend(bytes);
    out.extend(b"\nendstream");
    out
}

/// One page, with a drawing and further objects from number 5 on.
fn one_page(drawing: Vec<u8>, resources: &str, more: Vec<Vec<u8>>) -> Vec<u8> {
    let page = format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 300 300]/Resources<<{resources}>>>>");
    let mut all = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        page.into_bytes(),
        drawing,
    ];
    all.extend(more);
    pdf(&all)
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let plain = |text: &str| stream("", text.as_bytes());
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000));
    let zeros = deflated(&vec![b' '; 300_000_000]);
    let bomb = deflated(&deflated(&vec![0; 200_000_000]));
    let form = |n: usize| {
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {n} 0 R>>>>"), b"/F Do")
    };
    let doubling = (5..25)
        .map(|n| {
            let resources =
                format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {} 0 R>>>>", n + 1);
            stream(&resources, "/F Do ".repeat(20).as_bytes())
        })
        .collect();
    let whole = one_page(plain("0 0 9 9 re f"), "", vec![]);
    let kids = |kids: &str| {
        pdf(&[
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            format!("<</Type/Pages/Kids[{kids}]/Count 9>>").into_bytes(),
            b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 9>>".to_vec(),
        ])
    };
    vec![
        ("arrays-in-arrays.pdf", one_page(plain(&deep("[", "]")), "", vec![])),
        ("dictionaries-in-dictionaries.pdf", one_page(plain("n"), "", vec![deep("<</A", ">>").into_bytes()])),
        ("a-drawing-of-300-mb.pdf", one_page(stream("/Filter/FlateDecode", &zeros), "", vec![])),
        ("a-bomb-in-a-bomb.pdf", one_page(stream("/Filter[/FlateDecode/FlateDecode]", &bomb), "", vec![])),
        ("a-form-of-itself.pdf", one_page(plain("/F Do"), "/XObject<</F 5 0 R>>", vec![form(5)])),
        ("forms-that-double.pdf", one_page(plain("/F Do"), "/XObject<</F 5 0 R>>", doubling)),
        ("pages-of-themselves.pdf", kids("2 0 R 3 0 R")),
        ("a-page-that-is-not-there.pdf", kids("99 0 R")),
        ("a-reference-to-itself.pdf", one_page(plain("0 0 9 9 re f"), "/XObject 5 0 R", vec![b"5 0 R".to_vec()])),
        ("a-length-that-lies.pdf", one_page(b"<</Length 999999999>>stream\nn\nendstream".to_vec(), "", vec![])),
        (
            "objects-in-a-stream-of-itself.pdf",
            one_page(plain("n"), "", vec![stream("/Type/ObjStm/N 100000/First 9/Extends 5 0 R", b"5 0 6 0 ")]),
        ),
        ("half-of-one.pdf", whole[..whole.len() / 2].to_vec()),
        ("the-end-of-one.pdf", [b"%PDF-1.7\n", &whole[whole.len() / 2..]].concat()),
        (
            "nothing-but-numbers.pdf",
            one_page(plain(&"1e38 -1e38 1e38 99999999999999999999 0 0 cm ".repeat(20_000)), "", vec![]),
        ),
        ("a-million-saves.pdf", one_page(plain(&"q ".repeat(1_000_000)), "", vec![])),
        (
            "a-script.pdf",
            pdf(&[
                b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>".to_vec(),
                b"<</Type/Pages/Kids[]/Count 0>>".to_vec(),
            ]),
        ),
    ]
}

#[test]
fn hostile_documents_are_reports() {
    for (name, bytes) in hostile() {
        let report = report(name, &bytes);
        let checks = report["checks"].as_array().expect("checks");
        assert!(
            checks.iter().all(|check| check["message"].as_str().is_some_and(|text| text.ends_with('.'))),
            "{name}: {report}"
        );
    }
}

#[test]
fn what_unpacks_without_end_or_draws_itself_is_refused() {
    for (name, bytes) in hostile() {
        if name.starts_with("a-drawing-of")
            || name.starts_with("forms-that")
            || name.starts_with("a-form")
            || name.starts_with("half")
        {
            assert_eq!(report(&format!("refused-{name}"), &bytes)["verdict"], "refuse", "{name}");
        }
    }
}

#[test]
fn a_picture_that_claims_to_be_huge_costs_nothing() {
    let mut bomb = include_bytes!("../../fixtures/demo/star.png").to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    assert_eq!(report("claims.png", &bomb)["verdict"], "refuse");
    assert_eq!(report("star.png", include_bytes!("../../fixtures/demo/star.png"))["format"], "png");
}

/// Whatever drawing dies of, the report is there, with a page of pictures or sketches.
#[test]
fn what_cannot_be_drawn_is_sketched_and_its_report_is_whole() {
    let folder = folder().join("sketched");
    std::fs::create_dir_all(&folder).expect("a folder");
    let place = folder.to_string_lossy().into_owned();
    let mut all = hostile();
    all.retain(|(name, _)| ["arrays-in-arrays.pdf", "half-of-one.pdf", "nothing-but-numbers.pdf"].contains(name));
    let bomb = stream("/Filter/FlateDecode", &deflated(&"q 9 9 9 9 re f Q ".repeat(1_000_000).into_bytes()));
    all.push(("a-million-squares.pdf", one_page(bomb, "", vec![])));
    for (name, bytes) in all {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("written");
        let said = platen(&["preflight", &path.to_string_lossy(), "--report", &place]);
        assert!(said.status.code().is_some_and(|code| code < 2), "{name}");
        let html = std::fs::read_to_string(folder.join("report.html")).expect("the page");
        assert!(html.contains(name) && html.contains("<table>") && html.ends_with("</html>\n"), "{name}");
        let figures = html.matches("<figure>").count();
        assert_eq!(figures, html.matches("<image ").count() + html.matches("a sketch").count(), "{name}");
    }
}

#[test]
fn a_product_of_the_samples_says_its_size() {
    let star = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/demo/star.png");
    let target = |words: &[&str]| {
        let said = platen(&[&["preflight", &star.to_string_lossy(), "--json", "--product"], words].concat());
        let report: Value = serde_json::from_slice(&said.stdout).expect("a report");
        (report["target"]["sizeUm"].clone(), report["target"]["bleedUm"].clone())
    };
    assert_eq!(target(&["sticker-50"]), (serde_json::json!([50_000, 50_000]), 3_000.into()));
    assert_eq!(target(&["tee-unisex", "--area", "back"]), (serde_json::json!([300_000, 400_000]), 0.into()));
    assert_eq!(target(&["spaceship", "--size", "A6"]).0, serde_json::json!([105_000, 148_000]));
}

#[test]
fn the_command_says_what_it_found_and_writes_it_down() {
    let star = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/demo/star.png");
    let out = folder().join("report");
    let words = [
        "preflight",
        &star.to_string_lossy(),
        "--size",
        "20x20",
        "--product",
        "apparel_product_gca_t-shirt",
        "--report",
        &out.to_string_lossy(),
    ];
    let said = platen(&words);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(text.contains("effective_dpi") && text.lines().last().is_some_and(|line| line.contains(": it ")), "{text}");
    let html = std::fs::read_to_string(out.join("report.html")).expect("the page");
    assert!(html.contains("<svg") && html.contains("Preflight of star.png"));
    assert!(
        html.contains("<image href=\"data:image/jpeg;base64,") && !html.contains("a sketch"),
        "it shows the picture"
    );
    let report: Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).expect("the report")).expect("JSON");
    assert_eq!(report["target"]["kind"], "tshirt");
    for (args, sentence) in [
        (vec!["preflight", "/nonexistent.pdf"], "cannot be read"),
        (vec!["preflight", "/"], "is no file"),
        (vec!["preflight", "x", "--size", "huge"], "is no size"),
        (vec!["preflight", "x", "--product", "spaceship"], "Nobody knows the product `spaceship`"),
        (vec!["preflight", "x", "--product", "mug-11oz-wrap"], "left, right, handle"),
        (vec!["preflight", "x", "--provider", "nobody"], "nobody knows the rules"),
        (vec!["preflight", "x", "--bleed-um", "-1"], "unexpected argument"),
    ] {
        let said = platen(&args);
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(!said.status.success() && text.contains(sentence), "{args:?}: {text}");
    }
}
