//! Things sewn from cloth: a flat drawing, folds that shade and bend, and a print that follows them.

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, Pixmap, Shader, Stroke, StrokeDash, Transform};

use super::math::{Rgb, hill, mix, mix3, noise, smooth, times};
use super::stage::{Hit, Thing};
use super::texture::Texture;
use crate::PressError;

/// Units between two samples of the folds.
const STEP: f32 = 8.0;
/// Samples per side.
const GRID: usize = 126;
/// Units between two samples of the shadow.
const SHADE_STEP: f32 = 4.0;
/// Samples per side.
const SHADE_GRID: usize = 251;

/// A crease: a soft ridge along a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold {
    pub(super) from: [f32; 2],
    pub(super) to: [f32; 2],
    /// Width at its beginning; its end is twice as wide and flat.
    pub(super) width: f32,
    /// Height in units; below 0 is a valley.
    pub(super) height: f32,
}

impl Fold {
    fn at(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        let along = (((x - self.from[0]) * dx + (y - self.from[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        let (px, py) = (x - self.from[0] - dx * along, y - self.from[1] - dy * along);
        let near = (px * px + py * py).sqrt() / (self.width * (1.0 + along));
        self.height * hill(near) * smooth(1.0, 0.55, along)
    }
}

/// How light falls at a sample, and how far the print is moved there.
#[derive(Clone, Copy, Debug, Default)]
struct Bend {
    shade: f32,
    dx: f32,
    dy: f32,
}

/// A piece of cloth.
pub(super) struct Cloth {
    base: Pixmap,
    bends: Vec<Bend>,
    shadow: Vec<f32>,
    texture: Texture,
    /// Top left of the print, in units; a unit is a millimetre.
    print: [f32; 2],
    /// Of the print, where it would be too large for the cloth.
    fit: f32,
    weave: f32,
}

impl Cloth {
    /// From its flat drawing (a pixmap of the whole square), its folds and its print.
    pub(super) fn new(base: Pixmap, folds: &[Fold], texture: Texture, print: Print, weave: f32) -> Self {
        let fit = (print.width / texture.width_mm).min(print.height / texture.height_mm).min(1.0);
        let left = print.middle - texture.width_mm * fit / 2.0;
        let bends = bends(folds, &Volume::new(&base));
        let shadow = shadow(&base);
        Self { base, bends, shadow, texture, print: [left, print.top], fit, weave }
    }

    fn bend(&self, x: f32, y: f32) -> Bend {
        let (gx, gy) = ((x + 500.0) / STEP, (y + 500.0) / STEP);
        let (ix, iy) = (gx.floor().clamp(0.0, (GRID - 2) as f32), gy.floor().clamp(0.0, (GRID - 2) as f32));
        let (fx, fy) = (gx - ix, gy - iy);
        let at = |dx: usize, dy: usize| self.bends[(iy as usize + dy) * GRID + ix as usize + dx];
        let blend = |pick: fn(Bend) -> f32| {
            let top = pick(at(0, 0)) * (1.0 - fx) + pick(at(1, 0)) * fx;
            let bottom = pick(at(0, 1)) * (1.0 - fx) + pick(at(1, 1)) * fx;
            top * (1.0 - fy) + bottom * fy
        };
        Bend { shade: blend(|b| b.shade), dx: blend(|b| b.dx), dy: blend(|b| b.dy) }
    }
}

/// Where a print lies on its cloth, in units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    pub(super) middle: f32,
    pub(super) top: f32,
    /// At most so wide.
    pub(super) width: f32,
    /// At most so high.
    pub(super) height: f32,
}

impl Thing for Cloth {
    fn at(&self, x: f32, y: f32) -> Option<Hit> {
        if x.abs() >= 500.0 || y.abs() >= 500.0 {
            return None;
        }
        let (color, alpha) = sample(&self.base, x, y)?;
        let bend = self.bend(x, y);
        let mut color = color;
        let (px, py) = ((x + bend.dx - self.print[0]) / self.fit, (y + bend.dy - self.print[1]) / self.fit);
        if let Some(ink) = self.texture.at(px, py, 1.0) {
            color = mix3(color, ink.color, ink.alpha * 0.97);
        }
        let thread = noise((x * 0.9).floor() as i32, (y * 0.9).floor() as i32);
        Some(Hit { color: times(color, bend.shade * (1.0 + self.weave * thread)), alpha })
    }

    fn light(&self, x: f32, y: f32) -> f32 {
        let (gx, gy) = ((x + 500.0) / SHADE_STEP, (y + 500.0) / SHADE_STEP);
        let most = (SHADE_GRID - 2) as f32;
        if !(0.0..=most).contains(&gx) || !(0.0..=most).contains(&gy) {
            return 1.0;
        }
        let (ix, iy) = (gx.floor(), gy.floor());
        let at = |dx: usize, dy: usize| self.shadow[(iy as usize + dy) * SHADE_GRID + ix as usize + dx];
        let (fx, fy) = (gx - ix, gy - iy);
        mix(mix(at(0, 0), at(1, 0), fx), mix(at(0, 1), at(1, 1), fx), fy)
    }
}

/// What is left of the light on the ground around a cloth, at every sample: a wide shadow and a narrow one.
fn shadow(base: &Pixmap) -> Vec<f32> {
    let alpha = |x: f32, y: f32, blur: f32| {
        let mut sum = 0.0;
        for ny in -2..=2 {
            for nx in -2..=2 {
                let (px, py) = (x + nx as f32 * blur, y + ny as f32 * blur);
                if px.abs() < 500.0 && py.abs() < 500.0 {
                    sum += sample(base, px, py).map_or(0.0, |(_, alpha)| alpha);
                }
            }
        }
        sum / 25.0
    };
    let at = |n: usize| {
        let (x, y) = ((n % SHADE_GRID) as f32 * SHADE_STEP - 500.0, (n / SHADE_GRID) as f32 * SHADE_STEP - 500.0);
        (1.0 - 0.17 * alpha(x - 7.0, y - 12.0, 5.0)) * (1.0 - 0.14 * alpha(x - 3.0, y - 5.0, 2.2))
    };
    (0..SHADE_GRID * SHADE_GRID).map(at).collect()
}

fn sample(pixels: &Pixmap, x: f32, y: f32) -> Option<(Rgb, f32)> {
    let scale = pixels.width() as f32 / 1000.0;
    let (px, py) = (((x + 500.0) * scale) as u32, ((y + 500.0) * scale) as u32);
    let px = pixels.pixel(px, py)?;
    if px.alpha() == 0 {
        return None;
    }
    let color = px.demultiply();
    let part = |value: u8| f32::from(value) / 255.0;
    Some(([part(color.red()), part(color.green()), part(color.blue())], part(px.alpha())))
}

/// How far inside the cloth a sample lies: its coverage, blurred three times.
struct Volume {
    inside: Vec<f32>,
}

impl Volume {
    fn new(base: &Pixmap) -> Self {
        let point = |n: usize| n as f32 * STEP - 500.0;
        let mut inside: Vec<f32> = (0..GRID * GRID)
            .map(|n| {
                let (x, y) = (point(n % GRID), point(n / GRID));
                if x.abs() < 500.0 && y.abs() < 500.0 {
                    sample(base, x, y).map_or(0.0, |(_, alpha)| alpha)
                } else {
                    0.0
                }
            })
            .collect();
        for _ in 0..3 {
            inside = blurred(&inside, 1);
            inside = blurred(&inside, GRID);
        }
        Self { inside }
    }
}

fn blurred(from: &[f32], stride: usize) -> Vec<f32> {
    let at = |n: usize, by: isize| {
        let n = n as isize + by * stride as isize;
        usize::try_from(n).ok().and_then(|n| from.get(n)).copied().unwrap_or(0.0)
    };
    (0..from.len()).map(|n| (-2..=2).map(|by| at(n, by)).sum::<f32>() / 5.0).collect()
}

fn bends(folds: &[Fold], volume: &Volume) -> Vec<Bend> {
    let height = |x: f32, y: f32| folds.iter().map(|fold| fold.at(x, y)).sum::<f32>();
    (0..GRID * GRID)
        .map(|n| {
            let (x, y) = ((n % GRID) as f32 * STEP - 500.0, (n / GRID) as f32 * STEP - 500.0);
            let sx = (height(x + 3.0, y) - height(x - 3.0, y)) / 6.0;
            let sy = (height(x, y + 3.0) - height(x, y - 3.0)) / 6.0;
            // Light comes from the upper left: what rises towards it is brighter.
            let slope = 0.62 * sx + 0.78 * sy;
            let edge = smooth(0.28, 0.96, volume.inside[n]);
            let side = 1.0 - 0.045 * (x / 400.0) - 0.035 * (y / 400.0);
            Bend { shade: (0.83 + 0.17 * edge) * side + 0.42 * slope, dx: 9.0 * sx, dy: 9.0 * sy }
        })
        .collect()
}

/// A pixmap of the whole square to draw a pattern on.
pub(super) struct Drawing {
    pixels: Pixmap,
    to_px: Transform,
    /// Lines stay inside it.
    body: Option<Mask>,
}

impl Drawing {
    pub(super) fn new(side_px: f32) -> Result<Self, PressError> {
        let side = (side_px.ceil() as u32).clamp(64, 2400);
        let pixels = Pixmap::new(side, side).ok_or(PressError::Defect("a pattern of this size cannot be made"))?;
        let scale = side as f32 / 1000.0;
        Ok(Self {
            pixels,
            to_px: Transform::from_row(scale, 0.0, 0.0, scale, 500.0 * scale, 500.0 * scale),
            body: None,
        })
    }

    pub(super) fn fill(&mut self, path: Option<Path>, color: Rgb) {
        if let Some(path) = path {
            self.pixels.fill_path(&path, &paint(color, 1.0), FillRule::Winding, self.to_px, None);
        }
    }

    /// Fills the body; lines drawn from now on stay inside it.
    pub(super) fn body(&mut self, path: Option<Path>, color: Rgb) {
        if let (Some(path), Some(mut mask)) = (&path, Mask::new(self.pixels.width(), self.pixels.height())) {
            mask.fill_path(path, FillRule::Winding, true, self.to_px);
            self.body = Some(mask);
        }
        self.fill(path, color);
    }

    /// A line on the cloth: a seam (solid), or stitches.
    pub(super) fn line(&mut self, path: Option<Path>, color: Rgb, alpha: f32, width: f32, stitches: bool) {
        if let Some(path) = path {
            let dash = if stitches { StrokeDash::new(vec![4.2, 2.6], 0.0) } else { None };
            let stroke =
                Stroke { width, dash, line_cap: LineCap::Butt, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixels.stroke_path(&path, &paint(color, alpha), &stroke, self.to_px, self.body.as_ref());
        }
    }

    pub(super) fn finish(self) -> Pixmap {
        self.pixels
    }
}

fn paint(color: Rgb, alpha: f32) -> Paint<'static> {
    let part = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let shader = Shader::SolidColor(Color::from_rgba8(part(color[0]), part(color[1]), part(color[2]), part(alpha)));
    Paint { shader, anti_alias: true, ..Paint::default() }
}
