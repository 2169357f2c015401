//! Fitted text never leaves its box: not one inked pixel, whatever the font, the script, the alignment or the effect.

use crate::common::png;
use platen_press::{Assets, check, text, zone_files};
use serde_json::json;

const FONTS: [&str; 4] = ["Lobster", "Dancing Script", "Noto Sans", "Noto Sans Arabic"];
/// Swashes, descenders, stacked marks, joined letters, and a line that breaks.
const TEXTS: [(&str, &str); 8] = [
    ("fjord Jjfgy", "shrink"),
    ("Łukasz & Zoë, Jörg", "shrink"),
    ("Ấ Ǻ Ṩ Nguyễn", "shrink"),
    ("سلام عليكم ج", "shrink"),
    ("שלום 2024", "shrink"),
    ("jf\ngyj\nQ", "shrink"),
    ("Fly away, jolly fellow, and bring your family if you can", "wrap"),
    ("f", "shrink"),
];

#[test]
fn no_ink_leaves_the_box() {
    let mut drawn = 0;
    for (n, (words, fit)) in TEXTS.iter().enumerate() {
        for (m, font) in FONTS.iter().enumerate() {
            let align = ["left", "center", "right"][(n + m) % 3];
            let valign = ["top", "middle", "bottom"][(n + 2 * m) % 3];
            // The box is the whole trimmed zone; whatever leaves it falls into the bleed, where nothing may be.
            let mut layer = json!({"zone": "z", "type": "text", "text": words, "font": font, "color": "#000000", "sizeMm": 60,
                "minSizeMm": 0.5, "fit": fit, "align": align, "valign": valign, "box": {"x": 0, "y": 0, "w": 40, "h": 25}});
            if (n + m) % 2 == 0 {
                layer["effect"] =
                    json!({"kind": if m % 2 == 0 { "outline" } else { "shadow" }, "color": "#ff0000", "widthMm": 0.8});
            }
            let product =
                json!({"id": "p", "kind": "mug", "zones": [{"id": "z", "widthMm": 40, "heightMm": 25, "bleedMm": 10}]});
            let spec = check(&json!({"specVersion": "1.1.0", "product": product, "layers": [layer]})).unwrap().spec;
            let picture = png(&zone_files(&spec, &Assets::new()).unwrap()[2].bytes);
            let px = |mm: f64| (mm / 25.4 * 300.0).round() as u32;
            // One pixel of grace: an edge between two pixels colours both a little.
            let inside = (px(10.0) - 1..=px(50.0), px(10.0) - 1..=px(35.0));
            let mut ink = 0;
            for y in 0..picture.height {
                for x in 0..picture.width {
                    if picture.at(x, y)[3] > 24 {
                        ink += 1;
                        assert!(
                            inside.0.contains(&x) && inside.1.contains(&y),
                            "{words} in {font}, {align} {valign}: {x},{y} {:?}",
                            text::fit(&spec)
                        );
                    }
                }
            }
            assert!(ink > 200, "{words} in {font} is seen");
            drawn += 1;
        }
    }
    assert_eq!(drawn, TEXTS.len() * FONTS.len());
}
