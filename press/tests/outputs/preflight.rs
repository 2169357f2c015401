//! Looking at files in this process: our own, strangers', and broken ones. What must not happen in a process of its own is in `cli/tests`.

use std::io::Cursor;

use crate::common::{assets, sample};
use platen_press::preflight::{Check, Drawn, Report, Target, Verdict, check, draw, page, refused, rules_of};
use platen_press::print_files;

fn look(bytes: &[u8], target: Target) -> Report {
    check(Cursor::new(bytes), rules_of("gelato").unwrap(), target)
}

fn found<'r>(report: &'r Report, name: &str) -> &'r Check {
    report.checks.iter().find(|check| check.check == name).unwrap_or_else(|| panic!("{name}: {report:#?}"))
}

fn sized(width: i32, height: i32) -> Target {
    Target { size_um: Some((width, height)), ..Target::default() }
}

/// A page of 100 by 60 mm with 4 mm bleed, and what is drawn on it.
fn pdf(drawing: &str, resources: &str, page: &str, objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.6\n".to_vec();
    let mut places = Vec::new();
    let all = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 306.142 192.756]{page}/Resources<<{resources}>>>>"
        ),
        format!("<</Length {}>>stream\n{drawing}\nendstream", drawing.len() + 1),
    ];
    for (n, object) in all.iter().map(String::as_str).chain(objects.iter().copied()).enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", n + 1).bytes());
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    out.extend(format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", places.len() + 1).bytes());
    out
}

const TRIM: &str = "/TrimBox[11.339 11.339 294.803 181.417]";

#[test]
fn our_own_print_files_pass() {
    let checked = sample("02").checked();
    for inks in [None, Some(crate::profile::inks())] {
        for file in print_files(&checked.spec, &assets(&checked.spec), inks).unwrap().files {
            let zone = checked.spec.zones().iter().find(|zone| file.path.starts_with(&zone.id)).unwrap();
            let target =
                Target { bleed_um: Some(zone.bleed_um), pages: Some(1), ..sized(zone.width_um, zone.height_um) };
            if file.path.ends_with(".pdf") || file.path.ends_with(".png") {
                let report = look(&file.bytes, target);
                assert!(report.verdict < Verdict::Refuse, "{}: {report:#?}", file.path);
                assert_eq!(found(&report, "opens").verdict, Verdict::Pass);
                assert_eq!(report.pages.len(), 1);
            }
        }
    }
}

#[test]
fn sizes_boxes_and_pages_are_judged() {
    let good =
        look(&pdf("0 0 1 rg 0 0 300 190 re f", "", TRIM, &[]), Target { pages: Some(1), ..sized(100_000, 60_000) });
    assert_eq!(
        (good.verdict, found(&good, "page_size").verdict, found(&good, "bleed").verdict),
        (Verdict::Pass, Verdict::Pass, Verdict::Pass)
    );
    let turned = look(&pdf("", "", TRIM, &[]), sized(60_000, 100_000));
    assert_eq!(found(&turned, "page_size").verdict, Verdict::Pass, "a page may lie on its side");
    let wrong = look(&pdf("", "", TRIM, &[]), Target { pages: Some(2), ..sized(210_000, 297_000) });
    assert_eq!(
        (found(&wrong, "page_size").verdict, found(&wrong, "pages").verdict),
        (Verdict::Refuse, Verdict::Refuse)
    );
    assert!(found(&wrong, "page_size").message.contains("100 × 60 mm"), "{:?}", found(&wrong, "page_size"));
    let bare = look(&pdf("", "", "", &[]), sized(108_000, 68_000));
    assert!(found(&bare, "bleed").message.contains("no bleed"));
    let untold = look(&pdf("", "", "", &[]), sized(100_000, 60_000));
    assert_eq!(found(&untold, "boxes").verdict, Verdict::Warn);
    let short = look(&pdf("", "", "/TrimBox[2 2 304 190]", &[]), sized(106_500, 66_300));
    assert_eq!(found(&short, "bleed").verdict, Verdict::Warn);
    let outside = look(&pdf("", "", "/TrimBox[-50 0 306 190]", &[]), Target::default());
    assert_eq!(found(&outside, "boxes").verdict, Verdict::Refuse);
}

