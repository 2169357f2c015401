//! How much of each pixel an outline covers: the exact area.
//!
//! A line that climbs in a pixel covers a part of it, and all of every pixel to its right, up to the next line: what it changes are two
//! sums, of the pixel and of the one after it. From left to right the sums add up to what is covered, so that rows are a few pixels with a
//! sum and the runs between them. Where outlines overlap, windings add up, and a pixel is full at one.
//!
//! It is the idea of FreeType's smooth rasteriser. The crates at hand that do this keep 32-bit products, which overflow on large sheets, or
//! sums of floating point; the others cut each row into four, which took half of a preview.

use std::ops::Range;

use super::outline::{Fixed, Line, Outline, SUB};

/// Twice a pixel's area, in which sums count.
const FULL: i32 = 2 * SUB * SUB;
/// Pixels with sums at a time: few enough to stay in the second cache.
const AT_ONCE: usize = 16 * 1024;

/// Tells which pixels of these rows are covered alike: the row, counted from the first, the pixels, and how many 255ths of them. Pixels that
/// are not covered are left out.
pub(super) fn runs(outline: &Outline, width: u32, rows: Range<i64>, mut run: impl FnMut(usize, Range<usize>, u8)) {
    let end = rows.end.min(outline.rows.end);
    let mut top = rows.start.max(outline.rows.start);
    if top >= end {
        return;
    }
    let mut sums = Sums::new(width as usize, (end - top) as usize);
    let mut coming = outline.lines.iter().peekable();
    let mut crossing: Vec<&Line> = Vec::new();
    while top < end {
        let bottom = end.min(top + sums.height as i64);
        let (first, last) = (top * i64::from(SUB), bottom * i64::from(SUB));
        crossing.retain(|line| i64::from(line.to.y) > first);
        while let Some(line) = coming.next_if(|line| i64::from(line.from.y) < last) {
            crossing.push(line);
        }
        for line in &crossing {
            sums.add(line, first as i32, last as i32);
        }
        sums.take(|row, pixels, share| run((top - rows.start) as usize + row, pixels, share));
        top = bottom;
    }
}

/// The sums of some rows.
struct Sums {
    height: usize,
    /// For each row one more than there are pixels, for what lies right of the last.
    sums: Vec<i32>,
    stride: usize,
    /// One bit for each that may not be zero.
    marks: Vec<u64>,
    words: usize,
}

impl Sums {
    /// For no more than `height` rows.
    fn new(width: usize, height: usize) -> Self {
        let height = height.min(AT_ONCE / width).max(1);
        let (stride, words) = (width + 1, width / 64 + 1);
        Self { stride, words, height, sums: vec![0; stride * height], marks: vec![0; words * height] }
    }

    fn row(&mut self, row: usize) -> Row<'_> {
        let (sums, marks) = (row * self.stride, row * self.words);
        Row { sums: &mut self.sums[sums..sums + self.stride], marks: &mut self.marks[marks..marks + self.words] }
    }

    /// Adds what a line covers between two heights.
    fn add(&mut self, line: &Line, top: i32, bottom: i32) {
        let (from, to) = (line.from, line.to);
        let (mut y, last) = (from.y.max(top), to.y.min(bottom));
        if y >= last {
            return;
        }
        let (dx, dy) = (f64::from(to.x - from.x), f64::from(to.y - from.y));
        let (slope, steep) = (dx / dy, dy / dx);
        let along = |y: i32| from.x + (slope * f64::from(y - from.y)) as i32;
        let mut x = along(y);
        while y < last {
            let row = (y - top) / SUB;
            let next = (top + (row + 1) * SUB).min(last);
            let across = along(next);
            let (here, there) = (Fixed { x, y }, Fixed { x: across, y: next });
            let mut row = self.row(row as usize);
            if x < across {
                row.add(here, there, steep, line.winding);
            } else {
                row.add(there, here, steep, -line.winding);
            }
            (x, y) = (across, next);
        }
    }

    /// Tells the runs of all rows and forgets the sums.
    fn take(&mut self, mut run: impl FnMut(usize, Range<usize>, u8)) {
        for row in 0..self.height {
            let Row { sums, marks } = self.row(row);
            let (mut covered, mut share, mut at) = (0, 0, 0);
            for (word, mark) in marks.iter_mut().enumerate() {
                let mut left = std::mem::take(mark);
                while left != 0 {
                    let x = word * 64 + left.trailing_zeros() as usize;
                    left &= left - 1;
                    if share != 0 {
                        run(row, at..x, share);
                    }
                    covered += std::mem::take(&mut sums[x]);
                    (share, at) = (of_255(covered), x);
                }
            }
            if share != 0 && at + 1 < sums.len() {
                run(row, at..sums.len() - 1, share);
            }
        }
    }
}

