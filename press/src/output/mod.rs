//! Writers: display list in, bytes out.

pub(crate) mod bundle;
pub(crate) mod files;
mod number;
mod pdf;
mod png;
pub(crate) mod preview;
mod raster;
mod svg;