#[test]
fn what_is_drawn_is_judged() {
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
    let text =
        look(&pdf("BT /F 5 Tf 1 0 0 1 40 50 Tm (small) Tj ET", "/Font<</F 5 0 R>>", TRIM, &[font]), Target::default());
    assert_eq!(found(&text, "fonts").verdict, Verdict::Refuse);
    assert!(found(&text, "fonts").message.contains("Helvetica"));
    let small = found(&text, "type_size");
    assert_eq!((small.verdict, small.page, small.at.is_some()), (Verdict::Warn, Some(1), true));
    let scaled = look(
        &pdf("q 4 0 0 4 0 0 cm BT /F 5 Tf (large) Tj ET Q", "/Font<</F 5 0 R>>", TRIM, &[font]),
        Target::default(),
    );
    assert_eq!(found(&scaled, "type_size").verdict, Verdict::Pass, "what counts is the size on paper");
    let line = look(&pdf("0.1 w 0 0 m 100 100 l S", "", TRIM, &[]), Target::default());
    assert_eq!(found(&line, "line_width").verdict, Verdict::Warn);
    let ink = look(&pdf("1 1 1 1 k 0 0 100 100 re f", "", TRIM, &[]), Target::default());
    assert_eq!(found(&ink, "ink_total").verdict, Verdict::Warn);
    let thin = look(&pdf("/G gs 0 0 9 9 re f", "/ExtGState<</G<</ca .5>>>>", TRIM, &[]), Target::default());
    assert_eq!(found(&thin, "transparency").verdict, Verdict::Warn);
    let card = Target { kind: Some("card".to_owned()), ..Target::default() };
    let bright = look(&pdf("1 0 0 rg 0 0 9 9 re f", "", TRIM, &[]), card);
    assert_eq!(found(&bright, "color").verdict, Verdict::Warn);
    let image = "<</Type/XObject/Subtype/Image/Width 100/Height 100/BitsPerComponent 8/ColorSpace/DeviceGray/Length 0>>stream\n\nendstream";
    for (points, verdict) in [(30, Verdict::Pass), (50, Verdict::Warn), (100, Verdict::Refuse)] {
        let drawing = format!("q {points} 0 0 {points} 20 20 cm /I Do Q");
        let report = look(&pdf(&drawing, "/XObject<</I 5 0 R>>", TRIM, &[image]), Target::default());
        let dense = found(&report, "effective_dpi");
        assert_eq!((dense.verdict, dense.page), (verdict, Some(1)), "{dense:?}");
        assert_eq!(report.pages[0].pictures.len(), 1);
    }
}

#[test]
fn pictures_are_judged_by_size_and_alpha() {
    let made = |w: u32, h: u32, alpha: fn(u32) -> u8| {
        let picture = image::RgbaImage::from_fn(w, h, |x, _| image::Rgba([200, 10, 10, alpha(x)]));
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
        out.into_inner()
    };
    let shirt = |w, h| Target { kind: Some("tshirt".to_owned()), bleed_um: Some(0), ..sized(w, h) };
    let good = look(&made(300, 300, |x| if x < 100 { 0 } else { 255 }), shirt(25_400, 25_400));
    assert_eq!((good.verdict, found(&good, "alpha").verdict), (Verdict::Pass, Verdict::Pass), "{good:#?}");
    let coarse = look(&made(90, 90, |_| 255), shirt(25_400, 25_400));
    assert_eq!(
        (found(&coarse, "effective_dpi").verdict, found(&coarse, "alpha").verdict),
        (Verdict::Refuse, Verdict::Warn)
    );
    let speckled = look(&made(300, 300, |x| if x < 100 { 90 } else { 255 }), shirt(25_400, 25_400));
    assert_eq!(found(&speckled, "speckle").verdict, Verdict::Warn);
    let nothing = look(&made(300, 300, |_| 0), shirt(25_400, 25_400));
    assert_eq!(found(&nothing, "alpha").verdict, Verdict::Refuse);
    let shape = look(&made(600, 300, |_| 255), sized(25_400, 25_400));
    assert_eq!(found(&shape, "bleed").verdict, Verdict::Warn);
    let untold = look(&made(10, 10, |_| 255), Target::default());
    assert!(found(&untold, "effective_dpi").message.contains("10 × 10 pixels"));
    let cut = made(300, 300, |_| 255);
    assert_eq!(look(&cut[..cut.len() / 2], Target::default()).verdict, Verdict::Refuse);
}

