//! One zone as a single-page PDF at true size: boxes, outlined text, spot cut line.

use std::collections::BTreeMap;

use pdf_writer::types::OverprintMode;
use pdf_writer::writers::Resources;
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use sha2::{Digest, Sha256};

use super::number::push_mm;
use super::png::{self, Page};
use crate::PressError;
use crate::assets::{Assets, Picture};
use crate::draw::{DisplayList, Item, Path, Point, Seg};
use crate::spec::Color;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const CUT_STATE: Ref = Ref::new(6);
/// Pictures take two numbers each from here on: pixels, then alpha.
const PICTURES: i32 = 7;

/// Points per millimetre, the one scale of the page.
const PT_PER_MM: &[u8] = b"2.8346457";

/// Writes a zone; `spec_hash` makes the file's identity.
pub(super) fn write(list: &DisplayList<'_>, assets: &Assets, spec_hash: &str) -> Result<Vec<u8>, PressError> {
    let pictures = pictures(list);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 6);
    pdf.set_binary_marker(&[0xe2, 0xe3, 0xcf, 0xd3]);
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    page(&mut pdf, list, &pictures);
    pdf.stream(CONTENT, &deflated(&content(list, &pictures))?).filter(Filter::FlateDecode);
    if list.cut.is_some() {
        let mut state = pdf.ext_graphics(CUT_STATE);
        state.overprint(true).overprint_fill(true).overprint_mode(OverprintMode::IgnoreZeroChannel);
    }
    for (href, index) in &pictures {
        let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
        write_picture(&mut pdf, picture, *index)?;
    }
    identity(&mut pdf, list, spec_hash);
    Ok(pdf.finish())
}

/// Several pages of one size as a document; `id` makes its identity.
pub(super) fn document(
    pages: &[DisplayList<'_>],
    assets: &Assets,
    title: &str,
    id: &str,
) -> Result<Vec<u8>, PressError> {
    let mut all = BTreeMap::new();
    for (href, _) in pages.iter().flat_map(pictures) {
        let next = i32::try_from(all.len()).unwrap_or(0);
        all.entry(href).or_insert(next);
    }
    // Pages come after the pictures, two numbers each.
    let first = PICTURES + 2 * i32::try_from(all.len()).unwrap_or(0);
    let page_ref = |n: usize| Ref::new(first + 2 * i32::try_from(n).unwrap_or(0));
    let content_ref = |n: usize| Ref::new(first + 2 * i32::try_from(n).unwrap_or(0) + 1);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 6);
    pdf.set_binary_marker(&[0xe2, 0xe3, 0xcf, 0xd3]);
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids((0..pages.len()).map(page_ref)).count(i32::try_from(pages.len()).unwrap_or(0));
    for (n, list) in pages.iter().enumerate() {
        let mut page = pdf.page(page_ref(n));
        page.parent(PAGES).contents(content_ref(n));
        page.media_box(Rect::new(0.0, 0.0, points(list.zone.width_um), points(list.zone.height_um)));
        resources(&mut page.resources(), list, &all);
        page.finish();
        pdf.stream(content_ref(n), &deflated(&content(list, &all))?).filter(Filter::FlateDecode);
    }
    for (href, index) in &all {
        let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
        write_picture(&mut pdf, picture, *index)?;
    }
    named(&mut pdf, title, &[id]);
    Ok(pdf.finish())
}

/// Pictures of the zone, each once, with their place in the file.
fn pictures<'a>(list: &DisplayList<'a>) -> BTreeMap<&'a str, i32> {
    let mut found = BTreeMap::new();
    for item in &list.items {
        if let Item::Picture { href, .. } = item {
            let next = i32::try_from(found.len()).unwrap_or(0);
            found.entry(*href).or_insert(next);
        }
    }
    found
}

fn picture_name(index: i32) -> String {
    format!("Im{index}")
}

