//! Arithmetic that gives the same bits on every machine: sums, products and square roots only, no library of functions.

/// Red, green and blue; 1 is white.
pub(super) type Rgb = [f32; 3];

/// Arc sine for -1..=1 (Abramowitz and Stegun 4.4.46, error below 1e-6 in this precision).
pub(super) fn asin(x: f32) -> f32 {
    const C: [f32; 8] = [
        core::f32::consts::FRAC_PI_2,
        -0.214_598_8,
        0.088_978_99,
        -0.050_174_3,
        0.030_891_88,
        -0.017_088_126,
        0.006_670_09,
        -0.001_262_491,
    ];
    let a = x.abs().min(1.0);
    let poly = C.iter().rev().fold(0.0, |sum, c| sum * a + c);
    let angle = core::f32::consts::FRAC_PI_2 - (1.0 - a).sqrt() * poly;
    if x < 0.0 { -angle } else { angle }
}

/// 0 below `from`, 1 above `to`, smooth between; `from` may be the larger one.
pub(super) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A hill of height 1 at 0 that is gone at a few times 1.
pub(super) fn hill(x: f32) -> f32 {
    let f = 1.0 / (1.0 + x * x);
    f * f
}

/// A hill that ends at 1.
pub(super) fn dome(x: f32) -> f32 {
    let f = 1.0 - (x * x).min(1.0);
    f * f
}

pub(super) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

pub(super) fn mix3(a: Rgb, b: Rgb, t: f32) -> Rgb {
    [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]
}

pub(super) fn times(a: Rgb, k: f32) -> Rgb {
    [a[0] * k, a[1] * k, a[2] * k]
}

pub(super) fn plus(a: Rgb, k: f32) -> Rgb {
    [a[0] + k, a[1] + k, a[2] + k]
}

/// A number in -1..1 that belongs to a lattice point.
pub(super) fn noise(x: i32, y: i32) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    (h & 0xffff) as f32 / 32_768.0 - 1.0
}

/// Distance to a rectangle around the origin with round corners; negative inside. Also where it points away to.
pub(super) fn rounded_box(x: f32, y: f32, half_w: f32, half_h: f32, radius: f32) -> (f32, [f32; 2]) {
    let (qx, qy) = (x.abs() - half_w + radius, y.abs() - half_h + radius);
    let sign = [if x < 0.0 { -1.0 } else { 1.0 }, if y < 0.0 { -1.0 } else { 1.0 }];
    if qx > 0.0 && qy > 0.0 {
        let far = (qx * qx + qy * qy).sqrt();
        (far - radius, [sign[0] * qx / far, sign[1] * qy / far])
    } else if qx > qy {
        (qx - radius, [sign[0], 0.0])
    } else {
        (qy - radius, [0.0, sign[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::{asin, noise, rounded_box, smooth};

    #[test]
    fn the_arc_sine_is_one() {
        let sixth = core::f32::consts::FRAC_PI_6;
        for (x, angle) in [(0.0, 0.0), (0.5, sixth), (1.0, 3.0 * sixth), (-0.5, -sixth), (0.9, 1.119_769_5)] {
            assert!((asin(x) - angle).abs() < 2e-6, "{x}: {}", asin(x));
        }
        assert!(asin(1.5).is_finite());
    }

    #[test]
    fn shapes_and_chance_stay_in_their_bounds() {
        assert_eq!((smooth(0.0, 1.0, -1.0), smooth(0.0, 1.0, 2.0), smooth(1.0, 0.0, 2.0)), (0.0, 1.0, 0.0));
        assert!((0..1000).all(|n| (-1.0..1.0).contains(&noise(n, -n))));
        assert_eq!(rounded_box(10.0, 0.0, 4.0, 4.0, 1.0), (6.0, [1.0, 0.0]));
        assert!(rounded_box(0.0, 0.0, 4.0, 4.0, 1.0).0 < 0.0);
    }
}
