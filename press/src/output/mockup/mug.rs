//! A white ceramic mug, seen from a little above: 82 mm across, 96 mm high. The print bends around it.

use super::math::{Rgb, asin, dome, mix3, plus, rounded_box, smooth, times};
use super::stage::{Hit, Thing};
use super::texture::Texture;

/// Units of the stage per millimetre.
pub(super) const SCALE: f32 = 7.0;
const RADIUS: f32 = 41.0;
/// Of the wall.
pub(super) const HEIGHT: f32 = 96.0;
/// Around the wall.
pub(super) const CIRCUMFERENCE_MM: f32 = 2.0 * core::f32::consts::PI * RADIUS;
const LIP: f32 = 3.4;
/// Sine and cosine of the camera's height.
const SIN: f32 = 0.2;
const COS: f32 = 0.979_796;
/// How much narrower the foot looks than the lip: it is farther away.
const TAPER: f32 = 0.045;
/// Radius of the foot's edge.
const FOOT: f32 = 5.0;
pub(super) const GLAZE: Rgb = [0.985, 0.982, 0.972];
/// Widest zone whose whole width can be seen from one side.
pub(super) const ONE_SIDE_MM: f32 = 118.0;

/// A mug with a print.
pub(super) struct Mug {
    pub(super) texture: Texture,
    /// 1: the handle points to the right; -1: to the left.
    pub(super) handle: f32,
    /// Which millimetre of the print faces the camera, from its middle.
    pub(super) turn_mm: f32,
}

/// A point of the wall: where around, how far down, and which way it faces.
struct Wall {
    sine: f32,
    facing: f32,
    down: f32,
}

impl Mug {
    fn local(&self, x: f32, y: f32) -> (f32, f32) {
        (x / SCALE + self.handle * 12.0, y / SCALE + 2.0)
    }

    fn rim_y() -> f32 {
        -HEIGHT * COS / 2.0
    }

    fn wall(x: f32, y: f32) -> Option<Wall> {
        let mut down = (y - Self::rim_y()) / COS;
        let (mut radius, mut depth) = (RADIUS, 0.0);
        for _ in 0..3 {
            radius = RADIUS * (1.0 - TAPER * down.clamp(0.0, HEIGHT) / HEIGHT);
            depth = (radius * radius - x * x).max(0.0).sqrt();
            down = (y - Self::rim_y() - depth * SIN) / COS;
        }
        // The foot's edge is round: what is left of the silhouette's lower corners.
        let foot = ((down - HEIGHT + FOOT) / FOOT).clamp(0.0, 1.0);
        let narrower = FOOT * (1.0 - (1.0 - foot * foot).max(0.0).sqrt());
        let inside = x.abs() <= radius - narrower && (0.0..=HEIGHT).contains(&down);
        inside.then(|| Wall { sine: x / radius, facing: depth / radius, down })
    }

    fn paint_wall(&self, wall: &Wall) -> Rgb {
        let Wall { sine, facing, down } = *wall;
        let top = down / HEIGHT;
        let lit = (0.86 * facing - 0.51 * sine).max(0.0);
        let mut shade = 0.66 + 0.35 * lit - 0.04 * top;
        // Light that the floor throws back, and the dark line where the foot meets it.
        shade += 0.12 * smooth(0.72, 1.0, sine.abs()) * (1.0 - facing);
        shade -= 0.24 * smooth(0.945, 1.0, top) + 0.06 * smooth(0.75, 1.0, top);
        shade -= 0.06 * smooth(0.035, 0.0, top);
        let mut color = GLAZE;
        let across = RADIUS * asin(sine) + self.turn_mm + self.texture.width_mm * self.fit() / 2.0;
        let from_top = down - (HEIGHT - self.texture.height_mm * self.fit()) / 2.0;
        let spread = 1.0 / (SCALE * facing.max(0.12));
        if let Some(ink) = self.texture.at(across / self.fit(), from_top / self.fit(), spread) {
            color = mix3(color, ink.color, ink.alpha);
        }
        let glare =
            0.17 * dome((sine + 0.62) / 0.11) + 0.07 * dome((sine + 0.45) / 0.035) + 0.10 * dome((sine - 0.82) / 0.07);
        let long = smooth(0.03, 0.12, top) * smooth(0.97, 0.80, top);
        plus(times(color, shade), glare * long)
    }

