//! Pictures inside the file.

use pdf_writer::writers::ImageXObject;
use pdf_writer::{Filter, Finish, Pdf, Ref};

use super::super::png::{self, Page};
use super::PICTURES;
use crate::PressError;
use crate::assets::Picture;
use crate::ink::Cmyk;

pub(super) fn write_picture(
    pdf: &mut Pdf,
    picture: &Picture,
    index: i32,
    inks: Option<&Cmyk>,
) -> Result<(), PressError> {
    let pixels = Ref::new(PICTURES + 2 * index);
    let mask = Ref::new(PICTURES + 2 * index + 1);
    let (data, colors) = match (inks, &picture.jpeg) {
        (Some(inks), _) => (samples(picture, 4, |rows| inks.pixels(rows))?, 4),
        (None, Some(jpeg)) => {
            let mut object = pdf.image_xobject(pixels, jpeg);
            object.filter(Filter::DctDecode);
            shape(&mut object, picture, 3);
            return Ok(());
        }
        (None, None) => (samples(picture, 3, |rows| some(rows, |px| &px[..3]))?, 3),
    };
    image(pdf, pixels, picture, (&data, colors), (!picture.opaque).then_some(mask));
    if !picture.opaque {
        let alpha = samples(picture, 1, |rows| some(rows, |px| &px[3..]))?;
        image(pdf, mask, picture, (&alpha, 1), None);
    }
    Ok(())
}

/// Some of each pixel's channels.
fn some(rgba: &[u8], pick: fn(&[u8]) -> &[u8]) -> Vec<u8> {
    rgba.chunks_exact(4).flat_map(pick).copied().collect()
}

/// Filtered and deflated samples of a picture.
fn samples(
    picture: &Picture,
    channels: usize,
    of_rows: impl Fn(&[u8]) -> Vec<u8> + Sync,
) -> Result<Vec<u8>, PressError> {
    let stride = picture.width as usize * 4;
    let page = Page { width: picture.width, height: picture.height, channels };
    let parts = png::zlib(page, |rows| {
        let raw = &picture.rgba[rows.start as usize * stride..rows.end as usize * stride];
        Ok(of_rows(raw))
    })?;
    Ok(parts.concat())
}

fn image(pdf: &mut Pdf, id: Ref, picture: &Picture, (data, colors): (&[u8], i32), mask: Option<Ref>) {
    let mut object = pdf.image_xobject(id, data);
    object.filter(Filter::FlateDecode);
    let mut parms = object.decode_parms();
    parms.predictor(pdf_writer::types::Predictor::PngOptimum).colors(colors).columns(side(picture.width));
    parms.finish();
    shape(&mut object, picture, colors);
    if let Some(mask) = mask {
        object.s_mask(mask);
    }
}

/// How large a picture is, and in which colours.
fn shape(object: &mut ImageXObject<'_>, picture: &Picture, colors: i32) {
    object.width(side(picture.width)).height(side(picture.height)).bits_per_component(8).interpolate(true);
    match colors {
        4 => object.color_space().device_cmyk(),
        3 => object.color_space().device_rgb(),
        _ => object.color_space().device_gray(),
    }
}

fn side(px: u32) -> i32 {
    i32::try_from(px).unwrap_or(0)
}
