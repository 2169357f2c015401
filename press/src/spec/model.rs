//! The checked spec: lengths in integer micrometres, text in NFC, every default written out.
//!
//! The serialised form of these types is the canonical form, so a field's name here is part of the spec hash.

use serde::Serialize;

use super::limits::PRINT_DPI;

/// A version of the format. What it adds is optional on the wire and written out in its canonical form; what an
/// earlier version wrote keeps its canonical form, and with it its hash, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Version {
    /// The first one.
    #[serde(rename = "1.0.0")]
    V1_0,
    /// Adds `valign`, `direction` and `emoji` to text layers.
    #[serde(rename = "1.1.0")]
    V1_1,
}

/// Every version with its word, oldest first.
pub const VERSIONS: [(&str, Version); 2] = [("1.0.0", Version::V1_0), ("1.1.0", Version::V1_1)];

impl Version {
    /// The newest.
    pub const NEWEST: Self = VERSIONS[VERSIONS.len() - 1].1;

    /// `1.1.0`.
    pub fn word(self) -> &'static str {
        VERSIONS.iter().find(|(_, version)| *version == self).map_or("", |(word, _)| word)
    }
}

/// A checked design: what to draw, where, on which product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    pub(super) spec_version: Version,
    pub(super) product: Product,
    pub(super) layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) template_version: u32,
    pub(super) zones: Vec<Zone>,
}

/// One printable area of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// Name of the zone, also the stem of its files.
    pub id: String,
    /// Width of the trimmed area.
    pub width_um: i32,
    /// Height of the trimmed area.
    pub height_um: i32,
    /// How far the artwork runs past the trim on every side.
    pub bleed_um: i32,
    /// Colour that fills trim and bleed; without one the zone stays transparent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Color>,
    /// Corner radius of the cut line along the trim, for products that are cut out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_contour_um: Option<i32>,
    /// How the zone is made, where the product's kind does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// How a zone is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Process {
    /// Ink or toner.
    Print,
    /// Laser or needle: outlines only.
    Engrave,
}

/// One thing to draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// The zone it is drawn on.
    pub zone: String,
    /// Where: origin at the trim's top left, y down.
    #[serde(rename = "box")]
    pub frame: Frame,
    /// What.
    #[serde(flatten)]
    pub content: Content,
}

/// A layer's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// Left edge.
    pub x_um: i32,
    /// Top edge.
    pub y_um: i32,
    /// Width.
    pub w_um: i32,
    /// Height.
    pub h_um: i32,
}

/// What a layer draws.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Content {
    /// Words, outlined.
    Text(Text),
    /// A picture, contained in the box.
    Image(Image),
    /// A filled shape.
    Shape(Shape),
}

/// A text layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Text {
    /// The words, in NFC; a line feed starts a new line.
    pub text: String,
    /// Name of a font of the catalogue.
    pub font: String,
    /// Fill colour.
    pub color: Color,
    /// Wanted type size (one em).
    pub size_um: i32,
    /// Smallest size `fit` may choose.
    pub min_size_um: i32,
    /// What to do with text that is too large.
    pub fit: Fit,
    /// Where each line stands in the box.
    pub align: Align,
    /// Decoration behind the letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// What later versions added; `None` in a design of version 1.0.
    #[serde(flatten)]
    pub more: Option<More>,
}

/// What version 1.1 added to a text layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct More {
    /// Where the lines stand in the height of the box.
    pub valign: Valign,
    /// The base direction of each paragraph.
    pub direction: Direction,
    /// What becomes of emoji.
    pub emoji: Emoji,
}

/// Vertical alignment of all lines together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Valign {
    /// Against the top edge.
    Top,
    /// In the middle; what 1.0 always did.
    #[default]
    Middle,
    /// Against the bottom edge.
    Bottom,
}

/// Base direction of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// That of the first letter that has one; what 1.0 always did.
    #[default]
    Auto,
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

