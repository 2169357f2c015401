//! Pictures for people: what the customer will hold, bleed cut off, zones side by side.

use super::picture::Pixels;
use super::raster::{Part, Place, Sheet};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Point, display_lists};
use crate::spec::Spec;

/// Longest side a preview may have.
pub const PREVIEW_PX_MAX: u32 = 4096;
/// Shortest longest side that still shows something.
pub const PREVIEW_PX_MIN: u32 = 16;
/// Side of a thumbnail.
pub const THUMBNAIL_PX: u32 = 200;
/// Empty border of a thumbnail.
const THUMBNAIL_MARGIN_PX: u32 = 4;
/// The gutter between zones, as a part of the tallest or widest zone.
const GUTTER_PARTS: i64 = 25;

/// One PNG with all zones side by side in their order, trimmed, on a transparent sheet; its longest side is
/// `longest_px`.
pub fn preview(spec: &Spec, assets: &Assets, longest_px: u32) -> Result<Vec<u8>, PressError> {
    if !(PREVIEW_PX_MIN..=PREVIEW_PX_MAX).contains(&longest_px) {
        let message = format!("A preview's longest side lies between {PREVIEW_PX_MIN} and {PREVIEW_PX_MAX} pixels.");
        return Err(PressError::OutOfLimits(message));
    }
    let lists = display_lists(spec, assets)?;
    let row = Row::new(&lists);
    let (width, height) = row.fit(longest_px);
    row.sheet(&lists, assets, (width, height), (0, 0), (width, height))?.png(None)
}

/// The pixels of [`preview`], for any format: drawn once.
pub(crate) fn preview_pixels(spec: &Spec, assets: &Assets, longest_px: u32) -> Result<Pixels, PressError> {
    let lists = display_lists(spec, assets)?;
    let row = Row::new(&lists);
    let (width, height) = row.fit(longest_px);
    row.sheet(&lists, assets, (width, height), (0, 0), (width, height))?.pixels()
}

/// A PNG of exactly 200 by 200 pixels, the preview centred on it.
pub fn thumbnail(spec: &Spec, assets: &Assets) -> Result<Vec<u8>, PressError> {
    let lists = display_lists(spec, assets)?;
    let row = Row::new(&lists);
    let (width, height) = row.fit(THUMBNAIL_PX - 2 * THUMBNAIL_MARGIN_PX);
    let at = ((THUMBNAIL_PX - width) / 2, (THUMBNAIL_PX - height) / 2);
    row.sheet(&lists, assets, (width, height), at, (THUMBNAIL_PX, THUMBNAIL_PX))?.png(None)
}

/// All zones in a row, in micrometres.
struct Row {
    width: i64,
    height: i64,
    gutter: i64,
}

impl Row {
    fn new(lists: &[DisplayList<'_>]) -> Self {
        let widths = || lists.iter().map(|list| i64::from(list.zone.width_um));
        let height = lists.iter().map(|list| i64::from(list.zone.height_um)).max().unwrap_or(1);
        let gutter = height.max(widths().max().unwrap_or(1)) / GUTTER_PARTS;
        let gaps = i64::try_from(lists.len()).unwrap_or(1) - 1;
        Self { width: widths().sum::<i64>() + gutter * gaps, height, gutter }
    }

    /// Pixels of the row when its longest side is `longest`.
    fn fit(&self, longest: u32) -> (u32, u32) {
        let most = self.width.max(self.height);
        let px = |side: i64| u32::try_from((side * i64::from(longest) * 2 + most) / (2 * most)).unwrap_or(1).max(1);
        (px(self.width), px(self.height))
    }

    fn sheet<'a>(
        &self,
        lists: &[DisplayList<'_>],
        assets: &'a Assets,
        row_px: (u32, u32),
        at: (u32, u32),
        sheet_px: (u32, u32),
    ) -> Result<Sheet<'a>, PressError> {
        let scale = f64::from(row_px.0.max(row_px.1)) / self.width.max(self.height) as f64;
        let mut parts = Vec::with_capacity(lists.len());
        let mut x_um = 0;
        for list in lists {
            let (w, h) = (i64::from(list.zone.width_um), i64::from(list.zone.height_um));
            let px = |um: i64| (um as f64 * scale).round() as u32;
            let width = px(w).max(1).min(row_px.0);
            let height = px(h).max(1).min(row_px.1);
            let left = at.0 + px(x_um).min(row_px.0 - width);
            let top = at.1 + px((self.height - h) / 2).min(row_px.1 - height);
            let origin = Point { x: 0, y: 0 };
            let place = Place { left, top, width, height, scale: scale as f32, origin, cut_out: true };
            parts.push(Part::new(list, assets, place)?);
            x_um += w + self.gutter;
        }
        Ok(Sheet { width: sheet_px.0, height: sheet_px.1, parts })
    }
}
