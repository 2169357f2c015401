//! Hostile, broken and talkative uploads: what is stored is the picture and nothing else, and nothing gets past its limits.
//!
//! `PLATEN_MUTATIONS=1000000 cargo test --workspace --release --test intake` runs the mutations for longer.
#![cfg(all(feature = "image", feature = "svg"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage, RgbaImage};
use platen_press::intake::{Sniffed, Taken, sniff, take_in};
use platen_press::svg::flatten;
use platen_press::{PressError, check_str};

fn picture() -> RgbImage {
    RgbImage::from_fn(24, 16, |x, y| image::Rgb([(x * 10) as u8, (y * 15) as u8, ((x * y) % 251) as u8]))
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture()).write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// An EXIF segment that says where a picture was taken, and how it lies.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0x01, 0x0e, 0, 2, 0, 0, 0, 14, 0, 0, 0, 38, 0, 0, 0, 0]);
    tiff.extend(b"AT-MY-HOME-47\0");
    tiff
}

fn jpeg_with(orientation: u8) -> Vec<u8> {
    let plain = encoded(ImageFormat::Jpeg);
    let mut data = b"Exif\0\0".to_vec();
    data.extend(exif(orientation));
    let mut out = plain[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(u16::try_from(data.len() + 2).unwrap().to_be_bytes());
    out.extend(data);
    out.extend(&plain[2..]);
    out
}

fn png_with(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let plain = encoded(ImageFormat::Png);
    let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(data);
    let crc = crc(&chunk[4..]);
    chunk.extend(crc.to_be_bytes());
    [&plain[..33], &chunk, &plain[33..]].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

fn holds(taken: &Taken, what: &[u8]) -> bool {
    taken.bytes.windows(what.len()).any(|window| window == what)
}

fn reason<T: std::fmt::Debug>(result: Result<T, PressError>) -> String {
    match result.unwrap_err() {
        PressError::BadImage { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_decide_what_an_upload_is() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif] {
        assert_eq!(sniff(&encoded(format)), Some(Sniffed::Picture), "{format:?}");
    }
    assert_eq!(sniff(&encoded(ImageFormat::Tiff)), Some(Sniffed::Tiff));
    assert_eq!(sniff(b"%PDF-1.7\n"), Some(Sniffed::Pdf));
    for svg in [
        "<svg xmlns='x'>",
        "<?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg PUBLIC 'a' 'b'><svg >",
        "\u{feff}<svg>",
        "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/ >".replace("svg/ ", "svg ").as_str(),
    ] {
        assert_eq!(sniff(svg.as_bytes()), Some(Sniffed::Svg), "{svg}");
    }
    for other in
        [&b""[..], b"<html><svg>", b"<svgx>", b"MZ\x90", b"PK\x03\x04", b"GIF88a", b" %PDF-1.4", b"<!-- <svg> "]
    {
        assert_eq!(sniff(other), None, "{other:?}");
    }
}

#[test]
fn a_picture_without_metadata_stays_as_it_was() {
    for (format, media_type) in
        [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg"), (ImageFormat::WebP, "image/webp")]
    {
        let bytes = encoded(format);
        let taken = take_in(&bytes).unwrap();
        assert_eq!((taken.media_type, taken.width, taken.height), (media_type, 24, 16));
        assert!(taken.bytes == bytes, "{format:?}: not a byte is touched without need");
    }
}

#[test]
fn what_is_no_picture_goes() {
    let jpeg = jpeg_with(1);
    let text = png_with(b"tEXt", b"Author\0AT-MY-HOME-47");
    let webp = {
        // Extended, with the flag of EXIF data up, and that chunk.
        let plain = encoded(ImageFormat::WebP);
        let mut body = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0\x17\0\0\x0f\0\0".to_vec();
        body.extend(&plain[12..]);
        body.extend(b"EXIF");
        let exif = exif(1);
        body.extend(u32::try_from(exif.len()).unwrap().to_le_bytes());
        body.extend(&exif);
        let mut out = b"RIFF".to_vec();
        out.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        out.extend(body);
        out
    };
    for (name, bytes) in [("jpeg", jpeg), ("png", text), ("webp", webp)] {
        assert!(bytes.windows(10).any(|w| w == b"AT-MY-HOME"), "{name}");
        let taken = take_in(&bytes).unwrap();
        assert!(!holds(&taken, b"AT-MY-HOME"), "{name} tells where it was taken");
        assert!(!holds(&taken, b"Exif") && !holds(&taken, b"EXIF"), "{name}");
        let again = take_in(&taken.bytes).unwrap();
        assert!(again.bytes == taken.bytes, "{name}: taking it in twice changes nothing");
        let pixels = image::load_from_memory(&taken.bytes).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (24, 16), "{name}");
    }
}

#[test]
fn pictures_are_stored_upright() {
    for orientation in 2..=8 {
        let taken = take_in(&jpeg_with(orientation)).unwrap();
        let sides = if orientation > 4 { (16, 24) } else { (24, 16) };
        assert_eq!((taken.width, taken.height), sides, "{orientation}");
        let stored = image::load_from_memory(&taken.bytes).unwrap();
        assert_eq!((stored.width(), stored.height()), sides, "its very pixels are turned");
        assert!(!holds(&taken, b"AT-MY-HOME"));
    }
    // Turned by a half, its first corner is its last.
    let half = image::load_from_memory(&take_in(&jpeg_with(3)).unwrap().bytes).unwrap().into_rgb8();
    let plain = image::load_from_memory(&encoded(ImageFormat::Jpeg)).unwrap().into_rgb8();
    let near = |a: &image::Rgb<u8>, b: &image::Rgb<u8>| a.0.iter().zip(b.0).all(|(a, b)| a.abs_diff(b) < 24);
    assert!(near(half.get_pixel(0, 0), plain.get_pixel(23, 15)));
}

#[test]
fn nothing_hides_behind_the_end() {
    let tails: [&[u8]; 3] = [b"PK\x03\x04 a whole archive", b"<script>alert(1)</script>", b"%PDF-1.7 /JavaScript"];
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Tiff] {
        for tail in tails {
            let polyglot = [&encoded(format)[..], tail].concat();
            let taken = take_in(&polyglot).unwrap();
            assert!(!holds(&taken, tail), "{format:?} keeps {}", String::from_utf8_lossy(tail));
        }
    }
}

#[test]
fn moving_and_foreign_pictures_become_still_png() {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    let frame = |shade: u8| Frame::new(RgbaImage::from_pixel(5, 4, image::Rgba([shade, 0, 0, 255])));
    encoder.encode_frames([frame(250), frame(10)]).unwrap();
    drop(encoder);
    let taken = take_in(&gif).unwrap();
    assert_eq!((taken.media_type, taken.width, taken.height), ("image/png", 5, 4));
    assert!(image::load_from_memory(&taken.bytes).unwrap().into_rgba8().get_pixel(0, 0).0[0] > 200, "the first frame");
    let tiff = take_in(&encoded(ImageFormat::Tiff)).unwrap();
    assert_eq!(tiff.media_type, "image/png");
    assert_eq!(image::load_from_memory(&tiff.bytes).unwrap().into_rgb8(), picture());
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    for (width, height) in [(30_000_u32, 30_000_u32), (12_001, 1), (1, 12_001), (10_000, 5_000), (0, 0)] {
        let mut bomb = encoded(ImageFormat::Png);
        bomb[16..20].copy_from_slice(&width.to_be_bytes());
        bomb[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        reason(take_in(&bomb));
    }
    let mut gif = encoded(ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    reason(take_in(&gif));
    assert_eq!(sniff(b""), None);
    reason(take_in(b""));
}

#[test]
fn a_hundred_thousand_of_anything_is_bounded() {
    // Chunks of text: all gone, the picture stays.
    let plain = encoded(ImageFormat::Png);
    let chunk = &png_with(b"tEXt", b"A\0b")[33..33 + 15];
    let many = [&plain[..33], &chunk.repeat(100_000), &plain[33..]].concat();
    assert!(take_in(&many).unwrap().bytes == plain);
    // Layers of a design.
    let layer = r##"{"zone":"a","type":"shape","shape":"rect","color":"#000000","box":{"x":0,"y":0,"w":1,"h":1}}"##;
    let layers = vec![layer; 100_000].join(",");
    let wire = format!(
        r#"{{"specVersion":"1.0.0","product":{{"id":"p","kind":"mug","zones":[{{"id":"a","widthMm":10,"heightMm":10,"bleedMm":0}}]}},"layers":[{layers}]}}"#
    );
    let problems = check_str(&wire).unwrap_err();
    assert!((1..=3).contains(&problems.len()), "refused as a whole, not layer by layer: {}", problems.len());
    // Elements of an SVG.
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}</svg>", "<g/>".repeat(100_000));
    assert!(reason(flatten(svg.as_bytes())).contains("too complex"));
}

#[test]
fn a_file_that_ends_early_is_never_taken_for_a_picture() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(format);
        for length in 0..whole.len() - 1 {
            assert!(take_in(&whole[..length]).is_err(), "{format:?} at {length} of {}", whole.len());
        }
    }
    for format in [ImageFormat::Gif, ImageFormat::Tiff] {
        let whole = encoded(format);
        for length in (0..whole.len() / 2).step_by(7) {
            assert!(take_in(&whole[..length]).is_err(), "{format:?} at {length}");
        }
    }
}

fn pdf(page: &str, more: &str) -> Vec<u8> {
    format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 {page}]>>endobj\n4 0 obj<</Author(Ada (of) \\) Lovelace)/Title<FEFF0041>>>endobj\n{more}\n\
         trailer<</Root 1 0 R/Info 4 0 R>>\nstartxref\n0\n%%EOF\n"
    )
    .into_bytes()
}

