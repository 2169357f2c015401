//! Display lists to pixels, one band at a time.

use std::ops::Range;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use tiny_skia::{
    Color as Paint8, ColorU8, FillRule, FilterQuality, LineJoin, Mask, Paint, PathBuilder, Pixmap, PixmapPaint, Rect,
    Shader, Stroke, Transform,
};

use super::picture::Pixels;
use super::png::{self, Page};
use crate::PressError;
use crate::assets::{Assets, Picture};
use crate::draw::{DisplayList, Item, Path, Point, Seg};
use crate::spec::{Color, Frame};

/// A page of pixels and what stands on it.
pub(super) struct Sheet {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) parts: Vec<Part>,
}

/// One zone's rectangle on a sheet; nothing is drawn outside it.
pub(super) struct Part {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    items: Vec<Ready>,
    clip: Option<tiny_skia::Path>,
    to_px: Transform,
    opaque: bool,
}

/// Where a part lies and how it is scaled.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Pixels per micrometre.
    pub(super) scale: f32,
    /// The zone's point at the part's top left.
    pub(super) origin: Point,
    /// Cut the part out along its cut line, as the customer will hold it.
    pub(super) cut_out: bool,
}

/// An item prepared once and drawn in every band it touches.
enum Ready {
    Background(Color),
    Fill { path: tiny_skia::Path, color: Color },
    Stroke { path: tiny_skia::Path, color: Color, width: f32 },
    Picture { pixels: Pixmap, place: Transform, bounds: Rect, quality: FilterQuality },
}

impl Part {
    pub(super) fn new(list: &DisplayList<'_>, assets: &Assets, place: Place) -> Result<Self, PressError> {
        let (dx, dy) = (-(place.origin.x as f32) * place.scale, -(place.origin.y as f32) * place.scale);
        let ready: Result<Vec<_>, _> = list.items.iter().map(|item| ready(item, assets, place.scale)).collect();
        let items: Vec<Ready> = ready?.into_iter().flatten().collect();
        let clip = if place.cut_out { list.cut.as_ref().and_then(outline) } else { None };
        Ok(Self {
            left: place.left,
            top: place.top,
            width: place.width,
            height: place.height,
            opaque: clip.is_none() && matches!(items.first(), Some(Ready::Background(_))),
            items,
            clip,
            to_px: Transform::from_row(place.scale, 0.0, 0.0, place.scale, dx, dy),
        })
    }

    /// The whole part by itself.
    pub(super) fn pixels(&self) -> Result<Pixmap, PressError> {
        self.draw(&(self.top..self.top + self.height))
    }

    /// The rows of `rows` that this part covers; empty where it covers none.
    fn rows(&self, rows: &Range<u32>) -> Range<u32> {
        rows.start.max(self.top)..rows.end.min(self.top + self.height)
    }

    /// Draws the sheet's rows `rows`, as wide as the part.
    fn draw(&self, rows: &Range<u32>) -> Result<Pixmap, PressError> {
        let mut pixels = pixmap(self.width, rows.end - rows.start)?;
        let down = self.top as f32 - rows.start as f32;
        for item in &self.items {
            item.draw(&mut pixels, self.to_px.post_translate(0.0, down));
        }
        if let Some(clip) = &self.clip {
            let mut mask = Mask::new(pixels.width(), pixels.height()).ok_or(NO_PIXELS)?;
            mask.fill_path(clip, FillRule::Winding, true, self.to_px.post_translate(0.0, down));
            pixels.apply_mask(&mask);
        }
        Ok(pixels)
    }
}

/// Strokes of this width and less are left to the drawing of hairlines.
const HAIRLINE_PX: f32 = 1.5;
const NO_PIXELS: PressError = PressError::Defect("a band of this size cannot be made");

fn pixmap(width: u32, height: u32) -> Result<Pixmap, PressError> {
    Pixmap::new(width, height).ok_or(NO_PIXELS)
}

impl Sheet {
    /// The sheet as PNG; opaque sheets drop their alpha channel.
    pub(super) fn png(&self, dots_per_metre: Option<u32>) -> Result<Vec<u8>, PressError> {
        let page = Page { width: self.width, height: self.height, channels: self.channels() };
        png::encode(page, dots_per_metre, |rows| self.rows(&rows))
    }

