//! One zone for machines that cut and engrave: DXF R12, closed polylines in millimetres, y up, the trim's bottom left at the origin.
//!
//! Two layers: `CUT`, the line along the trim, and `ENGRAVE`, the outlines of letters and shapes. Backgrounds, pictures and outline
//! effects are no lines to follow; [`super::facts`] says where a design has them.

use super::number::push_tenths;
use crate::draw::{DisplayList, Item, Path, Point, Seg};

/// How far a polyline may lie beside the curve, in micrometres.
const CHORD_UM: f64 = 20.0;
/// Most straight pieces of one curve.
const PIECES_MAX: u32 = 1_000;

/// A point in tenths of a micrometre, y up.
type Corner = (i64, i64);

/// Writes the cut line, and with `engrave` everything that is engraved.
pub(super) fn write(list: &DisplayList<'_>, engrave: bool) -> Vec<u8> {
    let cut = list.cut.iter().map(|path| ("CUT", path));
    let engraved = list.items.iter().filter(|_| engrave).filter_map(|item| match item {
        Item::Fill { path, .. } => Some(("ENGRAVE", path)),
        _ => None,
    });
    drawing((list.zone.width_um, list.zone.height_um), cut.chain(engraved))
}

/// Outlines on their layers, on a zone of this size.
pub(crate) fn drawing<'a>((width, height): (i32, i32), outlines: impl Iterator<Item = (&'a str, &'a Path)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * 1024);
    header(&mut out, width, height);
    tables(&mut out);
    pairs(&mut out, &[("0", "SECTION"), ("2", "ENTITIES")]);
    for (layer, path) in outlines {
        polylines(&mut out, layer, path, height);
    }
    pairs(&mut out, &[("0", "ENDSEC"), ("0", "EOF")]);
    out
}

fn header(out: &mut Vec<u8>, width_um: i32, height_um: i32) {
    pairs(out, &[("0", "SECTION"), ("2", "HEADER"), ("9", "$ACADVER"), ("1", "AC1009")]);
    pairs(out, &[("9", "$INSUNITS"), ("70", "4")]);
    for (name, (x, y)) in [("$EXTMIN", (0, 0)), ("$EXTMAX", (width_um, height_um))] {
        pairs(out, &[("9", name)]);
        point(out, (i64::from(x) * 10, i64::from(y) * 10));
    }
    pairs(out, &[("0", "ENDSEC")]);
}

fn tables(out: &mut Vec<u8>) {
    pairs(out, &[("0", "SECTION"), ("2", "TABLES")]);
    pairs(out, &[("0", "TABLE"), ("2", "LTYPE"), ("70", "1"), ("0", "LTYPE"), ("2", "CONTINUOUS"), ("70", "0")]);
    pairs(out, &[("3", "Solid line"), ("72", "65"), ("73", "0"), ("40", "0.0"), ("0", "ENDTAB")]);
    pairs(out, &[("0", "TABLE"), ("2", "LAYER"), ("70", "3")]);
    for (name, color) in [("0", "7"), ("CUT", "1"), ("ENGRAVE", "5")] {
        pairs(out, &[("0", "LAYER"), ("2", name), ("70", "0"), ("62", color), ("6", "CONTINUOUS")]);
    }
    pairs(out, &[("0", "ENDTAB"), ("0", "ENDSEC")]);
}

fn polylines(out: &mut Vec<u8>, layer: &str, path: &Path, height_um: i32) {
    for line in flattened(path, height_um) {
        pairs(out, &[("0", "POLYLINE"), ("8", layer), ("66", "1")]);
        point(out, (0, 0));
        pairs(out, &[("30", "0.0"), ("70", "1")]);
        for corner in line {
            pairs(out, &[("0", "VERTEX"), ("8", layer)]);
            point(out, corner);
            pairs(out, &[("30", "0.0")]);
        }
        pairs(out, &[("0", "SEQEND"), ("8", layer)]);
    }
}

fn point(out: &mut Vec<u8>, (x, y): Corner) {
    for (code, value) in [(" 10\r\n", x), (" 20\r\n", y)] {
        out.extend(code.bytes());
        push_tenths(out, value);
        out.extend(b"\r\n");
    }
}

/// Group codes are three wide, on a line of their own.
fn pairs(out: &mut Vec<u8>, pairs: &[(&str, &str)]) {
    for (code, value) in pairs {
        out.extend(format!("{code:>3}\r\n{value}\r\n").bytes());
    }
}

/// Closed outlines as corners; what has fewer than three is no outline.
fn flattened(path: &Path, height_um: i32) -> Vec<Vec<Corner>> {
    let (mut lines, mut line, mut here) = (Vec::new(), Vec::new(), Point { x: 0, y: 0 });
    for seg in &path.segs {
        match *seg {
            Seg::Move(a) => {
                lines.push(std::mem::take(&mut line));
                corners(&mut line, &[a], height_um);
            }
            Seg::Line(a) => corners(&mut line, &[here, a], height_um),
            Seg::Quad(a, b) => corners(&mut line, &[here, a, b], height_um),
            Seg::Cubic(a, b, c) => corners(&mut line, &[here, a, b, c], height_um),
            Seg::Close => lines.push(std::mem::take(&mut line)),
        }
        here = match *seg {
            Seg::Move(a) | Seg::Line(a) | Seg::Quad(_, a) | Seg::Cubic(_, _, a) => a,
            Seg::Close => here,
        };
    }
    lines.push(line);
    for line in &mut lines {
        line.dedup();
        while line.len() > 1 && line.first() == line.last() {
            line.pop();
        }
    }
    lines.retain(|line| line.len() >= 3);
    lines
}