#[test]
fn a_pdf_is_paper_or_it_is_refused() {
    let plain = pdf("595.3 842", "");
    let taken = take_in(&plain).unwrap();
    assert_eq!((taken.media_type, taken.width, taken.height), ("application/pdf", 596, 842));
    assert_eq!(taken.bytes.len(), plain.len(), "no offset moves");
    assert!(!holds(&taken, b"Lovelace") && !holds(&taken, b"/Info") && !holds(&taken, b"/Metadata"));
    for active in [
        "/OpenAction 7 0 R",
        "<</S/JavaScript/JS(x)>>",
        "<</S/Java#53cript>>",
        "/AA<<>>",
        "/Type/EmbeddedFile",
        "/Launch",
    ] {
        assert!(reason(take_in(&pdf("595 842", active))).contains("scripts"), "{active}");
    }
    assert!(take_in(&pdf("595 842", "/JSON/AAA")).is_ok(), "longer names are other names");
    reason(take_in(&pdf("0 842", "")));
    reason(take_in(&pdf("595 842", "/Encrypt 8 0 R")));
    reason(take_in(&[&plain[..], b"<html>and more"].concat()));
    reason(take_in(&plain[..plain.len() - 10]));
}

/// What an attacker sends, and a word of the sentence they get.
const HOSTILE: &[(&str, &str)] = &[
    ("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>a</text></svg>", "outlines"),
    (
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><filter id='f'><feGaussianBlur stdDeviation='500'/></filter></svg>",
        "filter",
    ),
    (
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='/etc/hostname' width='9' height='9'/></svg>",
        "other files",
    ),
    (
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='https://example.org/a.png' width='9' height='9'/></svg>",
        "other files",
    ),
    (
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='9' height='9'><use xlink:href='b.svg#a'/></svg>",
        "other files",
    ),
    ("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>1</script></svg>", "more than a drawing"),
    (
        "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><desc>&x;</desc></svg>",
        "",
    ),
    ("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>", "nothing"),
    ("<svg xmlns='http://www.w3.org/2000/svg' width='-9' height='0'><rect width='9' height='9'/></svg>", ""),
    ("<svg", ""),
    ("", ""),
];

