//! Flat things in perspective: a framed poster, an engraved metal plate, a card.

use super::math::{Rgb, dome, mix3, noise, plus, rounded_box, smooth, times};
use super::stage::{Hit, Thing};
use super::texture::Texture;

/// What the flat thing is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// Paper behind glass in an oak frame.
    Framed,
    /// Brushed metal with an engraving.
    Plate,
    /// A card, a sticker, a cover.
    Card,
}

/// A flat thing, turned a little away from the camera.
pub(super) struct Flat {
    texture: Texture,
    finish: Finish,
    /// Half of the whole thing's sides, the frame included, in millimetres.
    half: [f32; 2],
    /// Units of the stage per millimetre.
    scale: f32,
    /// Corner radius in millimetres.
    radius: f32,
    to_plane: [f32; 9],
}

/// Corners of a thing of this half size as the camera sees them: the right side lies farther away.
fn corners(w: f32, h: f32, turn: f32) -> [[f32; 2]; 4] {
    let near = 1.0 + turn;
    let far = 1.0 - turn;
    let squeeze = 1.0 - turn * 0.6;
    [[-w * squeeze, -h * near], [w * squeeze, -h * far], [w * squeeze, h * far], [-w * squeeze, h * near]]
}

/// The matrix that takes a quad's points to the unit square (Heckbert, inverted by its adjugate).
fn to_unit_square(quad: [[f32; 2]; 4]) -> [f32; 9] {
    let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = quad;
    let (dx1, dx2, dx3) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
    let (dy1, dy2, dy3) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
    let det = dx1 * dy2 - dx2 * dy1;
    let (g, h) = ((dx3 * dy2 - dx2 * dy3) / det, (dx1 * dy3 - dx3 * dy1) / det);
    let (a, b, c) = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0);
    let (d, e, f) = (y1 - y0 + g * y1, y3 - y0 + h * y3, y0);
    [
        e - f * h,
        c * h - b,
        b * f - c * e,
        f * g - d,
        a - c * g,
        c * d - a * f,
        d * h - e * g,
        b * g - a * h,
        a * e - b * d,
    ]
}

/// How wide the frame is, as a part of the poster's longer side.
const FRAME: f32 = 0.034;
/// How much of the square the thing fills.
const FILLS: f32 = 760.0;

impl Flat {
    /// Units of the stage per millimetre of a zone of this size: known before the texture is drawn.
    pub(super) fn scale_of(width_mm: f32, height_mm: f32, finish: Finish) -> f32 {
        let border = if finish == Finish::Framed { 2.0 * FRAME } else { 0.0 };
        FILLS / (width_mm.max(height_mm) * (1.0 + border))
    }

    pub(super) fn new(texture: Texture, finish: Finish, radius_mm: f32) -> Self {
        let (w, h) = (texture.width_mm, texture.height_mm);
        let scale = Self::scale_of(w, h, finish);
        let border = if finish == Finish::Framed { w.max(h) * FRAME } else { 0.0 };
        let half = [w / 2.0 + border, h / 2.0 + border];
        let turn = if finish == Finish::Framed { 0.045 } else { 0.032 };
        let to_plane = to_unit_square(corners(half[0] * scale, half[1] * scale, turn));
        let radius = if finish == Finish::Plate { radius_mm.max(1.5) } else { radius_mm };
        Self { texture, finish, half, scale, radius, to_plane }
    }

