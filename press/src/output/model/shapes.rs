//! The products in three dimensions: a mug, a t-shirt, a framed poster.

use super::Solid;
use super::mesh::{Mesh, Vertex, turn};

/// A 325-ml mug.
const RADIUS: f64 = 0.041;
const HEIGHT: f64 = 0.096;
const INNER: f64 = RADIUS - 0.0034;
const FLOOR: f64 = 0.006;
/// Steps around it.
const AROUND: u32 = 72;
/// sRGB white of the glaze, of oak, and of shadows, as the linear values that materials speak.
const GLAZE: [f32; 3] = [0.93, 0.92, 0.90];
const OAK: [f32; 3] = [0.42, 0.26, 0.13];

fn solid(name: &'static str, mesh: Mesh) -> Solid {
    Solid { name, mesh, color: [1.0; 3], roughness: 0.5, picture: None, cut_out: false, both_sides: false }
}

/// A mug; the picture wraps its wall, its middle faces the camera and the handle is on the right.
pub(super) fn mug(picture: Vec<u8>) -> Vec<Solid> {
    let wall = Mesh::grid(AROUND, 1, |u, v| {
        let (sine, cosine) = turn(u - 0.5);
        Vertex { at: [RADIUS * sine, HEIGHT * (1.0 - v), RADIUS * cosine], normal: [sine, 0.0, cosine], uv: [u, v] }
    });
    let mut body = Mesh::default();
    // The lip, rounded; then down inside, and the floor.
    ring(&mut body, 6, |v| {
        let (sine, cosine) = turn(0.25 - 0.5 * v);
        let r = (RADIUS - INNER) / 2.0;
        ([INNER + r + r * sine, HEIGHT + r * cosine], [sine, cosine])
    });
    ring(&mut body, 1, |v| ([INNER, HEIGHT + (FLOOR - HEIGHT) * v], [-1.0, 0.0]));
    ring(&mut body, 1, |v| ([INNER * (1.0 - v), FLOOR], [0.0, 1.0]));
    ring(&mut body, 1, |v| ([RADIUS * v, 0.0], [0.0, -1.0]));
    body.add_grid(28, 16, handle);
    vec![
        Solid { picture: Some(picture), roughness: 0.25, ..solid("Wall", wall) },
        Solid { color: GLAZE, roughness: 0.25, ..solid("Body", body) },
    ]
}

/// A surface of revolution: `profile` gives (radius, height) and its normal, down along what is seen from outside.
fn ring(mesh: &mut Mesh, rows: u32, profile: impl Fn(f64) -> ([f64; 2], [f64; 2])) {
    mesh.add_grid(AROUND, rows, |u, v| {
        let (sine, cosine) = turn(u);
        let ([radius, y], [out, up]) = profile(1.0 - v);
        // A centre has no direction of its own; a speck of radius keeps its normals apart.
        let radius = radius.max(1e-6);
        Vertex { at: [radius * sine, y, radius * cosine], normal: [out * sine, up, out * cosine], uv: [u, v] }
    });
}

/// A flat tube along half an ellipse.
fn handle(u: f64, v: f64) -> Vertex {
    const REACH: f64 = 0.027;
    const RISE: f64 = 0.029;
    const THICK: f64 = 0.0048;
    const WIDE: f64 = 0.0068;
    let (along_sine, along_cosine) = turn(0.5 * u);
    let middle = [RADIUS - 0.0015 + REACH * along_sine, HEIGHT / 2.0 + RISE * along_cosine, 0.0];
    // Away from the mug's wall, across the tube.
    let (nx, ny) = (along_sine / REACH, along_cosine / RISE);
    let length = (nx * nx + ny * ny).sqrt();
    let (nx, ny) = (nx / length, ny / length);
    let (round_sine, round_cosine) = turn(v);
    let at =
        [middle[0] + nx * THICK * round_cosine, middle[1] + ny * THICK * round_cosine, middle[2] + WIDE * round_sine];
    let normal = [nx * round_cosine / THICK, ny * round_cosine / THICK, round_sine / WIDE];
    Vertex { at, normal, uv: [u, v] }
}

/// A t-shirt: two sheets a hand apart, bulging over the chest, cut out along their pictures' edges.
pub(super) fn shirt(front: Vec<u8>, back: Vec<u8>) -> Vec<Solid> {
    let sheet = |side: f64| {
        Mesh::grid(40, 24, |u, v| {
            let x = side * (u - 0.5);
            let flat = 1.0 - (x / 0.30) * (x / 0.30);
            let bulge = 0.008 + 0.052 * flat.max(0.0);
            let slope = if flat > 0.0 { 2.0 * 0.052 * x / (0.30 * 0.30) } else { 0.0 };
            Vertex { at: [x, 0.5 - v, side * bulge], normal: [slope, 0.0, side], uv: [u, v] }
        })
    };
    let cloth = |name, side: f64, picture| Solid {
        picture: Some(picture),
        roughness: 0.95,
        cut_out: true,
        both_sides: true,
        ..solid(name, sheet(side))
    };
    vec![cloth("Front", 1.0, front), cloth("Back", -1.0, back)]
}

/// A poster of this size in metres behind its frame.
pub(super) fn poster(width: f64, height: f64, picture: Vec<u8>) -> Vec<Solid> {
    const DEEP: f64 = 0.02;
    let border = width.max(height) * 0.034;
    let (w, h) = (width / 2.0, height / 2.0);
    let print = Mesh::grid(1, 1, |u, v| Vertex {
        at: [width * (u - 0.5), height * (0.5 - v), DEEP * 0.6],
        normal: [0.0, 0.0, 1.0],
        uv: [u, v],
    });
    let mut frame = Mesh::default();
    frame.add_box([-w - border, h, 0.0], [w + border, h + border, DEEP]);
    frame.add_box([-w - border, -h - border, 0.0], [w + border, -h, DEEP]);
    frame.add_box([-w - border, -h, 0.0], [-w, h, DEEP]);
    frame.add_box([w, -h, 0.0], [w + border, h, DEEP]);
    frame.add_box([-w, -h, 0.0], [w, h, DEEP * 0.5]);
    vec![
        Solid { picture: Some(picture), roughness: 0.35, ..solid("Print", print) },
        Solid { color: OAK, roughness: 0.6, ..solid("Frame", frame) },
    ]
}

#[cfg(test)]
mod tests {
    use super::{Solid, mug, poster, shirt};

    /// Triangles wind around their normals: what a viewer shows is the outside.
    #[test]
    fn every_surface_faces_outwards() {
        let all: Vec<Solid> =
            [mug(vec![]), shirt(vec![], vec![]), poster(0.3, 0.4, vec![])].into_iter().flatten().collect();
        for solid in all {
            let mesh = &solid.mesh;
            for triangle in &mesh.triangles {
                let [a, b, c] = triangle.map(|n| mesh.positions[n as usize].map(f64::from));
                let edge = |from: [f64; 3], to: [f64; 3]| [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
                let (p, q) = (edge(a, b), edge(a, c));
                let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
                let area = cross.iter().map(|part| part * part).sum::<f64>().sqrt();
                let normal = mesh.normals[triangle[0] as usize].map(f64::from);
                let facing: f64 = cross.iter().zip(normal).map(|(c, n)| c * n).sum();
                assert!(area < 1e-9 || facing > 0.0, "{} {triangle:?}: {facing}", solid.name);
            }
        }
    }
}
