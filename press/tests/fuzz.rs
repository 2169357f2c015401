//! Damaged designs, some thousands of them, from a seed: nothing panics, nothing is echoed, what is taken has one
//! canonical form and is read back from it.
//!
//! The suite runs a few seconds' worth. Longer, and from another seed: `PLATEN_FUZZ=2000000 PLATEN_SEED=7 cargo test --workspace
//! --test fuzz --release`.
#![cfg(feature = "text")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use platen_press::text::{check_rules, judge, normalize};
use platen_press::{check_str, from_canonical};
use serde_json::Value;

/// How many damaged inputs the suite looks at.
const ROUNDS: u64 = 30_000;

/// Pieces that break parsers.
const PIECES: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-0",
    "1e999",
    "0.0001",
    "80.0005",
    "99999999999999999999",
    "\u{202e}",
    "\u{200d}",
    "\u{fe0f}",
    "e\u{308}",
    "\u{1f469}\u{200d}\u{1f467}",
    "\u{0}",
    "  ",
    "\"specVersion\":\"1.1.0\"",
    "\"valign\":\"top\"",
    "\"layers\":[]",
    "#ffffff",
    "\u{e0041}",
    "\u{f8ff}",
    "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}",
    "شلوم",
];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn corpus() -> Vec<String> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/specs");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    let spec =
        |path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()["spec"].to_string();
    files.into_iter().map(spec).collect()
}

/// One to eight cuts, insertions, repeats and swaps at places where characters begin.
fn damaged(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.roll(8) {
        let at = dice.roll(chars.len());
        match dice.roll(5) {
            0 => drop(chars.drain(at..(at + dice.roll(40)).min(chars.len()))),
            1 => drop(chars.splice(at..at, PIECES[dice.roll(PIECES.len())].chars())),
            2 => {
                let end = (at + dice.roll(60)).min(chars.len());
                let again = chars[at..end].to_vec();
                chars.splice(at..at, again);
            }
            3 if at + 1 < chars.len() => chars.swap(at, at + 1),
            _ if at < chars.len() => chars[at] = char::from(b' ' + u8::try_from(dice.roll(95)).unwrap()),
            _ => {}
        }
    }
    chars.into_iter().collect()
}

#[test]
fn damaged_designs_are_refused_or_have_one_canonical_form() {
    let (corpus, rounds) = (corpus(), number("PLATEN_FUZZ", ROUNDS));
    let mut dice = Dice(number("PLATEN_SEED", 1));
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..rounds {
        let text = damaged(&corpus[dice.roll(corpus.len())], &mut dice);
        match check_str(&text) {
            Ok(checked) => {
                taken += 1;
                assert_eq!(from_canonical(&checked.canonical).as_ref(), Ok(&checked.spec), "{text}");
                let _ = judge(&checked.spec, &check_rules(&serde_json::json!({}), checked.spec.zones()).unwrap());
            }
            Err(problems) => {
                refused += 1;
                assert!(!problems.is_empty() && problems.len() <= 50, "{text}");
                for problem in problems {
                    assert!(problem.message.ends_with('.') && problem.message_fr.ends_with('.'), "{problem:?}");
                    assert!(problem.pointer.is_empty() || problem.pointer.starts_with('/'), "{problem:?}");
                    assert!(problem.message.len() < 300, "no value is echoed: {problem:?}");
                }
            }
        }
    }
    assert!(taken > rounds / 100 && refused > rounds / 10, "both ends are reached: {taken} taken, {refused} refused");
}

/// Canonical text is for machines: whatever is damaged in it is refused, never mended.
#[test]
fn damaged_canonical_text_is_itself_or_refused() {
    let corpus: Vec<String> = corpus().iter().map(|text| check_str(text).unwrap().canonical).collect();
    let mut dice = Dice(number("PLATEN_SEED", 2));
    for _ in 0..number("PLATEN_FUZZ", ROUNDS) {
        let text = damaged(&corpus[dice.roll(corpus.len())], &mut dice);
        if let Ok(spec) = from_canonical(&text) {
            assert_eq!(spec.canonical(), text);
        }
    }
}

#[test]
fn any_text_is_normalised_once_and_for_all() {
    let mut dice = Dice(number("PLATEN_SEED", 3));
    for _ in 0..number("PLATEN_FUZZ", ROUNDS) {
        let text: String = (0..dice.roll(12)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        let normal = normalize(&text);
        assert_eq!(normalize(&normal.text).text, normal.text, "{}", text.escape_unicode());
        if let Some(cleaned) = normal.cleaned {
            assert_eq!(normalize(&cleaned).refused, None, "{}", text.escape_unicode());
        }
    }
}