    /// Millimetres on the thing, from its middle.
    fn on_plane(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.to_plane;
        let w = m[6] * x + m[7] * y + m[8];
        let (s, t) = ((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w);
        ((s - 0.5) * 2.0 * self.half[0], (t - 0.5) * 2.0 * self.half[1])
    }

    fn ink(&self, x: f32, y: f32) -> Option<super::texture::Ink> {
        let spread = 1.0 / self.scale;
        self.texture.at(x + self.texture.width_mm / 2.0, y + self.texture.height_mm / 2.0, spread)
    }

    fn framed(&self, x: f32, y: f32) -> Rgb {
        let border = self.half[0] - self.texture.width_mm / 2.0;
        let (out_x, out_y) = (self.half[0] - x.abs(), self.half[1] - y.abs());
        let out = out_x.min(out_y);
        if out < border {
            return self.oak(x, y, out / border, out_x < out_y);
        }
        let paper = [0.975, 0.972, 0.962];
        let color = self.ink(x, y).map_or(paper, |ink| mix3(paper, ink.color, ink.alpha));
        // The frame stands higher than the paper and throws a shadow from the upper left; glass mirrors a window.
        let long = border * 1.1;
        let shadow = smooth(long, 0.0, x + self.half[0] - border).max(smooth(long, 0.0, y + self.half[1] - border));
        let across = (x / self.half[0] + 0.75 * y / self.half[1]) * 0.5;
        let glass = 0.055 * smooth(-0.62, -0.30, across) * smooth(0.10, -0.04, across) + 0.02;
        plus(times(color, (1.0 - 0.22 * shadow) * 0.985), glass * 0.6)
    }

    /// The frame: mitred, its four sides lit differently, with grain along each.
    fn oak(&self, x: f32, y: f32, inward: f32, upright: bool) -> Rgb {
        let lit = match (upright, x < 0.0, y < 0.0) {
            (true, true, _) => 0.97,
            (true, false, _) => 0.80,
            (false, _, true) => 1.06,
            (false, _, false) => 0.76,
        };
        let (along, across) = if upright { (y, x) } else { (x, y) };
        let unit = self.half[0].max(self.half[1]) / 250.0;
        let fine = noise((along / unit / 14.0).floor() as i32, (across / unit * 2.2).floor() as i32);
        let broad = noise((along / unit / 60.0).floor() as i32, (across / unit / 1.4).floor() as i32);
        let round = 0.93 + 0.12 * dome((inward - 0.42) / 0.7)
            - 0.22 * smooth(0.90, 1.0, inward)
            - 0.10 * smooth(0.06, 0.0, inward);
        times([0.76, 0.585, 0.405], lit * round * (1.0 + 0.028 * fine + 0.03 * broad))
    }

    fn plate(&self, x: f32, y: f32, edge: f32, toward: [f32; 2]) -> Rgb {
        let unit = self.half[0] / 220.0;
        let row = (y / unit * 1.15).floor() as i32;
        let brush = 0.5 * noise((x / unit / 120.0).floor() as i32, row)
            + 0.5 * noise((x / unit / 37.0).floor() as i32, row + 7919);
        let sweep = x / self.half[0] + 0.22 * y / self.half[1];
        let sheen = 0.20 * dome((sweep + 0.38) / 0.75) + 0.10 * dome((sweep - 0.72) / 0.40)
            - 0.07 * dome((sweep - 0.20) / 0.32);
        let mut shade = 0.75 + sheen + 0.030 * brush - 0.05 * y / self.half[1];
        let bevel = self.half[0].min(self.half[1]) * 0.022;
        if edge > -bevel {
            shade += 0.20 * (-0.6 * toward[0] - 0.8 * toward[1]);
        }
        let metal = times([0.945, 0.950, 0.955], shade);
        let step = (0.75 / self.scale).max(0.10);
        let depth = |dx: f32, dy: f32| self.ink(x + dx, y + dy).map_or(0.0, |ink| ink.alpha);
        let here = depth(0.0, 0.0);
        // Cut into the metal: the upper left wall lies in shadow, the lower right one catches the light.
        let rim = depth(step, step) - depth(-step, -step);
        let cut = mix3(metal, times([0.20, 0.19, 0.185], 0.85 + 0.25 * shade), here);
        plus(cut, 0.16 * (-rim).max(0.0) - 0.14 * rim.max(0.0) * here)
    }

    fn card(&self, x: f32, y: f32) -> Rgb {
        let paper = [0.985, 0.982, 0.975];
        let color = self.ink(x, y).map_or(paper, |ink| mix3(paper, ink.color, ink.alpha));
        let light = 1.0 - 0.05 * (x / self.half[0]) - 0.045 * (y / self.half[1]);
        times(color, light.min(1.02))
    }
}

impl Thing for Flat {
    fn at(&self, x: f32, y: f32) -> Option<Hit> {
        let (x, y) = self.on_plane(x, y);
        let (edge, toward) = rounded_box(x, y, self.half[0], self.half[1], self.radius.max(0.001));
        if edge > 0.0 {
            return None;
        }
        let color = match self.finish {
            Finish::Framed => self.framed(x, y),
            Finish::Plate => self.plate(x, y, edge, toward),
            Finish::Card => self.card(x, y),
        };
        Some(Hit { color, alpha: 1.0 })
    }

    fn light(&self, x: f32, y: f32) -> f32 {
        let (reach, dark, drop) = match self.finish {
            Finish::Framed => (60.0, 0.40, 26.0),
            Finish::Plate => (34.0, 0.48, 12.0),
            Finish::Card => (30.0, 0.34, 12.0),
        };
        let fall = |dx: f32, dy: f32, reach: f32| {
            let (px, py) = self.on_plane(x - dx, y - dy);
            let (edge, _) = rounded_box(px, py, self.half[0], self.half[1], self.radius.max(2.0));
            smooth(reach, -reach * 0.6, edge * self.scale)
        };
        (1.0 - dark * fall(drop * 0.7, drop, reach)) * (1.0 - 0.28 * fall(2.0, 4.0, 9.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{corners, to_unit_square};

    #[test]
    fn the_matrix_takes_corners_to_corners() {
        let quad = corners(300.0, 200.0, 0.05);
        let m = to_unit_square(quad);
        for ([x, y], [s, t]) in quad.into_iter().zip([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) {
            let w = m[6] * x + m[7] * y + m[8];
            let found = [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
            assert!((found[0] - s).abs() < 1e-4 && (found[1] - t).abs() < 1e-4, "{found:?}");
        }
    }
}