#[test]
fn hostile_svg_is_refused_with_a_sentence() {
    for (svg, word) in HOSTILE {
        let said = reason(flatten(svg.as_bytes()));
        assert!(said.contains(word) && said.ends_with('.'), "{svg}: {said}");
    }
    let mut entities = String::from("<!DOCTYPE svg [<!ENTITY a0 'aaaaaaaaaa'>");
    for n in 1..12 {
        entities += &format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10));
    }
    reason(flatten(format!("{entities}]><svg xmlns='http://www.w3.org/2000/svg'><desc>&a11;</desc></svg>").as_bytes()));
    let nested = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}<rect width='9' height='9'/>{}</svg>",
        "<g>".repeat(19_000),
        "</g>".repeat(19_000)
    );
    reason(flatten(nested.as_bytes()));
}

#[test]
fn a_drawing_becomes_pixels() {
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10'><rect width='10' height='10' fill='#e63946'/></svg>";
    let picture = image::load_from_memory(&flatten(svg.as_bytes()).unwrap()).unwrap().into_rgba8();
    assert_eq!(picture.dimensions(), (4096, 2048));
    assert_eq!(picture.get_pixel(1000, 1000).0, [0xe6, 0x39, 0x46, 255]);
    assert_eq!(picture.get_pixel(3000, 1000).0[3], 0, "what is not drawn lets the product through");
}

