//! The JSON Schema of the wire form, made from the same limits the parser keeps.
//!
//! What a schema cannot say stays the parser's: that millimetres take three decimals, that zones differ in name, that a
//! layer touches its zone, that texts are counted in grapheme clusters.

use serde_json::{Value, json};

use super::limits::{
    BLEED_UM_MAX, BOX_UM_MAX, EFFECT_UM_MAX, EFFECT_UM_MIN, LAYERS_MAX, SIDE_UM_MIN, SIZE_UM_MAX, SIZE_UM_MIN,
    TEXT_RAW_BYTES_MAX, ZONE_SIDE_UM_MAX, ZONES_MAX,
};
use super::model::VERSIONS;

/// Highest template version.
pub(super) const TEMPLATE_VERSION_MAX: u32 = 1_000_000_000;

/// JSON Schema (2020-12) of a spec in millimetres, of every version.
pub fn schema() -> Value {
    let versions = VERSIONS.map(|(word, _)| word);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:platen:spec",
        "title": "Design spec",
        "description": "A design for a product, lengths in millimetres with at most three decimals. Text is taken in NFC.",
        "type": "object",
        "required": ["specVersion", "product", "layers"],
        "additionalProperties": false,
        "properties": {
            "specVersion": { "enum": versions },
            "product": { "$ref": "#/$defs/product" },
            "layers": { "type": "array", "minItems": 1, "maxItems": LAYERS_MAX, "items": { "$ref": "#/$defs/layer" } },
        },
        "if": { "properties": { "specVersion": { "const": versions[0] } } },
        "then": { "properties": { "layers": { "items": {
            "properties": { "valign": false, "direction": false, "emoji": false },
        } } } },
        "$defs": {
            "product": product(), "zone": zone(), "layer": layer(), "box": frame(), "effect": effect(),
            "color": { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" },
            "text": text(), "image": image(), "shape": shape(),
        },
    })
}

/// Millimetres between two limits.
fn mm(least: i32, most: i32) -> Value {
    json!({ "type": "number", "minimum": f64::from(least) / 1000.0, "maximum": f64::from(most) / 1000.0 })
}

/// A name of letters, digits and these.
fn name(most: usize, extra: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^[A-Za-z0-9{extra}]{{1,{most}}}$") })
}

fn product() -> Value {
    json!({
        "type": "object",
        "required": ["id", "kind", "zones"],
        "additionalProperties": false,
        "properties": {
            "id": name(200, "._:\\-"),
            "kind": name(64, "_\\-"),
            "templateVersion": { "type": "integer", "minimum": 1, "maximum": TEMPLATE_VERSION_MAX, "default": 1 },
            "zones": { "type": "array", "minItems": 1, "maxItems": ZONES_MAX, "items": { "$ref": "#/$defs/zone" } },
        },
    })
}

fn zone() -> Value {
    json!({
        "type": "object",
        "required": ["id", "widthMm", "heightMm"],
        "additionalProperties": false,
        "properties": {
            "id": name(64, "_\\-"),
            "widthMm": mm(SIDE_UM_MIN, ZONE_SIDE_UM_MAX),
            "heightMm": mm(SIDE_UM_MIN, ZONE_SIDE_UM_MAX),
            "bleedMm": mm(0, BLEED_UM_MAX),
            "background": { "$ref": "#/$defs/color" },
            "cutContour": mm(0, ZONE_SIDE_UM_MAX),
            "process": { "enum": ["print", "engrave"] },
        },
    })
}

/// A layer's type decides which further fields there are; each of the three lists all of them.
fn layer() -> Value {
    let is = |kind: &str| json!({ "properties": { "type": { "const": kind } }, "required": ["type"] });
    let then = |kind: &str| json!({ "if": is(kind), "then": { "$ref": format!("#/$defs/{kind}") } });
    json!({
        "type": "object",
        "required": ["zone", "type", "box"],
        "properties": { "type": { "enum": ["text", "image", "shape"] } },
        "allOf": [then("text"), then("image"), then("shape")],
    })
}

/// The fields of one type of layer beside those of all.
fn fields(required: Value, own: Value) -> Value {
    let mut all = json!({ "zone": name(64, "_\\-"), "type": true, "box": { "$ref": "#/$defs/box" } });
    if let (Some(all), Value::Object(own)) = (all.as_object_mut(), own) {
        all.extend(own);
    }
    json!({ "type": "object", "required": required, "additionalProperties": false, "properties": all })
}

fn text() -> Value {
    let own = json!({
        "text": { "type": "string", "maxLength": TEXT_RAW_BYTES_MAX },
        "font": name(64, " \\-"),
        "color": { "$ref": "#/$defs/color" },
        "sizeMm": mm(SIZE_UM_MIN, SIZE_UM_MAX),
        "minSizeMm": mm(SIZE_UM_MIN, SIZE_UM_MAX),
        "fit": { "enum": ["shrink", "wrap", "none"], "default": "shrink" },
        "align": { "enum": ["left", "center", "right"], "default": "center" },
        "effect": { "$ref": "#/$defs/effect" },
        "valign": { "enum": ["top", "middle", "bottom"], "default": "middle" },
        "direction": { "enum": ["auto", "ltr", "rtl"], "default": "auto" },
        "emoji": { "enum": ["refuse", "monochrome"], "default": "refuse" },
    });
    fields(json!(["text", "font", "color", "sizeMm"]), own)
}

fn image() -> Value {
    let href = json!({ "description": "SHA-256 of an uploaded picture. Never an address: nothing is fetched." });
    let mut own = json!({ "href": name(128, "._/\\-") });
    if let (Some(href), Some(own)) = (href.as_object(), own["href"].as_object_mut()) {
        own.extend(href.clone());
    }
    fields(json!(["href"]), own)
}

fn shape() -> Value {
    fields(
        json!(["shape", "color"]),
        json!({ "shape": { "enum": ["rect", "ellipse"] }, "color": { "$ref": "#/$defs/color" } }),
    )
}

fn frame() -> Value {
    let (start, side) = (mm(-BOX_UM_MAX, BOX_UM_MAX), mm(SIDE_UM_MIN, BOX_UM_MAX));
    json!({
        "type": "object",
        "description": "From the trim's top left corner.",
        "required": ["x", "y", "w", "h"],
        "additionalProperties": false,
        "properties": { "x": start, "y": start, "w": side, "h": side },
    })
}

fn effect() -> Value {
    json!({
        "type": "object",
        "required": ["kind", "color", "widthMm"],
        "additionalProperties": false,
        "properties": {
            "kind": { "enum": ["outline", "shadow"] },
            "color": { "$ref": "#/$defs/color" },
            "widthMm": mm(EFFECT_UM_MIN, EFFECT_UM_MAX),
        },
    })
}
