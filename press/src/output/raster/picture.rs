//! Pictures on whole pixels: scaled to just the pixels they cover, so that nothing is sampled twice.

use std::borrow::Cow;
use std::ops::Range;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use tiny_skia::{ColorU8, Pixmap, PixmapPaint, PixmapRef, Transform};

use super::NO_PIXELS;
use crate::PressError;
use crate::assets::Picture;
use crate::spec::Frame;

/// A picture and the pixels of its part that it covers; they may lie outside of it.
pub(super) struct Placed<'a> {
    picture: &'a Picture,
    /// Premultiplied.
    pixels: Cow<'a, [u8]>,
    x: Range<i64>,
    y: Range<i64>,
}

impl<'a> Placed<'a> {
    /// The edges lie on whole pixels, at most half a pixel from where the design has them.
    pub(super) fn new(picture: &'a Picture, place: Frame, to_px: Transform) -> Self {
        let side = |from: i32, length: i32, scale: f32, shift: f32| {
            let px = |um: f32| (um * scale + shift).round() as i64;
            let first = px(from as f32);
            first..px(from as f32 + length as f32).max(first + 1)
        };
        Self {
            picture,
            pixels: premultiplied(picture),
            x: side(place.x_um, place.w_um, to_px.sx, to_px.tx),
            y: side(place.y_um, place.h_um, to_px.sy, to_px.ty),
        }
    }

    /// Draws into pixels that begin `above` rows below the part's top.
    pub(super) fn draw(&self, into: &mut Pixmap, above: i64) -> Result<(), PressError> {
        let x = self.x.start.max(0)..self.x.end.min(i64::from(into.width()));
        let y = self.y.start.max(above)..self.y.end.min(above + i64::from(into.height()));
        if x.is_empty() || y.is_empty() {
            return Ok(());
        }
        let (left, top) = (x.start as usize, (y.start - above) as usize);
        let (width, height) = ((x.end - x.start) as u32, (y.end - y.start) as u32);
        let scaled = self.scaled(&x, &y, (width, height))?;
        if self.picture.opaque {
            let (stride, len) = (into.width() as usize * 4, width as usize * 4);
            let rows = into.data_mut().chunks_exact_mut(stride).skip(top);
            for (row, source) in rows.zip(scaled.chunks_exact(len)) {
                row[left * 4..left * 4 + len].copy_from_slice(source);
            }
        } else {
            let scaled = PixmapRef::from_bytes(&scaled, width, height).ok_or(NO_PIXELS)?;
            into.draw_pixmap(left as i32, top as i32, scaled, &PixmapPaint::default(), Transform::identity(), None);
        }
        Ok(())
    }

    /// What is seen at these pixels, premultiplied.
    fn scaled(&self, x: &Range<i64>, y: &Range<i64>, to: (u32, u32)) -> Result<Vec<u8>, PressError> {
        let (left, across, shown) = seen(self.picture.width, &self.x, x);
        let (top, down, high) = seen(self.picture.height, &self.y, y);
        // Larger than it is, a picture keeps the soft edges of a curve; the window of the other rings.
        let filter = if across.max(down) < 1.0 { FilterType::CatmullRom } else { FilterType::Lanczos3 };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
        let options = options.crop(left, top, shown, high);
        let mut scaled = resize((self.picture.width, self.picture.height), &self.pixels, to, &options)?;
        if !self.picture.opaque {
            // The filters overshoot; no colour is stronger than what it covers.
            for px in scaled.chunks_exact_mut(4) {
                let most = px[3];
                px[..3].iter_mut().for_each(|part| *part = (*part).min(most));
            }
        }
        Ok(scaled)
    }
}

/// Of a picture's side that covers some pixels, what is seen at a few of them: where it begins, how much of it one pixel shows, and its
/// length.
fn seen(side: u32, covered: &Range<i64>, few: &Range<i64>) -> (f64, f64, f64) {
    let per = f64::from(side) / (covered.end - covered.start) as f64;
    let first = (few.start - covered.start) as f64 * per;
    let mut length = (few.end - few.start) as f64 * per;
    // Rounding must not reach beyond the picture.
    while first + length > f64::from(side) {
        length = length.next_down();
    }
    (first, per, length)
}

