//! Writers: display list in, bytes out.

pub(crate) mod bundle;
pub(crate) mod convert;
mod deflate;
pub(crate) mod dxf;
mod facts;
pub(crate) mod files;
pub(crate) mod mockup;
pub(crate) mod model;
mod number;
mod pdf;
pub(crate) mod picture;
pub(crate) mod png;
pub(crate) mod preview;
pub(crate) mod proof;
mod raster;
mod svg;
