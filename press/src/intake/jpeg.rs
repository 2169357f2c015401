//! A JPEG without what is not its picture: segment by segment, scan by scan, up to its end and no further.

use super::cut;
use crate::PressError;

pub(super) fn stripped(bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let mut at = 2;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(bytes.get(..2).ok_or_else(cut)?);
    loop {
        // A marker may be padded with any number of 0xff.
        while bytes.get(at).ok_or_else(cut)? == &0xff && bytes.get(at + 1).ok_or_else(cut)? == &0xff {
            at += 1;
        }
        let (ff, marker) = (*bytes.get(at).ok_or_else(cut)?, *bytes.get(at + 1).ok_or_else(cut)?);
        if ff != 0xff {
            return Err(cut());
        }
        match marker {
            0xd9 => {
                out.extend([0xff, 0xd9]);
                return Ok(out);
            }
            0x01 | 0xd0..=0xd7 => {
                out.extend([0xff, marker]);
                at += 2;
            }
            _ => {
                let length = bytes.get(at + 2..at + 4).ok_or_else(cut)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let segment = bytes.get(at..at + 2 + length).ok_or_else(cut)?;
                if is_kept(marker, segment.get(4..).ok_or_else(cut)?) {
                    out.extend(segment);
                }
                at += segment.len();
                if marker == 0xda {
                    let end = scan_end(bytes, at).ok_or_else(cut)?;
                    out.extend(&bytes[at..end]);
                    at = end;
                }
            }
        }
    }
}

/// Tables, frames and scans; of the applications' segments those that say how colours are meant.
fn is_kept(marker: u8, data: &[u8]) -> bool {
    match marker {
        // With a thumbnail it is longer.
        0xe0 => data.starts_with(b"JFIF\0") && data.len() == 14,
        0xe2 => data.starts_with(b"ICC_PROFILE\0"),
        0xee => data.starts_with(b"Adobe"),
        0xe1..=0xef | 0xfe => false,
        _ => true,
    }
}

/// Where the compressed data that begins here ends: at a marker that is neither stuffing nor a restart.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let pairs = bytes.get(from..)?.windows(2);
    let found = pairs.enumerate().find(|(_, pair)| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff));
    found.map(|(at, _)| from + at)
}

/// The JPEG as any printer's reader takes it, without what is not its picture; `None` where readers may differ: other components than
/// three of luminance and colour, a profile of its own, a coding that is neither baseline nor progressive.
pub(crate) fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    let stripped = stripped(bytes).ok()?;
    let mut at = 2;
    loop {
        let (marker, data) = (*stripped.get(at + 1)?, stripped.get(at + 4..)?);
        match marker {
            0xe2 => return None,
            // The twelfth byte says how colours were turned: 1 is luminance and two differences.
            0xee if data.get(11) != Some(&1) => return None,
            0xc0..=0xc2 => {
                // Bits a sample, height, width, components, each with its id first.
                let three = data.first() == Some(&8) && data.get(5) == Some(&3) && data.get(1..3) != Some(&[0, 0]);
                let letters = [6, 9, 12].map(|n| data.get(n).copied()) == [Some(b'R'), Some(b'G'), Some(b'B')];
                return (three && !letters).then_some(stripped);
            }
            0xc4 | 0xcc | 0xdb | 0xdd | 0xe0 | 0xee => {}
            _ => return None,
        }
        at += 2 + usize::from(u16::from_be_bytes([*stripped.get(at + 2)?, *stripped.get(at + 3)?]));
    }
}