fn page(pdf: &mut Pdf, list: &DisplayList<'_>, pictures: &BTreeMap<&str, i32>) {
    let zone = list.zone;
    let (width, height, bleed) = (points(zone.width_um), points(zone.height_um), points(zone.bleed_um));
    let sheet =
        Rect::new(0.0, 0.0, points(zone.width_um + 2 * zone.bleed_um), points(zone.height_um + 2 * zone.bleed_um));
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).contents(CONTENT);
    // No marks outside the bleed, so the sheet is the bleed.
    page.media_box(sheet).bleed_box(sheet);
    page.trim_box(Rect::new(bleed, bleed, bleed + width, bleed + height));
    resources(&mut page.resources(), list, pictures);
    page.finish();
}

fn resources(resources: &mut Resources<'_>, list: &DisplayList<'_>, pictures: &BTreeMap<&str, i32>) {
    if !pictures.is_empty() {
        let mut objects = resources.x_objects();
        for index in pictures.values() {
            objects.pair(Name(picture_name(*index).as_bytes()), Ref::new(PICTURES + 2 * index));
        }
    }
    if list.cut.is_some() {
        resources.ext_g_states().pair(Name(b"Cut"), CUT_STATE);
        let mut spaces = resources.color_spaces();
        let mut spot = spaces
            .insert(Name(b"CutContour"))
            .start::<pdf_writer::writers::ColorSpace<'_>>()
            .separation(Name(b"CutContour"));
        spot.alternate_color_space().device_cmyk();
        let mut tint = spot.tint_exponential();
        tint.domain([0.0, 1.0]).c0([0.0, 0.0, 0.0, 0.0]).c1([0.0, 1.0, 0.0, 0.0]).n(1.0);
    }
}

fn points(um: i32) -> f32 {
    // Rounded to a thousandth of a point in f64, so that the printed digits are few and always the same.
    ((f64::from(um) * 72.0 / 25_400.0 * 1000.0).round() / 1000.0) as f32
}

/// The page's drawing: one flip, then millimetres with y down like everywhere else.
fn content(list: &DisplayList<'_>, pictures: &BTreeMap<&str, i32>) -> Vec<u8> {
    let zone = list.zone;
    let mut out = Vec::with_capacity(16 * 1024);
    out.extend(PT_PER_MM);
    out.extend(b" 0 0 ");
    out.extend(PT_PER_MM);
    out.extend(b" 0 0 cm\n1 0 0 -1 ");
    push_mm(&mut out, zone.bleed_um);
    out.push(b' ');
    push_mm(&mut out, zone.height_um + zone.bleed_um);
    out.extend(b" cm\n");
    for item in &list.items {
        push_item(&mut out, item, pictures);
    }
    if let Some(cut) = &list.cut {
        out.extend(b"q /Cut gs /CutContour CS 1 SCN 0.1 w\n");
        push_path(&mut out, cut);
        out.extend(b"S Q\n");
    }
    out
}

fn push_item(out: &mut Vec<u8>, item: &Item<'_>, pictures: &BTreeMap<&str, i32>) {
    match item {
        Item::Background { path, color } | Item::Fill { path, color } => {
            push_color(out, *color);
            out.extend(b"rg\n");
            push_path(out, path);
            out.extend(b"f\n");
        }
        Item::Stroke { path, color, width_um } => {
            out.extend(b"1 j ");
            push_color(out, *color);
            out.extend(b"RG ");
            push_mm(out, *width_um);
            out.extend(b" w\n");
            push_path(out, path);
            out.extend(b"S\n");
        }
        Item::Picture { href, place } => {
            let Some(index) = pictures.get(href) else { return };
            out.extend(b"q ");
            push_mm(out, place.w_um);
            out.extend(b" 0 0 ");
            push_mm(out, -place.h_um);
            for value in [place.x_um, place.y_um + place.h_um] {
                out.push(b' ');
                push_mm(out, value);
            }
            out.extend(format!(" cm /{} Do Q\n", picture_name(*index)).bytes());
        }
    }
}

/// Three components with three decimals: exact enough for 8 bits and short.
fn push_color(out: &mut Vec<u8>, color: Color) {
    for part in [color.r, color.g, color.b] {
        push_mm(out, (i32::from(part) * 1000 + 127) / 255);
        out.push(b' ');
    }
}

