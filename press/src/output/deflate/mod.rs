//! Deflate for filtered rows.
//!
//! What a filter leaves of a photograph is noise around zero: matches in it are rare, and looking for them took two thirds of a preview's
//! time. Flat artwork leaves zeros, with edges between them that look like those of the rows above: there only the edges need a search.
//! The codecs of the crates choose their strategy behind a level, look at every zero, and end every stream, while bands of a page are
//! joined; hence this writer, whose output any inflater reads (RFC 1951). It is part of the byte contract.

mod bits;
mod codes;
mod search;
mod symbols;

use bits::Bits;
use codes::Codes;
use symbols::{DISTANCES, END, MATCH_MAX, MATCH_MIN, SYMBOLS};

/// Bytes of noise that share one set of codes.
const BLOCK: usize = 128 * 1024;

/// What to look for besides runs of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// What stood before; edges begin and end at pixels of so many bytes.
    Repetitions { pixel: usize },
    /// Nothing.
    Nothing,
}

/// The bytes as deflate blocks that end on a whole byte; another stretch can follow unless it is the `last`.
pub(super) fn deflate(bytes: &[u8], search: Search, last: bool) -> Vec<u8> {
    let mut out = match search {
        Search::Repetitions { pixel } => {
            let mut out = Bits::new(bytes.len() / 16);
            repetitions(&mut out, bytes, pixel, last && !bytes.is_empty());
            out
        }
        Search::Nothing => {
            let mut out = Bits::new(bytes.len() + bytes.len() / 8);
            let mut blocks = bytes.chunks(BLOCK).peekable();
            while let Some(block) = blocks.next() {
                runs(&mut out, block, last && blocks.peek().is_none());
            }
            out
        }
    };
    if !last || bytes.is_empty() {
        // An empty stored block: what every inflater takes as "so far".
        out.put(u64::from(last), 3);
        out.align();
        out.bytes(&[0, 0, 0xff, 0xff]);
    } else {
        out.align();
    }
    out.finish()
}

/// The codes that a block is written in.
struct Tables {
    symbols: Codes<SYMBOLS>,
    distances: Codes<DISTANCES>,
}

impl Tables {
    fn new(symbols: &[u32; SYMBOLS], distances: &[u32; DISTANCES]) -> Tables {
        Tables { symbols: Codes::of(symbols), distances: Codes::of(distances) }
    }

    /// A block's head: final or not, "dynamic codes", and the lengths of the codes.
    fn write(&self, out: &mut Bits, last: bool) {
        out.put(u64::from(last) | 2 << 1, 3);
        // 286 literals and lengths, 30 distances, 19 codes of code lengths.
        out.put(29 | 29 << 5 | 15 << 10, 14);
        // In the order 16, 17, 18, 0, 8, …: the lengths 0 to 15 have four bits each, repetitions are not used.
        (0..19).for_each(|n| out.put(if n < 3 { 0 } else { 4 }, 3));
        let lengths = self.symbols.lengths.iter().chain(&self.distances.lengths);
        lengths.for_each(|length| out.put(u64::from(length.reverse_bits() >> 4), 4));
    }

    fn literals(&self, out: &mut Bits, bytes: &[u8]) {
        let (fours, rest) = bytes.as_chunks::<4>();
        fours.iter().for_each(|four| self.symbols.four(out, *four));
        rest.iter().for_each(|byte| self.symbols.put(out, usize::from(*byte)));
    }

    /// A match, a few times; its four parts have 42 bits at most.
    fn repeated(&self, out: &mut Bits, length: usize, distance: usize, times: u32) {
        let (length, distance) = (symbols::length(length), symbols::distance(distance));
        let (mut bits, mut count) = self.symbols.code(length.symbol);
        bits |= length.more << count;
        count += length.bits;
        let (code, code_bits) = self.distances.code(distance.symbol);
        bits |= code << count;
        count += code_bits;
        (0..times).for_each(|_| out.put(bits | distance.more << count, count + distance.bits));
    }
}

