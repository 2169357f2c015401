//! What people upload, on its way in: told by its bytes, capped before it is decoded, turned upright, and rid of everything
//! that is not the picture (where it was taken, by whom, with what; what was hidden behind its end).
//!
//! Pictures keep their compressed pixels wherever that can be: only what has to be turned, or is no format of ours, is written anew.

mod jpeg;
mod pdf;
mod png;
mod webp;

#[cfg(feature = "full")]
pub(crate) use jpeg::plain as plain_jpeg;

use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::metadata::Orientation;

use crate::PressError;
use crate::picture::{self, ImageKind, decode_with_orientation};

/// Quality of a JPEG that had to be turned.
const QUALITY: u8 = 95;

/// What an upload is, judged by its first bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A PNG, JPEG, WebP or GIF.
    Picture,
    /// A TIFF.
    Tiff,
    /// A PDF.
    Pdf,
    /// Text that looks like an SVG; [`crate::svg`] says whether it is one.
    Svg,
}

/// An upload as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their media type.
    pub media_type: &'static str,
    /// Pixels across, upright; of a PDF, the first page's points.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Tells what these bytes are; `None` for anything that is not taken at all.
pub fn sniff(bytes: &[u8]) -> Option<Sniffed> {
    if picture::kind(bytes).is_some_and(|(kind, _)| kind != ImageKind::Tiff) {
        Some(Sniffed::Picture)
    } else if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        Some(Sniffed::Tiff)
    } else if bytes.starts_with(b"%PDF-1.") || bytes.starts_with(b"%PDF-2.") {
        Some(Sniffed::Pdf)
    } else if looks_like_svg(bytes) {
        Some(Sniffed::Svg)
    } else {
        None
    }
}

/// An `<svg` before any other element, after what may stand before it.
fn looks_like_svg(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut rest = head.trim_ascii_start();
    loop {
        let end: &[u8] = match rest {
            _ if rest.starts_with(b"<?") => b"?>",
            _ if rest.starts_with(b"<!--") => b"-->",
            // A document type may hold declarations in brackets.
            _ if rest.starts_with(b"<!DOCTYPE")
                && rest.split(|b| *b == b'>').next().is_some_and(|d| d.contains(&b'[')) =>
            {
                b"]>"
            }
            _ if rest.starts_with(b"<!DOCTYPE") => b">",
            _ => {
                return rest.starts_with(b"<svg") && rest.get(4).is_some_and(|b| b.is_ascii_whitespace() || *b == b'>');
            }
        };
        match rest.windows(end.len()).position(|window| window == end) {
            Some(at) => rest = rest[at + end.len()..].trim_ascii_start(),
            None => return false,
        }
    }
}

/// Takes a picture, TIFF or PDF in.
pub fn take_in(bytes: &[u8]) -> Result<Taken, PressError> {
    match sniff(bytes) {
        Some(Sniffed::Pdf) => pdf::take_in(bytes),
        Some(Sniffed::Picture | Sniffed::Tiff) => picture(bytes),
        _ => Err(bad("The file is not a PNG, JPEG, WebP, GIF, TIFF or PDF.")),
    }
}

/// Leaves the picture of a format, and nothing else.
type Strip = fn(&[u8]) -> Result<Vec<u8>, PressError>;

fn picture(bytes: &[u8]) -> Result<Taken, PressError> {
    let (info, orientation, image) = decode_with_orientation(bytes)?;
    let (width, height) = (info.width, info.height);
    let upright = orientation == Orientation::NoTransforms;
    let strip: Option<Strip> = match info.format {
        _ if !upright => None,
        ImageKind::Png => Some(png::stripped),
        ImageKind::Jpeg => Some(jpeg::stripped),
        ImageKind::Webp if !webp::is_animated(bytes) => Some(webp::stripped),
        _ => None,
    };
    let kept = strip.map(|strip| strip(bytes).map(|kept| (strip, kept))).transpose()?;
    let kept =
        kept.filter(|(strip, kept)| strip(kept).is_ok_and(|again| again == *kept) && is_same(kept, width, height));
    let (bytes, media_type) = match kept.map(|(_, kept)| kept) {
        Some(kept) => (kept, info.media_type),
        None if info.format == ImageKind::Jpeg => (as_jpeg(&image)?, "image/jpeg"),
        None => (as_png(image)?, "image/png"),
    };
    Ok(Taken { bytes, media_type, width, height })
}

/// Whether what is left still is this picture. A file that says two things at once is written anew instead.
fn is_same(kept: &[u8], width: u32, height: u32) -> bool {
    let read = decode_with_orientation(kept);
    read.is_ok_and(|(info, lies, _)| (info.width, info.height) == (width, height) && lies == Orientation::NoTransforms)
}

fn as_jpeg(image: &DynamicImage) -> Result<Vec<u8>, PressError> {
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
    let written = match image {
        DynamicImage::ImageLuma8(grey) => grey.write_with_encoder(encoder),
        other => other.to_rgb8().write_with_encoder(encoder),
    };
    written.map_err(|_| PressError::Defect("a turned picture could not be written"))?;
    Ok(out)
}

fn as_png(image: DynamicImage) -> Result<Vec<u8>, PressError> {
    let mut out = Vec::new();
    let image = match image {
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba8(image.into_rgba8()),
        other => other,
    };
    let written = image.write_with_encoder(PngEncoder::new(&mut out));
    written.map_err(|_| PressError::Defect("a picture could not be written"))?;
    Ok(out)
}

fn bad(reason: &str) -> PressError {
    PressError::BadImage { reason: reason.to_owned() }
}

/// The file ended where it should go on.
fn cut() -> PressError {
    bad("The file ends before the picture does.")
}
