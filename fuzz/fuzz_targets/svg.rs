//! Customers' SVG: refused with a sentence, or drawn into a picture that can be read. What resvg itself trips over ends a process that
//! limits itself (`platen flatten-svg`), so a panic in there is a refusal, here as in the product.
#![no_main]

use std::panic::{catch_unwind, set_hook};

use libfuzzer_sys::fuzz_target;
use platen_press::sniff_image;
use platen_press::svg::flatten;

fuzz_target!(init: set_hook(Box::new(|_| {})), |data: &[u8]| {
    if let Ok(Ok(png)) = catch_unwind(|| flatten(data))
        && sniff_image(&png).is_err()
    {
        std::process::abort();
    }
});
