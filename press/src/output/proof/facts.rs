//! What a proof sheet says about every layer: read from the same layout that is printed.

use super::words::{Warning, Words};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::contain;
use crate::spec::{Color, Content, EffectKind, Frame, Spec, Zone};
use crate::text::{face_name, layout};

/// Fewer dots per inch than this look blurred.
const DPI_MIN: i64 = 150;
/// Smaller letters are hard to read: about 5 points.
const SIZE_UM_MIN: i32 = 1_760;
/// How far inside the edge nothing is at risk; a tenth of the shorter side on small zones.
const SAFE_UM: i32 = 3_000;

/// A line of the sheet's table.
pub(super) struct Row {
    pub(super) zone: String,
    pub(super) content: String,
    pub(super) font: String,
    pub(super) size: String,
    pub(super) color: Option<Color>,
    pub(super) color_name: String,
    pub(super) warnings: Vec<String>,
}

/// The part of a zone where nothing is at risk.
pub(super) fn safe_area(zone: &Zone) -> Frame {
    let inset = SAFE_UM.min(zone.width_um.min(zone.height_um) / 10);
    Frame { x_um: inset, y_um: inset, w_um: zone.width_um - 2 * inset, h_um: zone.height_um - 2 * inset }
}

/// One row per layer, bottom first.
pub(super) fn rows(spec: &Spec, assets: &Assets, words: &Words) -> Result<Vec<Row>, PressError> {
    let mut rows = Vec::new();
    for (index, layer) in spec.layers().iter().enumerate() {
        let zone = spec.zones().iter().find(|zone| zone.id == layer.zone);
        let zone = zone.ok_or(PressError::Defect("a checked layer lies on no zone"))?;
        let mut warnings = Vec::new();
        let mut row = Row {
            zone: layer.zone.clone(),
            content: String::new(),
            font: String::new(),
            size: String::new(),
            color: None,
            color_name: String::new(),
            warnings: Vec::new(),
        };
        match &layer.content {
            Content::Text(text) => {
                let laid =
                    layout(text, layer.frame).map_err(|refusal| PressError::Invalid(vec![refusal.problem(index)]))?;
                let effect = text.effect.map(|effect| match effect.kind {
                    EffectKind::Outline => words.outline,
                    EffectKind::Shadow => words.shadow,
                });
                row.content = text.text.clone();
                row.font = fonts(&laid.lines);
                row.size = words.points(laid.size_um);
                row.color = Some(text.color);
                row.color_name = [Some(text.color.hex()), effect.map(str::to_owned)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", ");
                if laid.size_um < text.size_um {
                    warnings.push(Warning::Shrunk { asked_um: text.size_um, set_um: laid.size_um });
                }
                if laid.size_um < SIZE_UM_MIN {
                    warnings.push(Warning::Small { set_um: laid.size_um });
                }
                let high = (laid.line_height * f64::from(laid.size_um) * laid.lines.len() as f64) as i32;
                let wide = laid.lines.iter().map(|line| line.width).fold(0.0, f64::max) * f64::from(laid.size_um);
                warnings.extend(edge(zone, inked(layer.frame, wide as i32, high)));
            }
            Content::Image(image) => {
                let picture = assets.get(&image.href).ok_or_else(|| PressError::MissingAsset(image.href.clone()))?;
                let place = contain(layer.frame, picture.width, picture.height);
                let dpi = i64::from(picture.width) * 25_400 / i64::from(place.w_um.max(1));
                row.content = format!("{}, {} × {} px", words.picture, picture.width, picture.height);
                row.size = format!("{} × {}", words.mm(place.w_um), words.mm(place.h_um));
                row.font = format!("{dpi} dpi");
                if dpi < DPI_MIN {
                    warnings.push(Warning::LowResolution { dpi });
                }
                warnings.extend(edge(zone, place).filter(|warning| *warning == Warning::CutOff));
            }
            Content::Shape(shape) => {
                row.content = words.shape.to_owned();
                row.size = format!("{} × {}", words.mm(layer.frame.w_um), words.mm(layer.frame.h_um));
                row.color = Some(shape.color);
                row.color_name = shape.color.hex();
            }
        }
        row.warnings = warnings.into_iter().map(|warning| words.warning(&layer.zone, index + 1, warning)).collect();
        rows.push(row);
    }
    Ok(rows)
}

/// The middle of a text's box that its lines take up.
fn inked(frame: Frame, wide: i32, high: i32) -> Frame {
    let (w, h) = (wide.min(frame.w_um), high.min(frame.h_um));
    Frame { x_um: frame.x_um + (frame.w_um - w) / 2, y_um: frame.y_um + (frame.h_um - h) / 2, w_um: w, h_um: h }
}

fn edge(zone: &Zone, ink: Frame) -> impl Iterator<Item = Warning> {
    let outside = |inset: i32| {
        ink.x_um < inset
            || ink.y_um < inset
            || ink.x_um + ink.w_um > zone.width_um - inset
            || ink.y_um + ink.h_um > zone.height_um - inset
    };
    let found = if outside(0) {
        Some(Warning::CutOff)
    } else if outside(safe_area(zone).x_um) {
        Some(Warning::NearTheEdge)
    } else {
        None
    };
    found.into_iter()
}

/// Every font that draws a letter of these lines, the chosen one first.
fn fonts(lines: &[crate::text::Line]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for glyph in lines.iter().flat_map(|line| &line.glyphs) {
        let name = face_name(glyph.face);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}