/// Appends the corners of a curve behind its first point.
fn corners(line: &mut Vec<Corner>, controls: &[Point], height_um: i32) {
    let corner = |x: i64, y: i64| (x, i64::from(height_um) * 10 - y);
    if let [only] = controls {
        line.push(corner(i64::from(only.x) * 10, i64::from(only.y) * 10));
        return;
    }
    let pieces = pieces(controls);
    for step in 1..=i128::from(pieces) {
        let at = |pick: fn(&Point) -> i32| tenths(controls, pick, step, i128::from(pieces));
        line.push(corner(at(|p| p.x), at(|p| p.y)));
    }
}

/// So many pieces that none lies farther from the curve than allowed, judged by its control points.
fn pieces(controls: &[Point]) -> u32 {
    let bend = |w: &[Point]| {
        let second = |a: i32, b: i32, c: i32| f64::from(a) - 2.0 * f64::from(b) + f64::from(c);
        let (x, y) = (second(w[0].x, w[1].x, w[2].x), second(w[0].y, w[1].y, w[2].y));
        (x * x + y * y).sqrt()
    };
    let most = controls.windows(3).map(bend).fold(0.0, f64::max);
    let degree = controls.len() as f64 - 1.0;
    let needed = (degree * (degree - 1.0) * most / 8.0 / CHORD_UM).sqrt().ceil();
    (needed as u32).clamp(1, PIECES_MAX)
}

/// A coordinate of a Bézier curve at `step` of `pieces`, in whole tenths of a micrometre: integers, so the same everywhere.
fn tenths(controls: &[Point], pick: fn(&Point) -> i32, step: i128, pieces: i128) -> i64 {
    let degree = controls.len() - 1;
    let (mut sum, mut whole) = (0_i128, 1_i128);
    for _ in 0..degree {
        whole *= pieces;
    }
    for (n, control) in controls.iter().enumerate() {
        let mut term = i128::from(pick(control)) * 10 * choose(degree, n);
        for factor in 0..degree {
            term *= if factor < n { step } else { pieces - step };
        }
        sum += term;
    }
    let rounded = (2 * sum + whole).div_euclid(2 * whole);
    i64::try_from(rounded).unwrap_or(0)
}

fn choose(of: usize, n: usize) -> i128 {
    match (of, n) {
        (3, 1 | 2) => 3,
        (2, 1) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(x: i32, y: i32) -> Point {
        Point { x, y }
    }

    #[test]
    fn a_curve_is_followed_within_the_chord() {
        let quarter = [p(10_000, 0), p(10_000, 5_523), p(5_523, 10_000), p(0, 10_000)];
        let mut line = Vec::new();
        corners(&mut line, &quarter, 0);
        assert_eq!(line.last(), Some(&(0, -100_000)));
        assert!(line.len() > 8, "{}", line.len());
        for pair in [(100_000, 0)].iter().chain(&line).collect::<Vec<_>>().windows(2) {
            let middle = ((pair[0].0 + pair[1].0) as f64 / 2.0, (pair[0].1 + pair[1].1) as f64 / 2.0);
            let off = 100_000.0 - middle.0.hypot(middle.1);
            // Tenths of a micrometre; the curve itself is 3 micrometres off a circle.
            assert!(off.abs() < 240.0, "{off}");
        }
    }

    #[test]
    fn corners_that_repeat_go_and_y_points_up() {
        let path = Path::rect(0, 0, 2_000, 1_000);
        assert_eq!(flattened(&path, 1_000), [[(0, 10_000), (20_000, 10_000), (20_000, 0), (0, 0)]]);
        let dot = Path { segs: vec![Seg::Move(p(1, 1)), Seg::Line(p(1, 1)), Seg::Line(p(2, 1)), Seg::Close] };
        assert!(flattened(&dot, 10).is_empty());
        let two = Path { segs: [Path::rect(0, 0, 5, 5).segs, Path::rect(9, 9, 5, 5).segs].concat() };
        assert_eq!(flattened(&two, 10).len(), 2);
    }

    /// Outlines of every shape, the same ones every time: closed lines without a corner twice in a row.
    #[test]
    fn any_outline_is_closed_lines() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 11
        };
        for _ in 0..400 {
            let mut at = || {
                let side = |n: u64| i32::try_from(n % 8_000_001).unwrap_or(0) - 4_000_000;
                let (x, y) = (side(next()), side(next()));
                // Now and then a point that has been there.
                if x % 5 == 0 { p(0, 0) } else { p(x, y) }
            };
            let segs = (0..12)
                .map(|n| match n % 5 {
                    0 => Seg::Move(at()),
                    1 => Seg::Line(at()),
                    2 => Seg::Quad(at(), at()),
                    3 => Seg::Cubic(at(), at(), at()),
                    _ => Seg::Close,
                })
                .collect();
            for line in flattened(&Path { segs }, 1_000) {
                assert!(line.len() >= 3 && line.first() != line.last());
                assert!(line.windows(2).all(|pair| pair[0] != pair[1]));
                assert!(line.iter().all(|(x, y)| x.abs() <= 40_000_000 && y.abs() <= 40_010_000));
            }
        }
    }
}