/// What becomes of emoji.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Emoji {
    /// The text is refused; what 1.0 always did.
    #[default]
    Refuse,
    /// Drawn as outlines in the text's colour, which every process can print or engrave.
    Monochrome,
}

impl Text {
    /// What later versions added, with the meaning 1.0 had.
    pub fn more(&self) -> More {
        self.more.unwrap_or_default()
    }
}

/// An image layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Name of the asset; a look-up key, never fetched.
    pub href: String,
}

/// A shape layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Which shape fills the box.
    pub shape: ShapeKind,
    /// Fill colour.
    pub color: Color,
}

/// The shapes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ShapeKind {
    /// A rectangle.
    Rect,
    /// An ellipse.
    Ellipse,
}

/// What to do with text that does not fit at its wanted size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    /// Keep the lines as written and make them smaller.
    Shrink,
    /// Break lines where the language allows, then make them smaller.
    Wrap,
    /// Refuse it.
    None,
}

/// Horizontal alignment of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Align {
    /// Against the left edge.
    Left,
    /// In the middle.
    Center,
    /// Against the right edge.
    Right,
}

/// Decoration behind the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Which decoration.
    pub kind: EffectKind,
    /// Its colour.
    pub color: Color,
    /// Width of the outline, or distance of the shadow.
    pub width_um: i32,
}

/// The decorations there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectKind {
    /// A line around each letter.
    Outline,
    /// A copy to the lower right.
    Shadow,
}

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Color {
    /// Reads `#rrggbb`, and nothing else: bad input must not become black.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#')?;
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        Some(Self { r: part(0)?, g: part(2)?, b: part(4)? })
    }

    /// The canonical `#rrggbb`, lower case.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

impl Serialize for Color {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl Zone {
    /// Pixels across and down at 300 dpi, bleed included.
    pub fn raster_px(&self) -> (u32, u32) {
        let px = |side_um: i32| {
            let full = i64::from(side_um) + 2 * i64::from(self.bleed_um);
            // round(um / 25400 * 300) in integers: the same on every machine.
            u32::try_from((full * PRINT_DPI * 2 + 25_400) / 50_800).unwrap_or(0)
        };
        (px(self.width_um), px(self.height_um))
    }
}

impl Spec {
    /// The version of the format it is written in.
    pub fn version(&self) -> Version {
        self.spec_version
    }

    /// The same design in a later version of the format: it looks the same and has another hash. `None` when it is
    /// written in that version, or a later one, already.
    pub fn migrated(&self, to: Version) -> Option<Self> {
        if to <= self.spec_version {
            return None;
        }
        let mut spec = Self { spec_version: to, ..self.clone() };
        for layer in &mut spec.layers {
            if let Content::Text(text) = &mut layer.content {
                text.more = Some(text.more());
            }
        }
        Some(spec)
    }

    /// Names of the assets the image layers use, each once, in order of first use.
    pub fn assets(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for layer in &self.layers {
            if let Content::Image(image) = &layer.content
                && !names.contains(&image.href.as_str())
            {
                names.push(image.href.as_str());
            }
        }
        names
    }

    /// The product this design is for.
    pub fn product_id(&self) -> &str {
        &self.product.id
    }

    /// The product's kind (`mug`, `tshirt`...).
    pub fn product_kind(&self) -> &str {
        &self.product.kind
    }

    /// Version of the product's template the design was made on.
    pub fn template_version(&self) -> u32 {
        self.product.template_version
    }

    /// The product's zones, in the order given.
    pub fn zones(&self) -> &[Zone] {
        &self.product.zones
    }

    /// The layers, bottom first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How a zone is made: what the zone says, else what the product's kind implies.
    pub fn process(&self, zone: &Zone) -> Process {
        zone.process.unwrap_or(match self.product.kind.as_str() {
            "plate" => Process::Engrave,
            _ => Process::Print,
        })
    }
}
