//! The pictures a design uses, decoded once and held as plain pixels.

use std::collections::BTreeMap;
use std::sync::Arc;

use image::metadata::Orientation;

use crate::PressError;
use crate::intake::plain_jpeg;
use crate::picture::{ImageKind, decode_with_orientation};

/// Most pixels all assets of one design may hold together; four bytes each.
pub const ASSETS_PX_MAX: u64 = 80_000_000;

/// One decoded picture: straight RGBA, upright, metadata gone.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgba: Vec<u8>,
    /// No pixel lets anything through.
    pub(crate) opaque: bool,
    /// The JPEG that it came as, where it can be printed as it is: smaller than the pixels, and nothing lost a second time.
    pub(crate) jpeg: Option<Vec<u8>>,
}

/// Assets by the name the spec uses for them. Cloning shares the pixels.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    pictures: BTreeMap<String, Arc<Picture>>,
}

impl Assets {
    /// No assets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a picture under the limits and keeps it under `href`; a second one of that name replaces the first.
    pub fn insert(&mut self, href: impl Into<String>, bytes: &[u8]) -> Result<(), PressError> {
        let info = crate::sniff_image(bytes)?;
        let held: u64 = self.pictures.values().map(|p| u64::from(p.width) * u64::from(p.height)).sum();
        if held + u64::from(info.width) * u64::from(info.height) > ASSETS_PX_MAX {
            let reason = format!("The design's pictures together exceed {} megapixels.", ASSETS_PX_MAX / 1_000_000);
            return Err(PressError::BadImage { reason });
        }
        let (kind, orientation, image) = decode_with_orientation(bytes)?;
        let upright = kind.format == ImageKind::Jpeg && orientation == Orientation::NoTransforms;
        let jpeg = if upright { plain_jpeg(bytes) } else { None };
        let pixels = image.into_rgba8();
        let (width, height) = pixels.dimensions();
        let rgba = pixels.into_raw();
        let opaque = rgba.chunks_exact(4).all(|px| px[3] == 255);
        self.pictures.insert(href.into(), Arc::new(Picture { width, height, rgba, opaque, jpeg }));
        Ok(())
    }

    /// Keeps pixels that we made ourselves.
    pub(crate) fn insert_rgba(&mut self, href: &str, width: u32, height: u32, rgba: Vec<u8>) {
        let opaque = rgba.chunks_exact(4).all(|px| px[3] == 255);
        self.pictures.insert(href.to_owned(), Arc::new(Picture { width, height, rgba, opaque, jpeg: None }));
    }

    /// The same from rows of RGB.
    pub(crate) fn insert_rgb(&mut self, href: &str, width: u32, height: u32, rgb: &[u8]) {
        let rgba = rgb.chunks_exact(3).flat_map(|px| [px[0], px[1], px[2], 255]).collect();
        self.insert_rgba(href, width, height, rgba);
    }

    pub(crate) fn get(&self, href: &str) -> Option<&Picture> {
        self.pictures.get(href).map(AsRef::as_ref)
    }
}
