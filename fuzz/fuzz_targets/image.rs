//! Customers' files: refused with a sentence, or taken in as a picture that is taken in again unchanged, whatever its bytes were.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platen_press::intake::{sniff, take_in};

fuzz_target!(|data: &[u8]| {
    let _ = sniff(data);
    let Ok(taken) = take_in(data) else { return };
    if taken.media_type == "application/pdf" {
        return;
    }
    let again = take_in(&taken.bytes).expect("what was taken in once is a picture");
    assert_eq!((again.width, again.height, again.media_type), (taken.width, taken.height, taken.media_type));
});
