//! Deflate for filtered rows of photographs: Huffman codes and runs of zeros, no search for matches.
//!
//! What a filter leaves of a photograph is noise around zero. Matches in it are rare, and looking for them took two thirds of a preview's
//! time. The codecs of the crates choose the strategy behind a level and end every stream, while bands of a page are joined; hence this
//! writer, whose output any inflater reads (RFC 1951). It is part of the byte contract.

/// Bytes that share one set of codes.
const BLOCK: usize = 128 * 1024;
/// Longest code: four of them and a started byte fit into 64 bits.
const LONGEST: usize = 12;
const END: usize = 256;
const SYMBOLS: usize = 286;
/// Length of the longest match, and its symbol, which has no further bits.
const RUN: usize = 258;
const RUN_SYMBOL: usize = 285;
/// The first length of each symbol from 257 on, and how many bits say the rest.
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The bytes as deflate blocks that end on a whole byte; another stretch can follow unless it is the `last`.
pub(super) fn deflate(bytes: &[u8], last: bool) -> Vec<u8> {
    let mut out = Bits::new(bytes.len());
    let mut blocks = bytes.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        write_block(&mut out, block, last && blocks.peek().is_none());
    }
    if !last || bytes.is_empty() {
        // An empty stored block: what every inflater takes as "so far".
        out.put(u64::from(last), 3);
        out.align();
        out.bytes(&[0, 0, 0xff, 0xff]);
    }
    out.finish()
}

fn write_block(out: &mut Bits, block: &[u8], last: bool) {
    let codes = Codes::of(&counts(block));
    // Final or not, and "dynamic codes"; 286 literals and lengths, one distance, 19 codes of code lengths.
    out.put(u64::from(last) | 2 << 1, 3);
    out.put(29 | 15 << 10, 14);
    // In the order 16, 17, 18, 0, 8, …: the lengths 0 to 15 have four bits each, repetitions are not used.
    (0..19).for_each(|n| out.put(if n < 3 { 0 } else { 4 }, 3));
    let four = |length: u8| u64::from(length.reverse_bits() >> 4);
    codes.lengths.iter().for_each(|length| out.put(four(*length), 4));
    // The one distance, which is one byte back.
    out.put(four(1), 4);
    let (words, rest) = block.as_chunks::<8>();
    let mut at = 0;
    while at < words.len() {
        let zeros = words[at..].iter().take_while(|word| **word == [0; 8]).count();
        if zeros > 0 {
            zero_run(zeros * 8, |symbol, more, bits| {
                codes.put(out, symbol);
                // A length is followed by its further bits and the distance's only code, one bit of zero.
                if symbol > END {
                    out.put(more, bits + 1);
                }
            });
            at += zeros;
        } else {
            let word = &words[at];
            codes.four(out, [word[0], word[1], word[2], word[3]]);
            codes.four(out, [word[4], word[5], word[6], word[7]]);
            at += 1;
        }
    }
    rest.iter().for_each(|byte| codes.put(out, usize::from(*byte)));
    codes.put(out, END);
    if last {
        out.align();
    }
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
            zero_run(zeros * 8, |symbol, _, _| counts[symbol] += 1);
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
    counts[END] += 1;
    counts
}

/// A run of zeros as symbols: a literal zero, then matches of the byte before. `put` gets the symbol, its further bits and how many those are.
fn zero_run(length: usize, mut put: impl FnMut(usize, u64, u32)) {
    put(0, 0, 0);
    let mut left = length - 1;
    while left >= RUN {
        put(RUN_SYMBOL, 0, 0);
        left -= RUN;
    }
    if left < LENGTHS[0].0 {
        (0..left).for_each(|_| put(0, 0, 0));
        return;
    }
    let symbol = LENGTHS.partition_point(|(first, _)| *first <= left) - 1;
    let (first, bits) = LENGTHS[symbol];
    put(END + 1 + symbol, (left - first) as u64, bits);
}

/// A code for every symbol that occurs.
struct Codes {
    lengths: [u8; SYMBOLS],
    /// The code, first bit lowest, and its length.
    codes: [(u16, u8); SYMBOLS],
}

impl Codes {
    fn of(counts: &[u32; SYMBOLS]) -> Codes {
        let lengths = lengths(counts);
        let mut next = [0_u16; LONGEST + 2];
        for length in 1..=LONGEST {
            let shorter = lengths.iter().filter(|have| usize::from(**have) == length).count();
            next[length + 1] = (next[length] + u16::try_from(shorter).unwrap_or(0)) << 1;
        }
        let mut codes = [(0, 0); SYMBOLS];
        for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| *length > 0) {
            let number = &mut next[usize::from(length)];
            *code = (number.reverse_bits() >> (16 - u32::from(length)), length);
            *number += 1;
        }
        Codes { lengths, codes }
    }

    fn put(&self, out: &mut Bits, symbol: usize) {
        let (code, length) = self.codes[symbol];
        out.put(u64::from(code), u32::from(length));
    }

    /// Four literals at once.
    fn four(&self, out: &mut Bits, bytes: [u8; 4]) {
        let (mut bits, mut count) = (0, 0);
        for byte in bytes {
            let (code, length) = self.codes[usize::from(byte)];
            bits |= u64::from(code) << count;
            count += u32::from(length);
        }
        out.put(bits, count);
    }
}

