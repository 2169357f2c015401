//! The Gelato stand-in, driven over loopback as a client drives the real one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalogue;
mod faults;
mod files;
mod hooks;
mod orders;
mod scenarios;
mod support;
