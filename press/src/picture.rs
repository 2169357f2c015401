//! Customer pictures: the header is read and capped before a single pixel is decoded.
//!
//! A failed allocation aborts the whole process, so a bomb has to be refused by its declared size.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::PressError;

/// Largest file accepted.
pub const IMAGE_BYTES_MAX: usize = 50 * 1024 * 1024;
/// Longest side accepted.
pub const IMAGE_SIDE_PX_MAX: u32 = 12_000;
/// Most pixels accepted.
pub const IMAGE_PX_MAX: u64 = 40_000_000;
/// Most memory one decoder may ask for: 40 megapixels at 16 bits in four channels, and some room.
const DECODER_BYTES_MAX: u64 = 400 * 1024 * 1024;

/// The formats accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP; of an animation, the first frame.
    Webp,
    /// GIF; of an animation, the first frame.
    Gif,
    /// TIFF; of several pages, the first. Taken as an upload, never as an asset.
    Tiff,
}

/// What a picture's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// Its format, judged by its bytes and never by its name.
    pub format: ImageKind,
    /// Its media type.
    pub media_type: &'static str,
    /// Width as a person sees it, orientation applied.
    pub width: u32,
    /// Height as a person sees it.
    pub height: u32,
}

fn bad(reason: impl Into<String>) -> PressError {
    PressError::BadImage { reason: reason.into() }
}

/// Reads the header alone and applies the limits: cheap, and safe on any bytes.
pub fn sniff_image(bytes: &[u8]) -> Result<ImageInfo, PressError> {
    let (kind, mut decoder) = open(bytes)?;
    info(kind, &mut decoder)
}

/// Decodes the whole picture under the limits, so that nothing broken is stored.
pub fn check_image(bytes: &[u8]) -> Result<ImageInfo, PressError> {
    let (info, _) = decode(bytes)?;
    Ok(info)
}

/// Decodes, and turns the picture upright.
pub(crate) fn decode(bytes: &[u8]) -> Result<(ImageInfo, DynamicImage), PressError> {
    let (info, _, picture) = decode_with_orientation(bytes)?;
    Ok((info, picture))
}

/// The same, and how it had lain.
pub(crate) fn decode_with_orientation(bytes: &[u8]) -> Result<(ImageInfo, Orientation, DynamicImage), PressError> {
    let (kind, mut decoder) = open(bytes)?;
    let info = info(kind, &mut decoder)?;
    if kind == ImageKind::Jpeg && !jpeg_is_whole(bytes) {
        return Err(bad("The file ends before the picture does."));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let broken = |_| bad("The file is damaged or ends before the picture does.");
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation);
    Ok((info, orientation, picture))
}

fn open(bytes: &[u8]) -> Result<(ImageKind, impl ImageDecoder + '_), PressError> {
    if bytes.len() > IMAGE_BYTES_MAX {
        return Err(bad(format!("The file is larger than {} MB.", IMAGE_BYTES_MAX / 1024 / 1024)));
    }
    let (kind, format) = kind(bytes).ok_or_else(|| bad("The file is not a PNG, JPEG, WebP or GIF picture."))?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_SIDE_PX_MAX);
    limits.max_image_height = Some(IMAGE_SIDE_PX_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => too_large(),
        _ => bad("The file begins like a picture but its header is damaged."),
    })?;
    Ok((kind, decoder))
}

fn too_large() -> PressError {
    bad(format!(
        "The picture is larger than {IMAGE_SIDE_PX_MAX} pixels a side or {} megapixels.",
        IMAGE_PX_MAX / 1_000_000
    ))
}

pub(crate) fn kind(bytes: &[u8]) -> Option<(ImageKind, ImageFormat)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some((ImageKind::Png, ImageFormat::Png))
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some((ImageKind::Jpeg, ImageFormat::Jpeg))
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some((ImageKind::Webp, ImageFormat::WebP))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some((ImageKind::Gif, ImageFormat::Gif))
    } else if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") {
        Some((ImageKind::Tiff, ImageFormat::Tiff))
    } else {
        None
    }
}

fn info(format: ImageKind, decoder: &mut impl ImageDecoder) -> Result<ImageInfo, PressError> {
    let (width, height) = decoder.dimensions();
    let px = u64::from(width) * u64::from(height);
    if px == 0 {
        return Err(bad("The picture has no pixels."));
    }
    if width.max(height) > IMAGE_SIDE_PX_MAX || px > IMAGE_PX_MAX {
        return Err(too_large());
    }
    let media_type = match format {
        ImageKind::Png => "image/png",
        ImageKind::Jpeg => "image/jpeg",
        ImageKind::Webp => "image/webp",
        ImageKind::Gif => "image/gif",
        ImageKind::Tiff => "image/tiff",
    };
    let turned = matches!(
        decoder.orientation(),
        Ok(Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH)
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Ok(ImageInfo { format, media_type, width, height })
}

/// The decoder fills a cut-off JPEG with grey and reports success; an end marker must follow the last scan.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    match (last([0xff, 0xda]), last([0xff, 0xd9])) {
        (Some(scan), Some(end)) => end > scan,
        _ => false,
    }
}