/// The lengths of a Huffman code for these counts, none longer than [`LONGEST`].
fn lengths(counts: &[u32; SYMBOLS]) -> [u8; SYMBOLS] {
    let mut order: Vec<(u32, usize)> =
        counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(symbol, count)| (*count, symbol)).collect();
    order.sort_unstable();
    // How many symbols have each length; longer ones are pushed up until the code is complete again.
    let mut have = [0_u32; LONGEST + 1];
    for depth in depths(&order) {
        have[depth.clamp(1, LONGEST)] += 1;
    }
    let full = 1 << LONGEST;
    let used = |have: &[u32; LONGEST + 1]| -> u32 { (1..=LONGEST).map(|n| have[n] << (LONGEST - n)).sum() };
    while used(&have) > full {
        have[LONGEST] -= 1;
        let shorter = (1..LONGEST).rev().find(|n| have[*n] > 0).unwrap_or(1);
        have[shorter] -= 1;
        have[shorter + 1] += 2;
    }
    let mut lengths = [0; SYMBOLS];
    let by_length = (1..=LONGEST).rev().flat_map(|n| std::iter::repeat_n(n, have[n] as usize));
    for ((_, symbol), length) in order.iter().zip(by_length) {
        lengths[*symbol] = u8::try_from(length).unwrap_or(0);
    }
    lengths
}

/// The depth of every leaf of the Huffman tree over counts in rising order.
fn depths(order: &[(u32, usize)]) -> Vec<usize> {
    let leaves = order.len();
    // Nodes in the order they are made: leaves first, then pairs of the two lightest, which come in rising order too.
    let mut weights: Vec<u64> = order.iter().map(|(count, _)| u64::from(*count)).collect();
    let mut parents = vec![0; leaves.max(1) * 2 - 1];
    let (mut leaf, mut pair) = (0, leaves);
    for made in leaves..leaves * 2 - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let lightest =
                if leaf < leaves && (pair >= made || weights[leaf] <= weights[pair]) { &mut leaf } else { &mut pair };
            weight += weights[*lightest];
            parents[*lightest] = made;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    depths.truncate(leaves);
    depths
}

/// Bits, lowest first.
struct Bits {
    out: Vec<u8>,
    /// Whole bytes of `out`; beyond them is room.
    at: usize,
    held: u64,
    /// Bits held, fewer than eight between two calls.
    count: u32,
}

impl Bits {
    fn new(bytes: usize) -> Bits {
        Bits { out: vec![0; bytes + bytes / 8 + 512], at: 0, held: 0, count: 0 }
    }

    /// At most 56 bits.
    fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        if self.at + 8 > self.out.len() {
            self.out.resize(self.out.len() * 2, 0);
        }
        self.out[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        let whole = self.count / 8;
        self.at += whole as usize;
        // Of 64 bits none is left.
        self.held = self.held.checked_shr(whole * 8).unwrap_or(0);
        self.count %= 8;
    }

    fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.put(u64::from(*byte), 8));
    }

    fn finish(mut self) -> Vec<u8> {
        self.out.truncate(self.at);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::DeflateDecoder;
    use proptest::prelude::*;

    use super::{LONGEST, SYMBOLS, deflate, lengths};

    fn inflated(deflated: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        DeflateDecoder::new(deflated).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn two_stretches_are_one_stream() {
        for bytes in [vec![], vec![0], vec![0; 8], vec![7; 300_000], vec![0; 300_001]] {
            let joined = [deflate(&bytes, false), deflate(&bytes, true)].concat();
            assert_eq!(inflated(&joined), [bytes.clone(), bytes].concat());
        }
    }

    #[test]
    fn a_run_of_zeros_of_any_length_comes_back() {
        for zeros in 0..1_200 {
            let bytes = [vec![1; 8], vec![0; zeros], vec![2]].concat();
            assert_eq!(inflated(&deflate(&bytes, true)), bytes, "{zeros}");
        }
    }

    #[test]
    fn lopsided_counts_make_no_code_too_long_and_leave_none_over() {
        let mut counts = [0_u32; SYMBOLS];
        let (mut a, mut b) = (1, 1);
        for count in counts.iter_mut().take(40) {
            *count = a;
            (a, b) = (b, a + b);
        }
        let lengths = lengths(&counts);
        let used: u32 = lengths.iter().filter(|n| **n > 0).map(|n| 1 << (LONGEST - usize::from(*n))).sum();
        assert_eq!((used, lengths.iter().filter(|n| **n > 0).count()), (1 << LONGEST, 40));
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out(parts in prop::collection::vec((any::<u8>(), 1_usize..400, any::<bool>()), 0..60)) {
            let bytes: Vec<u8> = parts
                .iter()
                .flat_map(|(byte, times, noisy)| (0..*times).map(move |n| if *noisy { byte.wrapping_mul((n % 251) as u8) } else { *byte }))
                .collect();
            prop_assert_eq!(inflated(&deflate(&bytes, true)), bytes);
        }
    }
}