    /// The print is scaled to the wall where it would be higher.
    fn fit(&self) -> f32 {
        ((HEIGHT - 4.0) / self.texture.height_mm).min(1.0)
    }

    /// The ring of the lip, or the far wall inside.
    fn paint_mouth(x: f32, y: f32) -> Option<Rgb> {
        let dy = (y - Self::rim_y()) / SIN;
        let far = (x * x + dy * dy).sqrt();
        if far > RADIUS {
            return None;
        }
        let inner = RADIUS - LIP;
        if far > inner {
            let toward = (far - inner) / LIP;
            let lit = 0.5 - 0.5 * (0.7 * x + 0.7 * dy) / far;
            let round = 1.0 - (2.0 * toward - 1.0) * (2.0 * toward - 1.0);
            return Some(times(GLAZE, 0.80 + 0.14 * round + 0.10 * lit));
        }
        let depth = (inner * inner - x * x).max(0.0).sqrt();
        let down = (y - Self::rim_y() + depth * SIN) / COS;
        let deep = down / (2.0 * inner * SIN / COS);
        let lit = 0.5 + 0.5 * x / inner;
        let shade = 0.90 - 0.34 * deep + 0.14 * lit * (1.0 - 0.4 * deep) - 0.12 * smooth(0.80, 1.0, deep);
        Some(times(GLAZE, shade - 0.10 * smooth(0.94, 1.0, far / inner)))
    }

    fn paint_handle(&self, x: f32, y: f32) -> Option<Rgb> {
        let x = x * self.handle;
        let (distance, toward) = rounded_box(x - RADIUS - 3.0, y - 2.0, 22.0, 28.0, 20.0);
        let thick = 5.4 + 0.9 * smooth(RADIUS + 14.0, RADIUS, x);
        let t = (distance + 1.0) / thick;
        if t.abs() > 1.0 || x < RADIUS * 0.9 {
            return None;
        }
        let (nx, ny) = (toward[0] * t * self.handle, toward[1] * t);
        let nz = (1.0 - t * t).max(0.0).sqrt();
        let lit = (0.62 * nz - 0.52 * nx - 0.58 * ny).max(0.0);
        let shade = 0.56 + 0.46 * lit - 0.16 * smooth(RADIUS + 7.0, RADIUS - 1.0, x);
        let shine = (0.70 * nz - 0.42 * nx - 0.58 * ny).max(0.0);
        let shine = shine * shine * shine * shine;
        Some(plus(times(GLAZE, shade), 0.16 * shine * shine * shine))
    }
}

impl Thing for Mug {
    fn at(&self, x: f32, y: f32) -> Option<Hit> {
        let (x, y) = self.local(x, y);
        if x.abs() > 75.0 || y.abs() > 70.0 {
            return None;
        }
        let color = Self::paint_mouth(x, y)
            .or_else(|| Self::wall(x, y).map(|wall| self.paint_wall(&wall)))
            .or_else(|| self.paint_handle(x, y))?;
        Some(Hit { color, alpha: 1.0 })
    }

    fn light(&self, x: f32, y: f32) -> f32 {
        let (x, y) = self.local(x, y);
        let foot = HEIGHT * COS / 2.0 + 2.0;
        let spot = |cx: f32, cy: f32, rx: f32, ry: f32| {
            let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
            dome((dx * dx + dy * dy).sqrt())
        };
        let contact = spot(1.0, foot, 44.0, 11.5);
        let wide = spot(13.0, foot + 1.0, 78.0, 21.0);
        let handle =
            if self.handle > 0.0 { spot(52.0, foot - 2.0, 34.0, 8.0) } else { spot(-38.0, foot - 2.0, 30.0, 7.0) };
        (1.0 - 0.52 * contact) * (1.0 - 0.26 * wide) * (1.0 - 0.18 * handle)
    }
}
