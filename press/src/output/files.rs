//! Production files: per zone an SVG, a PDF and a PNG at print resolution.

use super::raster::{Part, Place, Sheet};
use super::{pdf, svg};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Point, display_lists};
use crate::spec::Spec;
use crate::spec::limits::PRINT_DPI;

/// 300 dots per inch, as PNG counts them.
const DOTS_PER_METRE: u32 = 11_811;

/// One finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative path, `/` between its parts.
    pub path: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Every production file of a design: `{zone}.svg`, `{zone}.pdf`, `{zone}.png` per zone, bleed included.
pub fn zone_files(spec: &Spec, assets: &Assets) -> Result<Vec<File>, PressError> {
    let hash = spec.hash();
    let lists = display_lists(spec, assets)?;
    let mut files = Vec::with_capacity(3 * lists.len());
    for list in &lists {
        let file = |extension: &str, media_type, bytes| File {
            path: format!("{}.{extension}", list.zone.id),
            media_type,
            bytes,
        };
        files.push(file("svg", "image/svg+xml", svg::write(list, assets)?));
        files.push(file("pdf", "application/pdf", pdf::write(list, assets, &hash)?));
        files.push(file("png", "image/png", print_png(list, assets)?));
    }
    Ok(files)
}

/// Every zone at print resolution: `{zone}.png`, bleed included.
pub(crate) fn print_pngs(spec: &Spec, assets: &Assets) -> Result<Vec<File>, PressError> {
    let lists = display_lists(spec, assets)?;
    let file = |list: &DisplayList<'_>| {
        let path = format!("{}.png", list.zone.id);
        Ok(File { path, media_type: "image/png", bytes: print_png(list, assets)? })
    };
    lists.iter().map(file).collect()
}

fn print_png(list: &DisplayList<'_>, assets: &Assets) -> Result<Vec<u8>, PressError> {
    let (width, height) = list.zone.raster_px();
    let scale = PRINT_DPI as f32 / 25_400.0;
    let origin = Point { x: -list.zone.bleed_um, y: -list.zone.bleed_um };
    let place = Place { left: 0, top: 0, width, height, scale, origin, cut_out: false };
    Sheet { width, height, parts: vec![Part::new(list, assets, place)?] }.png(Some(DOTS_PER_METRE))
}
