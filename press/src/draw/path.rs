//! Outlines in integer micrometres, y down: the one geometry every output is written from.

/// A point, in micrometres from the trim's top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// One drawing step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seg {
    Move(Point),
    Line(Point),
    Quad(Point, Point),
    Cubic(Point, Point, Point),
    Close,
}

/// A list of closed outlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segs: Vec<Seg>,
}

/// Distance of a circle's control points, in ten-thousandths of its radius.
const KAPPA: i64 = 5523;

fn p(x: i32, y: i32) -> Point {
    Point { x, y }
}

impl Path {
    /// A rectangle.
    pub(crate) fn rect(x: i32, y: i32, w: i32, h: i32) -> Self {
        let segs = vec![
            Seg::Move(p(x, y)),
            Seg::Line(p(x + w, y)),
            Seg::Line(p(x + w, y + h)),
            Seg::Line(p(x, y + h)),
            Seg::Close,
        ];
        Self { segs }
    }

    /// A rectangle with round corners; radii of half a side make an ellipse.
    pub(crate) fn rounded(x: i32, y: i32, w: i32, h: i32, rx: i32, ry: i32) -> Self {
        if rx <= 0 || ry <= 0 {
            return Self::rect(x, y, w, h);
        }
        let handle = |r: i32| r - i32::try_from(i64::from(r) * KAPPA / 10_000).unwrap_or(r);
        let (kx, ky) = (handle(rx), handle(ry));
        let (right, bottom) = (x + w, y + h);
        let segs = vec![
            Seg::Move(p(x + rx, y)),
            Seg::Line(p(right - rx, y)),
            Seg::Cubic(p(right - kx, y), p(right, y + ky), p(right, y + ry)),
            Seg::Line(p(right, bottom - ry)),
            Seg::Cubic(p(right, bottom - ky), p(right - kx, bottom), p(right - rx, bottom)),
            Seg::Line(p(x + rx, bottom)),
            Seg::Cubic(p(x + kx, bottom), p(x, bottom - ky), p(x, bottom - ry)),
            Seg::Line(p(x, y + ry)),
            Seg::Cubic(p(x, y + ky), p(x + kx, y), p(x + rx, y)),
            Seg::Close,
        ];
        Self { segs }
    }

    /// The same outline moved.
    pub(crate) fn moved(&self, dx: i32, dy: i32) -> Self {
        let m = |a: Point| p(a.x + dx, a.y + dy);
        let step = |seg: &Seg| match *seg {
            Seg::Move(a) => Seg::Move(m(a)),
            Seg::Line(a) => Seg::Line(m(a)),
            Seg::Quad(a, b) => Seg::Quad(m(a), m(b)),
            Seg::Cubic(a, b, c) => Seg::Cubic(m(a), m(b), m(c)),
            Seg::Close => Seg::Close,
        };
        Self { segs: self.segs.iter().map(step).collect() }
    }
}
