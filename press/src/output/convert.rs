//! An uploaded picture as pages show it.

use super::files::File;
use super::picture::{Pixels, sheet_of};
use super::png::{Page, Samples};
use super::raster::resized;
use crate::PressError;
use crate::picture::decode;

/// Longest side of what pages show.
const SHOWN_PX: u32 = 1_600;

/// Makes `picture.webp`, at most 1600 pixels a side, and `thumbnail.png`, 200 by 200 with the whole picture on it.
///
/// # Errors
/// [`PressError::BadImage`] for bytes that are no picture, or one that the limits refuse.
pub fn convert(bytes: &[u8]) -> Result<Vec<File>, PressError> {
    let (info, picture) = decode(bytes)?;
    let rgba = picture.into_rgba8().into_raw();
    let (width, height) = (info.width, info.height);
    let longest = width.max(height);
    let (shown, size) = if longest > SHOWN_PX {
        let side =
            |px: u32| u32::try_from(u64::from(px) * u64::from(SHOWN_PX) / u64::from(longest)).unwrap_or(1).max(1);
        let size = (side(width), side(height));
        (resized((width, height), &rgba, size)?, size)
    } else {
        (rgba.clone(), (width, height))
    };
    let opaque = shown.chunks_exact(4).all(|px| px[3] == 255);
    let page = Page { width: size.0, height: size.1, samples: Samples::of_rgba(opaque) };
    let webp = Pixels { page, bytes: shown }.webp()?;
    let file = |path: &str, media_type, bytes| File { path: path.to_owned(), media_type, bytes };
    Ok(vec![
        file("picture.webp", "image/webp", webp),
        file("thumbnail.png", "image/png", sheet_of(width, height, &rgba)?),
    ])
}
