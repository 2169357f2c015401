//! Press: from a design to the exact bytes a printer receives.
//!
//! ```text
//! wire JSON (mm) -> spec::check -> Spec + canonical JSON + hash
//!                        |-> text::check: will every letter print, and at which size?
//!                        '-> one display list per zone (integer micrometres, y down)
//!                               |-> preview, thumbnail, 300 dpi PNG
//!                               |-> SVG and PDF at true size
//!                               '-> ZIP with a manifest
//! ```
//!
//! Everything here is a pure function: no clock, no network, no database, no file system. The same spec, assets and
//! [`PRESS_VERSION`] give the same bytes on every run and thread.
//!
//! | feature | what it adds | who needs it |
//! | --- | --- | --- |
//! | none | [`spec`]: check, canonical form, hash | anything that stores a design |
//! | `image` | picture checks: header first, then a full decode | upload routes |
//! | `text` | fonts, shaping, fit; includes `image` | live validation |
//! | `full` | rendering and bundles | workers |

pub mod spec;

mod problem;

pub use problem::Problem;
pub use spec::{Checked, Layer, Spec, Zone, check, check_str, check_zones, from_canonical};

/// Version of everything that decides output bytes: layout, fonts, writers, compression.
///
/// Part of every artefact key; raise it when a golden hash changes.
pub const PRESS_VERSION: &str = "1";
