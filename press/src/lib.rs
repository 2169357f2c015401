//! Press: from a design to the exact bytes a printer receives.
//!
//! ```text
//! wire JSON (mm) -> spec::check -> Spec + canonical JSON + hash
//!                        |-> text::check: will every letter print, and at which size?
//!                        '-> one display list per zone (integer micrometres, y down)
//!                               |-> preview, thumbnail, mock-up, proof sheet, 3D model, 300 dpi PNG
//!                               |-> SVG, PDF and DXF at true size
//!                               '-> ZIP with a manifest
//! ```
//!
//! Everything here is a pure function: no clock, no network, no database, no file system. The same spec, assets and
//! [`PRESS_VERSION`] give the same bytes on every run and thread.
//!
//! | feature | what it adds | who needs it |
//! | --- | --- | --- |
//! | none | [`spec`]: check, canonical form, hash | anything that stores a design |
//! | `image` | uploads: told by their bytes, capped, turned upright, rid of metadata | upload routes |
//! | `text` | fonts, shaping, fit; includes `image` | live validation |
//! | `svg` | customers' SVG flattened, for a process of its own | `platen flatten-svg` |
//! | `preflight` | looking at print files | `platen preflight` |
//! | `full` | rendering and bundles | workers |

pub mod spec;
#[cfg(feature = "svg")]
pub mod svg;
#[cfg(feature = "text")]
pub mod text;

#[cfg(feature = "full")]
mod assets;
#[cfg(feature = "full")]
mod draw;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(feature = "full")]
mod ink;
#[cfg(feature = "image")]
pub mod intake;
#[cfg(feature = "full")]
pub mod manifest;
mod naming;
#[cfg(feature = "full")]
mod output;
#[cfg(feature = "image")]
mod picture;
pub mod preflight;
pub mod problem;
mod profile;
#[cfg(feature = "full")]
mod threads;

#[cfg(feature = "full")]
pub use assets::{ASSETS_PX_MAX, Assets};
pub use error::PressError;
#[cfg(feature = "full")]
pub use ink::{Cmyk, PROFILE_BYTES_MAX};
pub use naming::{Named, Naming};
#[cfg(feature = "full")]
pub use output::bundle::{BUNDLE_BYTES_MAX, Bundle, FILES_MAX, Head, ITEMS_MAX, Item, Packer, bundle};
#[cfg(feature = "full")]
pub use output::convert::convert;
#[cfg(feature = "full")]
pub use output::files::{File, Printed, print_files, print_pdfs, zone_files};
#[cfg(feature = "full")]
pub use output::preview::{PREVIEW_PX_MAX, PREVIEW_PX_MIN, THUMBNAIL_PX, preview, thumbnail};
#[cfg(feature = "image")]
pub use picture::{IMAGE_BYTES_MAX, IMAGE_PX_MAX, IMAGE_SIDE_PX_MAX, ImageInfo, ImageKind, check_image, sniff_image};
pub use problem::Problem;
#[cfg(feature = "full")]
pub use profile::render;
pub use profile::{Language, Profile};
pub use spec::{Checked, Layer, Spec, Zone, check, check_str, check_zones, from_canonical};

/// Version of everything that decides output bytes: layout, fonts, writers, compression.
///
/// Part of every artefact key; raise it when a golden hash changes.
pub const PRESS_VERSION: &str = "6";

/// [`PRESS_VERSION`] and a digest of the font files: together with a spec's hash, which covers its assets, this names the
/// exact bytes of its files.
#[cfg(feature = "text")]
pub fn version() -> &'static str {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    VERSION.get_or_init(|| {
        let digest = spec::sha256_hex(spec::canonical_json(&text::fonts()).as_bytes());
        format!("{PRESS_VERSION}-{}", &digest[..12])
    })
}
