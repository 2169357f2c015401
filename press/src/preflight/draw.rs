//! Pages as they look, small, for the report of a preflight. Whoever reads the format draws it; like [`super::check`] this belongs into a process
//! of its own, under limits, and another one than that of the report: what ends it must not take the report along.

use std::io::{BufRead, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage};
use png::{Decoder, Limits, Transformations};

use super::look::format;
use super::picture::PNG_MEMORY;
use super::report::Drawn;
use crate::picture::decode;

/// Longest side of a picture.
const SIDE_PX: u32 = 720;
/// Of the JPEGs: letters stay sharp.
const QUALITY: u8 = 85;

/// Draws these pages, counted from 1, as long as `more` says so. What cannot be drawn is left out.
pub fn draw(mut file: impl BufRead + Seek, pages: &[usize], mut more: impl FnMut() -> bool) -> Vec<Drawn> {
    let mut head = vec![0; 4096];
    let read = file.read(&mut head).unwrap_or(0);
    head.truncate(read);
    if file.seek(SeekFrom::Start(0)).is_err() {
        return Vec::new();
    }
    let kind = format(&head);
    if kind == "png" {
        return caught(|| small_png(file)).and_then(|picture| drawn(1, picture)).into_iter().collect();
    }
    let mut bytes = Vec::new();
    if file.read_to_end(&mut bytes).is_err() {
        return Vec::new();
    }
    let pages_of = |bytes: Vec<u8>, more: &mut dyn FnMut() -> bool| {
        let Some(pdf) = caught(|| Pdf::new(bytes).ok()) else { return Vec::new() };
        let known = pages.iter().take_while(|_| more());
        known.filter_map(|page| drawn(*page, caught(|| pdf_page(pdf.pages().get(page.checked_sub(1)?)?))?)).collect()
    };
    match kind {
        "pdf" => pages_of(bytes, &mut more),
        "svg" => {
            let flat = caught(|| crate::svg::flatten(&bytes).ok());
            flat.and_then(|png| caught(|| small(&png))).and_then(|picture| drawn(1, picture)).into_iter().collect()
        }
        _ => caught(|| small(&bytes)).and_then(|picture| drawn(1, picture)).into_iter().collect(),
    }
}

/// What a reader trips over is no picture.
fn caught<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten()
}

fn drawn(page: usize, picture: RgbImage) -> Option<Drawn> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture).ok()?;
    Some(Drawn { page, jpeg: STANDARD.encode(jpeg) })
}

/// The sheet as it lies in the file, unturned, since places of a report are told from its top left.
fn pdf_page(page: &Page<'_>) -> Option<RgbImage> {
    let sheet = page.media_box();
    let (width, height) = (sheet.x1 - sheet.x0, sheet.y1 - sheet.y0);
    let longest = width.max(height);
    if !(longest.is_finite() && width > 0.1 && height > 0.1) {
        return None;
    }
    let scale = f64::from(SIDE_PX) / longest;
    let side = |points: f64| ((points * scale).round() as u16).max(1);
    let (settings, cache) = (InterpreterSettings::default(), RenderCache::new());
    let mut context = RenderContext::new(side(width), side(height));
    let place = Affine::new([scale, 0.0, 0.0, -scale, -sheet.x0 * scale, sheet.y1 * scale]);
    render_into(page, &cache, &settings, &RenderSettings::default(), &mut context, place);
    context.flush();
    let mut pixels = Pixmap::new(context.width(), context.height());
    let paper = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixels, &mut Resources::default(), paper);
    // On white paper nothing is transparent any more.
    let rgb = pixels.data_as_u8_slice().chunks_exact(4).flat_map(|px| px[..3].to_vec()).collect();
    RgbImage::from_raw(u32::from(context.width()), u32::from(context.height()), rgb)
}

/// JPEG, TIFF, and what SVG is flattened to: decoded whole under the limits of uploads.
fn small(bytes: &[u8]) -> Option<RgbImage> {
    let (_, picture) = decode(bytes).ok()?;
    let picture =
        if picture.width().max(picture.height()) > SIDE_PX { picture.thumbnail(SIDE_PX, SIDE_PX) } else { picture };
    Some(on_paper(&picture))
}

fn on_paper(picture: &DynamicImage) -> RgbImage {
    let rgba = picture.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0;
        image::Rgb([r, g, b].map(|c| over_white(c, a)))
    })
}

fn over_white(color: u8, alpha: u8) -> u8 {
    let (color, alpha) = (u32::from(color), u32::from(alpha));
    u8::try_from((color * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
}

/// A PNG of any size, row by row: squares of pixels become one. An interlaced one comes in no such order, and is not drawn.
fn small_png(file: impl BufRead + Seek) -> Option<RgbImage> {
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: PNG_MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let info = reader.info();
    let (width, height, interlaced) = (info.width as usize, info.height as usize, info.interlaced);
    let step = width.max(height).div_ceil(SIDE_PX as usize);
    let samples = reader.output_color_type().0.samples();
    if interlaced || step == 0 {
        return None;
    }
    let (across, down) = (width.div_ceil(step), height.div_ceil(step));
    let mut out = Vec::with_capacity(across * down * 3);
    let mut sums = vec![[0_u64; 4]; across];
    for y in 0..height {
        let row = reader.next_row().ok()??;
        for (x, px) in row.data().chunks_exact(samples).enumerate() {
            let sum = sums.get_mut(x / step)?;
            let color = if samples == 4 { [px[0], px[1], px[2]] } else { [px[0]; 3] };
            (0..3).for_each(|c| sum[c] += u64::from(over_white(color[c], px[samples - 1])));
            sum[3] += 1;
        }
        if (y + 1) % step == 0 || y + 1 == height {
            out.extend(sums.iter().flat_map(|sum| [0, 1, 2].map(|c| (sum[c] / sum[3].max(1)) as u8)));
            sums.fill([0; 4]);
        }
    }
    RgbImage::from_raw(u32::try_from(across).ok()?, u32::try_from(down).ok()?, out)
}
