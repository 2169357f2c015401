//! How far letters reach beyond their advance and their line: what must fit is what is seen, not what a font says of
//! itself.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{GlyphId, MetadataProvider};

use super::fonts::faces;
use super::shape::Glyph;

/// The smallest rectangle around everything drawn, in ems from the start of the line; `y` points up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// The ink of a line's glyphs; `None` where nothing is drawn.
pub(super) fn of(glyphs: &[Glyph]) -> Option<Ink> {
    let mut all: Option<Ink> = None;
    for glyph in glyphs {
        let face = &faces()[glyph.face];
        let Some(outline) = face.font.outline_glyphs().get(GlyphId::new(glyph.id)) else { continue };
        let mut pen = Pen { glyph: *glyph, units: face.units_per_em, ink: all };
        let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
        // A shipped font's outline does not fail; a test draws every glyph of every file.
        let _ = outline.draw(settings, &mut pen);
        all = pen.ink;
    }
    all
}

/// Collects the points of an outline. Those off the curve count too: a curve never leaves the hull of its points.
struct Pen {
    glyph: Glyph,
    units: f64,
    ink: Option<Ink>,
}

impl Pen {
    fn point(&mut self, x: f32, y: f32) {
        let (x, y) = (self.glyph.x + f64::from(x) / self.units, self.glyph.y + f64::from(y) / self.units);
        let ink = self.ink.get_or_insert(Ink { left: x, right: x, top: y, bottom: y });
        ink.left = ink.left.min(x);
        ink.right = ink.right.max(x);
        ink.top = ink.top.max(y);
        ink.bottom = ink.bottom.min(y);
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.point(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.point(x, y);
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.point(cx0, cy0);
        self.point(x, y);
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.point(cx0, cy0);
        self.point(cx1, cy1);
        self.point(x, y);
    }

    fn close(&mut self) {}
}
