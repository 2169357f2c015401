//! A PNG writer that never owns a whole page: strips of it are drawn, and their bands filtered and deflated on their own, then joined.
//!
//! The heights of bands and strips depend on the page's size alone, so threads change nothing. How a band is filtered and deflated is part
//! of the byte contract.

mod filter;

use std::borrow::Cow;
use std::ops::Range;

use super::deflate::deflate;
use crate::PressError;
use crate::threads;

pub(super) use filter::without_fourth;

/// Pixels of a band, about one MiB of RGBA.
const BAND_PX: u32 = 262_144;
/// Most bands of a strip, which is drawn at once: more of them repeat less of the drawing, but take more memory.
const STRIP_BANDS: u32 = 8;

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) samples: Samples,
}

/// The bytes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Samples {
    Grey,
    Rgb,
    /// RGB and a byte that is held but not written.
    Rgbx,
    /// RGB and straight alpha; of a PDF, four inks.
    Four,
}

impl Samples {
    /// Of RGBA that lets nothing through, or something.
    pub(super) fn of_rgba(opaque: bool) -> Self {
        if opaque { Self::Rgbx } else { Self::Four }
    }

    /// Bytes a pixel has in memory.
    pub(super) fn held(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgbx | Self::Four => 4,
        }
    }

    /// Bytes a pixel has in the file.
    pub(super) fn written(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb | Self::Rgbx => 3,
            Self::Four => 4,
        }
    }
}

impl Page {
    /// A page that is in memory, as PNG.
    pub(super) fn png(self, bytes: &[u8]) -> Result<Vec<u8>, PressError> {
        let stride = self.stride();
        encode(self, None, |rows| Ok(Cow::Borrowed(&bytes[rows.start as usize * stride..rows.end as usize * stride])))
    }

    /// Bytes of a row in memory.
    fn stride(self) -> usize {
        self.width as usize * self.samples.held()
    }
}

/// A page as PNG. `produce` returns the held rows of a strip; `dots_per_metre` adds a pHYs chunk.
pub(super) fn encode<'a, F>(page: Page, dots_per_metre: Option<u32>, produce: F) -> Result<Vec<u8>, PressError>
where
    F: Fn(Range<u32>) -> Result<Cow<'a, [u8]>, PressError> + Send + Sync,
{
    let parts = zlib(page, produce)?;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend(page.width.to_be_bytes());
    header.extend(page.height.to_be_bytes());
    let color_type = match page.samples {
        Samples::Grey => 0,
        Samples::Rgb | Samples::Rgbx => 2,
        Samples::Four => 6,
    };
    header.extend([8, color_type, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"sRGB", &[0]);
    if let Some(density) = dots_per_metre {
        let mut physical = Vec::with_capacity(9);
        physical.extend(density.to_be_bytes());
        physical.extend(density.to_be_bytes());
        physical.push(1);
        chunk(&mut out, b"pHYs", &physical);
    }
    for part in &parts {
        chunk(&mut out, b"IDAT", part);
    }
    chunk(&mut out, b"IEND", &[]);
    Ok(out)
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    // A band is at most a few MiB, far below the format's 2 GiB.
    out.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let start = out.len();
    out.extend(name);
    out.extend(data);
    let crc = crc32fast::hash(&out[start..]);
    out.extend(crc.to_be_bytes());
}

/// The page as one zlib stream of filtered rows, in pieces; PDF calls the same thing predictor 15.
pub(super) fn zlib<'a, F>(page: Page, produce: F) -> Result<Vec<Vec<u8>>, PressError>
where
    F: Fn(Range<u32>) -> Result<Cow<'a, [u8]>, PressError> + Send + Sync,
{
    let rows = (BAND_PX / page.width.max(1)).clamp(1, page.height.max(1));
    // Four at least, so that other cores can help.
    let strip = rows * page.height.div_ceil(rows).div_ceil(4).min(STRIP_BANDS);
    let count = page.height.div_ceil(strip) as usize;
    let strips = threads::all(count, |index| {
        let top = index as u32 * strip;
        let range = top..(top + strip).min(page.height);
        let last = range.end == page.height;
        let held = produce(range)?;
        let mut bands = held.chunks(rows as usize * page.stride()).peekable();
        let mut made = Vec::with_capacity(STRIP_BANDS as usize);
        while let Some(band) = bands.next() {
            made.push(Band::new(page, band, last && bands.peek().is_none()));
        }
        Ok(made)
    })?;
    let mut checksum = 1;
    let mut parts = vec![vec![0x78, 0x5e]];
    for band in strips.into_iter().flatten() {
        checksum = adler_join(checksum, band.adler, band.raw_len);
        parts.push(band.deflated);
    }
    if parts.len() > 1 {
        let first = parts.remove(1);
        parts[0].extend(first);
    }
    if let Some(last) = parts.last_mut() {
        last.extend(checksum.to_be_bytes());
    }
    Ok(parts)
}

struct Band {
    deflated: Vec<u8>,
    adler: u32,
    raw_len: usize,
}

impl Band {
    fn new(page: Page, held: &[u8], last: bool) -> Self {
        let (filtered, search) = filter::filter(page, held);
        Self {
            deflated: deflate(&filtered, search, last),
            adler: simd_adler32::adler32(&&filtered[..]),
            raw_len: filtered.len(),
        }
    }
}

/// Adler-32 of two stretches from the sums of each.
fn adler_join(first: u32, second: u32, second_len: usize) -> u32 {
    const BASE: u64 = 65_521;
    let (a1, b1) = (u64::from(first & 0xffff), u64::from(first >> 16));
    let (a2, b2) = (u64::from(second & 0xffff), u64::from(second >> 16));
    let len = second_len as u64 % BASE;
    let a = (a1 + a2 + BASE - 1) % BASE;
    let b = (b1 + b2 + len * (a1 + BASE - 1)) % BASE;
    u32::try_from(b << 16 | a).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::adler_join;

    #[test]
    fn joined_checksums_equal_the_checksum_of_the_whole() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i * 31 % 251) as u8).collect();
        for cut in [0, 1, 65_521, 70_000, 100_000] {
            let (a, b) = bytes.split_at(cut);
            let joined = adler_join(simd_adler32::adler32(&a), simd_adler32::adler32(&b), b.len());
            assert_eq!(joined, simd_adler32::adler32(&&bytes[..]), "{cut}");
        }
    }
}
