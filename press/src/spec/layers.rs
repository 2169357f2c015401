//! Reads the layers of a spec.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::limits::{
    BOX_UM_MAX, EFFECT_UM_MAX, EFFECT_UM_MIN, IMAGE_LAYERS_MAX, LAYERS_MAX, SIDE_UM_MIN, SIZE_UM_MAX, SIZE_UM_MIN,
    TEXT_BYTES_MAX, TEXT_GRAPHEMES_MAX, TEXT_RAW_BYTES_MAX,
};
use super::model::{
    Align, Content, Direction, Effect, EffectKind, Emoji, Fit, Frame, Image, Layer, More, Shape, ShapeKind, Text,
    Valign, Version, Zone,
};
use super::node::{Node, step};
use super::reader::{Fields, Reader};
use crate::problem::say;

/// Smallest size text is shrunk to when the spec names none; about 6 points.
const MIN_SIZE_UM_DEFAULT: i32 = 2_000;

/// Reads all layers; `zones` are the product's, empty when they could not be read.
pub(super) fn layers(reader: &mut Reader, node: &Node, zones: &[Zone]) -> Option<Vec<Layer>> {
    let items = reader.list(node, "/layers", LAYERS_MAX)?;
    let read: Vec<Option<Layer>> =
        items.iter().enumerate().map(|(i, item)| layer(reader, item, &format!("/layers/{i}"), zones)).collect();
    let layers: Vec<Layer> = read.into_iter().collect::<Option<_>>()?;
    let images = layers.iter().filter(|layer| matches!(layer.content, Content::Image(_))).count();
    if images > IMAGE_LAYERS_MAX {
        let words = say!(
            "There are more than {IMAGE_LAYERS_MAX} image layers.",
            "Il y a plus de {IMAGE_LAYERS_MAX} calques d'image."
        );
        reader.problem("too_many", "/layers", words);
    }
    Some(layers)
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Image,
    Shape,
}

fn layer(reader: &mut Reader, node: &Node, pointer: &str, zones: &[Zone]) -> Option<Layer> {
    let mut fields = reader.object(node, pointer)?;
    let zone = reader.name(&mut fields, "zone", 64, "_-");
    let frame = reader.required(&mut fields, "box").and_then(|node| frame(reader, node, &step(pointer, "box")));
    let kinds = [("text", Kind::Text), ("image", Kind::Image), ("shape", Kind::Shape)];
    // Without a known type every other field would be reported as unknown, which helps nobody.
    let content = match reader.word(&mut fields, "type", &kinds, None)? {
        Kind::Text => text(reader, &mut fields).map(Content::Text),
        Kind::Image => image(reader, &mut fields).map(Content::Image),
        Kind::Shape => shape(reader, &mut fields).map(Content::Shape),
    };
    let at_zone = fields.at("zone");
    let at_box = fields.at("box");
    reader.close(fields);
    let (zone, frame) = (zone?, frame?);
    match zones.iter().find(|known| known.id == zone) {
        Some(known) if !touches(known, frame) => {
            let words = say!(
                "The box lies wholly outside its zone, so nothing of it would be printed.",
                "Le cadre est entièrement hors de sa zone : rien n'en serait imprimé."
            );
            reader.problem("outside", &at_box, words);
        }
        None if !zones.is_empty() => {
            let words = say!("The product has no zone of this name.", "Le produit n'a pas de zone de ce nom.");
            reader.problem("unknown_zone", &at_zone, words);
        }
        _ => {}
    }
    Some(Layer { zone, frame, content: content? })
}

fn touches(zone: &Zone, frame: Frame) -> bool {
    let along = |start: i32, side: i32, zone_side: i32| {
        i64::from(start) + i64::from(side) > -i64::from(zone.bleed_um) && start < zone_side + zone.bleed_um
    };
    along(frame.x_um, frame.w_um, zone.width_um) && along(frame.y_um, frame.h_um, zone.height_um)
}

fn frame(reader: &mut Reader, node: &Node, pointer: &str) -> Option<Frame> {
    let mut fields = reader.object(node, pointer)?;
    let x_um = reader.length(&mut fields, ("x", "xUm"), -BOX_UM_MAX, BOX_UM_MAX);
    let y_um = reader.length(&mut fields, ("y", "yUm"), -BOX_UM_MAX, BOX_UM_MAX);
    let w_um = reader.length(&mut fields, ("w", "wUm"), SIDE_UM_MIN, BOX_UM_MAX);
    let h_um = reader.length(&mut fields, ("h", "hUm"), SIDE_UM_MIN, BOX_UM_MAX);
    reader.close(fields);
    Some(Frame { x_um: x_um?, y_um: y_um?, w_um: w_um?, h_um: h_um? })
}

