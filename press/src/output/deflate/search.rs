//! The repetitions in rows that hardly differ from those above: runs of zeros, and what stood before in the same form.
//!
//! Its time is that of guesses gone wrong: what comes next, and how long it is, cannot be foreseen. So there are few branches, and symbols
//! are counted on the way.

use super::symbols::{self, DISTANCES, END, MATCH_MAX, MATCH_MIN, SYMBOLS};

/// Farthest back that a match may begin.
const WINDOW: usize = 32 * 1024;
/// Slots of the table of places, by a hash of the four bytes there.
const HASH_BITS: u32 = 12;
/// Zeros from which on a run is looked for as such.
const ZEROS: usize = 8;

/// Some bytes as they are, then a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// How many bytes stand as they are.
    pub(super) literals: u32,
    /// Length of each match.
    pub(super) length: u16,
    /// How far back the match begins.
    pub(super) distance: u16,
    /// How often the match follows itself: once, in long runs of zeros many times, and at the end not at all.
    pub(super) times: u32,
}

/// The bytes as steps, whose lengths add up to theirs, and how often each symbol is written.
pub(super) struct Found {
    pub(super) steps: Vec<Step>,
    pub(super) symbols: [u32; SYMBOLS],
    pub(super) distances: [u32; DISTANCES],
    literals: u32,
}

/// Looks through the bytes. After a place with no match the next is a `pixel` on, where edges begin and end.
pub(super) fn search(bytes: &[u8], pixel: usize) -> Found {
    let steps = Vec::with_capacity(bytes.len() / 64 + 1);
    let mut found = Found { steps, symbols: [0; SYMBOLS], distances: [0; DISTANCES], literals: 0 };
    let mut places = [0_u32; 1 << HASH_BITS];
    let mut at = 0;
    while at + ZEROS.max(pixel) <= bytes.len() {
        let word = word(bytes, at);
        if word == 0 {
            let run = zeros(&bytes[at..]);
            found.zeros(run, at > 0 && bytes[at - 1] == 0);
            at += run;
            continue;
        }
        let four = word as u32;
        let place = &mut places[(four.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize];
        let before = *place as usize;
        *place = at as u32;
        let distance = at - before;
        if self::word(bytes, before) as u32 == four && (1..=WINDOW).contains(&distance) {
            let length = same(bytes, before, at);
            found.matched(length, distance, 1);
            at += length;
        } else {
            found.literally(&bytes[at..at + pixel]);
            at += pixel;
        }
    }
    found.literally(&bytes[at..]);
    found.matched(MATCH_MIN, 1, 0);
    found.symbols[END] = 1;
    found
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// How many zeros the bytes begin with.
fn zeros(bytes: &[u8]) -> usize {
    let mut at = 0;
    for block in bytes.as_chunks::<32>().0 {
        let (low, high) = halves(block);
        if low | high != 0 {
            return at + if low == 0 { 16 + first_byte(high) } else { first_byte(low) };
        }
        at += 32;
    }
    at + bytes[at..].iter().take_while(|byte| **byte == 0).count()
}

/// How many bytes, [`MATCH_MAX`] at most, are the same at both places.
fn same(bytes: &[u8], before: usize, at: usize) -> usize {
    let most = (bytes.len() - at).min(MATCH_MAX);
    let (one, other) = (&bytes[before..before + most], &bytes[at..at + most]);
    for (index, (a, b)) in one.as_chunks().0.iter().zip(other.as_chunks().0).enumerate() {
        let differ = u128::from_le_bytes(*a) ^ u128::from_le_bytes(*b);
        if differ != 0 {
            return index * 16 + first_byte(differ);
        }
    }
    let whole = most / 16 * 16;
    whole + one[whole..].iter().zip(&other[whole..]).take_while(|(a, b)| a == b).count()
}

fn halves(block: &[u8; 32]) -> (u128, u128) {
    let (halves, _) = block.as_chunks();
    (u128::from_le_bytes(halves[0]), u128::from_le_bytes(halves[1]))
}

/// Which byte is the first that is not zero.
fn first_byte(bytes: u128) -> usize {
    bytes.trailing_zeros() as usize / 8
}

impl Found {
    fn literally(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.symbols[usize::from(*byte)] += 1);
        self.literals += bytes.len() as u32;
    }

    fn matched(&mut self, length: usize, distance: usize, times: u32) {
        self.symbols[symbols::length(length).symbol] += times;
        self.distances[symbols::distance(distance).symbol] += times;
        // Both are below 2^16, the window being half of it.
        self.steps.push(Step { literals: self.literals, length: length as u16, distance: distance as u16, times });
        self.literals = 0;
    }

    /// A run of zeros: a literal zero, unless one stands before, then matches of it.
    fn zeros(&mut self, run: usize, after_zero: bool) {
        let mut left = run;
        if !after_zero {
            self.literally(&[0]);
            left -= 1;
        }
        if left >= MATCH_MAX {
            self.matched(MATCH_MAX, 1, (left / MATCH_MAX) as u32);
            left %= MATCH_MAX;
        }
        if left >= MATCH_MIN {
            self.matched(left, 1, 1);
        } else {
            self.literally(&[0; MATCH_MIN][..left]);
        }
    }
}
