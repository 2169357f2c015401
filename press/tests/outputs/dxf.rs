//! What a machine that cuts reads: R12, closed polylines, true size.

use crate::common::{assets, sample};
use platen_press::zone_files;

/// A polyline as it was read.
pub(crate) struct Line {
    pub(crate) layer: String,
    closed: bool,
    corners: Vec<[f64; 2]>,
}

/// A drawing as it was read.
pub(crate) struct Drawing {
    pub(crate) units: String,
    pub(crate) lines: Vec<Line>,
}

impl Drawing {
    /// Left, bottom, right, top of all lines.
    pub(crate) fn extents(&self) -> [f64; 4] {
        let corners = self.lines.iter().flat_map(|line| &line.corners);
        corners.fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, b, r, t], [x, y]| {
            [l.min(*x), b.min(*y), r.max(*x), t.max(*y)]
        })
    }
}

pub(crate) fn read(bytes: &[u8]) -> Drawing {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    let lines: Vec<&str> = text.lines().collect();
    let pairs: Vec<(&str, &str)> = lines.chunks_exact(2).map(|pair| (pair[0].trim(), pair[1])).collect();
    let after = |name: &str| pairs.iter().position(|pair| pair.1 == name).map(|at| pairs[at + 1]).unwrap();
    assert_eq!((after("$ACADVER"), pairs.last().unwrap().1), (("1", "AC1009"), "EOF"));
    let mut drawing = Drawing { units: after("$INSUNITS").1.to_owned(), lines: Vec::new() };
    let mut entity = "";
    for (code, value) in pairs {
        match (entity, code) {
            (_, "0") => {
                entity = value;
                if value == "POLYLINE" {
                    drawing.lines.push(Line { layer: String::new(), closed: false, corners: Vec::new() });
                } else if value == "VERTEX" {
                    drawing.lines.last_mut().unwrap().corners.push([0.0, 0.0]);
                }
            }
            ("POLYLINE", "8") => value.clone_into(&mut drawing.lines.last_mut().unwrap().layer),
            ("POLYLINE", "70") => drawing.lines.last_mut().unwrap().closed = value == "1",
            ("VERTEX", "10" | "20") => {
                let axis = usize::from(code == "20");
                drawing.lines.last_mut().unwrap().corners.last_mut().unwrap()[axis] = value.parse().unwrap();
            }
            _ => {}
        }
    }
    drawing
}

#[test]
fn every_line_is_closed_and_lies_on_the_plate() {
    let checked = sample("07").checked();
    let files = zone_files(&checked.spec, &assets(&checked.spec)).unwrap();
    let drawing = read(&files.iter().find(|file| file.path == "plate.dxf").unwrap().bytes);
    assert!(drawing.lines.iter().all(|line| line.closed && line.corners.len() >= 3));
    let [left, bottom, right, top] = drawing.extents();
    assert!(left >= 0.0 && bottom >= 0.0 && right <= 90.0 && top <= 40.0);
    // Letters stand upright: the year lies below the name, so its corners have the smaller y.
    let engraved: Vec<&Line> = drawing.lines.iter().filter(|line| line.layer == "ENGRAVE").collect();
    let lowest = engraved.iter().flat_map(|line| &line.corners).map(|corner| corner[1]).fold(f64::MAX, f64::min);
    assert!(engraved.len() > 20 && lowest > 5.0 && lowest < 15.0, "{} {lowest}", engraved.len());
    assert_eq!(drawing.lines.iter().filter(|line| line.layer == "CUT").count(), 1);
}

#[test]
fn what_is_neither_cut_nor_engraved_has_no_drawing() {
    let checked = sample("02").checked();
    let files = zone_files(&checked.spec, &assets(&checked.spec)).unwrap();
    assert!(files.iter().all(|file| !file.path.ends_with(".dxf")));
}
