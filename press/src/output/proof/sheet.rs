//! Paper, pen and ruler: pages of the same drawing steps that zones are made of.

use crate::PressError;
use crate::draw::{DisplayList, Item, Path, text_items};
use crate::spec::{Align, Color, Fit, Frame, Text, Zone};

/// A4, lying.
pub(super) const WIDTH: i32 = 297_000;
/// A4, lying.
pub(super) const HEIGHT: i32 = 210_000;

pub(super) const INK: Color = Color { r: 0x22, g: 0x26, b: 0x2e };
pub(super) const QUIET: Color = Color { r: 0x6b, g: 0x72, b: 0x80 };
pub(super) const LINE: Color = Color { r: 0xd5, g: 0xd9, b: 0xe0 };
pub(super) const BAND: Color = Color { r: 0xf3, g: 0xf4, b: 0xf6 };
pub(super) const ACCENT: Color = Color { r: 0x1d, g: 0x35, b: 0x57 };
pub(super) const WHITE: Color = Color { r: 0xff, g: 0xff, b: 0xff };
pub(super) const BLEED: Color = Color { r: 0xd6, g: 0x28, b: 0x28 };
pub(super) const SAFE: Color = Color { r: 0x1b, g: 0x8a, b: 0x5a };
pub(super) const ALERT: Color = Color { r: 0xb4, g: 0x53, b: 0x09 };

/// The zone that a page stands for; writers know zones only.
pub(super) fn paper() -> Zone {
    Zone {
        id: "proof".to_owned(),
        width_um: WIDTH,
        height_um: HEIGHT,
        bleed_um: 0,
        background: Some(WHITE),
        cut_contour_um: None,
        process: None,
    }
}

/// A page being drawn.
pub(super) struct Page<'a> {
    pub(super) list: DisplayList<'a>,
}

impl<'a> Page<'a> {
    pub(super) fn new(paper: &'a Zone) -> Self {
        let path = Path::rect(0, 0, WIDTH, HEIGHT);
        let items = vec![Item::Background { path, color: WHITE }];
        Self { list: DisplayList { zone: paper, items, cut: None } }
    }

    pub(super) fn bar(&mut self, x: i32, y: i32, w: i32, h: i32, color: Color) {
        self.list.items.push(Item::Fill { path: Path::rect(x, y, w, h), color });
    }

    pub(super) fn rounded(&mut self, frame: Frame, radius: i32, color: Color) {
        let path = Path::rounded(frame.x_um, frame.y_um, frame.w_um, frame.h_um, radius, radius);
        self.list.items.push(Item::Fill { path, color });
    }

    pub(super) fn frame(&mut self, frame: Frame, color: Color, width_um: i32) {
        let path = Path::rect(frame.x_um, frame.y_um, frame.w_um, frame.h_um);
        self.list.items.push(Item::Stroke { path, color, width_um });
    }

    /// The same in dashes.
    pub(super) fn dashed(&mut self, frame: Frame, color: Color, thick: i32) {
        const DASH: i32 = 1_600;
        const GAP: i32 = 1_000;
        let Frame { x_um: x, y_um: y, w_um: w, h_um: h } = frame;
        let steps =
            |length: i32| (0..length).step_by((DASH + GAP) as usize).map(move |from| (from, DASH.min(length - from)));
        for (from, length) in steps(w) {
            self.bar(x + from, y - thick / 2, length, thick, color);
            self.bar(x + from, y + h - thick / 2, length, thick, color);
        }
        for (from, length) in steps(h) {
            self.bar(x - thick / 2, y + from, thick, length, color);
            self.bar(x + w - thick / 2, y + from, thick, length, color);
        }
    }

    pub(super) fn picture(&mut self, href: &'a str, place: Frame) {
        self.list.items.push(Item::Picture { href, place });
    }

    /// Words on one line, made smaller where they would be too long, and cut with an ellipsis before they get unreadable.
    pub(super) fn say(&mut self, words: &str, frame: Frame, size_um: i32, color: Color) -> Result<(), PressError> {
        let least = size_um * 6 / 10;
        let mut shown: Vec<char> = words.chars().map(|c| if c == '\n' { '⏎' } else { c }).collect();
        let whole = shown.len();
        loop {
            let mut text: String = shown.iter().collect();
            if shown.len() < whole {
                text.push('…');
            }
            if text.trim().is_empty() {
                return Ok(());
            }
            match text_items(&ask(text, size_um, least, color), frame) {
                Ok(items) => {
                    self.list.items.extend(items);
                    return Ok(());
                }
                Err(_) if shown.len() > 8 => shown.truncate(shown.len() * 9 / 10),
                Err(problem) => return Err(PressError::Invalid(vec![problem])),
            }
        }
    }
}

fn ask(text: String, size_um: i32, min_size_um: i32, color: Color) -> Text {
    let fit = Fit::Shrink;
    let (font, align) = ("Noto Sans".to_owned(), Align::Left);
    Text { text, font, color, size_um, min_size_um, fit, align, effect: None, more: None }
}

/// A frame by its corner and sides.
pub(super) fn at(x_um: i32, y_um: i32, w_um: i32, h_um: i32) -> Frame {
    Frame { x_um, y_um, w_um, h_um }
}
