//! Laid-out text to outlines in micrometres.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{GlyphId, MetadataProvider};

use super::path::{Path, Point, Seg};
use crate::spec::{Frame, Text};
use crate::text::{Laid, faces, places};

/// Outlines of a text in its box: one path per stretch of one font.
///
/// Fonts disagree on which way an outline turns; in one path, two overlapping letters of different fonts would cancel.
pub(super) fn outline(laid: &Laid, text: &Text, frame: Frame) -> Vec<Path> {
    let size = f64::from(laid.size_um);
    let mut paths: Vec<Path> = Vec::new();
    let mut last_face = None;
    for (line, place) in laid.lines.iter().zip(places(laid, text, frame)) {
        for glyph in &line.glyphs {
            if last_face != Some(glyph.face) {
                paths.push(Path::default());
                last_face = Some(glyph.face);
            }
            let Some(path) = paths.last_mut() else { continue };
            let face = &faces()[glyph.face];
            let (x, y) = (place.x + glyph.x * size, place.baseline - glyph.y * size);
            let mut pen = Pen { path, x, y, scale: size / face.units_per_em };
            let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
            if let Some(outline) = face.font.outline_glyphs().get(GlyphId::new(glyph.id)) {
                // A shipped font's outline does not fail; a test draws every glyph of every file.
                let _ = outline.draw(settings, &mut pen);
            }
        }
    }
    paths.retain(|path| !path.segs.is_empty());
    paths
}

struct Pen<'a> {
    path: &'a mut Path,
    x: f64,
    y: f64,
    scale: f64,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> Point {
        let um = |value: f64| value.round() as i32;
        Point { x: um(self.x + f64::from(x) * self.scale), y: um(self.y - f64::from(y) * self.scale) }
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.segs.push(Seg::Move(self.at(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.segs.push(Seg::Line(self.at(x, y)));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.path.segs.push(Seg::Quad(self.at(cx0, cy0), self.at(x, y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.path.segs.push(Seg::Cubic(self.at(cx0, cy0), self.at(cx1, cy1), self.at(x, y)));
    }

    fn close(&mut self) {
        self.path.segs.push(Seg::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::{DrawSettings, GlyphId, LocationRef, MetadataProvider, Path, Pen, Size, faces};

    #[test]
    fn every_glyph_of_every_shipped_font_can_be_drawn() {
        for (index, face) in faces().iter().enumerate() {
            let outlines = face.font.outline_glyphs();
            let count = face.font.glyph_metrics(Size::unscaled(), LocationRef::default()).glyph_count();
            assert!(count > 100, "face {index}");
            for id in 0..count {
                let mut path = Path::default();
                let mut pen = Pen { path: &mut path, x: 0.0, y: 0.0, scale: 1.0 };
                let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
                let outline = outlines.get(GlyphId::new(id));
                assert!(outline.is_some_and(|glyph| glyph.draw(settings, &mut pen).is_ok()), "face {index} glyph {id}");
            }
        }
    }
}
