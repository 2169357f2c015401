//! Surfaces of triangles. Lengths are metres, y points up, the camera looks from +z.

/// A surface with one material.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mesh {
    pub(super) positions: Vec<[f32; 3]>,
    pub(super) normals: Vec<[f32; 3]>,
    /// From the picture's top left.
    pub(super) uvs: Vec<[f32; 2]>,
    pub(super) triangles: Vec<[u32; 3]>,
}

/// A point of a surface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub(super) at: [f64; 3],
    /// Where it faces; any length.
    pub(super) normal: [f64; 3],
    pub(super) uv: [f64; 2],
}

impl Mesh {
    /// A grid of quads. `point` gets 0..=1 along columns and rows; seen from where the normals point, columns run to the right and rows down.
    pub(super) fn grid(columns: u32, rows: u32, point: impl Fn(f64, f64) -> Vertex) -> Self {
        let mut mesh = Self::default();
        mesh.add_grid(columns, rows, point);
        mesh
    }

    /// Adds another grid to the surface.
    pub(super) fn add_grid(&mut self, columns: u32, rows: u32, point: impl Fn(f64, f64) -> Vertex) {
        let first = self.positions.len() as u32;
        for row in 0..=rows {
            for column in 0..=columns {
                let vertex = point(f64::from(column) / f64::from(columns), f64::from(row) / f64::from(rows));
                self.positions.push(vertex.at.map(|part| part as f32));
                self.normals.push(unit(vertex.normal));
                self.uvs.push(vertex.uv.map(|part| part as f32));
            }
        }
        for row in 0..rows {
            for column in 0..columns {
                let at = |dx: u32, dy: u32| first + (row + dy) * (columns + 1) + column + dx;
                self.triangles.push([at(0, 0), at(0, 1), at(1, 1)]);
                self.triangles.push([at(0, 0), at(1, 1), at(1, 0)]);
            }
        }
    }

    /// Adds a box without a picture.
    pub(super) fn add_box(&mut self, low: [f64; 3], high: [f64; 3]) {
        let middle = [0, 1, 2].map(|n| (low[n] + high[n]) / 2.0);
        let half = [0, 1, 2].map(|n| (high[n] - low[n]) / 2.0);
        // Each side by its normal, its right and its down.
        let sides = [
            ([0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            ([0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]),
            ([1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, -1.0, 0.0]),
            ([-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]),
            ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]),
            ([0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]),
        ];
        for (normal, right, down) in sides {
            self.add_grid(1, 1, |u, v| {
                let at = [0, 1, 2].map(|n| {
                    middle[n] + half[n] * (normal[n] + right[n] * (2.0 * u - 1.0) + down[n] * (2.0 * v - 1.0))
                });
                Vertex { at, normal, uv: [u, v] }
            });
        }
    }

    /// Smallest and largest coordinate along each axis.
    pub(super) fn bounds(&self) -> ([f32; 3], [f32; 3]) {
        let mut low = [f32::MAX; 3];
        let mut high = [f32::MIN; 3];
        for position in &self.positions {
            for axis in 0..3 {
                low[axis] = low[axis].min(position[axis]);
                high[axis] = high[axis].max(position[axis]);
            }
        }
        (low, high)
    }
}

fn unit(v: [f64; 3]) -> [f32; 3] {
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
    v.map(|part| (part / length) as f32)
}

/// Sine and cosine of a part of a full turn, from their series: no platform's library has a say.
pub(super) fn turn(part: f64) -> (f64, f64) {
    let part = part - part.floor();
    let quarter = (part * 4.0).floor();
    let x = (part * 4.0 - quarter) * core::f64::consts::FRAC_PI_2;
    let xx = x * x;
    let series = |first: f64, from: i32| {
        let (mut term, mut sum, mut n) = (first, first, f64::from(from));
        for _ in 0..12 {
            term *= -xx / (n * (n + 1.0));
            sum += term;
            n += 2.0;
        }
        sum
    };
    let (sine, cosine) = (series(x, 2), series(1.0, 1));
    match quarter as i32 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mesh, turn};

    #[test]
    fn turns_lie_on_the_circle() {
        for n in -8..=24 {
            let (sine, cosine) = turn(f64::from(n) / 12.0);
            assert!((sine * sine + cosine * cosine - 1.0).abs() < 1e-12, "{n}");
        }
        assert!((turn(1.0 / 12.0).0 - 0.5).abs() < 1e-12);
        assert!((turn(0.25).0 - 1.0).abs() < 1e-12 && (turn(0.5).1 + 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_triangle_of_a_box_faces_outwards() {
        let mut mesh = Mesh::default();
        mesh.add_box([-1.0, -2.0, -3.0], [1.0, 2.0, 3.0]);
        assert_eq!(mesh.triangles.len(), 12);
        for triangle in &mesh.triangles {
            let [a, b, c] = triangle.map(|n| mesh.positions[n as usize]);
            let edge = |from: [f32; 3], to: [f32; 3]| [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
            let (p, q) = (edge(a, b), edge(a, c));
            let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
            let normal = mesh.normals[triangle[0] as usize];
            assert!(cross.iter().zip(normal).map(|(c, n)| c * n).sum::<f32>() > 0.0, "{triangle:?}");
        }
    }
}
