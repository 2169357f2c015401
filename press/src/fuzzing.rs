//! What the targets in `fuzz/` reach beside the public names; built for them alone.

use crate::draw::{Path, Point, Seg};
use crate::output::dxf::drawing;

/// A step of an outline: 0, 1 or 2 control points in micrometres, and where it ends.
pub type Step = (Vec<[i32; 2]>, [i32; 2]);

/// The DXF of outlines on a zone of this height; each begins at a point.
pub fn dxf(height_um: i32, outlines: &[([i32; 2], Vec<Step>)]) -> Vec<u8> {
    let point = |at: &[i32; 2]| Point { x: at[0], y: at[1] };
    let path = |(start, steps): &([i32; 2], Vec<Step>)| {
        let mut segs = vec![Seg::Move(point(start))];
        segs.extend(steps.iter().map(|(controls, end)| match controls.as_slice() {
            [] => Seg::Line(point(end)),
            [a] => Seg::Quad(point(a), point(end)),
            [a, b, ..] => Seg::Cubic(point(a), point(b), point(end)),
        }));
        segs.push(Seg::Close);
        Path { segs }
    };
    let paths: Vec<Path> = outlines.iter().map(path).collect();
    drawing((height_um, height_um), paths.iter().map(|path| ("ENGRAVE", path)))
}
