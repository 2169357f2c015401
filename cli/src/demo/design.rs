//! The designs: a mug of two zones and a shirt, and two that cannot be printed.

use serde_json::{Value, json};

use super::people::Cast;

/// A product as the shop sells it.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    /// The shop's name for it.
    pub(crate) id: &'static str,
    /// The printer's.
    pub(crate) provider_uid: String,
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    /// As products and specs repeat them.
    pub(crate) zones: Value,
    /// Zone → print area.
    pub(crate) placements: Value,
    /// What its zones allow.
    pub(crate) rules: Value,
}

/// What buyers may write on a zone: so many characters and lines, not too small, in the colours and fonts of the shop.
fn rules(zones: &[&str], characters: u32, lines: u32, least_mm: u32, colors: &[&str]) -> Value {
    let zone = json!({
        "maxLength": characters, "maxLines": lines, "minSizeMm": least_mm, "colors": colors,
        "fonts": ["Lobster", "Dancing Script", "Noto Sans", "Noto Sans Hebrew", "Noto Sans Arabic"],
    });
    let zones: serde_json::Map<String, Value> = zones.iter().map(|id| ((*id).to_owned(), zone.clone())).collect();
    json!({ "blockedWords": ["damn", "merde"], "zones": zones })
}

/// The multi-zone mug.
pub(crate) fn mug() -> Product {
    Product {
        id: "mug-11oz-wrap",
        provider_uid: "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0".to_owned(),
        kind: "mug",
        title: "Mug, both sides printed",
        zones: json!([
            { "id": "left", "widthMm": 85, "heightMm": 90, "bleedMm": 2, "background": "#ffffff" },
            { "id": "right", "widthMm": 85, "heightMm": 90, "bleedMm": 2, "background": "#ffffff" },
        ]),
        placements: json!({ "left": "default", "right": "back" }),
        rules: rules(&["left", "right"], 40, 3, 4, &["#1d3557", "#e63946", "#2a9d8f", "#f4a261", "#6d597a", "#111111"]),
    }
}

/// The shirt.
pub(crate) fn tee() -> Product {
    Product {
        id: "tee-unisex-black",
        provider_uid: "apparel_product_gca_t-shirt_gsc_crewneck_gcu_unisex_gqa_classic_gsi_m_gco_black_gpr_4-4"
            .to_owned(),
        kind: "tshirt",
        title: "T-shirt, unisex, black, M",
        zones: json!([{ "id": "chest", "widthMm": 280, "heightMm": 350, "bleedMm": 0 }]),
        placements: json!({ "chest": "front" }),
        rules: rules(&["chest"], 40, 3, 10, &["#ffffff", "#f4a261", "#ffd166", "#9bf6ff", "#ffadad"]),
    }
}

/// A poster of the printer's catalogue, whichever it has.
pub(crate) fn poster(provider_uid: &str) -> Product {
    Product {
        id: "poster-30x40",
        provider_uid: provider_uid.to_owned(),
        kind: "poster",
        title: "Poster, 30 × 40 cm",
        zones: json!([{ "id": "face", "widthMm": 300, "heightMm": 400, "bleedMm": 4, "background": "#fdf6e3" }]),
        placements: json!({ "face": "default" }),
        rules: rules(&["face"], 160, 8, 8, &["#264653", "#9b2226", "#111111", "#005f73", "#bc6c25"]),
    }
}

fn spec(product: &Product, layers: Value) -> Value {
    json!({
        "specVersion": "1.0.0",
        "product": { "id": product.id, "kind": product.kind, "zones": product.zones },
        "layers": layers,
    })
}

fn text(zone: &str, words: &str, font: &str, color: &str, size: u32, place: (u32, u32, u32, u32)) -> Value {
    let (x, y, w, h) = place;
    json!({
        "zone": zone, "type": "text", "text": words, "font": font, "color": color, "sizeMm": size, "minSizeMm": 4, "fit": "shrink",
        "align": "center", "box": { "x": x, "y": y, "w": w, "h": h },
    })
}

fn picture(zone: &str, sha256: &str, place: (u32, u32, u32, u32)) -> Value {
    let (x, y, w, h) = place;
    json!({ "zone": zone, "type": "image", "href": sha256, "box": { "x": x, "y": y, "w": w, "h": h } })
}

/// The mug's design: a wish and a star left, a photo and a year right.
pub(crate) fn for_mug(cast: &Cast, star: &str, photo: &str) -> Value {
    let layers = json!([
        text("left", cast.wish, "Lobster", "#e63946", 24, (5, 8, 75, 24)),
        picture("left", star, (27, 34, 31, 31)),
        text("left", cast.name, "Lobster", "#1d3557", 18, (5, 66, 75, 20)),
        picture("right", photo, (5, 5, 75, 50)),
        text("right", &format!("Since {}", cast.year), "Noto Sans", "#1d3557", 10, (5, 60, 75, 20)),
    ]);
    spec(&mug(), layers)
}

/// The shirt's design.
pub(crate) fn for_tee(cast: &Cast, star: &str) -> Value {
    let layers = json!([
        picture("chest", star, (90, 30, 100, 100)),
        text("chest", cast.name, "Dancing Script", "#f4a261", 60, (10, 150, 260, 80)),
        text("chest", &cast.year.to_string(), "Noto Sans", "#ffffff", 30, (60, 240, 160, 50)),
    ]);
    spec(&tee(), layers)
}

/// A face that no font of the catalogue has.
pub(crate) fn with_emoji() -> Value {
    spec(&mug(), json!([text("left", "I love you 🎉", "Noto Sans", "#d62828", 14, (5, 30, 75, 20))]))
}

/// A zone that the product does not have.
pub(crate) fn off_the_product(cast: &Cast) -> Value {
    spec(&mug(), json!([text("handle", cast.name, "Noto Sans", "#264653", 6, (0, 20, 12, 20))]))
}
