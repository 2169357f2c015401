//! The studio: a backdrop, things standing on it, and a camera that looks twice where edges are.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::math::{Rgb, hill, mix3, smooth, times};

/// Steps of 255 between neighbours beyond which a pixel is looked at again.
const EDGE: i32 = 14;
/// Looks per side of such a pixel.
const LOOKS: usize = 3;
/// Rows a thread takes at a time.
const ROWS: usize = 32;
/// Most threads one picture takes.
const THREADS_MAX: usize = 4;

/// What a thing shows at a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) color: Rgb,
    /// How much of what lies behind it hides.
    pub(super) alpha: f32,
}

/// Something on the stage, in its own coordinates: a square from -500 to 500, y down.
pub(super) trait Thing: Send + Sync {
    /// What is seen at a point; nothing where it lets all light through.
    fn at(&self, x: f32, y: f32) -> Option<Hit>;
    /// What is left of the light where its shadow falls, 1 for all.
    fn light(&self, x: f32, y: f32) -> f32;
}

/// A thing and the square it stands in.
pub(super) struct Placed {
    pub(super) thing: Box<dyn Thing>,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) side: f32,
}

/// Everything in the picture.
pub(super) struct Stage {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) things: Vec<Placed>,
}

impl Stage {
    /// The picture: rows of RGB.
    pub(super) fn photograph(&self) -> Vec<u8> {
        let mut rgb = vec![0_u8; self.width * self.height * 3];
        self.rows(&mut rgb, |y, row| {
            for (x, px) in row.chunks_exact_mut(3).enumerate() {
                px.copy_from_slice(&bytes(self.look(x as f32 + 0.5, y as f32 + 0.5)));
            }
        });
        let first = rgb.clone();
        self.rows(&mut rgb, |y, row| {
            for (x, px) in row.chunks_exact_mut(3).enumerate() {
                if self.is_edge(&first, x, y) {
                    px.copy_from_slice(&bytes(self.look_closely(x, y)));
                }
            }
        });
        rgb
    }

    /// Calls `paint` for every row, on a few threads; which thread paints which row changes nothing.
    fn rows(&self, rgb: &mut [u8], paint: impl Fn(usize, &mut [u8]) + Sync) {
        let stride = self.width * 3;
        let strips: Vec<std::sync::Mutex<&mut [u8]>> =
            rgb.chunks_mut(stride * ROWS).map(std::sync::Mutex::new).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(Ok(mut strip)) = strips.get(index).map(std::sync::Mutex::lock) else { return };
                for (row, px) in strip.chunks_exact_mut(stride).enumerate() {
                    paint(index * ROWS + row, px);
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(THREADS_MAX);
        std::thread::scope(|scope| {
            for _ in 1..cores {
                scope.spawn(work);
            }
            work();
        });
    }

    fn is_edge(&self, rgb: &[u8], x: usize, y: usize) -> bool {
        let at = |x: usize, y: usize| &rgb[(y * self.width + x) * 3..][..3];
        let here = at(x, y);
        let far = |other: &[u8]| here.iter().zip(other).any(|(a, b)| (i32::from(*a) - i32::from(*b)).abs() > EDGE);
        (x > 0 && far(at(x - 1, y)))
            || (y > 0 && far(at(x, y - 1)))
            || (x + 1 < self.width && far(at(x + 1, y)))
            || (y + 1 < self.height && far(at(x, y + 1)))
    }

    fn look_closely(&self, x: usize, y: usize) -> Rgb {
        let step = |n: usize| (n as f32 + 0.5) / LOOKS as f32;
        let mut sum = [0.0; 3];
        for n in 0..LOOKS * LOOKS {
            let seen = self.look(x as f32 + step(n % LOOKS), y as f32 + step(n / LOOKS));
            for (sum, part) in sum.iter_mut().zip(seen) {
                // Clipped first: a glare brighter than white must not bleed over its edge.
                *sum += part.clamp(0.0, 1.0);
            }
        }
        times(sum, 1.0 / (LOOKS * LOOKS) as f32)
    }

    /// Front to back; the last thing stands in front.
    fn look(&self, x: f32, y: f32) -> Rgb {
        let mut seen = [0.0; 3];
        let mut through = 1.0;
        let mut light = 1.0;
        for placed in self.things.iter().rev() {
            let scale = 1000.0 / placed.side;
            let (tx, ty) = ((x - placed.left) * scale - 500.0, (y - placed.top) * scale - 500.0);
            if let Some(hit) = placed.thing.at(tx, ty) {
                for (seen, part) in seen.iter_mut().zip(hit.color) {
                    *seen += part * hit.alpha * through;
                }
                through *= 1.0 - hit.alpha;
                if through < 0.004 {
                    return seen;
                }
            }
            light *= placed.thing.light(tx, ty);
        }
        let back = times(self.backdrop(x, y), light);
        for (seen, part) in seen.iter_mut().zip(back) {
            *seen += part * through;
        }
        seen
    }

    /// A paper sweep lit from the upper left.
    fn backdrop(&self, x: f32, y: f32) -> Rgb {
        let (x, y) = (x / self.width as f32, y / self.height as f32);
        let paper = mix3([0.888, 0.882, 0.872], [0.815, 0.806, 0.792], smooth(0.25, 1.0, y));
        let glow = hill(((x - 0.36) * (x - 0.36) * 2.2 + (y - 0.30) * (y - 0.30) * 2.6).sqrt() * 1.35);
        mix3(paper, [0.958, 0.954, 0.946], glow * 0.8)
    }
}

fn bytes(color: Rgb) -> [u8; 3] {
    color.map(|part| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
}
