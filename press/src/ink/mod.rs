//! Inks: sRGB to CMYK by the profile of a printing condition, which the operator supplies.
//!
//! The profile is read by a library; the arithmetic is ours, with software functions alone, because libraries pick instructions by
//! processor, and the same design must become the same bytes on every machine.

mod icc;
mod lut;

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::PressError;
use crate::spec::{Color, sha256_hex};

/// Longest profile taken.
pub const PROFILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Points of the table along each of red, green and blue.
const GRID: usize = 33;
/// A component at full ink.
const FULL: u32 = 65_535;

/// A printing condition: where sRGB colours lie in its inks, and the profile itself, which goes into the PDF.
pub struct Cmyk {
    name: String,
    sha256: String,
    /// The profile, deflated once.
    deflated: Vec<u8>,
    table: Vec<[u16; 4]>,
}

impl std::fmt::Debug for Cmyk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cmyk").field("name", &self.name).field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl Cmyk {
    /// Reads an ICC profile of a CMYK printing condition.
    ///
    /// # Errors
    /// [`PressError::OutOfLimits`], a sentence that says why it is none that a print file may claim.
    pub fn new(icc: &[u8]) -> Result<Self, PressError> {
        let (name, lut) = icc::read(icc)?;
        let light: Vec<f64> = (0..GRID).map(|step| lut::light(step as f64 / (GRID - 1) as f64)).collect();
        let mut table = Vec::with_capacity(GRID * GRID * GRID);
        for r in 0..GRID {
            for g in 0..GRID {
                for b in 0..GRID {
                    table.push(lut.inks(lut::lab([light[r], light[g], light[b]])));
                }
            }
        }
        let failed = |_| PressError::Defect("deflate failed in memory");
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(icc).map_err(failed)?;
        let deflated = encoder.finish().map_err(failed)?;
        Ok(Self { name, sha256: sha256_hex(icc), deflated, table })
    }

    /// What the profile calls its printing condition.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hash of the profile.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(crate) fn deflated(&self) -> &[u8] {
        &self.deflated
    }

    /// A colour of type, shapes and lines, in thousandths. Black is black ink alone: four inks never meet exactly.
    pub(crate) fn thousandths(&self, color: Color) -> [i32; 4] {
        if (color.r, color.g, color.b) == (0, 0, 0) {
            return [0, 0, 0, 1000];
        }
        self.at([color.r, color.g, color.b]).map(|ink| i32::try_from((ink * 1000 + FULL / 2) / FULL).unwrap_or(0))
    }

    /// Pixels: red, green, blue (and whatever follows) to cyan, magenta, yellow, black.
    pub(crate) fn pixels(&self, rgba: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(rgba.len());
        let (mut last, mut inks) = ([0, 0, 0], self.bytes([0, 0, 0]));
        for px in rgba.chunks_exact(4) {
            let rgb = [px[0], px[1], px[2]];
            // Pictures repeat themselves.
            if rgb != last {
                (last, inks) = (rgb, self.bytes(rgb));
            }
            out.extend(inks);
        }
        out
    }

    fn bytes(&self, rgb: [u8; 3]) -> [u8; 4] {
        self.at(rgb).map(|ink| u8::try_from((ink * 255 + FULL / 2) / FULL).unwrap_or(255))
    }

    /// Between the table's points along the three largest steps, in whole numbers.
    fn at(&self, rgb: [u8; 3]) -> [u32; 4] {
        let place = |value: u8| {
            let scaled = usize::from(value) * (GRID - 1);
            let cell = (scaled / 255).min(GRID - 2);
            (cell, u32::try_from(scaled - cell * 255).unwrap_or(0))
        };
        let places = rgb.map(place);
        let strides = [GRID * GRID, GRID, 1];
        let mut order = [0, 1, 2];
        order.sort_by(|a: &usize, b| places[*b].1.cmp(&places[*a].1));
        let mut index: usize = (0..3).map(|axis| places[axis].0 * strides[axis]).sum();
        let mut sum = [0_u32; 4];
        let mut above = 255;
        for axis in order {
            add(&mut sum, self.table[index], above - places[axis].1);
            above = places[axis].1;
            index += strides[axis];
        }
        add(&mut sum, self.table[index], above);
        sum.map(|ink| (ink + 127) / 255)
    }
}

fn add(sum: &mut [u32; 4], inks: [u16; 4], weight: u32) {
    for (total, ink) in sum.iter_mut().zip(inks) {
        *total += u32::from(ink) * weight;
    }
}
