//! Whether a printer can use a file, before it is sent: opens at all, pages, size, boxes and bleed, density, colour, transparency, fonts, type
//! and line size, ink. What a provider asks is data ([`rules_of`]); what a product asks is known of its print area, read from its uid, or told ([`Target`]).
//!
//! [`check`] reads files of strangers and so belongs into a process of its own, under limits (`platen preflight`).

mod product;
mod report;
mod rules;

#[cfg(feature = "preflight")]
mod draw;
#[cfg(feature = "preflight")]
mod gate;
#[cfg(feature = "preflight")]
mod look;
#[cfg(feature = "preflight")]
mod page;
#[cfg(feature = "preflight")]
mod pdf;
#[cfg(feature = "preflight")]
mod picture;

#[cfg(feature = "preflight")]
pub use draw::draw;
#[cfg(feature = "preflight")]
pub use gate::refused;
#[cfg(feature = "preflight")]
pub use look::{PREFLIGHT_BYTES_MAX, check};
#[cfg(feature = "preflight")]
pub use page::page;
pub use product::{Area, Target, TargetError};
pub use report::{Check, Drawn, PageView, Report};
pub use rules::{Rules, Sends, Verdict, all_rules, rules_of};
