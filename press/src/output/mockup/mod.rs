//! Product pictures: the design on the thing itself, bent and lit, on a studio's backdrop.
//!
//! The templates are code: shapes, folds and light as formulas, of sums, products and square roots, so that the same design
//! gives the same picture on every machine. A kind without a template of its own is shown as a card: there always is a picture.

mod cloth;
mod flat;
mod math;
mod mug;
mod patterns;
pub(crate) mod skins;
mod stage;
mod texture;

use flat::{Finish, Flat};
use mug::Mug;
use stage::{Placed, Stage, Thing};
use texture::Texture;

use super::picture::Rgb8;
use crate::PressError;
use crate::assets::Assets;
use crate::draw::{DisplayList, display_lists};
use crate::spec::{Process, Spec, Zone};

/// Width of a mock-up.
const WIDTH_PX: u32 = 1200;
/// Most things in one row.
const ROW_MAX: usize = 4;
/// Zones with a side shorter than this are shown beside the thing: a handle, a sleeve, a label.
const MINOR_MM: f32 = 40.0;

/// The templates there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Template {
    Mug,
    Shirt,
    Tote,
    Flat(Finish),
}

impl Template {
    fn of(spec: &Spec, zone: &Zone) -> Self {
        match spec.product_kind() {
            "mug" => Self::Mug,
            "tshirt" | "t-shirt" | "shirt" => Self::Shirt,
            "tote" | "tote-bag" | "bag" => Self::Tote,
            "poster" | "print" | "frame" => Self::Flat(Finish::Framed),
            _ if spec.process(zone) == Process::Engrave => Self::Flat(Finish::Plate),
            _ => Self::Flat(Finish::Card),
        }
    }
}

/// One thing to be shown, and of which zone.
#[derive(Clone, Copy, Debug)]
struct View {
    zone: usize,
    template: Template,
    /// Which millimetre faces the camera, from the zone's middle.
    turn_mm: f32,
    handle: f32,
    /// Shown small, below the others.
    minor: bool,
}

/// The mock-up of a design, [`WIDTH_PX`] wide.
pub(crate) fn mockup(spec: &Spec, assets: &Assets) -> Result<Rgb8, PressError> {
    let lists = display_lists(spec, assets)?;
    let views = views(spec);
    let (frames, height) = layout(&views);
    let mut things = Vec::with_capacity(views.len());
    for (view, frame) in views.iter().zip(frames) {
        let thing = view.thing(spec, &lists, assets, frame.side)?;
        things.push(Placed { thing, left: frame.left, top: frame.top, side: frame.side });
    }
    let stage = Stage { width: WIDTH_PX as usize, height: height as usize, things };
    Ok(Rgb8 { width: WIDTH_PX, height, rgb: stage.photograph() })
}

fn views(spec: &Spec) -> Vec<View> {
    let mut views: Vec<View> =
        spec.zones().iter().enumerate().flat_map(|(index, zone)| views_of(spec, index, zone)).collect();
    if views.iter().all(|view| view.minor) {
        for view in &mut views {
            view.minor = false;
        }
    }
    // Two mugs turn their handles to each other.
    let mugs = views.iter().filter(|view| view.template == Template::Mug && !view.minor).count();
    let mugs_only = |view: &&mut View| view.template == Template::Mug && !view.minor;
    for (n, view) in views.iter_mut().filter(mugs_only).enumerate() {
        view.handle = if mugs > 1 && n % 2 == 1 { -1.0 } else { 1.0 };
    }
    views.sort_by_key(|view| view.minor);
    views
}

