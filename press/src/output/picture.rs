//! An opaque picture in memory, and the files it becomes: PNG, lossless WebP, a thumbnail.

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::png::{Page, Samples, without_fourth};
use super::preview::THUMBNAIL_PX;
use super::raster::resized;
use crate::PressError;

/// Rows of red, green and blue.
#[derive(Clone, Debug)]
pub(crate) struct Rgb8 {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
}

impl Rgb8 {
    pub(crate) fn png(&self) -> Result<Vec<u8>, PressError> {
        let page = Page { width: self.width, height: self.height, samples: Samples::Rgb };
        page.png(&self.rgb)
    }

    pub(crate) fn webp(&self) -> Result<Vec<u8>, PressError> {
        webp(&self.rgb, (self.width, self.height), ExtendedColorType::Rgb8)
    }

    /// A PNG of exactly 200 by 200 pixels: the whole picture, what is beside it transparent.
    pub(crate) fn thumbnail(&self) -> Result<Vec<u8>, PressError> {
        let rgba: Vec<u8> = self.rgb.chunks_exact(3).flat_map(|px| [px[0], px[1], px[2], 255]).collect();
        sheet_of(self.width, self.height, &rgba)
    }
}

/// A thumbnail of straight RGBA.
pub(super) fn sheet_of(width: u32, height: u32, rgba: &[u8]) -> Result<Vec<u8>, PressError> {
    let longest = width.max(height);
    let side = |px: u32| (px * THUMBNAIL_PX / longest).max(1);
    let from = (width, height);
    let (width, height) = (side(width), side(height));
    let small = resized(from, rgba, (width, height))?;
    let (left, top) = ((THUMBNAIL_PX - width) / 2, (THUMBNAIL_PX - height) / 2);
    let mut sheet = vec![0; (THUMBNAIL_PX * THUMBNAIL_PX * 4) as usize];
    let rows = sheet.chunks_exact_mut(THUMBNAIL_PX as usize * 4).skip(top as usize);
    for (row, source) in rows.zip(small.chunks_exact(width as usize * 4)) {
        row[left as usize * 4..][..source.len()].copy_from_slice(source);
    }
    let page = Page { width: THUMBNAIL_PX, height: THUMBNAIL_PX, samples: Samples::Four };
    page.png(&sheet)
}

/// The pixels of a page, RGBX or straight RGBA.
#[derive(Clone, Debug)]
pub(crate) struct Pixels {
    pub(super) page: Page,
    pub(super) bytes: Vec<u8>,
}

impl Pixels {
    /// As PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>, PressError> {
        self.page.png(&self.bytes)
    }

    /// As lossless WebP.
    pub(crate) fn webp(&self) -> Result<Vec<u8>, PressError> {
        let size = (self.page.width, self.page.height);
        match self.page.samples {
            Samples::Rgbx => webp(&without_fourth(&self.bytes), size, ExtendedColorType::Rgb8),
            _ => webp(&self.bytes, size, ExtendedColorType::Rgba8),
        }
    }
}

fn webp(bytes: &[u8], (width, height): (u32, u32), color: ExtendedColorType) -> Result<Vec<u8>, PressError> {
    let mut out = Vec::new();
    let written = WebPEncoder::new_lossless(&mut out).write_image(bytes, width, height, color);
    written.map_err(|_| PressError::Defect("a WebP could not be written"))?;
    Ok(out)
}
