//! The canonical form of JSON: what can be read has one, which is read back as the same value and is its own canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

// The file alone, without the databases around it.
#[expect(dead_code, reason = "the half of it that hashes streams and keys is not fuzzed")]
#[path = "../../shared/src/canon.rs"]
mod canon;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let Ok(once) = canon::canonical(&value) else { return };
    let again: Value = serde_json::from_str(&once).expect("a canonical form is JSON");
    assert_eq!(canon::canonical(&again).expect("has one too"), once);
    assert_eq!(canon::digest(&again).expect("has one too"), canon::sha256_hex(&once));
});
