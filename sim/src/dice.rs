//! Repeatable chance: the same seed and label give the same numbers on every machine and release.
//!
//! A general generator promises no stable stream over its versions; the catalogue of a seed must
//! stay the same, so this is SplitMix64 started from a SHA-256 of seed and label.

use sha2::{Digest, Sha256};

#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, label: &str) -> Dice {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label).finalize();
        Dice(digest.iter().take(8).fold(0, |acc, byte| (acc << 8) | u64::from(*byte)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..n` (0 when `n` is 0).
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= p && p > 0.0
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }

    pub(crate) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// An id of Gelato's form that is the same for the same seed and parts.
pub(crate) fn id(seed: u64, label: &str) -> String {
    Dice::new(seed, label).uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_is_frozen() {
        let mut dice = Dice::new(7, "catalogue");
        let again: Vec<u64> = (0..3).map(|_| dice.next()).collect();
        let mut same = Dice::new(7, "catalogue");
        assert_eq!(again, (0..3).map(|_| same.next()).collect::<Vec<_>>());
        assert_ne!(again[0], Dice::new(8, "catalogue").next());
    }

    #[test]
    fn chance_keeps_its_edges() {
        let mut dice = Dice::new(1, "x");
        assert!((0..100).all(|_| dice.chance(1.0)));
        assert!((0..100).all(|_| !dice.chance(0.0)));
    }
}
