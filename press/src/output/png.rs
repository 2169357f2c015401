//! A PNG writer that never owns a whole page: bands are produced, filtered and deflated on their own, then joined.
//!
//! Band height depends on width alone, so threads change nothing. Level 2 of the fixed deflate is part of the byte
//! contract, as is the choice of filter.

use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::PressError;

/// Pixels of a band, about one MiB of RGBA.
const BAND_PX: u32 = 262_144;
/// Deflate level: beyond it time doubles and size hardly moves.
const LEVEL: u32 = 2;
/// Rows that differ by less than this per byte from those above are flat artwork.
const FLAT: u64 = 4;
/// Pages smaller than this are not worth a thread.
const THREADED_PX_MIN: u64 = 2_000_000;
/// Most threads one page takes.
const THREADS_MAX: usize = 4;

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes per pixel: 1 grey, 3 RGB, 4 RGBA.
    pub(super) channels: usize,
}

/// A page as PNG. `produce` returns the raw rows of a band; `dots_per_metre` adds a pHYs chunk.
pub(super) fn encode<F>(page: Page, dots_per_metre: Option<u32>, produce: F) -> Result<Vec<u8>, PressError>
where
    F: Fn(Range<u32>) -> Result<Vec<u8>, PressError> + Sync,
{
    let parts = zlib(page, produce)?;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend(page.width.to_be_bytes());
    header.extend(page.height.to_be_bytes());
    let color_type = match page.channels {
        1 => 0,
        3 => 2,
        _ => 6,
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
pub(super) fn zlib<F>(page: Page, produce: F) -> Result<Vec<Vec<u8>>, PressError>
where
    F: Fn(Range<u32>) -> Result<Vec<u8>, PressError> + Sync,
{
    let rows = (BAND_PX / page.width.max(1)).clamp(1, page.height.max(1));
    let count = page.height.div_ceil(rows);
    let band = |index: u32| {
        let range = index * rows..((index + 1) * rows).min(page.height);
        let raw = produce(range)?;
        Band::new(&filter(page, &raw), index + 1 == count)
    };
    let bands = all_bands(page, count, band)?;
    let mut checksum = 1;
    for band in &bands {
        checksum = adler_join(checksum, band.adler, band.raw_len);
    }
    let mut parts = vec![vec![0x78, 0x5e]];
    parts.extend(bands.into_iter().map(|band| band.deflated));
    if let Some(first) = parts.get(1).cloned() {
        parts[0].extend(first);
        parts.remove(1);
    }
    if let Some(last) = parts.last_mut() {
        last.extend(checksum.to_be_bytes());
    }
    Ok(parts)
}

fn all_bands<F>(page: Page, count: u32, band: F) -> Result<Vec<Band>, PressError>
where
    F: Fn(u32) -> Result<Band, PressError> + Sync,
{
    let px = u64::from(page.width) * u64::from(page.height);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS_MAX).min(count as usize);
    if px < THREADED_PX_MIN || threads < 2 {
        return (0..count).map(band).collect();
    }
    let next = AtomicU32::new(0);
    let done = Mutex::new(Vec::with_capacity(count as usize));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = band(index);
            if let Ok(mut done) = done.lock() {
                done.push((index, result));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().map_err(|_| PressError::Defect("a band was lost"))?;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

struct Band {
    deflated: Vec<u8>,
    adler: u32,
    raw_len: usize,
}

impl Band {
    fn new(filtered: &[u8], last: bool) -> Result<Self, PressError> {
        let failed = |_| PressError::Defect("deflate failed in memory");
        let mut encoder = DeflateEncoder::new(Vec::with_capacity(filtered.len() / 8 + 64), Compression::new(LEVEL));
        encoder.write_all(filtered).map_err(failed)?;
        let deflated = if last {
            encoder.finish().map_err(failed)?
        } else {
            // A sync flush ends on a whole byte, so the next band's stream can follow.
            encoder.flush().map_err(failed)?;
            std::mem::take(encoder.get_mut())
        };
        Ok(Self { deflated, adler: simd_adler32::adler32(&filtered), raw_len: filtered.len() })
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

/// Filter types of the PNG format that bands choose between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Sub = 1,
    Up = 2,
    Paeth = 4,
}

/// Prefixes every row with its filter. A band's first row cannot look up: the row above belongs to another band.
fn filter(page: Page, raw: &[u8]) -> Vec<u8> {
    let stride = page.width as usize * page.channels;
    let rows: Vec<&[u8]> = raw.chunks_exact(stride).collect();
    let chosen = choose(&rows, page.channels);
    let mut out = vec![0; rows.len() * (stride + 1)];
    for (index, (row, target)) in rows.iter().zip(out.chunks_exact_mut(stride + 1)).enumerate() {
        let kind = if index == 0 { Filter::Sub } else { chosen };
        let above = if index == 0 { *row } else { rows[index - 1] };
        target[0] = kind as u8;
        if kind == Filter::Up && above == *row {
            continue;
        }
        apply(kind, row, above, page.channels, &mut target[1..]);
    }
    out
}

/// The filter with the least sum of absolutes over every eighth row. In flat artwork, whose rows hardly differ from those above, that is `Up`
/// or not worth looking for.
fn choose(rows: &[&[u8]], channels: usize) -> Filter {
    let Some(first) = rows.first() else { return Filter::Up };
    let mut scratch = vec![0; first.len()];
    let mut sum = |kind| -> u64 {
        let mut sum = 0;
        for pair in rows.windows(2).step_by(8) {
            apply(kind, pair[1], pair[0], channels, &mut scratch);
            // A row of the widest page sums to less than 2^32.
            sum += u64::from(scratch.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs())).sum::<u32>());
        }
        sum
    };
    let up = sum(Filter::Up);
    let looked_at = (rows.len() / 8 * first.len()) as u64;
    if up < looked_at * FLAT {
        return Filter::Up;
    }
    let others = [(Filter::Sub, sum(Filter::Sub)), (Filter::Paeth, sum(Filter::Paeth))];
    let best = [(Filter::Up, up)].into_iter().chain(others).min_by_key(|(_, sum)| *sum);
    best.map_or(Filter::Up, |(kind, _)| kind)
}

fn apply(kind: Filter, row: &[u8], above: &[u8], channels: usize, out: &mut [u8]) {
    match kind {
        Filter::Up => {
            for ((out, byte), up) in out.iter_mut().zip(row).zip(above) {
                *out = byte.wrapping_sub(*up);
            }
        }
        Filter::Sub => {
            out[..channels].copy_from_slice(&row[..channels]);
            for ((out, byte), left) in out[channels..].iter_mut().zip(&row[channels..]).zip(row) {
                *out = byte.wrapping_sub(*left);
            }
        }
        Filter::Paeth => {
            for i in 0..channels {
                out[i] = row[i].wrapping_sub(above[i]);
            }
            for i in channels..row.len() {
                out[i] = row[i].wrapping_sub(paeth(row[i - channels], above[i], above[i - channels]));
            }
        }
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
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
