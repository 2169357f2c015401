//! Places on a page.

/// `[a b c d e f]`, as PDF writes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const ONE: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn of(values: &[f64]) -> Option<Matrix> {
        values.try_into().ok().map(Matrix)
    }

    /// First this, then the other.
    pub(super) fn then(self, other: Matrix) -> Matrix {
        let ([a, b, c, d, e, f], [p, q, r, s, t, u]) = (self.0, other.0);
        Matrix([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u])
    }

    pub(super) fn at(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// How long a unit across and a unit up become.
    pub(super) fn sides(self) -> (f64, f64) {
        let [a, b, c, d, ..] = self.0;
        (a.hypot(b), c.hypot(d))
    }

    /// How much wider a line becomes.
    pub(super) fn scale(self) -> f64 {
        let [a, b, c, d, ..] = self.0;
        (a * d - b * c).abs().sqrt()
    }

    /// Left, bottom, right, top of the unit square.
    pub(super) fn square(self) -> [f64; 4] {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(x, y)| self.at(x, y));
        corners.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, b, r, t], (x, y)| {
            [l.min(*x), b.min(*y), r.max(*x), t.max(*y)]
        })
    }
}