    /// The sheet's pixels, in as many channels as its PNG has.
    pub(super) fn pixels(&self) -> Result<Pixels, PressError> {
        Ok(Pixels { width: self.width, height: self.height, bytes: self.rows(&(0..self.height))? })
    }

    /// The part that is all of the sheet.
    fn whole(&self) -> Option<&Part> {
        match self.parts.as_slice() {
            [part] if part.left == 0 && part.top == 0 && (part.width, part.height) == (self.width, self.height) => {
                Some(part)
            }
            _ => None,
        }
    }

    fn channels(&self) -> usize {
        if self.whole().is_some_and(|part| part.opaque) { 3 } else { 4 }
    }

    fn rows(&self, rows: &Range<u32>) -> Result<Vec<u8>, PressError> {
        let pixels = match self.whole() {
            Some(part) => part.draw(rows)?,
            None => self.compose(rows)?,
        };
        Ok(if self.channels() == 3 { without_alpha(&pixels) } else { straight(&pixels) })
    }

    fn compose(&self, rows: &Range<u32>) -> Result<Pixmap, PressError> {
        let mut band = pixmap(self.width, rows.end - rows.start)?;
        let stride = self.width as usize * 4;
        for part in &self.parts {
            let covered = part.rows(rows);
            if covered.is_empty() {
                continue;
            }
            let drawn = part.draw(&covered)?;
            let (skip, left, len) =
                ((covered.start - rows.start) as usize, part.left as usize * 4, part.width as usize * 4);
            let targets = band.data_mut().chunks_exact_mut(stride).skip(skip);
            for (target, source) in targets.zip(drawn.data().chunks_exact(len)) {
                target[left..left + len].copy_from_slice(source);
            }
        }
        Ok(band)
    }
}

/// Drops every fourth byte, four pixels in three words at a time: byte by byte it took as long as drawing a letter.
fn without_alpha(pixels: &Pixmap) -> Vec<u8> {
    let mut out = vec![0; pixels.data().len() / 4 * 3];
    let (fours, rest) = pixels.data().as_chunks::<16>();
    let (packed, tail) = out.as_chunks_mut::<12>();
    for (packed, four) in packed.iter_mut().zip(fours) {
        let px = |n: usize| u32::from_le_bytes([four[4 * n], four[4 * n + 1], four[4 * n + 2], 0]);
        let words = [px(0) | px(1) << 24, px(1) >> 8 | px(2) << 16, px(2) >> 16 | px(3) << 8];
        for (to, word) in packed.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
    }
    for (to, px) in tail.chunks_exact_mut(3).zip(rest.chunks_exact(4)) {
        to.copy_from_slice(&px[..3]);
    }
    out
}

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

fn ready(item: &Item<'_>, assets: &Assets, scale: f32) -> Result<Option<Ready>, PressError> {
    Ok(match item {
        Item::Background { color, .. } => Some(Ready::Background(*color)),
        Item::Fill { path, color } => outline(path).map(|path| Ready::Fill { path, color: *color }),
        Item::Stroke { path, color, width_um } => {
            outline(path).map(|path| stroked(path, *color, *width_um as f32, scale))
        }
        Item::Picture { href, place } => {
            let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
            Some(prepare(picture, *place, scale)?)
        }
    })
}

/// A stroke becomes the outline of what it covers, once and not again for every band. Hairlines are drawn as such, paler where thinner.
fn stroked(path: tiny_skia::Path, color: Color, width: f32, scale: f32) -> Ready {
    let covered = if width * scale > HAIRLINE_PX { path.stroke(&round(width), scale) } else { None };
    match covered {
        Some(path) => Ready::Fill { path, color },
        None => Ready::Stroke { path, color, width },
    }
}

fn round(width: f32) -> Stroke {
    Stroke { width, line_join: LineJoin::Round, ..Stroke::default() }
}

