//! Everything the press writes, checked on the bytes it writes.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod bundles;
mod common;
mod dxf;
mod golden;
mod images;
mod ink;
mod judges;
mod pictures;
mod preflight;
mod print;
mod profile;
mod profiles;
mod samples;
