//! Golden pictures: small ones are compared pixel by pixel, with a report to look at when they differ; of large files the hash.
//!
//! `PLATEN_ACCEPT=1` writes what is drawn now. A failing run leaves `target/picture-report/index.html`: expected, drawn, difference.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::common::{assets, fixtures, sample};
use image::RgbaImage;
use image::imageops::FilterType;
use platen_press::{Checked, Profile, check_str, render};

/// Width of a golden picture.
const WIDTH: u32 = 360;
/// What a channel may differ by without being seen, and how many pixels in a thousand may differ by more.
const STEP_MAX: u8 = 6;
const PER_MILLE_MAX: usize = 2;

/// Name and design of every picture in the gallery.
fn designs() -> Vec<(&'static str, Checked)> {
    let own = |name: &str| {
        let text = std::fs::read_to_string(fixtures().join(format!("mockups/{name}.json"))).unwrap();
        check_str(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
    };
    vec![
        ("mug", sample("01").checked()),
        ("mug-two-sides", sample("02").checked()),
        ("shirt-rtl", sample("03").checked()),
        ("shirt-dark", own("tee")),
        ("poster", own("poster")),
        ("tote", own("tote")),
        ("plate", sample("07").checked()),
        ("sticker", sample("04").checked()),
        ("notebook", sample("08").checked()),
    ]
}

fn first(design: &Checked, profile: Profile) -> Vec<u8> {
    render(&design.spec, &assets(&design.spec), profile).unwrap().remove(0).bytes
}

fn small(png: &[u8]) -> RgbaImage {
    let picture = image::load_from_memory(png).unwrap().into_rgba8();
    let height = picture.height() * WIDTH / picture.width();
    image::imageops::resize(&picture, WIDTH, height, FilterType::Triangle)
}

struct Differs {
    name: String,
    expected: RgbaImage,
    drawn: RgbaImage,
    per_mille: usize,
}

fn compare(name: &str, drawn: RgbaImage, wrong: &mut Vec<Differs>) {
    let path = fixtures().join(format!("golden/pictures/{name}.png"));
    if std::env::var_os("PLATEN_ACCEPT").is_some() {
        drawn.save(&path).unwrap();
    }
    let expected = image::open(&path).map(image::DynamicImage::into_rgba8).unwrap_or_else(|_| RgbaImage::new(1, 1));
    let far =
        |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > STEP_MAX);
    let per_mille = match expected.dimensions() == drawn.dimensions() {
        true => expected.pixels().zip(drawn.pixels()).filter(far).count() * 1000 / expected.pixels().len(),
        false => 1000,
    };
    if per_mille > PER_MILLE_MAX {
        wrong.push(Differs { name: name.to_owned(), expected, drawn, per_mille });
    }
}

/// Writes the page; answers where it is.
fn report(wrong: &[Differs]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/picture-report");
    std::fs::create_dir_all(&folder).unwrap();
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><title>Pictures that differ</title><style>body{font:16px sans-serif}\
         img{width:320px;border:1px solid #ccc;margin:4px}figure{display:inline-block;margin:0}</style><h1>Pictures that differ</h1>",
    );
    for differs in wrong {
        let save = |kind: &str, picture: &RgbaImage| {
            let file = format!("{}-{kind}.png", differs.name);
            picture.save(folder.join(&file)).unwrap();
            format!("<figure><img src='{file}'><figcaption>{kind}</figcaption></figure>")
        };
        let difference = RgbaImage::from_fn(differs.drawn.width(), differs.drawn.height(), |x, y| {
            let (a, b) = (differs.expected.get_pixel_checked(x, y), differs.drawn.get_pixel(x, y));
            let far = |n: usize| a.map_or(255, |a| a.0[n].abs_diff(b.0[n]).saturating_mul(8));
            image::Rgba([far(0), far(1), far(2), 255])
        });
        let shown = [("expected", &differs.expected), ("drawn", &differs.drawn), ("difference", &difference)];
        let shown: String = shown.iter().map(|(kind, picture)| save(kind, picture)).collect();
        write!(page, "<h2>{}: {} of 1000 pixels</h2>{shown}", differs.name, differs.per_mille).unwrap();
    }
    std::fs::write(folder.join("index.html"), page).unwrap();
    folder.join("index.html")
}

#[test]
fn pictures_look_as_they_were_accepted() {
    let mut wrong = Vec::new();
    for (name, design) in designs() {
        compare(name, small(&first(&design, Profile::Mockup)), &mut wrong);
    }
    let mug = sample("02").checked();
    compare("preview", small(&first(&mug, Profile::Preview)), &mut wrong);
    compare("proof", small(&first(&mug, Profile::named("proof").unwrap())), &mut wrong);
    compare("proof-fr", small(&first(&mug, Profile::named("proof-fr").unwrap())), &mut wrong);
    if !wrong.is_empty() {
        let names: Vec<&str> = wrong.iter().map(|differs| differs.name.as_str()).collect();
        panic!(
            "{} differ; look at {}, and if it is meant, run with PLATEN_ACCEPT=1",
            names.join(", "),
            report(&wrong).display()
        );
    }
}

#[test]
fn a_changed_picture_is_noticed_and_shown() {
    let drawn = small(&first(&sample("07").checked(), Profile::Mockup));
    let mut changed = drawn.clone();
    for pixel in changed.pixels_mut().take(2_000) {
        pixel.0[0] = pixel.0[0].wrapping_add(60);
    }
    let wrong = [Differs { name: "planted".to_owned(), expected: drawn, drawn: changed, per_mille: 15 }];
    let page = std::fs::read_to_string(report(&wrong)).unwrap();
    assert!(page.contains("planted: 15 of 1000") && page.contains("planted-difference.png"), "{page}");
}
