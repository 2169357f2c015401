//! The display list: what one zone shows, ready for any writer.
//!
//! Every output is drawn from the same outlines, so a preview cannot disagree with the print file and no output needs
//! a font at the receiving end.

use crate::assets::Assets;
use crate::spec::{Color, Content, Effect, EffectKind, Frame, ShapeKind, Spec, Text, Zone};
use crate::text::{Laid, layout};
use crate::{PressError, Problem};

mod glyphs;
mod path;

pub(crate) use path::{Path, Point, Seg};

/// One zone's drawing.
#[derive(Clone, Debug)]
pub(crate) struct DisplayList<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) items: Vec<Item<'a>>,
    /// The cut line along the trim, for products that are cut out.
    pub(crate) cut: Option<Path>,
}

/// One thing drawn, bottom first.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// Fills trim and bleed.
    Background {
        path: Path,
        color: Color,
    },
    Fill {
        path: Path,
        color: Color,
    },
    Stroke {
        path: Path,
        color: Color,
        width_um: i32,
    },
    Picture {
        href: &'a str,
        place: Frame,
    },
}

/// Builds the display list of every zone, or every reason why not.
pub(crate) fn display_lists<'a>(spec: &'a Spec, assets: &Assets) -> Result<Vec<DisplayList<'a>>, PressError> {
    let mut lists: Vec<DisplayList<'a>> = spec.zones().iter().map(DisplayList::new).collect();
    let mut problems: Vec<Problem> = Vec::new();
    for (index, layer) in spec.layers().iter().enumerate() {
        let Some(list) = lists.iter_mut().find(|list| list.zone.id == layer.zone) else {
            return Err(PressError::Defect("a checked layer lies on no zone"));
        };
        match &layer.content {
            Content::Shape(shape) => {
                let path = shape_path(shape.shape, layer.frame);
                list.items.push(Item::Fill { path, color: shape.color });
            }
            Content::Image(image) => {
                let picture = assets.get(&image.href).ok_or_else(|| PressError::MissingAsset(image.href.clone()))?;
                let place = contain(layer.frame, picture.width, picture.height);
                list.items.push(Item::Picture { href: &image.href, place });
            }
            Content::Text(text) => match layout(text, layer.frame) {
                Ok(laid) => list.text(text, &laid, layer.frame),
                Err(refusal) => problems.push(refusal.problem(index)),
            },
        }
    }
    if problems.is_empty() { Ok(lists) } else { Err(PressError::Invalid(problems)) }
}

/// A text of our own, drawn as a customer's: for sheets about designs.
pub(crate) fn text_items<'a>(text: &Text, frame: Frame) -> Result<Vec<Item<'a>>, Problem> {
    let laid = layout(text, frame).map_err(|refusal| refusal.problem(0))?;
    let paths = glyphs::outline(&laid, text, frame);
    Ok(paths.into_iter().map(|path| Item::Fill { path, color: text.color }).collect())
}

impl<'a> DisplayList<'a> {
    fn new(zone: &'a Zone) -> Self {
        let (w, h, bleed) = (zone.width_um, zone.height_um, zone.bleed_um);
        let background = zone.background.map(|color| {
            let path = Path::rect(-bleed, -bleed, w + 2 * bleed, h + 2 * bleed);
            Item::Background { path, color }
        });
        let cut = zone.cut_contour_um.map(|radius| Path::rounded(0, 0, w, h, radius, radius));
        Self { zone, items: background.into_iter().collect(), cut }
    }

    fn text(&mut self, text: &Text, laid: &Laid, frame: Frame) {
        let paths = glyphs::outline(laid, text, frame);
        if let Some(effect) = text.effect {
            self.items.extend(paths.iter().map(|path| decoration(path, effect)));
        }
        self.items.extend(paths.into_iter().map(|path| Item::Fill { path, color: text.color }));
    }
}

fn decoration<'a>(path: &Path, effect: Effect) -> Item<'a> {
    let Effect { kind, color, width_um } = effect;
    match kind {
        // Half of a stroke lies under the letter.
        EffectKind::Outline => Item::Stroke { path: path.clone(), color, width_um: 2 * width_um },
        EffectKind::Shadow => Item::Fill { path: path.moved(width_um, width_um), color },
    }
}

fn shape_path(shape: ShapeKind, frame: Frame) -> Path {
    let Frame { x_um: x, y_um: y, w_um: w, h_um: h } = frame;
    match shape {
        ShapeKind::Rect => Path::rect(x, y, w, h),
        ShapeKind::Ellipse => Path::rounded(x, y, w, h, w / 2, h / 2),
    }
}

/// The largest place inside `frame` with the picture's own proportions, centred.
pub(crate) fn contain(frame: Frame, width: u32, height: u32) -> Frame {
    let (fw, fh) = (i64::from(frame.w_um), i64::from(frame.h_um));
    let (pw, ph) = (i64::from(width), i64::from(height));
    let (w, h) = if fw * ph <= fh * pw { (fw, fw * ph / pw) } else { (fh * pw / ph, fh) };
    let um = |value: i64| i32::try_from(value.max(1)).unwrap_or(i32::MAX);
    let (w, h) = (um(w), um(h));
    Frame { x_um: frame.x_um + (frame.w_um - w) / 2, y_um: frame.y_um + (frame.h_um - h) / 2, w_um: w, h_um: h }
}
