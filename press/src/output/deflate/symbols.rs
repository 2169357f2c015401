//! How deflate spells lengths and distances (RFC 1951, section 3.2.5).

/// Ends a block.
pub(super) const END: usize = 256;
/// Literals, the end, and lengths.
pub(super) const SYMBOLS: usize = 286;
/// Distances.
pub(super) const DISTANCES: usize = 30;
/// Shortest match.
pub(super) const MATCH_MIN: usize = 3;
/// Longest match.
pub(super) const MATCH_MAX: usize = 258;

/// A symbol, and the bits that follow it with their number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spelled {
    pub(super) symbol: usize,
    pub(super) more: u64,
    pub(super) bits: u32,
}

/// A match's length, from [`MATCH_MIN`] to [`MATCH_MAX`].
pub(super) fn length(length: usize) -> Spelled {
    if length == MATCH_MAX {
        return Spelled { symbol: 285, more: 0, bits: 0 };
    }
    spelled(length - MATCH_MIN, 2, END + 1)
}

/// A match's distance, from 1.
pub(super) fn distance(distance: usize) -> Spelled {
    spelled(distance - 1, 1, 0)
}

/// Symbols for values from nought: each power of two is parted into `2^fine` of them, small values have one each.
fn spelled(value: usize, fine: u32, first: usize) -> Spelled {
    let bits = value.checked_ilog2().unwrap_or(0).saturating_sub(fine);
    let symbol = first + ((bits as usize) << fine) + (value >> bits);
    Spelled { symbol, more: (value & ((1 << bits) - 1)) as u64, bits }
}

#[cfg(test)]
mod tests {
    use super::{distance, length};

    #[test]
    fn lengths_and_distances_are_spelled_as_the_standard_lists_them() {
        let spelled = |s: super::Spelled| (s.symbol, s.more, s.bits);
        let lengths = [
            (3, 257, 0, 0),
            (10, 264, 0, 0),
            (11, 265, 0, 1),
            (12, 265, 1, 1),
            (19, 269, 0, 2),
            (114, 279, 15, 4),
            (115, 280, 0, 4),
            (130, 280, 15, 4),
            (131, 281, 0, 5),
            (257, 284, 30, 5),
            (258, 285, 0, 0),
        ];
        for (len, symbol, more, bits) in lengths {
            assert_eq!(spelled(length(len)), (symbol, more, bits), "{len}");
        }
        let distances =
            [(1, 0, 0, 0), (4, 3, 0, 0), (5, 4, 0, 1), (7, 5, 0, 1), (24_577, 29, 0, 13), (32_768, 29, 8_191, 13)];
        for (far, symbol, more, bits) in distances {
            assert_eq!(spelled(distance(far)), (symbol, more, bits), "{far}");
        }
    }
}