/// One block with all repetitions that were found.
fn repetitions(out: &mut Bits, bytes: &[u8], pixel: usize, last: bool) {
    let found = search::search(bytes, pixel);
    let tables = Tables::new(&found.symbols, &found.distances);
    tables.write(out, last);
    let mut at = 0;
    for step in &found.steps {
        let end = at + step.literals as usize;
        bytes[at..end].iter().for_each(|byte| tables.symbols.put(out, usize::from(*byte)));
        tables.repeated(out, usize::from(step.length), usize::from(step.distance), step.times);
        at = end + usize::from(step.length) * step.times as usize;
    }
    tables.symbols.put(out, END);
}

/// One block of literals and runs of zeros.
fn runs(out: &mut Bits, block: &[u8], last: bool) {
    let (mut counted, mut far) = (counts(block), [0; DISTANCES]);
    far[0] = 1;
    counted[END] = 1;
    let tables = Tables::new(&counted, &far);
    tables.write(out, last);
    let (words, rest) = block.as_chunks::<8>();
    let mut at = 0;
    while at < words.len() {
        let zeros = words[at..].iter().take_while(|word| **word == [0; 8]).count();
        if zeros > 0 {
            zero_run(zeros * 8, |part| match part {
                0 => tables.symbols.put(out, 0),
                length => tables.repeated(out, length, 1, 1),
            });
            at += zeros;
        } else {
            tables.literals(out, &words[at]);
            at += 1;
        }
    }
    tables.literals(out, rest);
    tables.symbols.put(out, END);
}

/// How often each symbol is written.
fn counts(block: &[u8]) -> [u32; SYMBOLS] {
    // Two tables: neighbours are often equal, and adding to one counter twice in a row waits for the first.
    let (mut counts, mut odd) = ([0; SYMBOLS], [0_u32; 256]);
    let (words, rest) = block.as_chunks::<8>();
    let mut at = 0;
    while at < words.len() {
        let zeros = words[at..].iter().take_while(|word| **word == [0; 8]).count();
        if zeros > 0 {
            zero_run(zeros * 8, |part| match part {
                0 => counts[0] += 1,
                length => counts[symbols::length(length).symbol] += 1,
            });
            at += zeros;
            continue;
        }
        for pair in words[at].chunks_exact(2) {
            counts[usize::from(pair[0])] += 1;
            odd[usize::from(pair[1])] += 1;
        }
        at += 1;
    }
    rest.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    counts.iter_mut().zip(odd).for_each(|(count, odd)| *count += odd);
    counts
}

/// A run of zeros in parts: nought is a literal zero, else it is the length of a match of the byte before.
fn zero_run(length: usize, mut put: impl FnMut(usize)) {
    put(0);
    let mut left = length - 1;
    while left >= MATCH_MIN {
        let part = left.min(MATCH_MAX);
        put(part);
        left -= part;
    }
    (0..left).for_each(|_| put(0));
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::DeflateDecoder;
    use proptest::prelude::*;

    use super::{Search, deflate};

    const ALL: [Search; 4] = [
        Search::Repetitions { pixel: 1 },
        Search::Repetitions { pixel: 3 },
        Search::Repetitions { pixel: 4 },
        Search::Nothing,
    ];

    fn inflated(deflated: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        DeflateDecoder::new(deflated).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn two_stretches_are_one_stream() {
        for bytes in [vec![], vec![0], vec![0; 8], vec![7; 300_000], vec![0; 300_001]] {
            for search in ALL {
                let joined = [deflate(&bytes, search, false), deflate(&bytes, search, true)].concat();
                assert_eq!(inflated(&joined), bytes.repeat(2), "{search:?}");
            }
        }
    }

    #[test]
    fn a_run_of_zeros_of_any_length_comes_back() {
        for zeros in 0..1_200 {
            let bytes = [vec![1; 8], vec![0; zeros], vec![2]].concat();
            ALL.iter()
                .for_each(|search| assert_eq!(inflated(&deflate(&bytes, *search, true)), bytes, "{zeros} {search:?}"));
        }
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out(parts in prop::collection::vec((any::<u8>(), 1_usize..400, any::<bool>()), 0..60)) {
            let bytes: Vec<u8> = parts
                .iter()
                .flat_map(|(byte, times, noisy)| (0..*times).map(move |n| if *noisy { byte.wrapping_mul((n % 251) as u8) } else { *byte }))
                .collect();
            for search in ALL {
                prop_assert_eq!(inflated(&deflate(&bytes, search, true)), bytes.clone());
            }
        }
    }
}
