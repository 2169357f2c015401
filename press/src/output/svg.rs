//! One zone as SVG: true millimetres, outlined text, pictures inside the file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::number::push_mm;
use super::png::{Page, Samples};
use crate::PressError;
use crate::assets::{Assets, Picture};
use crate::draw::{DisplayList, Item, Path, Point, Seg};

/// Writes a zone. The origin is the trim's top left; bleed lies at negative coordinates.
pub(super) fn write(list: &DisplayList<'_>, assets: &Assets) -> Result<Vec<u8>, PressError> {
    let zone = list.zone;
    let mut out = Vec::with_capacity(16 * 1024);
    let full = |side: i32| side + 2 * zone.bleed_um;
    out.extend(b"<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"");
    push_mm(&mut out, full(zone.width_um));
    out.extend(b"mm\" height=\"");
    push_mm(&mut out, full(zone.height_um));
    out.extend(b"mm\" viewBox=\"");
    for (index, value) in
        [-zone.bleed_um, -zone.bleed_um, full(zone.width_um), full(zone.height_um)].into_iter().enumerate()
    {
        if index > 0 {
            out.push(b' ');
        }
        push_mm(&mut out, value);
    }
    out.extend(b"\">\n");
    for item in &list.items {
        push_item(&mut out, item, assets)?;
    }
    if let Some(cut) = &list.cut {
        out.extend(b"<path id=\"CutContour\" fill=\"none\" stroke=\"#ff00ff\" stroke-width=\"0.1\" d=\"");
        push_path(&mut out, cut);
        out.extend(b"\"/>\n");
    }
    out.extend(b"</svg>\n");
    Ok(out)
}

fn push_item(out: &mut Vec<u8>, item: &Item<'_>, assets: &Assets) -> Result<(), PressError> {
    match item {
        Item::Background { path, color } | Item::Fill { path, color } => {
            out.extend(b"<path fill=\"");
            out.extend(color.hex().bytes());
            out.extend(b"\" d=\"");
            push_path(out, path);
            out.extend(b"\"/>\n");
        }
        Item::Stroke { path, color, width_um } => {
            out.extend(b"<path fill=\"none\" stroke-linejoin=\"round\" stroke=\"");
            out.extend(color.hex().bytes());
            out.extend(b"\" stroke-width=\"");
            push_mm(out, *width_um);
            out.extend(b"\" d=\"");
            push_path(out, path);
            out.extend(b"\"/>\n");
        }
        Item::Picture { href, place } => {
            let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
            out.extend(b"<image preserveAspectRatio=\"none\"");
            for (name, value) in [("x", place.x_um), ("y", place.y_um), ("width", place.w_um), ("height", place.h_um)] {
                out.extend(format!(" {name}=\"").bytes());
                push_mm(out, value);
                out.push(b'"');
            }
            // The old attribute name: some editors drop a bare href without a word.
            out.extend(b" xlink:href=\"data:image/");
            match &picture.jpeg {
                Some(jpeg) => out.extend(format!("jpeg;base64,{}", STANDARD.encode(jpeg)).bytes()),
                None => out.extend(format!("png;base64,{}", STANDARD.encode(picture_png(picture)?)).bytes()),
            }
            out.extend(b"\"/>\n");
        }
    }
    Ok(())
}

/// The decoded pixels as PNG: whatever the upload carried besides (places, names, thumbnails) stays behind.
fn picture_png(picture: &Picture) -> Result<Vec<u8>, PressError> {
    let samples = Samples::of_rgba(picture.opaque);
    let page = Page { width: picture.width, height: picture.height, samples };
    page.png(&picture.rgba)
}

fn push_path(out: &mut Vec<u8>, path: &Path) {
    let points = |out: &mut Vec<u8>, letter: u8, points: &[Point]| {
        out.push(letter);
        for (index, point) in points.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            push_mm(out, point.x);
            out.push(b' ');
            push_mm(out, point.y);
        }
    };
    for seg in &path.segs {
        match *seg {
            Seg::Move(a) => points(out, b'M', &[a]),
            Seg::Line(a) => points(out, b'L', &[a]),
            Seg::Quad(a, b) => points(out, b'Q', &[a, b]),
            Seg::Cubic(a, b, c) => points(out, b'C', &[a, b, c]),
            Seg::Close => out.push(b'Z'),
        }
    }
}