fn push_path(out: &mut Vec<u8>, path: &Path) {
    let mut here = Point { x: 0, y: 0 };
    for seg in &path.segs {
        match *seg {
            Seg::Move(a) => step(out, &[a], b"m\n"),
            Seg::Line(a) => step(out, &[a], b"l\n"),
            Seg::Quad(a, b) => step(out, &[toward(here, a), toward(b, a), b], b"c\n"),
            Seg::Cubic(a, b, c) => step(out, &[a, b, c], b"c\n"),
            Seg::Close => out.extend(b"h\n"),
        }
        here = match *seg {
            Seg::Move(a) | Seg::Line(a) | Seg::Quad(_, a) | Seg::Cubic(_, _, a) => a,
            Seg::Close => here,
        };
    }
}

/// PDF knows no quadratics: a cubic's handles lie two thirds of the way to the control point.
fn toward(end: Point, control: Point) -> Point {
    let mix = |e: i32, c: i32| {
        let sum = i64::from(e) + 2 * i64::from(c);
        i32::try_from((sum + sum.signum()) / 3).unwrap_or(e)
    };
    Point { x: mix(end.x, control.x), y: mix(end.y, control.y) }
}

fn step(out: &mut Vec<u8>, points: &[Point], operator: &[u8]) {
    for point in points {
        push_mm(out, point.x);
        out.push(b' ');
        push_mm(out, point.y);
        out.push(b' ');
    }
    out.extend(operator);
}

fn write_picture(pdf: &mut Pdf, picture: &Picture, index: i32) -> Result<(), PressError> {
    let pixels = Ref::new(PICTURES + 2 * index);
    let mask = Ref::new(PICTURES + 2 * index + 1);
    let rgb = samples(picture, 3, |px| &px[..3])?;
    image(pdf, pixels, picture, (&rgb, 3), (!picture.opaque).then_some(mask));
    if !picture.opaque {
        let alpha = samples(picture, 1, |px| &px[3..])?;
        image(pdf, mask, picture, (&alpha, 1), None);
    }
    Ok(())
}

/// Filtered and deflated samples of some of a picture's channels.
fn samples(picture: &Picture, channels: usize, pick: fn(&[u8]) -> &[u8]) -> Result<Vec<u8>, PressError> {
    let stride = picture.width as usize * 4;
    let page = Page { width: picture.width, height: picture.height, channels };
    let parts = png::zlib(page, |rows| {
        let raw = &picture.rgba[rows.start as usize * stride..rows.end as usize * stride];
        Ok(raw.chunks_exact(4).flat_map(pick).copied().collect())
    })?;
    Ok(parts.concat())
}

fn image(pdf: &mut Pdf, id: Ref, picture: &Picture, (data, colors): (&[u8], i32), mask: Option<Ref>) {
    let side = |px: u32| i32::try_from(px).unwrap_or(0);
    let mut object = pdf.image_xobject(id, data);
    object.filter(Filter::FlateDecode);
    let mut parms = object.decode_parms();
    parms.predictor(pdf_writer::types::Predictor::PngOptimum).colors(colors).columns(side(picture.width));
    parms.finish();
    object.width(side(picture.width)).height(side(picture.height)).bits_per_component(8).interpolate(true);
    if colors == 3 {
        object.color_space().device_rgb()
    } else {
        object.color_space().device_gray()
    }
    if let Some(mask) = mask {
        object.s_mask(mask);
    }
    object.finish();
}

/// Who this file is: derived from the design, never from the clock.
fn identity(pdf: &mut Pdf, list: &DisplayList<'_>, spec_hash: &str) {
    named(pdf, &list.zone.id, &[spec_hash, &list.zone.id]);
}

fn named(pdf: &mut Pdf, title: &str, parts: &[&str]) {
    let mut info = pdf.document_info(INFO);
    info.title(TextStr(title));
    info.producer(TextStr(&format!("Platen press {}", crate::PRESS_VERSION)));
    info.trapped(pdf_writer::types::TrappingStatus::NotTrapped);
    info.finish();
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(crate::PRESS_VERSION);
    let id = hasher.finalize()[..16].to_vec();
    pdf.set_file_id((id.clone(), id));
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    use std::io::Write;
    let failed = |_| PressError::Defect("deflate failed in memory");
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).map_err(failed)?;
    encoder.finish().map_err(failed)
}