fn premultiplied(picture: &Picture) -> Cow<'_, [u8]> {
    if picture.opaque {
        return Cow::Borrowed(&picture.rgba);
    }
    let one = |px: &[u8]| {
        let px = ColorU8::from_rgba(px[0], px[1], px[2], px[3]).premultiply();
        [px.red(), px.green(), px.blue(), px.alpha()]
    };
    Cow::Owned(picture.rgba.chunks_exact(4).flat_map(one).collect())
}

/// Straight RGBA of another size.
pub(in super::super) fn resized(from: (u32, u32), rgba: &[u8], to: (u32, u32)) -> Result<Vec<u8>, PressError> {
    resize(from, rgba, to, &ResizeOptions::new())
}

fn resize(from: (u32, u32), rgba: &[u8], to: (u32, u32), options: &ResizeOptions) -> Result<Vec<u8>, PressError> {
    let failed = PressError::Defect("a picture could not be scaled");
    let source = ImageRef::new(from.0, from.1, rgba, PixelType::U8x4).map_err(|_| failed.clone())?;
    let mut target = Image::new(to.0, to.1, PixelType::U8x4);
    Resizer::new().resize(&source, &mut target, options).map_err(|_| failed)?;
    Ok(target.into_vec())
}

#[cfg(test)]
mod tests {
    use tiny_skia::{Pixmap, Transform};

    use super::Placed;
    use crate::assets::Picture;
    use crate::spec::Frame;

    fn picture(alpha: impl Fn(usize) -> u8) -> Picture {
        let (width, height) = (61, 47);
        let px = |n: usize| {
            let noise = (n * 2_654_435_761 % 251) as u8;
            [noise, noise.wrapping_mul(7), 255 - noise, alpha(n)]
        };
        let rgba: Vec<u8> = (0..width * height).flat_map(px).collect();
        let opaque = rgba.chunks_exact(4).all(|px| px[3] == 255);
        Picture { width: width as u32, height: height as u32, rgba, opaque, jpeg: None }
    }

    /// In strips between these rows.
    fn drawn(picture: &Picture, place: Frame, cuts: &[i64]) -> Vec<u8> {
        let placed = Placed::new(picture, place, Transform::from_scale(0.001, 0.001));
        let strip = |rows: &[i64]| {
            let mut pixels = Pixmap::new(100, (rows[1] - rows[0]) as u32).unwrap();
            placed.draw(&mut pixels, rows[0]).unwrap();
            pixels.take()
        };
        cuts.windows(2).flat_map(strip).collect()
    }

    /// Smaller, larger, and reaching over every edge.
    fn places() -> [Frame; 4] {
        let frame = |x_um, y_um, w_um, h_um| Frame { x_um, y_um, w_um, h_um };
        [
            frame(3_300, 4_600, 30_400, 20_700),
            frame(1_000, 2_000, 90_000, 80_500),
            frame(-20_000, -30_000, 160_000, 170_000),
            frame(40_000, 90_000, 100, 90_000),
        ]
    }

    #[test]
    fn strips_show_what_one_drawing_shows() {
        for picture in [picture(|_| 255), picture(|n| (n % 256) as u8)] {
            for place in places() {
                let whole = drawn(&picture, place, &[0, 100]);
                let strips = drawn(&picture, place, &[0, 13, 50, 51, 100]);
                assert!(whole.iter().any(|byte| *byte > 0), "{place:?}");
                let far = whole.iter().zip(&strips).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(far <= Some(1), "{place:?}: {far:?}");
            }
        }
    }

    #[test]
    fn what_lets_nothing_through_still_does_not_and_no_colour_is_stronger_than_what_it_covers() {
        for place in places() {
            let alphas: Vec<u8> = drawn(&picture(|_| 255), place, &[0, 100]).chunks_exact(4).map(|px| px[3]).collect();
            assert!(alphas.iter().all(|alpha| matches!(alpha, 0 | 255)) && alphas.contains(&255), "{place:?}");
            let holes = drawn(&picture(|n| if n % 3 == 0 { 255 } else { 0 }), place, &[0, 100]);
            assert!(holes.chunks_exact(4).all(|px| px[..3].iter().all(|part| *part <= px[3])), "{place:?}");
        }
    }
}
