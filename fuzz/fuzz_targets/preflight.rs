//! Print files of strangers, read as the process of `platen preflight` reads them: whatever the bytes, there is a report of sentences that can be
//! handed out, and a page of it. What a library trips over is caught in there, so its panics are no finding.
#![no_main]

use std::io::Cursor;
use std::panic::set_hook;

use libfuzzer_sys::fuzz_target;
use platen_press::preflight::{Report, Target, Verdict, all_rules, check, page};

fuzz_target!(init: set_hook(Box::new(|_| {})), |data: &[u8]| {
    let target = match data.len() % 3 {
        0 => Target::default(),
        1 => Target::of_uid("cards_pf_a5_pt_350-gsm-coated-silk_cl_4-4_hor"),
        _ => Target { size_um: Some((100_000, 60_000)), ..Target::of_uid("apparel_product_gca_t-shirt") },
    };
    let rules = all_rules().first().expect("rules are shipped");
    let report = check(Cursor::new(data), rules, target);
    let worst = report.checks.iter().map(|check| check.verdict).max();
    assert!(worst == Some(report.verdict) && report.checks.iter().any(|check| check.check == "opens" || check.verdict == Verdict::Refuse));
    assert!(report.checks.iter().all(|check| check.message.ends_with('.') && check.message.len() < 2_000));
    let json = serde_json::to_vec(&report).expect("JSON");
    assert!(serde_json::from_slice::<Report>(&json).expect("a report") == report && json.len() < 8 * 1024 * 1024);
    let html = page(&report, "<file>", &[]);
    assert!(html.contains("&lt;file&gt;") && html.ends_with("</html>\n"));
});