#[test]
fn other_files_are_refused_with_a_sentence() {
    for bytes in [
        &b""[..],
        b"hello",
        b"GIF89a......",
        b"%PDF-1.7\n",
        b"%PDF-1.7\ntrailer<<>>\n%%EOF",
        b"<svg><text>a</text></svg>",
    ] {
        let report = look(bytes, Target::default());
        assert_eq!(report.verdict, Verdict::Refuse, "{report:?}");
        assert!(report.checks[0].message.ends_with('.'));
    }
    let active = pdf("", "", TRIM, &[]);
    let text = String::from_utf8_lossy(&active).replace("/Type/Catalog", "/AA<<>>/Type /Catalog");
    // The places have moved; a reader that mends the file must still see what it does.
    assert_eq!(look(text.as_bytes(), Target::default()).verdict, Verdict::Refuse);
}

#[test]
fn reports_are_pages_that_run_nothing() {
    let mut report = look(&pdf("0.1 w 0 0 m 9 9 l S", "", TRIM, &[]), Target::of_uid("cards_<script>_pf_a5"));
    report.note_at("test", Verdict::Refuse, "<b>&\"".to_owned(), Some(1), Some([1000, 1000, 5000, 5000]));
    let html = page(&report, "<img src=x>.pdf", &[]);
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>"));
    assert!(
        html.contains("<svg")
            && html.contains("fill-opacity")
            && html.contains("Page 1: 108 × 68 mm, trimmed to 100 × 60 mm")
    );
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(read, report);
}

/// Broken in a thousand ways, the same ones every time: a report each, and no panic.
#[test]
fn broken_files_are_reports() {
    let checked = sample("02").checked();
    let files = print_files(&checked.spec, &assets(&checked.spec), Some(crate::profile::inks())).unwrap().files;
    let small = pdf(
        "BT /F 5 Tf (x) Tj ET 1 0 0 rg 0 0 9 9 re f",
        "/Font<</F 5 0 R>>",
        TRIM,
        &["<</Type/Font/Subtype/Type1/BaseFont/A>>"],
    );
    let large: Vec<u8> = files.into_iter().find(|file| file.path.ends_with(".pdf")).unwrap().bytes;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap_or(0)
    };
    for (bytes, rounds) in [(&small, 800), (&large, 60)] {
        for _ in 0..rounds {
            let mut broken = bytes.clone();
            for _ in 0..1 + next() % 4 {
                let at = next() % broken.len().max(1);
                if broken.is_empty() {
                    break;
                }
                match next() % 4 {
                    0 => broken[at] = u8::try_from(next() % 256).unwrap(),
                    1 => drop(broken.drain(at..(at + next() % 40).min(broken.len()))),
                    2 => {
                        let piece = broken[at..(at + 30).min(broken.len())].to_vec();
                        broken.splice(at..at, piece);
                    }
                    _ => broken.truncate(at + 1),
                }
            }
            let report = look(&broken, Target::default());
            assert!(!report.checks.is_empty());
        }
    }
}

fn picture(drawn: &Drawn) -> image::RgbImage {
    use base64::Engine;
    let jpeg = base64::engine::general_purpose::STANDARD.decode(&drawn.jpeg).unwrap();
    image::load_from_memory(&jpeg).unwrap().into_rgb8()
}

