//! From sRGB over Lab to inks, with functions that give the same bits everywhere.

/// How Lab is written into a table's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 0 to 1 is 0 to 100, and -128 to 127.
    Plain,
    /// As 16-bit tables of version 2 have it: full scale is a little above.
    Wide2,
}

/// A curve of one channel, from 0..1 to 0..1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Curve {
    Straight,
    Power(f64),
    Table(Vec<f64>),
}

/// The way from Lab to four inks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lut {
    pub(super) encoding: Encoding,
    /// Curves before the grid, stage by stage; the matrix lies behind the first stage.
    pub(super) before: Vec<Vec<Curve>>,
    pub(super) matrix: Option<([[f64; 3]; 3], [f64; 3])>,
    /// Points along each input.
    pub(super) grid: [usize; 3],
    /// Four inks each, the last input the fastest.
    pub(super) nodes: Vec<f64>,
    pub(super) after: Vec<Curve>,
}

impl Curve {
    fn at(&self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        match self {
            Curve::Straight => x,
            Curve::Power(gamma) => libm::pow(x, *gamma),
            Curve::Table(all) => {
                let (cell, part) = cell(x, all.len());
                all[cell] + (all[cell + 1] - all[cell]) * part
            }
        }
    }
}

/// The cell of a row of points in which `x` lies, and how far in.
fn cell(x: f64, points: usize) -> (usize, f64) {
    let scaled = x.clamp(0.0, 1.0) * (points - 1) as f64;
    let cell = (scaled as usize).min(points - 2);
    (cell, scaled - cell as f64)
}

impl Lut {
    /// Whether its tables are as long as they must be.
    pub(super) fn is_sound(&self) -> bool {
        let table = |curve: &Curve| !matches!(curve, Curve::Table(all) if all.len() < 2);
        self.grid.iter().all(|points| *points >= 2)
            && self.nodes.len() >= self.grid.iter().product::<usize>() * 4
            && self.before.iter().flatten().chain(&self.after).all(table)
    }

    /// Inks of a colour, 0 to 65535 each.
    pub(super) fn inks(&self, lab: [f64; 3]) -> [u16; 4] {
        let [l, a, b] = lab;
        let mut at = match self.encoding {
            Encoding::Plain => [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0],
            Encoding::Wide2 => [l / 100.0 * 65_280.0, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|v| v / 65_535.0),
        };
        for (stage, curves) in self.before.iter().enumerate() {
            for (value, curve) in at.iter_mut().zip(curves) {
                *value = curve.at(*value);
            }
            if let (0, Some((matrix, bias))) = (stage, self.matrix) {
                let row = |r: usize| (0..3).map(|c| matrix[r][c] * at[c]).sum::<f64>() + bias[r];
                at = [row(0), row(1), row(2)];
            }
        }
        let nodes = self.between(at);
        let mut inks = [0; 4];
        for ((ink, curve), node) in inks.iter_mut().zip(&self.after).zip(nodes) {
            *ink = (curve.at(node) * 65_535.0 + 0.5) as u16;
        }
        inks
    }

    /// Between the eight nodes around a point.
    fn between(&self, at: [f64; 3]) -> [f64; 4] {
        let cells = [0, 1, 2].map(|axis| cell(at[axis], self.grid[axis]));
        let mut out = [0.0; 4];
        for corner in 0..8_usize {
            let (mut index, mut weight) = (0, 1.0);
            for (axis, ((cell, part), points)) in cells.into_iter().zip(self.grid).enumerate() {
                let far = corner >> axis & 1;
                index = index * points + cell + far;
                weight *= if far == 1 { part } else { 1.0 - part };
            }
            for (value, node) in out.iter_mut().zip(&self.nodes[index * 4..index * 4 + 4]) {
                *value += weight * node;
            }
        }
        out
    }
}

/// A component of sRGB (0 to 1) as the light that it stands for.
pub(super) fn light(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { libm::pow((v + 0.055) / 1.055, 2.4) }
}

/// Linear sRGB as Lab under D50, the light in which prints are judged.
pub(super) fn lab(linear: [f64; 3]) -> [f64; 3] {
    let row = |m: [f64; 3]| m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2];
    // sRGB's primaries, adapted to D50, over D50's white.
    let x = row([0.436_074_7, 0.385_064_9, 0.143_080_4]) / 0.964_22;
    let y = row([0.222_504_5, 0.716_878_6, 0.060_616_9]);
    let z = row([0.013_932_2, 0.097_104_5, 0.714_173_3]) / 0.825_21;
    let [x, y, z] =
        [x, y, z].map(|t| if t > 216.0 / 24_389.0 { libm::cbrt(t) } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, within: f64) -> bool {
        (a - b).abs() <= within
    }

    #[test]
    fn known_colours_have_their_known_lab() {
        for (rgb, expected) in [
            ([1.0, 1.0, 1.0], [100.0, 0.0, 0.0]),
            ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ([1.0, 0.0, 0.0], [54.29, 80.81, 69.89]),
            ([0.0, 1.0, 0.0], [87.82, -79.29, 80.99]),
            ([0.0, 0.0, 1.0], [29.57, 68.30, -112.03]),
        ] {
            let found = lab(rgb.map(light));
            assert!(found.iter().zip(expected).all(|(a, b)| near(*a, b, 0.05)), "{rgb:?}: {found:?}");
        }
    }

    #[test]
    fn a_point_between_nodes_is_between_their_inks() {
        // Two points along each axis; black ink falls with lightness, the others follow a and b.
        let mut nodes = Vec::new();
        for l in 0..2 {
            for a in 0..2 {
                for b in 0..2 {
                    nodes.extend([f64::from(1 - a), f64::from(a), f64::from(b), f64::from(1 - l)]);
                }
            }
        }
        let lut = Lut {
            encoding: Encoding::Plain,
            before: vec![vec![Curve::Straight; 3]],
            matrix: None,
            grid: [2; 3],
            nodes,
            after: vec![Curve::Straight; 4],
        };
        assert!(lut.is_sound());
        assert_eq!(lut.inks([100.0, -128.0, -128.0]), [65_535, 0, 0, 0]);
        assert_eq!(lut.inks([0.0, 127.0, 127.0]), [0, 65_535, 65_535, 65_535]);
        let [c, m, y, k] = lut.inks([50.0, -0.5, -0.5]);
        assert!([c, m, y, k].iter().all(|ink| ink.abs_diff(32_768) <= 1), "{c} {m} {y} {k}");
        assert!(!Lut { nodes: vec![0.0; 31], ..lut }.is_sound());
    }
}
