//! The pictures that three-dimensional models wear.

use super::math::mix3;
use super::mug::CIRCUMFERENCE_MM;
use super::stage::Thing;
use super::texture::Texture;
use super::{mug, patterns, views_of};
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, display_lists};
use crate::output::png::{Page, Samples};
use crate::spec::Spec;

/// Side of a shirt's picture; longest side of a poster's.
const SIDE_PX: u32 = 1024;
/// Width of what is wrapped around a mug.
const MUG_PX: u32 = 2048;
/// A print this wide lies around the mug, its middle opposite the handle.
const AROUND_MM: f32 = mug::ONE_SIDE_MM;

/// The zones that lie on the thing itself, not beside it.
fn main_zones<'a, 'b>(spec: &Spec, lists: &'b [DisplayList<'a>]) -> Vec<&'b DisplayList<'a>> {
    let main = |index: usize| views_of(spec, index, &spec.zones()[index]).iter().any(|view| !view.minor);
    let found: Vec<_> = lists.iter().enumerate().filter(|(index, _)| main(*index)).map(|(_, list)| list).collect();
    if found.is_empty() { lists.iter().collect() } else { found }
}

/// A mug's wall unrolled, the middle facing the camera: zones one after another around it.
pub(crate) fn mug(spec: &Spec, assets: &Assets) -> Result<Vec<u8>, PressError> {
    let lists = display_lists(spec, assets)?;
    let zones = main_zones(spec, &lists);
    let per_mm = MUG_PX as f32 / CIRCUMFERENCE_MM;
    let height = (mug::HEIGHT * per_mm).round() as u32;
    let mut wall = vec![mug::GLAZE; (MUG_PX * height) as usize];
    for (n, list) in zones.iter().enumerate() {
        let texture = Texture::new(list, assets, per_mm / 2.0, true)?;
        let fit = ((mug::HEIGHT - 4.0) / texture.height_mm).min(CIRCUMFERENCE_MM / texture.width_mm).min(1.0);
        let turned = if texture.width_mm > AROUND_MM { -0.25 } else { n as f32 / zones.len() as f32 };
        let middle = CIRCUMFERENCE_MM * (0.5 + turned);
        let (left, top) = (middle - texture.width_mm * fit / 2.0, (mug::HEIGHT - texture.height_mm * fit) / 2.0);
        for (index, px) in wall.iter_mut().enumerate() {
            let (x, y) = ((index as u32 % MUG_PX) as f32 + 0.5, (index as u32 / MUG_PX) as f32 + 0.5);
            let across = x / per_mm - left;
            let across = across - (across / CIRCUMFERENCE_MM).floor() * CIRCUMFERENCE_MM;
            if let Some(ink) = texture.at(across / fit, (y / per_mm - top) / fit, 1.0 / per_mm) {
                *px = mix3(*px, ink.color, ink.alpha);
            }
        }
    }
    let bytes: Vec<u8> = wall.iter().flatten().map(|part| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect();
    Page { width: MUG_PX, height, samples: Samples::Rgb }.png(&bytes)
}

/// A shirt's front and its back, as cut out pictures.
pub(crate) fn shirt(spec: &Spec, assets: &Assets) -> Result<(Vec<u8>, Vec<u8>), PressError> {
    let lists = display_lists(spec, assets)?;
    let zones = main_zones(spec, &lists);
    let side = |back: bool| {
        let list = zones.iter().find(|list| list.zone.id.contains("back") == back);
        let texture = match list {
            Some(list) => Texture::new(list, assets, SIDE_PX as f32 / 1000.0, true)?,
            None => Texture::blank()?,
        };
        let pale =
            zones.iter().any(|list| Texture::new(list, assets, 0.2, true).is_ok_and(|texture| texture.is_pale()));
        cut_out(&patterns::shirt(texture, back, pale, SIDE_PX as f32)?)
    };
    Ok((side(false)?, side(true)?))
}

fn cut_out(thing: &dyn Thing) -> Result<Vec<u8>, PressError> {
    let unit = 1000.0 / SIDE_PX as f32;
    let mut rgba = Vec::with_capacity((SIDE_PX * SIDE_PX * 4) as usize);
    for y in 0..SIDE_PX {
        for x in 0..SIDE_PX {
            let hit = thing.at((x as f32 + 0.5) * unit - 500.0, (y as f32 + 0.5) * unit - 500.0);
            let (color, alpha) = hit.map_or(([0.5; 3], 0.0), |hit| (hit.color, hit.alpha));
            rgba.extend([color[0], color[1], color[2], alpha].map(|part| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
        }
    }
    Page { width: SIDE_PX, height: SIDE_PX, samples: Samples::Four }.png(&rgba)
}

/// A poster's print, and its size in millimetres.
pub(crate) fn poster(spec: &Spec, assets: &Assets) -> Result<(Vec<u8>, f32, f32), PressError> {
    let lists = display_lists(spec, assets)?;
    let list = lists.first().ok_or(PressError::Defect("a checked design has no zone"))?;
    let (w, h) = (list.zone.width_um as f32 / 1000.0, list.zone.height_um as f32 / 1000.0);
    let per_mm = SIDE_PX as f32 / w.max(h);
    let texture = Texture::new(list, assets, per_mm, true)?;
    let (width, height) = ((w * per_mm).round().max(1.0) as u32, (h * per_mm).round().max(1.0) as u32);
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let ink = texture.at((x as f32 + 0.5) / per_mm, (y as f32 + 0.5) / per_mm, 1.0 / per_mm);
            let color = ink.map_or([1.0; 3], |ink| mix3([1.0; 3], ink.color, ink.alpha));
            rgb.extend(color.map(|part| (part.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
        }
    }
    Ok((Page { width, height, samples: Samples::Rgb }.png(&rgb)?, w, h))
}
