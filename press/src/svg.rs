//! A customer's SVG, flattened once: drawn into pixels, so that nothing of its structure ever meets the press again.
//!
//! A process calls this and nothing else, under limits that it set for itself (`platen flatten-svg`): usvg and resvg have
//! limits on nodes, not on time or memory. What is known to be costly is refused before it is built.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Tree, roxmltree};

use crate::{PressError, sniff_image};

/// Largest file taken.
pub const SVG_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longest side of the flattened picture: 300 dpi over 346 mm.
pub const SVG_SIDE_PX: u32 = 4_096;
/// Most elements.
const ELEMENTS_MAX: usize = 20_000;
/// Most characters of all outlines together.
const OUTLINES_MAX: usize = 1_000_000;
/// Most characters of style sheets.
const STYLES_MAX: usize = 64 * 1024;
/// Most masks, clips and patterns, which all cost a page of pixels.
const LAYERS_MAX: usize = 64;
/// Most references to other elements.
const USES_MAX: usize = 1_000;
/// Most pixels of all pictures inside together.
const PICTURES_PX_MAX: u64 = 16_000_000;

fn bad(reason: impl Into<String>) -> PressError {
    PressError::BadImage { reason: reason.into() }
}

/// Draws an SVG into a PNG whose longest side is [`SVG_SIDE_PX`].
pub fn flatten(svg: &[u8]) -> Result<Vec<u8>, PressError> {
    if svg.len() > SVG_BYTES_MAX {
        return Err(bad(format!("The SVG is larger than {} MB.", SVG_BYTES_MAX / 1024 / 1024)));
    }
    let text = std::str::from_utf8(svg).map_err(|_| bad("The SVG is not UTF-8 text."))?;
    let options = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: 200_000, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options);
    let document = document.map_err(|_| bad("The SVG is not well-formed, or unfolds beyond every limit."))?;
    check(&document)?;
    let tree = Tree::from_xmltree(&document, &resolver()).map_err(|_| bad("The SVG cannot be read."))?;
    draw(&tree)
}

/// Looks for what would cost too much, would not be drawn, or leads outside.
fn check(document: &roxmltree::Document<'_>) -> Result<(), PressError> {
    let (mut elements, mut outlines, mut styles, mut layers, mut uses) = (0, 0, 0, 0, 0);
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        elements += 1;
        match node.tag_name().name() {
            "text" | "tspan" | "textPath" => {
                return Err(bad("The SVG holds text; convert it to outlines, so that it is printed as you see it."));
            }
            "filter" => return Err(bad("The SVG holds filter effects; flatten or remove them.")),
            "foreignObject" | "script" | "iframe" => return Err(bad("The SVG holds more than a drawing.")),
            "style" => styles += node.text().map_or(0, str::len),
            "mask" | "clipPath" | "pattern" => layers += 1,
            "use" => uses += 1,
            _ => {}
        }
        for attribute in node.attributes() {
            match attribute.name() {
                "d" | "points" => outlines += attribute.value().len(),
                "href" if !attribute.value().starts_with('#') && !attribute.value().starts_with("data:") => {
                    return Err(bad("The SVG refers to other files; embed its pictures."));
                }
                _ => {}
            }
        }
    }
    let within = elements <= ELEMENTS_MAX
        && outlines <= OUTLINES_MAX
        && styles <= STYLES_MAX
        && layers <= LAYERS_MAX
        && uses <= USES_MAX;
    if within { Ok(()) } else { Err(bad("The SVG is too complex; simplify it, or send a picture of it.")) }
}

/// Pictures inside are taken from the file itself, their headers looked at first; nothing else is ever opened.
fn resolver() -> Options<'static> {
    let left = AtomicU64::new(PICTURES_PX_MAX);
    let take =
        move |px: u64| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(px)).is_ok();
    let resolve_data = Box::new(move |_: &str, data: Arc<Vec<u8>>, _: &Options<'_>| {
        let info = sniff_image(&data).ok()?;
        if !take(u64::from(info.width) * u64::from(info.height)) {
            return None;
        }
        match info.media_type {
            "image/png" => Some(ImageKind::PNG(data)),
            "image/jpeg" => Some(ImageKind::JPEG(data)),
            _ => None,
        }
    });
    let image_href_resolver = ImageHrefResolver { resolve_data, resolve_string: Box::new(|_, _| None) };
    Options { image_href_resolver, ..Options::default() }
}

fn draw(tree: &Tree) -> Result<Vec<u8>, PressError> {
    let (width, height) = (tree.size().width(), tree.size().height());
    let longest = width.max(height);
    if !(longest.is_finite() && longest > 0.0) {
        return Err(bad("The SVG has no size."));
    }
    let scale = SVG_SIDE_PX as f32 / longest;
    let px = |side: f32| ((side * scale).round() as u32).clamp(1, SVG_SIDE_PX);
    let mut pixels = Pixmap::new(px(width), px(height)).ok_or_else(|| bad("The SVG has no size."))?;
    resvg::render(tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    if pixels.pixels().iter().all(|px| px.alpha() == 0) {
        return Err(bad("The SVG draws nothing."));
    }
    pixels.encode_png().map_err(|_| PressError::Defect("a flattened SVG could not be written"))
}
