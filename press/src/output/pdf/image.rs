//! Pictures inside the file.

use std::borrow::Cow;

use pdf_writer::writers::ImageXObject;
use pdf_writer::{Filter, Finish, Pdf, Ref};

use super::super::png::{self, Page, Samples};
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
        (Some(inks), _) => (samples(picture, Samples::Four, |rows| inks.pixels(rows).into())?, 4),
        (None, Some(jpeg)) => {
            let mut object = pdf.image_xobject(pixels, jpeg);
            object.filter(Filter::DctDecode);
            shape(&mut object, picture, 3);
            return Ok(());
        }
        (None, None) => (samples(picture, Samples::Rgbx, |rows| rows.into())?, 3),
    };
    image(pdf, pixels, picture, (&data, colors), (!picture.opaque).then_some(mask));
    if !picture.opaque {
        let alpha = samples(picture, Samples::Grey, |rows| rows.chunks_exact(4).map(|px| px[3]).collect())?;
        image(pdf, mask, picture, (&alpha, 1), None);
    }
    Ok(())
}

/// Filtered and deflated samples of a picture.
fn samples(
    picture: &Picture,
    samples: Samples,
    of_rows: impl Fn(&[u8]) -> Cow<'_, [u8]> + Send + Sync,
) -> Result<Vec<u8>, PressError> {
    let stride = picture.width as usize * 4;
    let page = Page { width: picture.width, height: picture.height, samples };
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
