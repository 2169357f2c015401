//! Outlines as straight lines, in fixed point.

use std::cmp::Ordering;
use std::ops::Range;

use tiny_skia::{Path, PathSegment, Point};

/// Parts of a pixel, in both directions.
pub(super) const SUB: i32 = 256;
/// How far a line may lie from the curve it stands for, in pixels.
const FLATNESS: f32 = 0.05;
/// No curve needs more lines, however large it is.
const LINES_MAX: f32 = 512.0;
/// Whatever lies farther out than this many pixels is drawn there.
const FAR: f32 = (1 << 20) as f32;

/// A place in 256ths of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) x: i32,
    pub(super) y: i32,
}

impl Fixed {
    fn of(point: Point) -> Self {
        let fixed = |at: f32| (at.clamp(-FAR, FAR) * SUB as f32) as i32;
        Self { x: fixed(point.x), y: fixed(point.y) }
    }
}

/// A line from its upper end to its lower.
pub(super) struct Line {
    pub(super) from: Fixed,
    pub(super) to: Fixed,
    /// What it adds to the winding of all that lies right of it: 1 or -1.
    pub(super) winding: i32,
}

/// Closed outlines, once as lines for all the strips they are drawn in.
pub(super) struct Outline {
    /// By their upper ends, from the top.
    pub(super) lines: Vec<Line>,
    /// The rows of pixels that it touches.
    pub(super) rows: Range<i64>,
}

impl Outline {
    pub(super) fn new(path: &Path) -> Self {
        let mut lines = Lines { lines: Vec::with_capacity(path.len() * 4), start: Point::zero(), last: Point::zero() };
        for segment in path.segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    lines.to(lines.start);
                    (lines.start, lines.last) = (to, to);
                }
                PathSegment::LineTo(to) => lines.to(to),
                PathSegment::QuadTo(by, to) => lines.quad(by, to),
                PathSegment::CubicTo(out, back, to) => lines.cubic(out, back, to),
                PathSegment::Close => lines.to(lines.start),
            }
        }
        lines.to(lines.start);
        let Lines { mut lines, .. } = lines;
        lines.sort_unstable_by_key(|line| line.from.y);
        let bounds = path.bounds();
        Self { lines, rows: bounds.top().floor() as i64..bounds.bottom().ceil() as i64 + 1 }
    }
}

struct Lines {
    lines: Vec<Line>,
    start: Point,
    last: Point,
}

impl Lines {
    fn to(&mut self, to: Point) {
        let (a, b) = (Fixed::of(self.last), Fixed::of(to));
        // Level lines cover nothing of their own.
        match a.y.cmp(&b.y) {
            Ordering::Less => self.lines.push(Line { from: a, to: b, winding: 1 }),
            Ordering::Greater => self.lines.push(Line { from: b, to: a, winding: -1 }),
            Ordering::Equal => {}
        }
        self.last = to;
    }

    /// A quadratic curve strays from `n` lines by at most a quarter of its bend, over `n` squared.
    fn quad(&mut self, by: Point, to: Point) {
        let from = self.last;
        let n = pieces(bend(from, by, to) / 4.0);
        for step in 1..n as u32 {
            let t = step as f32 / n;
            let s = 1.0 - t;
            self.to(mix(&[(s * s, from), (2.0 * s * t, by), (t * t, to)]));
        }
        self.to(to);
    }

    /// A cubic curve strays by at most three quarters of its larger bend, over `n` squared.
    fn cubic(&mut self, out: Point, back: Point, to: Point) {
        let from = self.last;
        let n = pieces(bend(from, out, back).max(bend(out, back, to)) * 0.75);
        for step in 1..n as u32 {
            let t = step as f32 / n;
            let s = 1.0 - t;
            self.to(mix(&[(s * s * s, from), (3.0 * s * s * t, out), (3.0 * s * t * t, back), (t * t * t, to)]));
        }
        self.to(to);
    }
}

fn bend(a: Point, b: Point, c: Point) -> f32 {
    let (x, y) = (a.x - 2.0 * b.x + c.x, a.y - 2.0 * b.y + c.y);
    (x * x + y * y).sqrt()
}

/// How many lines keep a curve within the flatness that one line misses by `strays` pixels.
fn pieces(strays: f32) -> f32 {
    (strays / FLATNESS).sqrt().ceil().clamp(1.0, LINES_MAX)
}

fn mix(parts: &[(f32, Point)]) -> Point {
    parts
        .iter()
        .fold(Point::zero(), |sum, (part, point)| Point::from_xy(sum.x + part * point.x, sum.y + part * point.y))
}
