//! What differs from the pixels around: the rows of a band, each with the filter that made it.

use std::borrow::Cow;

use super::super::deflate::Search;
use super::{Page, Samples};

/// Of this many bytes at least all but one equal those above in flat artwork.
const FLAT: usize = 6;

/// Bytes of a row that are compared at once.
const PIECE: usize = 64;

/// Filter types of the PNG format that bands choose between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Sub = 1,
    Up = 2,
    Paeth = 4,
}

/// Prefixes every row with its filter; answers how to deflate them too. The first row cannot look up: the row above belongs to another band.
pub(super) fn filter(page: Page, held: &[u8]) -> (Vec<u8>, Search) {
    let width = page.width as usize;
    let rows: Vec<&[u8]> = held.chunks_exact(width * page.samples.held()).collect();
    if flat(&rows) {
        return (risen(page, &rows), Search::Repetitions { pixel: page.samples.written() });
    }
    let channels = page.samples.written();
    let packed = if page.samples == Samples::Rgbx { Cow::Owned(without_fourth(held)) } else { Cow::Borrowed(held) };
    let rows: Vec<&[u8]> = packed.chunks_exact(width * channels).collect();
    let chosen = least(&rows, channels);
    let mut out = vec![0; rows.len() * (width * channels + 1)];
    for (index, (row, target)) in rows.iter().zip(out.chunks_exact_mut(width * channels + 1)).enumerate() {
        let (kind, above) = if index == 0 { (Filter::Sub, *row) } else { (chosen, rows[index - 1]) };
        target[0] = kind as u8;
        apply(kind, row, above, channels, &mut target[1..]);
    }
    (out, Search::Nothing)
}

/// What every eighth row says: artwork whose rows hardly differ from those above.
fn flat(rows: &[&[u8]]) -> bool {
    let looked_at = || rows.windows(2).step_by(8);
    let bytes: usize = looked_at().map(|pair| pair[1].len()).sum();
    let changed = looked_at().map(|pair| differing(pair[0], pair[1])).sum::<usize>();
    changed * FLAT <= bytes
}

fn differing(above: &[u8], row: &[u8]) -> usize {
    // Counted in bytes of 255 at most, which the compiler adds up many at a time.
    let parts = above.chunks(255).zip(row.chunks(255));
    parts.map(|(above, row)| usize::from(above.iter().zip(row).map(|(a, b)| u8::from(a != b)).sum::<u8>())).sum()
}

/// Rows less those above, which leaves little but zeros of flat artwork.
fn risen(page: Page, rows: &[&[u8]]) -> Vec<u8> {
    let (channels, padded) = (page.samples.written(), page.samples == Samples::Rgbx);
    let stride = page.width as usize * channels + 1;
    let mut out = vec![0; rows.len() * stride];
    for (index, (row, target)) in rows.iter().zip(out.chunks_exact_mut(stride)).enumerate() {
        if index == 0 {
            target[0] = Filter::Sub as u8;
            let packed = if padded { Cow::Owned(without_fourth(row)) } else { Cow::Borrowed(*row) };
            apply(Filter::Sub, &packed, &packed, channels, &mut target[1..]);
            continue;
        }
        target[0] = Filter::Up as u8;
        if padded {
            difference::<48>(row, rows[index - 1], &mut target[1..], pack);
        } else {
            difference::<PIECE>(row, rows[index - 1], &mut target[1..], |from, to| to.copy_from_slice(from));
        }
    }
    out
}

/// What differs between two rows, in pieces that are left as they are, all zeros, where nothing does. `pack` brings a piece of the
/// difference into the form that is written.
fn difference<const WRITTEN: usize>(row: &[u8], above: &[u8], out: &mut [u8], pack: fn(&[u8], &mut [u8])) {
    let ((rows, row_end), (aboves, above_end)) = (row.as_chunks(), above.as_chunks());
    let (outs, out_end) = out.as_chunks_mut::<WRITTEN>();
    for ((row, above), out) in rows.iter().zip(aboves).zip(outs) {
        if !equal(row, above) {
            pack(&less(row, above), out);
        }
    }
    let (mut row, mut above) = ([0; PIECE], [0; PIECE]);
    row[..row_end.len()].copy_from_slice(row_end);
    above[..above_end.len()].copy_from_slice(above_end);
    pack(&less(&row, &above)[..row_end.len()], out_end);
}

/// All of a piece at once: a call that compares byte by byte takes longer than what is left to do.
fn equal(row: &[u8; PIECE], above: &[u8; PIECE]) -> bool {
    row.iter().zip(above).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn less(row: &[u8; PIECE], above: &[u8; PIECE]) -> [u8; PIECE] {
    std::array::from_fn(|n| row[n].wrapping_sub(above[n]))
}

/// RGB of pixels that hold a fourth byte.
pub(in super::super) fn without_fourth(held: &[u8]) -> Vec<u8> {
    let mut out = vec![0; held.len() / 4 * 3];
    pack(held, &mut out);
    out
}

/// Drops every fourth byte, four pixels in three words at a time: byte by byte it took as long as drawing a letter.
fn pack(held: &[u8], out: &mut [u8]) {
    let (fours, rest) = held.as_chunks::<16>();
    let (packed, tail) = out.as_chunks_mut::<12>();
    for (packed, four) in packed.iter_mut().zip(fours) {
        let px = |n: usize| u32::from_le_bytes([four[4 * n], four[4 * n + 1], four[4 * n + 2], 0]);
        let words = [px(0) | px(1) << 24, px(1) >> 8 | px(2) << 16, px(2) >> 16 | px(3) << 8];
        for (to, word) in packed.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
    }
    for (to, px) in tail.chunks_exact_mut(3).zip(rest.chunks_exact(4)) {
        to.copy_from_slice(&px[..3]);
    }
}

/// The filter with the least sum of absolutes over every eighth row.
fn least(rows: &[&[u8]], channels: usize) -> Filter {
    let mut scratch = vec![0; rows[0].len()];
    let mut sum = |kind| -> u64 {
        let mut sum = 0;
        for pair in rows.windows(2).step_by(8) {
            apply(kind, pair[1], pair[0], channels, &mut scratch);
            // A row of the widest page sums to less than 2^32.
            sum += u64::from(scratch.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs())).sum::<u32>());
        }
        sum
    };
    let best = [Filter::Up, Filter::Sub, Filter::Paeth].into_iter().min_by_key(|kind| sum(*kind));
    best.unwrap_or(Filter::Up)
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