/// Scales a picture down to the density it is drawn at: sampling alone would alias.
fn prepare(picture: &Picture, place: Frame, scale: f32) -> Result<Ready, PressError> {
    let side = |um: i32| (um as f32 * scale).ceil().max(1.0);
    let (w, h) = (side(place.w_um), side(place.h_um));
    let shrink = w < picture.width as f32 && h < picture.height as f32;
    let (width, height) = if shrink { (w as u32, h as u32) } else { (picture.width, picture.height) };
    let mut pixels = pixmap(width, height)?;
    let scaled =
        if shrink { Some(resized((picture.width, picture.height), &picture.rgba, (width, height))?) } else { None };
    let rgba = scaled.as_deref().unwrap_or(&picture.rgba);
    for (target, px) in pixels.pixels_mut().iter_mut().zip(rgba.chunks_exact(4)) {
        *target = ColorU8::from_rgba(px[0], px[1], px[2], px[3]).premultiply();
    }
    let (x, y) = (place.x_um as f32, place.y_um as f32);
    let (sx, sy) = (place.w_um as f32 / width as f32, place.h_um as f32 / height as f32);
    let bounds = Rect::from_xywh(x, y, place.w_um as f32, place.h_um as f32).ok_or(NO_PIXELS)?;
    let quality = if shrink { FilterQuality::Bilinear } else { FilterQuality::Bicubic };
    Ok(Ready::Picture { pixels, place: Transform::from_row(sx, 0.0, 0.0, sy, x, y), bounds, quality })
}

/// Straight RGBA of another size.
pub(super) fn resized(from: (u32, u32), rgba: &[u8], to: (u32, u32)) -> Result<Vec<u8>, PressError> {
    let failed = PressError::Defect("a picture could not be scaled");
    let source = ImageRef::new(from.0, from.1, rgba, PixelType::U8x4).map_err(|_| failed.clone())?;
    let mut target = Image::new(to.0, to.1, PixelType::U8x4);
    Resizer::new().resize(&source, &mut target, None).map_err(|_| failed)?;
    Ok(target.into_vec())
}

impl Ready {
    fn draw(&self, pixels: &mut Pixmap, to_px: Transform) {
        match self {
            Self::Background(color) => pixels.fill(Paint8::from_rgba8(color.r, color.g, color.b, 255)),
            Self::Fill { path, color } => {
                if touches(pixels, path.bounds(), 0.0, to_px) {
                    pixels.fill_path(path, &paint(*color), FillRule::Winding, to_px, None);
                }
            }
            Self::Stroke { path, color, width } => {
                if touches(pixels, path.bounds(), *width, to_px) {
                    pixels.stroke_path(path, &paint(*color), &round(*width), to_px, None);
                }
            }
            Self::Picture { pixels: picture, place, bounds, quality } => {
                if touches(pixels, *bounds, 0.0, to_px) {
                    let paint = PixmapPaint { quality: *quality, ..PixmapPaint::default() };
                    pixels.draw_pixmap(0, 0, picture.as_ref(), &paint, place.post_concat(to_px), None);
                }
            }
        }
    }
}

fn touches(pixels: &Pixmap, bounds: Rect, grow: f32, to_px: Transform) -> bool {
    let (scale, dy) = (to_px.sy, to_px.ty);
    let top = (bounds.top() - grow) * scale + dy;
    let bottom = (bounds.bottom() + grow) * scale + dy;
    bottom >= -1.0 && top <= pixels.height() as f32 + 1.0
}

fn paint(color: Color) -> Paint<'static> {
    let shader = Shader::SolidColor(Paint8::from_rgba8(color.r, color.g, color.b, 255));
    Paint { shader, anti_alias: true, ..Paint::default() }
}

fn outline(path: &Path) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    for seg in &path.segs {
        let f = |p: Point| (p.x as f32, p.y as f32);
        match *seg {
            Seg::Move(a) => builder.move_to(f(a).0, f(a).1),
            Seg::Line(a) => builder.line_to(f(a).0, f(a).1),
            Seg::Quad(a, b) => builder.quad_to(f(a).0, f(a).1, f(b).0, f(b).1),
            Seg::Cubic(a, b, c) => builder.cubic_to(f(a).0, f(a).1, f(b).0, f(b).1, f(c).0, f(c).1),
            Seg::Close => builder.close(),
        }
    }
    builder.finish()
}
