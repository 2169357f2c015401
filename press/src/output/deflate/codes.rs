//! Huffman codes for counted symbols.

use super::bits::Bits;

/// Longest code: four of them and a started byte fit into 64 bits.
const LONGEST: usize = 12;

/// A code for every symbol that occurs, of `N`.
pub(super) struct Codes<const N: usize> {
    pub(super) lengths: [u8; N],
    /// The code, first bit lowest, and its length.
    codes: [(u16, u8); N],
}

impl<const N: usize> Codes<N> {
    /// By how often each symbol is written.
    pub(super) fn of(counts: &[u32; N]) -> Codes<N> {
        let lengths = lengths(counts);
        let mut next = [0_u16; LONGEST + 2];
        for length in 1..=LONGEST {
            let shorter = lengths.iter().filter(|have| usize::from(**have) == length).count();
            next[length + 1] = (next[length] + u16::try_from(shorter).unwrap_or(0)) << 1;
        }
        let mut codes = [(0, 0); N];
        for (code, length) in codes.iter_mut().zip(lengths).filter(|(_, length)| *length > 0) {
            let number = &mut next[usize::from(length)];
            *code = (number.reverse_bits() >> (16 - u32::from(length)), length);
            *number += 1;
        }
        Codes { lengths, codes }
    }

    pub(super) fn put(&self, out: &mut Bits, symbol: usize) {
        let (code, length) = self.code(symbol);
        out.put(code, length);
    }

    /// The bits of a symbol, and how many they are.
    pub(super) fn code(&self, symbol: usize) -> (u64, u32) {
        let (code, length) = self.codes[symbol];
        (u64::from(code), u32::from(length))
    }

    /// Four literals at once.
    pub(super) fn four(&self, out: &mut Bits, bytes: [u8; 4]) {
        let (mut bits, mut count) = (0, 0);
        for byte in bytes {
            let (code, length) = self.code(usize::from(byte));
            bits |= code << count;
            count += length;
        }
        out.put(bits, count);
    }
}

/// The lengths of a Huffman code for these counts, none longer than [`LONGEST`].
fn lengths<const N: usize>(counts: &[u32; N]) -> [u8; N] {
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
    let mut lengths = [0; N];
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
    for made in leaves..(leaves * 2).saturating_sub(1) {
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

#[cfg(test)]
mod tests {
    use super::{LONGEST, lengths};

    #[test]
    fn lopsided_counts_make_no_code_too_long_and_leave_none_over() {
        let mut counts = [0_u32; 286];
        let (mut a, mut b) = (1, 1);
        for count in counts.iter_mut().take(40) {
            *count = a;
            (a, b) = (b, a + b);
        }
        let lengths = lengths(&counts);
        let used: u32 = lengths.iter().filter(|n| **n > 0).map(|n| 1 << (LONGEST - usize::from(*n))).sum();
        assert_eq!((used, lengths.iter().filter(|n| **n > 0).count()), (1 << LONGEST, 40));
    }
}
