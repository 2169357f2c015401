//! Production files: per zone an SVG, a PDF, a PNG at print resolution, and a DXF where something is cut or engraved.

use serde_json::Value;

use super::raster::{Part, Place, Sheet};
use super::{dxf, facts, pdf, svg};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Point, display_lists};
use crate::ink::Cmyk;
use crate::preflight::all_rules;
use crate::spec::limits::PRINT_DPI;
use crate::spec::{Process, Spec};
use crate::threads;

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

/// The print files of a design, and what is true of each zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    /// `{zone}.svg`, `{zone}.pdf`, `{zone}.png` per zone, bleed included; `{zone}.dxf` where something is cut or engraved.
    pub files: Vec<File>,
    /// One object per zone: sizes, inks, densities, checks.
    pub zones: Value,
}

/// Every production file of a design, its PDFs in the inks of a printing condition, or in sRGB without one.
pub fn print_files(spec: &Spec, assets: &Assets, inks: Option<&Cmyk>) -> Result<Printed, PressError> {
    let hash = spec.hash();
    let lists = display_lists(spec, assets)?;
    let rules = all_rules().first().ok_or(PressError::Defect("there are no provider's rules"))?;
    // The slow three of every zone, each by itself.
    let mut made = threads::all(3 * lists.len(), |n| {
        let list = &lists[n / 3];
        match n % 3 {
            0 => print_png(list, assets),
            1 => pdf::write(list, assets, &hash, inks),
            _ => svg::write(list, assets),
        }
    })?
    .into_iter();
    let mut next = || made.next().unwrap_or_default();
    let mut files = Vec::with_capacity(4 * lists.len());
    let mut zones = Vec::with_capacity(lists.len());
    for list in &lists {
        let file = |extension: &str, media_type, bytes| File {
            path: format!("{}.{extension}", list.zone.id),
            media_type,
            bytes,
        };
        let engraved = spec.process(list.zone) == Process::Engrave;
        let (png, pdf, svg) = (next(), next(), next());
        files.push(file("svg", "image/svg+xml", svg));
        files.push(file("pdf", "application/pdf", pdf));
        files.push(file("png", "image/png", png));
        if engraved || list.cut.is_some() {
            files.push(file("dxf", "image/vnd.dxf", dxf::write(list, engraved)));
        }
        zones.push(facts::zone(spec, list, assets, inks, rules));
    }
    Ok(Printed { files, zones: Value::Array(zones) })
}

/// The files of [`print_files`] in sRGB, without the facts.
pub fn zone_files(spec: &Spec, assets: &Assets) -> Result<Vec<File>, PressError> {
    print_files(spec, assets, None).map(|printed| printed.files)
}

/// The PDFs among [`print_files`] alone: `{zone}.pdf`, bleed included.
pub fn print_pdfs(spec: &Spec, assets: &Assets, inks: Option<&Cmyk>) -> Result<Vec<File>, PressError> {
    let hash = spec.hash();
    of_each(spec, assets, ("pdf", "application/pdf"), |list| pdf::write(list, assets, &hash, inks))
}

/// Every zone at print resolution: `{zone}.png`, bleed included.
pub(crate) fn print_pngs(spec: &Spec, assets: &Assets) -> Result<Vec<File>, PressError> {
    of_each(spec, assets, ("png", "image/png"), |list| print_png(list, assets))
}

/// One file of each zone.
fn of_each(
    spec: &Spec,
    assets: &Assets,
    (extension, media_type): (&str, &'static str),
    make: impl Fn(&DisplayList<'_>) -> Result<Vec<u8>, PressError>,
) -> Result<Vec<File>, PressError> {
    let lists = display_lists(spec, assets)?;
    let file = |list: &DisplayList<'_>| {
        Ok(File { path: format!("{}.{extension}", list.zone.id), media_type, bytes: make(list)? })
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