/// A small generator of our own, so that a failing seed is the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A few bytes changed, a stretch cut out, doubled or moved.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let (at, length) = (self.below(out.len()), self.below(40));
            let end = (at + length).min(out.len());
            match self.below(5) {
                0 if !out.is_empty() => out[at] = self.next() as u8,
                1 if !out.is_empty() => out[at] ^= 1 << self.below(8),
                2 => drop(out.drain(at..end)),
                3 => {
                    let piece = out[at..end].to_vec();
                    let to = self.below(out.len());
                    out.splice(to..to, piece);
                }
                _ => out[at..end].fill(self.next() as u8),
            }
        }
        out
    }
}

#[test]
fn mutated_files_are_taken_or_refused_and_nothing_else() {
    let runs: u64 = std::env::var("PLATEN_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000);
    let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8' width='8' height='8'><defs><linearGradient id='g'><stop offset='0' stop-color='red'/></linearGradient><clipPath id='c'><circle r='4'/></clipPath></defs><g clip-path='url(#c)' transform='rotate(3)'><path d='M0 0L8 8C1 2 3 4 5 6Z' fill='url(#g)' stroke='#123' stroke-dasharray='1 2'/><use href='#g'/></g></svg>";
    let seeds = [
        encoded(ImageFormat::Png),
        jpeg_with(6),
        encoded(ImageFormat::WebP),
        encoded(ImageFormat::Gif),
        encoded(ImageFormat::Tiff),
        pdf("595 842", "stream\nabc\nendstream"),
    ];
    for run in 0..runs {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (run + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let seed = &seeds[dice.below(seeds.len())];
        let bytes = dice.mutate(seed);
        if let Ok(taken) = take_in(&bytes) {
            assert!(taken.width > 0 && taken.height > 0, "run {run}");
            let again =
                take_in(&taken.bytes).unwrap_or_else(|error| panic!("run {run}: what was taken is refused: {error}"));
            assert_eq!(again.bytes, taken.bytes, "run {run}: taking it in twice changes nothing");
        }
        // Drawing 4096 pixels square takes a while, so the SVG goes through fewer runs.
        if run % 100 == 0
            && let Ok(png) = flatten(&dice.mutate(svg.as_bytes()))
        {
            assert!(png.starts_with(b"\x89PNG"), "run {run}");
        }
    }
}
