//! Fit, fallback and refusal of text.
#![cfg(feature = "text")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use platen_press::{Problem, Spec, check, text};
use serde_json::{Value, json};

fn spec(layer: Value) -> Spec {
    let mut text = json!({"zone": "z", "type": "text", "text": "x", "font": "Noto Sans", "color": "#000000",
        "sizeMm": 10, "minSizeMm": 2, "box": {"x": 0, "y": 0, "w": 80, "h": 40}});
    for (key, value) in layer.as_object().unwrap() {
        text[key] = value.clone();
    }
    let product = json!({"id": "p", "kind": "mug", "zones": [{"id": "z", "widthMm": 80, "heightMm": 40}]});
    check(&json!({"specVersion": "1.1.0", "product": product, "layers": [text]})).unwrap().spec
}

fn refusal(layer: Value) -> Problem {
    text::check(&spec(layer)).into_iter().next().unwrap()
}

fn fit(layer: Value) -> text::Fitted {
    text::fit(&spec(layer)).unwrap().remove(0)
}

fn lines(fitted: &text::Fitted) -> Vec<&str> {
    fitted.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn text_that_fits_keeps_its_size() {
    for mode in ["shrink", "wrap", "none"] {
        let fitted = fit(json!({"text": "Anna", "fit": mode}));
        assert_eq!((fitted.size_um, lines(&fitted)), (10_000, vec!["Anna"]), "{mode}");
    }
}

#[test]
fn shrinking_is_exact_and_linear() {
    let name = "Maximilian-Alexander von Hohenzollern";
    let wide = fit(json!({"text": name, "sizeMm": 40, "box": {"x": 0, "y": 0, "w": 80, "h": 40}})).size_um;
    let half = fit(json!({"text": name, "sizeMm": 40, "box": {"x": 0, "y": 0, "w": 40, "h": 40}})).size_um;
    assert!((wide - 2 * half).abs() <= 2, "{wide} {half}");
    // Just at the size that fits: allowed. One micrometre more: refused, with both sizes named.
    let mm = |um: i32| f64::from(um) / 1000.0;
    let exact = json!({"text": name, "fit": "none", "sizeMm": mm(wide), "minSizeMm": 1});
    assert_eq!(fit(exact).size_um, wide);
    let problem = refusal(json!({"text": name, "fit": "none", "sizeMm": mm(wide + 1), "minSizeMm": 1}));
    assert_eq!((problem.code, problem.pointer.as_str()), ("does_not_fit", "/layers/0/text"));
    assert!(problem.message.contains(&mm(wide).to_string()), "{problem}");
}

#[test]
fn lines_as_written_share_the_height() {
    let fitted = fit(json!({"text": "one\ntwo\n\nfour", "sizeMm": 30}));
    assert_eq!(lines(&fitted), ["one", "two", "", "four"]);
    assert!(fitted.size_um < 10_000 && fitted.size_um > 5_000, "{}", fitted.size_um);
}

#[test]
fn wrapping_breaks_where_the_language_allows() {
    let text = "Happy birthday, dear grandmother! We wish you many more (at least fifty).";
    let fitted = fit(json!({"text": text, "fit": "wrap", "sizeMm": 30}));
    assert!(fitted.lines.len() >= 3, "{fitted:?}");
    assert_eq!(lines(&fitted).join(" "), text);
    for line in lines(&fitted) {
        assert!(!line.starts_with([',', '!', ')', '.', ' ']) && !line.ends_with(['(', ' ']), "{line}");
    }
    let smaller = fit(json!({"text": text, "fit": "wrap", "sizeMm": 3, "minSizeMm": 3}));
    assert_eq!(smaller.size_um, 3_000);
}

#[test]
fn a_word_too_wide_at_the_smallest_size_is_refused() {
    for mode in ["shrink", "wrap"] {
        let problem = refusal(json!({"text": "w".repeat(400), "fit": mode}));
        assert_eq!(problem.code, "does_not_fit", "{mode}: {problem}");
        assert!(problem.message.contains("2 mm"), "{problem}");
    }
}

#[test]
fn letters_missing_in_one_font_come_from_the_next() {
    for (font, text) in [
        ("Lobster", "שלום"),
        ("Lobster", "Привет"),
        ("Dancing Script", "سلام ♥"),
        ("Noto Sans Thai", "Anna"),
        ("Noto Sans", "नमस्ते สวัสดี"),
    ] {
        assert_eq!(text::check(&spec(json!({"text": text, "font": font}))), [], "{font} {text}");
    }
}

#[test]
fn missing_characters_are_named_once_as_whole_clusters() {
    let text = "a 👩\u{200d}👩\u{200d}👧 b 🎉 c 🎉 漢";
    let spec = spec(json!({"text": text}));
    let missing = text::missing(&spec);
    assert_eq!(missing[0].clusters, ["👩\u{200d}👩\u{200d}👧", "🎉", "漢"]);
    let problem = &text::check(&spec)[0];
    assert_eq!(problem.code, "missing_glyph");
    assert!(problem.message.contains("U+1F389") && !problem.message.contains('🎉'), "{problem}");
}

#[test]
fn refusals_point_at_their_field() {
    let font = refusal(json!({"font": "Comic Sans"}));
    assert_eq!((font.code, font.pointer.as_str()), ("unknown_font", "/layers/0/font"));
    for (text, code) in [
        ("a\u{202e}b", "bidi_control"),
        ("a\u{7}b", "control"),
        ("\u{200b}", "empty_text"),
        ("\u{e001}", "private_use"),
    ] {
        let problem = refusal(json!({"text": text}));
        assert_eq!((problem.code, problem.pointer.as_str()), (code, "/layers/0/text"));
    }
}

#[test]
fn long_and_odd_texts_finish() {
    let all = "אבג abc عربي देव ไทย 123 ♥ ".repeat(18);
    for mode in ["shrink", "wrap", "none"] {
        let _ = text::check(&spec(json!({"text": all, "fit": mode, "sizeMm": 100, "minSizeMm": 0.5})));
        let _ = text::check(&spec(json!({"text": "a ".repeat(250), "fit": mode, "sizeMm": 2000, "minSizeMm": 0.5})));
        let _ =
            text::check(&spec(json!({"text": "\n".repeat(499) + "a", "fit": mode, "sizeMm": 2000, "minSizeMm": 0.5})));
    }
}

/// What an editor draws by: the boxes tile the height, stand where the alignment says, and hold the baseline.
#[test]
fn lines_stand_where_an_editor_is_told() {
    let place = json!({"x": 5, "y": 3, "w": 60, "h": 30});
    for (align, left) in [("left", 5_000), ("right", 65_000)] {
        for (valign, top) in [("top", 3_000), ("bottom", 33_000)] {
            let layer = json!({"text": "one\nthree", "align": align, "valign": valign, "sizeMm": 6, "box": place});
            let fitted = fit(layer);
            assert_eq!(fitted.lines.len(), 2);
            for line in &fitted.lines {
                let edge = if align == "left" { line.frame.x_um } else { line.frame.x_um + line.frame.w_um };
                assert!((edge - left).abs() <= 1, "{align}: {line:?}");
                let (above, below) =
                    (line.baseline_um - line.frame.y_um, line.frame.y_um + line.frame.h_um - line.baseline_um);
                assert!(above > below && below > 0, "the letters stand on their line: {line:?}");
                assert_eq!(line.frame.h_um, fitted.line_height_um);
            }
            let (first, last) = (fitted.lines[0].frame, fitted.lines[1].frame);
            let edge = if valign == "top" { first.y_um } else { last.y_um + last.h_um };
            assert!(
                (edge - top).abs() <= 1 && (first.y_um + first.h_um - last.y_um).abs() <= 1,
                "{valign}: {fitted:?}"
            );
        }
    }
}

#[test]
fn a_base_direction_moves_what_has_none() {
    let text = "2024!";
    let rtl = |direction: &str| fit(json!({"text": text, "direction": direction})).lines[0].rtl;
    assert_eq!([rtl("auto"), rtl("ltr"), rtl("rtl")], [false, false, true]);
    assert!(fit(json!({"text": "שלום"})).lines[0].rtl);
}
