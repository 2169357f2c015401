//! One zone as a single-page PDF at true size: boxes, outlined text, spot cut line.

mod claim;
mod content;
mod image;

use std::collections::BTreeMap;

use pdf_writer::types::OverprintMode;
use pdf_writer::writers::Resources;
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, TextStr};
use sha2::{Digest, Sha256};

use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Item};
use crate::ink::Cmyk;
use claim::claim;
use content::content;
use image::write_picture;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const CUT_STATE: Ref = Ref::new(6);
const PROFILE: Ref = Ref::new(7);
const METADATA: Ref = Ref::new(8);
/// Pictures take two numbers each from here on: pixels, then alpha.
const PICTURES: i32 = 9;

/// Writes a zone; `spec_hash` makes the file's identity. With `inks` it is CMYK and says for which printing condition.
pub(super) fn write(
    list: &DisplayList<'_>,
    assets: &Assets,
    spec_hash: &str,
    inks: Option<&Cmyk>,
) -> Result<Vec<u8>, PressError> {
    let pictures = pictures(list);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 6);
    pdf.set_binary_marker(&[0xe2, 0xe3, 0xcf, 0xd3]);
    let id = id(&[spec_hash, &list.zone.id, inks.map_or("", Cmyk::sha256)]);
    match inks {
        Some(inks) => claim(&mut pdf, inks, &list.zone.id, &id),
        None => drop(pdf.catalog(CATALOG).pages(PAGES)),
    }
    pdf.pages(PAGES).kids([PAGE]).count(1);
    page(&mut pdf, list, &pictures, inks.is_some());
    pdf.stream(CONTENT, &deflated(&content(list, &pictures, inks))?).filter(Filter::FlateDecode);
    if list.cut.is_some() {
        let mut state = pdf.ext_graphics(CUT_STATE);
        state.overprint(true).overprint_fill(true).overprint_mode(OverprintMode::IgnoreZeroChannel);
    }
    for (href, index) in &pictures {
        let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
        write_picture(&mut pdf, picture, *index, inks)?;
    }
    named(&mut pdf, &list.zone.id, inks.is_some(), id);
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
        pdf.stream(content_ref(n), &deflated(&content(list, &all, None))?).filter(Filter::FlateDecode);
    }
    for (href, index) in &all {
        let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
        write_picture(&mut pdf, picture, *index, None)?;
    }
    named(&mut pdf, title, false, self::id(&[id]));
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

fn page(pdf: &mut Pdf, list: &DisplayList<'_>, pictures: &BTreeMap<&str, i32>, cmyk: bool) {
    let zone = list.zone;
    let (width, height, bleed) = (points(zone.width_um), points(zone.height_um), points(zone.bleed_um));
    let sheet =
        Rect::new(0.0, 0.0, points(zone.width_um + 2 * zone.bleed_um), points(zone.height_um + 2 * zone.bleed_um));
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).contents(CONTENT);
    // No marks outside the bleed, so the sheet is the bleed.
    page.media_box(sheet).bleed_box(sheet);
    page.trim_box(Rect::new(bleed, bleed, bleed + width, bleed + height));
    if cmyk {
        // Where pictures let something through, it is mixed in inks.
        page.group().transparency().color_space().device_cmyk();
    }
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

fn named(pdf: &mut Pdf, title: &str, claims: bool, id: Vec<u8>) {
    let mut info = pdf.document_info(INFO);
    info.title(TextStr(title));
    info.producer(TextStr(&claim::producer()));
    info.trapped(pdf_writer::types::TrappingStatus::NotTrapped);
    if claims {
        info.creation_date(claim::date()).modified_date(claim::date());
        // The standard's place is the metadata; older readers look here.
        info.pair(Name(b"GTS_PDFXVersion"), TextStr("PDF/X-4"));
    }
    info.finish();
    pdf.set_file_id((id.clone(), id));
}

/// Who a file is: derived from the design, never from the clock.
fn id(parts: &[&str]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(crate::PRESS_VERSION);
    hasher.finalize()[..16].to_vec()
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    use std::io::Write;
    let failed = |_| PressError::Defect("deflate failed in memory");
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).map_err(failed)?;
    encoder.finish().map_err(failed)
}