fn text(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Text> {
    let words = words(reader, fields);
    let font = reader.name(fields, "font", 64, " -");
    let color = reader.color(fields, "color");
    let size_um = reader.length(fields, ("sizeMm", "sizeUm"), SIZE_UM_MIN, SIZE_UM_MAX);
    let min_size_um = reader.optional_length(fields, ("minSizeMm", "minSizeUm"), SIZE_UM_MIN, SIZE_UM_MAX);
    let fits = [("shrink", Fit::Shrink), ("wrap", Fit::Wrap), ("none", Fit::None)];
    let fit = reader.word(fields, "fit", &fits, Some(Fit::Shrink));
    let aligns = [("left", Align::Left), ("center", Align::Center), ("right", Align::Right)];
    let align = reader.word(fields, "align", &aligns, Some(Align::Center));
    let effect = match fields.take("effect") {
        Some(node) => effect(reader, node, &fields.at("effect")).map(Some),
        None => Some(None),
    };
    let more = if reader.version >= Version::V1_1 { more(reader, fields).map(Some) } else { Some(None) };
    let (size_um, min_size_um) = (size_um?, min_size_um?);
    let min_size_um = min_size_um.unwrap_or(MIN_SIZE_UM_DEFAULT.min(size_um));
    if min_size_um > size_um {
        let words =
            say!("The smallest size is larger than the wanted size.", "La taille minimale dépasse la taille voulue.");
        reader.problem("range", &fields.at("minSizeMm"), words);
    }
    Some(Text {
        text: words?,
        font: font?,
        color: color?,
        size_um,
        min_size_um,
        fit: fit?,
        align: align?,
        effect: effect?,
        more: more?,
    })
}

/// What version 1.1 added.
fn more(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<More> {
    let valigns = [("top", Valign::Top), ("middle", Valign::Middle), ("bottom", Valign::Bottom)];
    let valign = reader.word(fields, "valign", &valigns, Some(Valign::default()));
    let directions = [("auto", Direction::Auto), ("ltr", Direction::Ltr), ("rtl", Direction::Rtl)];
    let direction = reader.word(fields, "direction", &directions, Some(Direction::default()));
    let emojis = [("refuse", Emoji::Refuse), ("monochrome", Emoji::Monochrome)];
    let emoji = reader.word(fields, "emoji", &emojis, Some(Emoji::default()));
    Some(More { valign: valign?, direction: direction?, emoji: emoji? })
}

/// Caps length first, then normalises: nothing costly ever sees an over-long text.
fn words(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<String> {
    let raw = reader.string(fields, "text")?;
    let text: Option<String> = (raw.len() <= TEXT_RAW_BYTES_MAX).then(|| raw.nfc().collect());
    let fits = |text: &String| {
        text.len() <= TEXT_BYTES_MAX && text.graphemes(true).take(TEXT_GRAPHEMES_MAX + 1).count() <= TEXT_GRAPHEMES_MAX
    };
    let text = text.filter(fits);
    if text.is_none() {
        let words = say!(
            "The text is longer than {TEXT_GRAPHEMES_MAX} characters or {TEXT_BYTES_MAX} bytes.",
            "Le texte dépasse {TEXT_GRAPHEMES_MAX} caractères ou {TEXT_BYTES_MAX} octets."
        );
        reader.problem("too_long", &fields.at("text"), words);
    }
    text
}

fn effect(reader: &mut Reader, node: &Node, pointer: &str) -> Option<Effect> {
    let mut fields = reader.object(node, pointer)?;
    let kinds = [("outline", EffectKind::Outline), ("shadow", EffectKind::Shadow)];
    let kind = reader.word(&mut fields, "kind", &kinds, None);
    let color = reader.color(&mut fields, "color");
    let width_um = reader.length(&mut fields, ("widthMm", "widthUm"), EFFECT_UM_MIN, EFFECT_UM_MAX);
    reader.close(fields);
    Some(Effect { kind: kind?, color: color?, width_um: width_um? })
}

fn image(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Image> {
    Some(Image { href: reader.name(fields, "href", 128, "._/-")? })
}

fn shape(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Shape> {
    let kinds = [("rect", ShapeKind::Rect), ("ellipse", ShapeKind::Ellipse)];
    let shape = reader.word(fields, "shape", &kinds, None);
    let color = reader.color(fields, "color");
    Some(Shape { shape: shape?, color: color? })
}