struct Row<'a> {
    sums: &'a mut [i32],
    marks: &'a mut [u64],
}

impl Row<'_> {
    /// A line within the row, from left to right. However it is rounded, its pieces climb as far as the whole.
    fn add(&mut self, from: Fixed, to: Fixed, steep: f64, winding: i32) {
        let width = self.sums.len() as i32 - 1;
        let (low, high) = (from.y.min(to.y), from.y.max(to.y));
        let height = |x: i32| (from.y + (steep * f64::from(x - from.x)) as i32).clamp(low, high);
        let (mut x, mut y) = (from.x, from.y);
        if x < 0 {
            // What lies left of all pixels covers them from their left edges on.
            let next = if to.x <= 0 { to.y } else { height(0) };
            self.piece(0, winding * (next - y), 0);
            (x, y) = (to.x.min(0), next);
        }
        let (mut column, last) = (x.max(0) / SUB, (to.x / SUB).min(width));
        while column < last {
            let edge = (column + 1) * SUB;
            let next = height(edge);
            self.piece(column as usize, winding * (next - y), x - column * SUB + SUB);
            (x, y, column) = (edge, next, column + 1);
        }
        if column < width && y != to.y {
            self.piece(column as usize, winding * (to.y - y), x + to.x - 2 * column * SUB);
        }
    }

    /// A piece within a pixel. `sides`: how far from the pixel's left edge it enters and leaves, together.
    fn piece(&mut self, x: usize, climbs: i32, sides: i32) {
        let left = climbs * sides;
        self.sums[x] += climbs * 2 * SUB - left;
        self.sums[x + 1] += left;
        let (word, bit) = (x / 64, x % 64);
        self.marks[word] |= 0b11 << bit;
        if bit == 63 {
            self.marks[word + 1] |= 1;
        }
    }
}

