//! Every limit a spec must keep, checked before any work is spent on it.

/// Longest raw JSON accepted.
pub const SPEC_BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting accepted; a valid spec needs five levels.
pub const SPEC_DEPTH_MAX: usize = 8;
/// Most problems reported at once; the rest would say nothing new.
pub const PROBLEMS_MAX: usize = 50;
/// Most zones in a product.
pub const ZONES_MAX: usize = 16;
/// Most layers in a spec.
pub const LAYERS_MAX: usize = 64;
/// Most image layers in a spec.
pub const IMAGE_LAYERS_MAX: usize = 20;
/// Most grapheme clusters in one text layer.
pub const TEXT_GRAPHEMES_MAX: usize = 500;
/// Most bytes of UTF-8 in one text layer, after normalisation.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Most bytes of UTF-8 before normalisation; a decomposed text may be longer than its composed form.
pub const TEXT_RAW_BYTES_MAX: usize = 4 * TEXT_BYTES_MAX;
/// Smallest side of a zone or layer box.
pub const SIDE_UM_MIN: i32 = 100;
/// Largest side of a zone.
pub const ZONE_SIDE_UM_MAX: i32 = 2_000_000;
/// Largest bleed.
pub const BLEED_UM_MAX: i32 = 50_000;
/// Farthest a layer box may begin from the trim's corner, and its longest side.
pub const BOX_UM_MAX: i32 = 4_000_000;
/// Smallest type size.
pub const SIZE_UM_MIN: i32 = 500;
/// Largest type size.
pub const SIZE_UM_MAX: i32 = 2_000_000;
/// Smallest and largest width of a text effect.
pub const EFFECT_UM_MIN: i32 = 10;
/// Largest width of a text effect.
pub const EFFECT_UM_MAX: i32 = 20_000;
/// Most pixels of all zones together at print resolution.
pub const RASTER_PX_MAX: u64 = 150_000_000;
/// Print resolution.
pub const PRINT_DPI: i64 = 300;
