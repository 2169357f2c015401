//! Bits in the order of deflate.

/// Bits, lowest first.
pub(super) struct Bits {
    out: Vec<u8>,
    /// Whole bytes of `out`; beyond them is room.
    at: usize,
    held: u64,
    /// Bits held, fewer than eight between two calls.
    count: u32,
}

impl Bits {
    /// Room for about this many bytes; more is made when needed.
    pub(super) fn new(bytes: usize) -> Bits {
        Bits { out: vec![0; bytes + 512], at: 0, held: 0, count: 0 }
    }

    /// At most 56 bits.
    pub(super) fn put(&mut self, bits: u64, count: u32) {
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

    /// Fills the started byte up.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.put(u64::from(*byte), 8));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.truncate(self.at);
        self.out
    }
}