fn views_of(spec: &Spec, index: usize, zone: &Zone) -> Vec<View> {
    let template = Template::of(spec, zone);
    let (width, height) = (zone.width_um as f32 / 1000.0, zone.height_um as f32 / 1000.0);
    let view = View { zone: index, template, turn_mm: 0.0, handle: 1.0, minor: false };
    let apart = ["handle", "sleeve", "label", "neck", "inside"].iter().any(|word| zone.id.contains(word));
    let bent = matches!(template, Template::Mug | Template::Shirt | Template::Tote);
    if bent && (apart || width.min(height) < MINOR_MM) {
        return vec![View { template: Template::Flat(Finish::Card), minor: true, ..view }];
    }
    if template == Template::Mug && width > mug::ONE_SIDE_MM {
        // A print around the mug: once from each side.
        let aside = width / 4.0;
        return vec![View { turn_mm: -aside, ..view }, View { turn_mm: aside, ..view }];
    }
    vec![view]
}

impl View {
    fn thing(
        &self,
        spec: &Spec,
        lists: &[DisplayList<'_>],
        assets: &Assets,
        side_px: f32,
    ) -> Result<Box<dyn Thing>, PressError> {
        let list = lists.get(self.zone).ok_or(PressError::Defect("a zone lost its drawing"))?;
        let (w, h) = (list.zone.width_um as f32 / 1000.0, list.zone.height_um as f32 / 1000.0);
        let texture =
            |units_per_mm: f32, ground: bool| Texture::new(list, assets, units_per_mm * side_px / 1000.0, ground);
        Ok(match self.template {
            Template::Mug => {
                Box::new(Mug { texture: texture(mug::SCALE, true)?, handle: self.handle, turn_mm: self.turn_mm })
            }
            Template::Shirt => {
                let texture = texture(patterns::UNITS_PER_MM, true)?;
                let pale = texture.is_pale();
                Box::new(patterns::shirt(texture, list.zone.id.contains("back"), pale, side_px)?)
            }
            Template::Tote => Box::new(patterns::tote(texture(patterns::UNITS_PER_MM, true)?, side_px)?),
            Template::Flat(finish) => {
                let cut = list.zone.cut_contour_um.unwrap_or(0) as f32 / 1000.0;
                let ground = spec.process(list.zone) == Process::Print;
                Box::new(Flat::new(texture(Flat::scale_of(w, h, finish), ground)?, finish, cut))
            }
        })
    }
}

/// The square a view stands in.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f32,
    top: f32,
    side: f32,
}

/// Squares for all views, and the height of the picture: the main ones in rows, the minor ones in a strip below.
fn layout(views: &[View]) -> (Vec<Frame>, u32) {
    let width = WIDTH_PX as f32;
    let main = views.iter().filter(|view| !view.minor).count();
    let minor = views.len() - main;
    let mut frames = Vec::with_capacity(views.len());
    let mut top = 0.0;
    let mut rows = |count: usize, per_row: usize, side: f32, top: &mut f32| {
        for start in (0..count).step_by(per_row.max(1)) {
            let here = per_row.min(count - start);
            let left = (width - side * here as f32) / 2.0;
            frames.extend((0..here).map(|n| Frame { left: left + side * n as f32, top: *top, side }));
            *top += side;
        }
    };
    let per_row = match main {
        0..=3 => main.max(1),
        4 => 2,
        more => more.min(ROW_MAX),
    };
    // A single thing gets the whole width; several get as much as there is.
    rows(main, per_row, width / per_row as f32, &mut top);
    if minor > 0 {
        rows(minor, minor.min(6), width / 6.0, &mut top);
    }
    (frames, top.ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Frame, Template, View, WIDTH_PX, layout};

    #[test]
    fn every_view_has_a_square_of_its_own_inside_the_picture() {
        let view = |minor| View { zone: 0, template: Template::Mug, turn_mm: 0.0, handle: 1.0, minor };
        for main in 1..=16 {
            for minor in 0..4 {
                let views: Vec<View> = (0..main + minor).map(|n| view(n >= main)).collect();
                let (frames, height) = layout(&views);
                assert_eq!(frames.len(), views.len());
                let inside = |f: &Frame| {
                    f.left >= -0.5
                        && f.top >= 0.0
                        && f.left + f.side <= WIDTH_PX as f32 + 0.5
                        && f.top + f.side <= height as f32 + 0.5
                };
                assert!(frames.iter().all(inside), "{main} {minor}: {frames:?}");
            }
        }
    }
}
