//! An item of a display list, prepared once and drawn in every strip it touches.

use tiny_skia::{Color as Paint8, LineJoin, Paint, PathBuilder, Pixmap, Rect, Shader, Stroke, Transform};

use super::coverage;
use super::outline::Outline;
use super::picture::Placed;
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{Item, Path, Point, Seg};
use crate::spec::Color;

/// Strokes of this width and less are left to the drawing of hairlines.
const HAIRLINE_PX: f32 = 1.5;

/// An item in pixels of its part.
pub(super) enum Ready<'a> {
    Background(Color),
    Fill { outline: Outline, color: Color },
    Stroke { path: tiny_skia::Path, color: Color, width: f32 },
    Picture(Placed<'a>),
}

/// Nothing for outlines that enclose nothing.
pub(super) fn ready<'a>(
    item: &Item<'_>,
    assets: &'a Assets,
    to_px: Transform,
) -> Result<Option<Ready<'a>>, PressError> {
    Ok(match item {
        Item::Background { color, .. } => Some(Ready::Background(*color)),
        Item::Fill { path, color } => outline(path, to_px).map(|path| filled(&path, *color)),
        Item::Stroke { path, color, width_um } => {
            outline(path, to_px).map(|path| stroked(path, *color, *width_um as f32 * to_px.sx))
        }
        Item::Picture { href, place } => {
            let picture = assets.get(href).ok_or_else(|| PressError::MissingAsset((*href).to_owned()))?;
            Some(Ready::Picture(Placed::new(picture, *place, to_px)))
        }
    })
}

/// A stroke becomes the outline of what it covers, once and not again for every strip. Hairlines are drawn as such, paler where thinner.
fn stroked<'a>(path: tiny_skia::Path, color: Color, width: f32) -> Ready<'a> {
    let covered = if width > HAIRLINE_PX { path.stroke(&round(width), 1.0) } else { None };
    match covered {
        Some(path) => filled(&path, color),
        None => Ready::Stroke { path, color, width },
    }
}

fn round(width: f32) -> Stroke {
    Stroke { width, line_join: LineJoin::Round, ..Stroke::default() }
}

impl Ready<'_> {
    /// Draws into pixels that begin `above` rows below the part's top.
    pub(super) fn draw(&self, pixels: &mut Pixmap, above: i64) -> Result<(), PressError> {
        let moved = Transform::from_translate(0.0, -above as f32);
        match self {
            Self::Background(color) => pixels.fill(Paint8::from_rgba8(color.r, color.g, color.b, 255)),
            Self::Fill { outline, color } => fill(pixels, outline, *color, above),
            Self::Stroke { path, color, width } => {
                if touches(pixels, path.bounds(), *width, moved.ty) {
                    pixels.stroke_path(path, &paint(*color), &round(*width), moved, None);
                }
            }
            Self::Picture(placed) => placed.draw(pixels, above)?,
        }
        Ok(())
    }
}

fn filled<'a>(path: &tiny_skia::Path, color: Color) -> Ready<'a> {
    Ready::Fill { outline: Outline::new(path), color }
}

/// Lays a colour over what an outline covers, in pixels that begin `above` rows below the part's top.
fn fill(pixels: &mut Pixmap, outline: &Outline, color: Color, above: i64) {
    let (width, height) = (pixels.width(), pixels.height());
    let color = [color.r, color.g, color.b, 255];
    let (pixels, _) = pixels.data_mut().as_chunks_mut::<4>();
    coverage::runs(outline, width, above..above + i64::from(height), |row, run, share| {
        lay(&mut pixels[row * width as usize..][run], color, share);
    });
}

/// Lays a colour over pixels, `share` 255ths of each.
fn lay(pixels: &mut [[u8; 4]], color: [u8; 4], share: u8) {
    if share == 255 {
        pixels.fill(color);
        return;
    }
    // Two channels in one word; a 255th of each sum, rounded.
    let halves = |px: [u8; 4]| (u32::from_le_bytes(px) & 0xff_00ff, (u32::from_le_bytes(px) >> 8) & 0xff_00ff);
    let (share, rest) = (u32::from(share), u32::from(255 - share));
    let mixed = |under: u32, over: u32| {
        let sum = over * share + under * rest + 0x80_0080;
        ((sum + ((sum >> 8) & 0xff_00ff)) >> 8) & 0xff_00ff
    };
    let over = halves(color);
    for px in pixels {
        let under = halves(*px);
        *px = (mixed(under.0, over.0) | mixed(under.1, over.1) << 8).to_le_bytes();
    }
}

fn touches(pixels: &Pixmap, bounds: Rect, grow: f32, dy: f32) -> bool {
    bounds.bottom() + grow + dy >= -1.0 && bounds.top() - grow + dy <= pixels.height() as f32 + 1.0
}

fn paint(color: Color) -> Paint<'static> {
    let shader = Shader::SolidColor(Paint8::from_rgba8(color.r, color.g, color.b, 255));
    Paint { shader, anti_alias: true, ..Paint::default() }
}

/// A path in pixels of its part.
pub(super) fn outline(path: &Path, to_px: Transform) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let f = |p: Point| (p.x as f32 * to_px.sx + to_px.tx, p.y as f32 * to_px.sy + to_px.ty);
    for seg in &path.segs {
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
