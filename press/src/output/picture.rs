//! An opaque picture in memory, and the files it becomes: PNG, lossless WebP, a thumbnail.

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::png::{self, Page};
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
        png(&self.rgb, self.width, self.height)
    }

    pub(crate) fn webp(&self) -> Result<Vec<u8>, PressError> {
        webp(&self.rgb, self.width, self.height)
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
    png(&sheet, THUMBNAIL_PX, THUMBNAIL_PX)
}

/// Rows of RGB or of straight RGBA, as their length says.
#[derive(Clone, Debug)]
pub(crate) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

impl Pixels {
    /// As PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>, PressError> {
        png(&self.bytes, self.width, self.height)
    }

    /// As lossless WebP.
    pub(crate) fn webp(&self) -> Result<Vec<u8>, PressError> {
        webp(&self.bytes, self.width, self.height)
    }
}

/// Three where nothing lets anything through, else four, as the length says.
fn channels(bytes: &[u8], width: u32, height: u32) -> usize {
    if bytes.len() == width as usize * height as usize * 3 { 3 } else { 4 }
}

fn png(bytes: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PressError> {
    let page = Page { width, height, channels: channels(bytes, width, height) };
    let stride = width as usize * page.channels;
    png::encode(page, None, |rows| Ok(bytes[rows.start as usize * stride..rows.end as usize * stride].to_vec()))
}

fn webp(bytes: &[u8], width: u32, height: u32) -> Result<Vec<u8>, PressError> {
    let color = if channels(bytes, width, height) == 3 { ExtendedColorType::Rgb8 } else { ExtendedColorType::Rgba8 };
    let mut out = Vec::new();
    let written = WebPEncoder::new_lossless(&mut out).write_image(bytes, width, height, color);
    written.map_err(|_| PressError::Defect("a WebP could not be written"))?;
    Ok(out)
}
