//! A PNG writer that never owns a whole page: bands are produced, filtered and deflated on their own, then joined.
//!
//! Band height depends on width alone, so threads change nothing. How a band is filtered and deflated is part of the byte contract: flat
//! artwork by level 2 of the fixed deflate, which finds its repetitions, photographs by [`huffman`], which looks for none.

use std::io::Write;
use std::ops::Range;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::huffman;
use crate::PressError;
use crate::threads;

/// Pixels of a band, about one MiB of RGBA.
const BAND_PX: u32 = 262_144;
/// Deflate level: beyond it time doubles and size hardly moves.
const LEVEL: u32 = 2;
/// Of this many bytes at least all but one equal those above in flat artwork.
const FLAT: usize = 6;
/// Pages smaller than this are not worth a thread.
const THREADED_PX_MIN: u64 = 2_000_000;

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
        let (filtered, kind) = filter(page, &raw);
        Band::new(&filtered, kind, index + 1 == count)
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
    let threads = if px < THREADED_PX_MIN { 1 } else { usize::MAX };
    threads::all(count as usize, threads, |index| band(index as u32))
}

struct Band {
    deflated: Vec<u8>,
    adler: u32,
    raw_len: usize,
}

impl Band {
    fn new(filtered: &[u8], kind: Kind, last: bool) -> Result<Self, PressError> {
        let deflated = match kind {
            Kind::Flat => repetitive(filtered, last)?,
            Kind::Noisy => huffman::deflate(filtered, last),
        };
        Ok(Self { deflated, adler: simd_adler32::adler32(&filtered), raw_len: filtered.len() })
    }
}

/// By a deflate that looks for repetitions.
fn repetitive(filtered: &[u8], last: bool) -> Result<Vec<u8>, PressError> {
    let failed = |_| PressError::Defect("deflate failed in memory");
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(filtered.len() / 8 + 64), Compression::new(LEVEL));
    encoder.write_all(filtered).map_err(failed)?;
    if last {
        return encoder.finish().map_err(failed);
    }
    // A sync flush ends on a whole byte, so the next band's stream can follow.
    encoder.flush().map_err(failed)?;
    Ok(std::mem::take(encoder.get_mut()))
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

/// What a band shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Plain surfaces and edges, whose rows hardly differ from those above.
    Flat,
    /// A photograph.
    Noisy,
}

/// Prefixes every row with its filter; answers what the band shows too. Its first row cannot look up: the row above belongs to another band.
fn filter(page: Page, raw: &[u8]) -> (Vec<u8>, Kind) {
    let stride = page.width as usize * page.channels;
    let rows: Vec<&[u8]> = raw.chunks_exact(stride).collect();
    let (chosen, shows) = choose(&rows, page.channels);
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
    (out, shows)
}

/// What every eighth row says: in flat artwork `Up` is best or not worth looking further, else the filter with the least sum of absolutes.
fn choose(rows: &[&[u8]], channels: usize) -> (Filter, Kind) {
    let looked_at: Vec<&[&[u8]]> = rows.windows(2).step_by(8).collect();
    let bytes: usize = looked_at.iter().map(|pair| pair[1].len()).sum();
    let changed = looked_at.iter().map(|pair| differing(pair[0], pair[1])).sum::<usize>();
    if changed * FLAT <= bytes {
        return (Filter::Up, Kind::Flat);
    }
    let mut scratch = vec![0; rows[0].len()];
    let mut sum = |kind| -> u64 {
        let mut sum = 0;
        for pair in &looked_at {
            apply(kind, pair[1], pair[0], channels, &mut scratch);
            // A row of the widest page sums to less than 2^32.
            sum += u64::from(scratch.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs())).sum::<u32>());
        }
        sum
    };
    let best = [Filter::Up, Filter::Sub, Filter::Paeth].into_iter().min_by_key(|kind| sum(*kind));
    (best.unwrap_or(Filter::Up), Kind::Noisy)
}

fn differing(above: &[u8], row: &[u8]) -> usize {
    // Counted in bytes of 255 at most, which the compiler adds up many at a time.
    let parts = above.chunks(255).zip(row.chunks(255));
    parts.map(|(above, row)| usize::from(above.iter().zip(row).map(|(a, b)| u8::from(a != b)).sum::<u8>())).sum()
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