fn drawn(bytes: &[u8], pages: &[usize]) -> Vec<Drawn> {
    draw(Cursor::new(bytes), pages, || true)
}

#[test]
fn a_page_is_drawn_as_it_looks_and_as_it_lies() {
    let half = "1 0 0 rg 0 0 153 192.756 re f";
    for page in [TRIM, "/TrimBox[11.339 11.339 294.803 181.417]/Rotate 90"] {
        let all = drawn(&pdf(half, "", page, &[]), &[1, 2]);
        assert_eq!(all.iter().map(|drawn| drawn.page).collect::<Vec<_>>(), [1], "there is no second page");
        let seen = picture(&all[0]);
        assert_eq!(seen.dimensions(), (720, 453), "unturned, whatever the page says");
        let (left, right) = (seen.get_pixel(100, 200).0, seen.get_pixel(600, 200).0);
        assert!(left[0] > 240 && left[1] < 15 && right.iter().all(|c| *c > 240), "{left:?} {right:?}");
    }
    let report = look(&pdf(half, "", TRIM, &[]), Target::default());
    assert_eq!(report.worth_drawing(), [1]);
    let shown = page(&report, "a.pdf", &drawn(&pdf(half, "", TRIM, &[]), &[1]));
    assert!(shown.contains("<image href=\"data:image/jpeg;base64,") && !shown.contains("a sketch"));
    assert!(page(&report, "a.pdf", &[]).contains("a sketch: where things lie"));
    let bytes = pdf(half, "", TRIM, &[]);
    assert!(draw(Cursor::new(&bytes), &[1], || false).is_empty(), "it stops when it is told");
    for broken in [&bytes[..200], b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg"] {
        assert!(drawn(broken, &[0, 1, 9_999]).is_empty());
    }
}

#[test]
fn the_picture_of_our_pdf_is_that_of_our_png() {
    let checked = sample("02").checked();
    let files = print_files(&checked.spec, &assets(&checked.spec), Some(crate::profile::inks())).unwrap().files;
    let of = |path: &str| {
        let all = drawn(&files.iter().find(|file| file.path == path).unwrap().bytes, &[1]);
        image::imageops::resize(&picture(&all[0]), 60, 64, image::imageops::FilterType::Triangle)
    };
    let (print, pixels) = (of("left.pdf"), of("left.png"));
    let off: u64 = print.iter().zip(pixels.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let inked = pixels.pixels().filter(|px| px.0.iter().any(|c| *c < 200)).count();
    // Inks dull what is bright; what is drawn where is the same.
    assert!(inked > 50 && off / (60 * 64 * 3) < 12, "{inked} inked, {off}");
    let svg =
        b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 20'><rect width='20' height='20' fill='#00f'/></svg>";
    let seen = picture(&drawn(svg, &[1])[0]);
    assert_eq!((seen.dimensions(), seen.get_pixel(700, 10).0.iter().all(|c| *c > 240)), ((720, 360), true));
    assert!(seen.get_pixel(10, 10).0[2] > 240 && seen.get_pixel(10, 10).0[0] < 15, "blue, on paper");
}

#[test]
fn a_print_file_of_another_zone_is_not_sent() {
    let checked = sample("02").checked();
    let files = print_files(&checked.spec, &assets(&checked.spec), None).unwrap().files;
    let file = |path: &str| &files.iter().find(|file| file.path == path).unwrap().bytes;
    let why = |zone: &str, path: &str| {
        let sent = [(zone.to_owned(), file(path))];
        refused(&checked.spec, &sent, rules_of("gelato").unwrap(), "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0")
    };
    for zone in ["left", "right", "handle"] {
        assert_eq!(why(zone, &format!("{zone}.pdf")), Ok(Vec::new()), "{zone}: what we draw may be sent");
    }
    let wrong = why("left", "handle.pdf").unwrap();
    assert!(wrong[0].1.contains("12 × 60 mm; the product is 85 × 90 mm"), "{wrong:?}");
    assert!(why("lid", "left.pdf").is_err());
}