/// A sum in 255ths of a pixel.
fn of_255(covered: i32) -> u8 {
    (covered.abs() / (FULL / 256)).min(255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tiny_skia::{Path, PathBuilder};

    use super::{Outline, runs};

    const SIDE: usize = 24;

    fn polygons(outlines: &[Vec<(f32, f32)>]) -> Path {
        let mut builder = PathBuilder::new();
        for outline in outlines {
            builder.move_to(outline[0].0, outline[0].1);
            for (x, y) in &outline[1..] {
                builder.line_to(*x, *y);
            }
            builder.close();
        }
        builder.finish().unwrap()
    }

    /// Drawn in strips of these heights.
    fn drawn(path: &Path, strips: &[usize]) -> Vec<u8> {
        let outline = Outline::new(path);
        let mut pixels = Vec::new();
        for height in strips {
            let top = (pixels.len() / SIDE) as i64;
            let mut shares = vec![0; SIDE * height];
            runs(&outline, SIDE as u32, top..top + *height as i64, |row, run, share| {
                shares[row * SIDE..][run].fill(share);
            });
            pixels.extend(shares);
        }
        pixels
    }

    /// The mean winding number of 32 × 32 places in a pixel.
    fn sampled(outlines: &[Vec<(f32, f32)>], column: usize, row: usize) -> f32 {
        let place = |n: usize, at: usize| at as f32 + (n as f32 + 0.5) / 32.0;
        let windings = (0..32 * 32).map(|n| winding(outlines, place(n % 32, column), place(n / 32, row)));
        (windings.sum::<i32>() as f32 / 1024.0).abs().min(1.0) * 255.0
    }

    fn winding(outlines: &[Vec<(f32, f32)>], x: f32, y: f32) -> i32 {
        let mut winding = 0;
        for outline in outlines {
            for (n, a) in outline.iter().enumerate() {
                let b = outline[(n + 1) % outline.len()];
                let left = || a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0) < x;
                winding += i32::from(a.1 <= y && y < b.1 && left()) - i32::from(b.1 <= y && y < a.1 && left());
            }
        }
        winding
    }

    #[test]
    fn whole_pixels_are_full_and_nothing_lies_beside_them() {
        let outline = vec![(3.0, 4.0), (20.0, 4.0), (20.0, 9.0), (3.0, 9.0)];
        let inside = |n: usize| (3..20).contains(&(n % SIDE)) && (4..9).contains(&(n / SIDE));
        let expected: Vec<u8> = (0..SIDE * SIDE).map(|n| if inside(n) { 255 } else { 0 }).collect();
        for path in [polygons(std::slice::from_ref(&outline)), polygons(&[outline.iter().rev().copied().collect()])] {
            assert_eq!(drawn(&path, &[SIDE]), expected);
        }
    }

    #[test]
    fn what_reaches_far_out_covers_all_and_what_lies_there_covers_nothing() {
        let far = 3.0e9;
        let around = polygons(&[vec![(-far, -far), (far, -far), (far, far), (-far, far)]]);
        assert!(drawn(&around, &[SIDE]).iter().all(|share| *share == 255));
        let beside =
            polygons(&[vec![(far, -far), (2.0 * far, 0.0), (far, far)], vec![(-9.0, 0.0), (-1.0, 9.0), (-9.0, 20.0)]]);
        assert!(drawn(&beside, &[SIDE]).iter().all(|share| *share == 0));
    }

    #[test]
    fn a_circle_covers_its_area() {
        let circle = PathBuilder::from_circle(12.0, 12.0, 10.0).unwrap();
        let area: f64 = drawn(&circle, &[SIDE]).iter().map(|share| f64::from(*share) / 255.0).sum();
        assert!((area / (100.0 * std::f64::consts::PI) - 1.0).abs() < 0.01, "{area}");
    }

    fn outlines() -> impl Strategy<Value = Vec<Vec<(f32, f32)>>> {
        let point = (-10.0_f32..34.0, -10.0_f32..34.0);
        prop::collection::vec(prop::collection::vec(point, 3..7), 1..4)
    }

    proptest! {
        #[test]
        fn pixels_are_covered_by_their_mean_winding(outlines in outlines()) {
            for (n, share) in drawn(&polygons(&outlines), &[SIDE]).into_iter().enumerate() {
                let expected = sampled(&outlines, n % SIDE, n / SIDE);
                prop_assert!((f32::from(share) - expected).abs() < 12.0, "{} of {:?}: {share}, {expected}", n % SIDE, n / SIDE);
            }
        }

        #[test]
        fn strips_show_what_one_drawing_shows(outlines in outlines(), curved in any::<bool>()) {
            let mut path = polygons(&outlines);
            if curved {
                let mut builder = PathBuilder::new();
                for outline in &outlines {
                    builder.move_to(outline[0].0, outline[0].1);
                    builder.cubic_to(outline[1].0, outline[1].1, outline[2].0, outline[2].1, outline[0].0, outline[0].1);
                    builder.quad_to(outline[1].0, outline[1].1, outline[2].0, outline[2].1);
                }
                path = builder.finish().unwrap();
            }
            prop_assert_eq!(drawn(&path, &[SIDE]), drawn(&path, &[1, 5, 13, 5]));
        }
    }
}
