//! One zone's rectangle on a sheet.

use std::ops::Range;

use tiny_skia::{FillRule, Mask, Pixmap, Transform};

use super::item::{Ready, outline, ready};
use super::{NO_PIXELS, pixmap};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Point};

/// One zone's rectangle on a sheet; nothing is drawn outside it.
pub(in super::super) struct Part<'a> {
    place: Place,
    items: Vec<Ready<'a>>,
    clip: Option<tiny_skia::Path>,
}

/// Where a part lies and how it is scaled.
#[derive(Clone, Copy)]
pub(in super::super) struct Place {
    pub(in super::super) left: u32,
    pub(in super::super) top: u32,
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// Pixels per micrometre.
    pub(in super::super) scale: f32,
    /// The zone's point at the part's top left.
    pub(in super::super) origin: Point,
    /// Cut the part out along its cut line, as the customer will hold it.
    pub(in super::super) cut_out: bool,
}

impl Place {
    /// From micrometres of the zone to pixels of the part.
    fn to_px(self) -> Transform {
        let (dx, dy) = (-(self.origin.x as f32) * self.scale, -(self.origin.y as f32) * self.scale);
        Transform::from_row(self.scale, 0.0, 0.0, self.scale, dx, dy)
    }
}

impl<'a> Part<'a> {
    /// Prepares all that is drawn; what a picture needs stays borrowed.
    pub(in super::super) fn new(list: &DisplayList<'_>, assets: &'a Assets, place: Place) -> Result<Self, PressError> {
        let to_px = place.to_px();
        let ready: Result<Vec<_>, _> = list.items.iter().map(|item| ready(item, assets, to_px)).collect();
        let cut = if place.cut_out { list.cut.as_ref() } else { None };
        Ok(Self { place, items: ready?.into_iter().flatten().collect(), clip: cut.and_then(|cut| outline(cut, to_px)) })
    }

    /// The whole part by itself.
    pub(in super::super) fn pixels(&self) -> Result<Pixmap, PressError> {
        self.draw(&(self.place.top..self.place.top + self.place.height))
    }

    /// Nothing behind it shows.
    pub(super) fn opaque(&self) -> bool {
        self.clip.is_none() && matches!(self.items.first(), Some(Ready::Background(_)))
    }

    /// It is all of a sheet of this size.
    pub(super) fn covers(&self, width: u32, height: u32) -> bool {
        let Place { left, top, width: w, height: h, .. } = self.place;
        (left, top, w, h) == (0, 0, width, height)
    }

    pub(super) fn left(&self) -> u32 {
        self.place.left
    }

    /// The rows of `rows` that this part covers; empty where it covers none.
    pub(super) fn rows(&self, rows: &Range<u32>) -> Range<u32> {
        rows.start.max(self.place.top)..rows.end.min(self.place.top + self.place.height)
    }

    /// Draws the sheet's rows `rows`, as wide as the part.
    pub(super) fn draw(&self, rows: &Range<u32>) -> Result<Pixmap, PressError> {
        let mut pixels = pixmap(self.place.width, rows.end - rows.start)?;
        // Rows of the part above the first that is drawn.
        let above = i64::from(rows.start) - i64::from(self.place.top);
        for item in &self.items {
            item.draw(&mut pixels, above)?;
        }
        if let Some(clip) = &self.clip {
            let mut mask = Mask::new(pixels.width(), pixels.height()).ok_or(NO_PIXELS)?;
            mask.fill_path(clip, FillRule::Winding, true, Transform::from_translate(0.0, -above as f32));
            pixels.apply_mask(&mask);
        }
        Ok(pixels)
    }
}
