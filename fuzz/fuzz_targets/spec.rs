//! Designs as they arrive: refused with a sentence, or taken with one canonical form; then every text is judged, fitted and normalised.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platen_press::text::{check_rules, fit_each, judge, missing, normalize};
use platen_press::{check_str, from_canonical};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let normal = normalize(text);
    assert_eq!(normalize(&normal.text).text, normal.text, "normalised once and for all");
    if let Ok(spec) = from_canonical(text) {
        assert_eq!(spec.canonical(), text, "canonical text is itself or refused");
    }
    match check_str(text) {
        Ok(checked) => {
            assert_eq!(from_canonical(&checked.canonical).as_ref(), Ok(&checked.spec));
            let _ = (fit_each(&checked.spec), missing(&checked.spec));
            let rules = check_rules(&serde_json::json!({}), checked.spec.zones()).expect("no rules");
            let _ = judge(&checked.spec, &rules);
        }
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= 50);
            for problem in problems {
                assert!(problem.message.ends_with('.') && problem.message.len() < 300, "a sentence that echoes no value");
            }
        }
    }
});
