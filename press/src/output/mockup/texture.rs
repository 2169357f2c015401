//! A zone's drawing as something that can be wrapped around a thing.

use tiny_skia::Pixmap;

use super::math::Rgb;
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, Item, Point};
use crate::output::raster::{Part, Place};

/// Texture pixels per pixel of the picture: sharp after it was bent.
const DENSITY: f32 = 2.0;
/// A texture's longest side.
const SIDE_PX_MAX: f32 = 2600.0;
/// Percent of the ink that may be lost on white cloth.
const PALE: u64 = 4;
/// Percent of its zone beyond which a print shows its own ground.
const COVERED: u64 = 60;

/// Ink at a point, not mixed with anything yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) color: Rgb,
    pub(super) alpha: f32,
}

/// A trimmed zone as pixels, asked for in millimetres.
pub(super) struct Texture {
    pixels: Pixmap,
    per_mm: f32,
    /// Of the zone.
    pub(super) width_mm: f32,
    /// Of the zone.
    pub(super) height_mm: f32,
}

impl Texture {
    /// Draws a zone for a picture that shows it at `px_per_mm`. Without `ground`, only what stands on the zone's background.
    pub(super) fn new(
        list: &DisplayList<'_>,
        assets: &Assets,
        px_per_mm: f32,
        ground: bool,
    ) -> Result<Self, PressError> {
        let (width_mm, height_mm) = (list.zone.width_um as f32 / 1000.0, list.zone.height_um as f32 / 1000.0);
        let per_mm = (px_per_mm * DENSITY).min(SIDE_PX_MAX / width_mm.max(height_mm));
        let px = |mm: f32| (mm * per_mm).ceil().max(1.0) as u32;
        let place = Place {
            left: 0,
            top: 0,
            width: px(width_mm),
            height: px(height_mm),
            scale: per_mm / 1000.0,
            origin: Point { x: 0, y: 0 },
            cut_out: true,
        };
        let bare;
        let list = if ground {
            list
        } else {
            let items = list.items.iter().filter(|item| !matches!(item, Item::Background { .. })).cloned().collect();
            bare = DisplayList { items, ..list.clone() };
            &bare
        };
        Ok(Self { pixels: Part::new(list, assets, place)?.pixels()?, per_mm, width_mm, height_mm })
    }

    /// No print at all.
    pub(super) fn blank() -> Result<Self, PressError> {
        let pixels = Pixmap::new(1, 1).ok_or(PressError::Defect("a pixel cannot be made"))?;
        Ok(Self { pixels, per_mm: 1.0, width_mm: 1.0, height_mm: 1.0 })
    }

    /// The ink at a place of the zone, smoothed over `spread` millimetres across.
    pub(super) fn at(&self, x_mm: f32, y_mm: f32, spread: f32) -> Option<Ink> {
        if x_mm < 0.0 || y_mm < 0.0 || x_mm > self.width_mm || y_mm > self.height_mm {
            return None;
        }
        let (x, y) = (x_mm * self.per_mm, y_mm * self.per_mm);
        let taps = ((spread * self.per_mm).round() as i32).clamp(2, 8);
        let mut sum = [0.0_f32; 4];
        for tap in 0..taps {
            let dx = ((tap as f32 + 0.5) / taps as f32 - 0.5) * taps as f32;
            for dy in [-0.5, 0.5] {
                self.add(x + dx, y + dy, &mut sum);
            }
        }
        let k = 1.0 / (taps as f32 * 2.0 * 255.0);
        let alpha = sum[3] * k;
        if alpha < 0.002 {
            return None;
        }
        Some(Ink { color: [sum[0] * k / alpha, sum[1] * k / alpha, sum[2] * k / alpha], alpha: alpha.min(1.0) })
    }

    /// Adds the four pixels around a point, by their nearness.
    fn add(&self, x: f32, y: f32, sum: &mut [f32; 4]) {
        let (x, y) = (x - 0.5, y - 0.5);
        let (fx, fy) = (x - x.floor(), y - y.floor());
        let (x, y) = (x.floor() as i32, y.floor() as i32);
        let (w, h) = (self.pixels.width() as i32, self.pixels.height() as i32);
        let data = self.pixels.data();
        for (dx, dy, weight) in
            [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
        {
            let at = ((y + dy).clamp(0, h - 1) * w + (x + dx).clamp(0, w - 1)) as usize * 4;
            for (sum, part) in sum.iter_mut().zip(&data[at..at + 4]) {
                *sum += f32::from(*part) * weight;
            }
        }
    }

    /// Whether white cloth would lose more of the ink than black cloth.
    pub(super) fn is_pale(&self) -> bool {
        let (mut pale, mut dark, mut all, mut area) = (0_u64, 0_u64, 0_u64, 0_u64);
        for px in self.pixels.data().chunks_exact(4).step_by(7) {
            let alpha = u64::from(px[3]);
            // Premultiplied: compared with the alpha instead of with white.
            let bright = 299 * u64::from(px[0]) + 587 * u64::from(px[1]) + 114 * u64::from(px[2]);
            all += alpha;
            area += 255;
            pale += if bright > 840 * alpha { alpha } else { 0 };
            dark += if bright < 260 * alpha { alpha } else { 0 };
        }
        all * 100 < area * COVERED && pale * 100 > all * PALE && pale > dark
    }
}
