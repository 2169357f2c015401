//! The repetitions in rows that hardly differ from those above: runs of zeros, and what stood before in the same form.

use super::symbols::{MATCH_MAX, MATCH_MIN};

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

/// The bytes as steps, whose lengths add up to theirs. After a place with no match the next is a `pixel` on, where edges begin and end.
pub(super) fn steps(bytes: &[u8], pixel: usize) -> Vec<Step> {
    let mut found = Steps { steps: Vec::with_capacity(bytes.len() / 64 + 1), literals: 0 };
    let mut places = vec![0_u32; 1 << HASH_BITS];
    let mut at = 0;
    while at + ZEROS.max(pixel) <= bytes.len() {
        if bytes[at..at + ZEROS] == [0; ZEROS] {
            let run = zeros(&bytes[at..]);
            found.zeros(run, at > 0 && bytes[at - 1] == 0);
            at += run;
            continue;
        }
        let four = four(bytes, at);
        let place = &mut places[(four.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize];
        let before = *place as usize;
        *place = at as u32;
        let distance = at - before;
        if (1..=WINDOW).contains(&distance) && self::four(bytes, before) == four {
            let length = same(bytes, before, at);
            found.push(length, distance, 1);
            at += length;
        } else {
            found.literals += pixel as u32;
            at += pixel;
        }
    }
    found.literals += (bytes.len() - at) as u32;
    found.push(MATCH_MIN, 1, 0);
    found.steps
}

fn four(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four))
}

/// How many zeros the bytes begin with.
fn zeros(bytes: &[u8]) -> usize {
    let blocks =
        bytes.as_chunks::<64>().0.iter().take_while(|block| block.iter().fold(0, |any, byte| any | byte) == 0).count()
            * 64;
    let bytes = &bytes[blocks..];
    for (index, word) in bytes.as_chunks().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        if word != 0 {
            return blocks + index * 8 + first_byte(word);
        }
    }
    let words = bytes.len() / 8 * 8;
    blocks + words + bytes[words..].iter().take_while(|byte| **byte == 0).count()
}

/// How many bytes, [`MATCH_MAX`] at most, are the same at both places.
fn same(bytes: &[u8], before: usize, at: usize) -> usize {
    let most = (bytes.len() - at).min(MATCH_MAX);
    let (one, other) = (&bytes[before..before + most], &bytes[at..at + most]);
    for (index, (a, b)) in one.as_chunks().0.iter().zip(other.as_chunks().0).enumerate() {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return index * 8 + first_byte(differ);
        }
    }
    let words = most / 8 * 8;
    words + one[words..].iter().zip(&other[words..]).take_while(|(a, b)| a == b).count()
}

/// Which byte of a word is the first that is not zero.
fn first_byte(word: u64) -> usize {
    word.trailing_zeros() as usize / 8
}

struct Steps {
    steps: Vec<Step>,
    literals: u32,
}

impl Steps {
    fn push(&mut self, length: usize, distance: usize, times: usize) {
        // Both are below 2^16, the window being half of it.
        let (length, distance, times) = (length as u16, distance as u16, times as u32);
        self.steps.push(Step { literals: self.literals, length, distance, times });
        self.literals = 0;
    }

    /// A run of zeros: a literal zero, unless one stands before, then matches of it.
    fn zeros(&mut self, run: usize, after_zero: bool) {
        let mut left = run;
        if !after_zero {
            self.literals += 1;
            left -= 1;
        }
        let longest = left / MATCH_MAX;
        if longest > 0 {
            self.push(MATCH_MAX, 1, longest);
        }
        left %= MATCH_MAX;
        if left >= MATCH_MIN {
            self.push(left, 1, 1);
        } else {
            self.literals += left as u32;
        }
    }
}
