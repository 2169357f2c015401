//! Display lists to pixels, one strip at a time.

mod coverage;
mod item;
mod outline;
mod part;
mod picture;

use std::borrow::Cow;
use std::ops::Range;

use tiny_skia::Pixmap;

use super::picture::Pixels;
use super::png::{self, Page, Samples};
use crate::PressError;

pub(super) use part::{Part, Place};
pub(super) use picture::resized;

const NO_PIXELS: PressError = PressError::Defect("a strip of this size cannot be made");

fn pixmap(width: u32, height: u32) -> Result<Pixmap, PressError> {
    Pixmap::new(width, height).ok_or(NO_PIXELS)
}

/// A page of pixels and what stands on it.
pub(super) struct Sheet<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) parts: Vec<Part<'a>>,
}

impl Sheet<'_> {
    /// The sheet as PNG; opaque sheets drop their alpha channel.
    pub(super) fn png(&self, dots_per_metre: Option<u32>) -> Result<Vec<u8>, PressError> {
        png::encode(self.page(), dots_per_metre, |rows| Ok(Cow::Owned(self.rows(&rows)?)))
    }

    /// The sheet's pixels.
    pub(super) fn pixels(&self) -> Result<Pixels, PressError> {
        Ok(Pixels { page: self.page(), bytes: self.rows(&(0..self.height))? })
    }

    fn page(&self) -> Page {
        let samples = Samples::of_rgba(self.whole().is_some_and(Part::opaque));
        Page { width: self.width, height: self.height, samples }
    }

    /// The part that is all of the sheet.
    fn whole(&self) -> Option<&Part<'_>> {
        match self.parts.as_slice() {
            [part] if part.covers(self.width, self.height) => Some(part),
            _ => None,
        }
    }

    /// Some rows as the page holds them.
    fn rows(&self, rows: &Range<u32>) -> Result<Vec<u8>, PressError> {
        let pixels = match self.whole() {
            Some(part) => part.draw(rows)?,
            None => self.compose(rows)?,
        };
        Ok(if self.page().samples == Samples::Rgbx { pixels.take() } else { straight(&pixels) })
    }

    fn compose(&self, rows: &Range<u32>) -> Result<Pixmap, PressError> {
        let mut strip = pixmap(self.width, rows.end - rows.start)?;
        let stride = self.width as usize * 4;
        for part in &self.parts {
            let covered = part.rows(rows);
            if covered.is_empty() {
                continue;
            }
            let drawn = part.draw(&covered)?;
            let (skip, left) = ((covered.start - rows.start) as usize, part.left() as usize * 4);
            let len = drawn.width() as usize * 4;
            let targets = strip.data_mut().chunks_exact_mut(stride).skip(skip);
            for (target, source) in targets.zip(drawn.data().chunks_exact(len)) {
                target[left..left + len].copy_from_slice(source);
            }
        }
        Ok(strip)
    }
}

/// Straight RGBA of premultiplied pixels.
pub(super) fn straight(pixels: &Pixmap) -> Vec<u8> {
    let mut out = pixels.data().to_vec();
    for (px, source) in out.chunks_exact_mut(4).zip(pixels.pixels()) {
        if px[3] != 0 && px[3] != 255 {
            let color = source.demultiply();
            px.copy_from_slice(&[color.red(), color.green(), color.blue(), color.alpha()]);
        }
    }
    out
}
