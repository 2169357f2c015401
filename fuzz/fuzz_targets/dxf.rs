//! The writer of cutting files: whatever outline it is handed, a reader of groups finds closed lines through every corner, as large as the curve is.
#![no_main]

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use platen_press::fuzzing::{Step, dxf};

/// A zone's height in micrometres: y is counted from below in the file.
const HEIGHT: i32 = 400_000;
/// Farthest coordinate.
const FAR: i32 = 200_000;
/// How far lines lie beside the curve, in micrometres, and a rounding.
const CHORD: f64 = 20.2;

type Outline = ([i32; 2], Vec<Step>);
/// Left, bottom, right, top in micrometres, y up.
type Extents = [f64; 4];

fuzz_target!(|data: &[u8]| {
    let mut given = Unstructured::new(data);
    let mut outlines: Vec<Outline> = Vec::new();
    while !given.is_empty() && outlines.len() < 4 {
        let Ok(outline) = outline(&mut given) else { break };
        outlines.push(outline);
    }
    let each: Vec<_> = outlines.iter().flat_map(|outline| one(outline)).collect();
    assert!(lines(&dxf(HEIGHT, &outlines)) == each, "outlines do not meddle with each other");
});

fn point(given: &mut Unstructured<'_>) -> Result<[i32; 2]> {
    // Now and then a corner that has been there, and lines along an axis.
    let mut side = || if given.ratio(1, 8)? { Ok(0) } else { given.int_in_range(-FAR..=FAR) };
    Ok([side()?, side()?])
}

fn outline(given: &mut Unstructured<'_>) -> Result<Outline> {
    let start = point(given)?;
    let mut steps = Vec::new();
    for _ in 0..given.int_in_range(0..=8)? {
        let controls = (0..given.int_in_range(0..=2)?).map(|_| point(given)).collect::<Result<_>>()?;
        steps.push((controls, point(given)?));
    }
    Ok((start, steps))
}

/// Checks the file of one outline; answers its lines, of which there are none or one.
fn one((start, steps): &Outline) -> Vec<Vec<[f64; 2]>> {
    let found = lines(&dxf(HEIGHT, &[(*start, steps.clone())]));
    let corners: Vec<[f64; 2]> = std::iter::once(start).chain(steps.iter().map(|(_, end)| end)).map(up).collect();
    let mut distinct = corners.clone();
    distinct.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    distinct.dedup();
    let Some(line) = found.first() else {
        assert!(distinct.len() < 3, "an outline is lost: {corners:?}");
        return found;
    };
    assert_eq!(found.len(), 1);
    assert!(line.len() >= 3 && line.first() != line.last() && line.windows(2).all(|pair| pair[0] != pair[1]));
    for corner in &corners {
        assert!(line.iter().any(|at| near(at[0], corner[0], 0.001) && near(at[1], corner[1], 0.001)), "{corner:?}");
    }
    let (have, want) = (extents(line.iter().copied()), curve(*start, steps));
    assert!(have.iter().zip(&want).all(|(a, b)| near(*a, *b, CHORD)), "{have:?} is not {want:?}");
    found
}

fn up(at: &[i32; 2]) -> [f64; 2] {
    [f64::from(at[0]), f64::from(HEIGHT) - f64::from(at[1])]
}

fn near(a: f64, b: f64, within: f64) -> bool {
    (a - b).abs() <= within
}

fn extents(points: impl Iterator<Item = [f64; 2]>) -> Extents {
    points.fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, b, r, t], [x, y]| {
        [l.min(x), b.min(y), r.max(x), t.max(y)]
    })
}

/// How large the curves themselves are: their ends, and where they turn.
fn curve(start: [i32; 2], steps: &[Step]) -> Extents {
    let mut points = vec![up(&start)];
    let mut here = start;
    for (controls, end) in steps {
        let all: Vec<[f64; 2]> = std::iter::once(&here).chain(controls).chain([end]).map(up).collect();
        points.push(up(end));
        for axis in 0..2 {
            let along: Vec<f64> = all.iter().map(|point| point[axis]).collect();
            points.extend(turns(&along).into_iter().filter(|t| (0.0..=1.0).contains(t)).map(|t| at(&all, t)));
        }
        here = *end;
    }
    extents(points.into_iter())
}

/// Where a Bezier curve's derivative is nothing.
fn turns(along: &[f64]) -> Vec<f64> {
    match *along {
        [a, b, c] => vec![(a - b) / (a - 2.0 * b + c)],
        [a, b, c, d] => {
            let (p, q, r) = (d - 3.0 * c + 3.0 * b - a, 2.0 * (c - 2.0 * b + a), b - a);
            if p == 0.0 {
                return vec![-r / q];
            }
            let root = (q * q - 4.0 * p * r).sqrt();
            vec![(-q + root) / (2.0 * p), (-q - root) / (2.0 * p)]
        }
        _ => Vec::new(),
    }
}

/// De Casteljau.
fn at(points: &[[f64; 2]], t: f64) -> [f64; 2] {
    match points {
        [only] => *only,
        _ => {
            let next: Vec<[f64; 2]> =
                points.windows(2).map(|w| [0, 1].map(|axis| w[0][axis] * (1.0 - t) + w[1][axis] * t)).collect();
            at(&next, t)
        }
    }
}

/// Closed lines of a drawing, in micrometres, read group by group.
fn lines(bytes: &[u8]) -> Vec<Vec<[f64; 2]>> {
    let text = std::str::from_utf8(bytes).expect("text");
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert!(rows.last() == Some(&"") && rows.len() % 2 == 1 && !text.replace("\r\n", "").contains(['\r', '\n']));
    let (mut found, mut entity): (Vec<Vec<[f64; 2]>>, &str) = (Vec::new(), "");
    for pair in rows.chunks_exact(2) {
        let (code, value): (u16, &str) = (pair[0].trim().parse().expect("a group code"), pair[1]);
        match (entity, code) {
            (_, 0) if value == "POLYLINE" => found.push(Vec::new()),
            (_, 0) if value == "VERTEX" => found.last_mut().expect("a line").push([f64::NAN; 2]),
            ("POLYLINE", 70) => assert_eq!(value, "1", "it is closed"),
            ("VERTEX", 10 | 20) => {
                let um = value.parse::<f64>().expect("a number") * 1000.0;
                assert!(um.is_finite() && !value.contains(['e', 'E', 'n', 'N']));
                found.last_mut().and_then(|line| line.last_mut()).expect("a corner")[usize::from(code / 10 - 1)] = um;
            }
            _ => {}
        }
        if code == 0 {
            entity = value;
        }
    }
    assert_eq!(entity, "EOF");
    assert!(found.iter().flatten().flatten().all(|um| um.is_finite()), "every corner has both coordinates");
    found
}
