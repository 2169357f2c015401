//! A WebP without what is not its picture.

use super::cut;
use crate::PressError;

/// What decides how a still picture looks.
const KEPT: [&[u8; 4]; 5] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"];
/// Flags of the extended header: EXIF data and XMP data follow.
const METADATA: u8 = 0b0000_1100;
/// Flag of the extended header: several frames follow.
const ANIMATED: u8 = 0b0000_0010;

/// Whether it moves; the first frame of such a file is a picture of its own.
pub(super) fn is_animated(bytes: &[u8]) -> bool {
    bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & ANIMATED != 0)
}

pub(super) fn stripped(bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    let length = bytes.get(4..8).ok_or_else(cut)?;
    let end = (u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize).saturating_add(8);
    let mut rest = bytes.get(12..end.min(bytes.len())).ok_or_else(cut)?;
    while !rest.is_empty() {
        let (name, length) = (rest.get(..4).ok_or_else(cut)?, rest.get(4..8).ok_or_else(cut)?);
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let whole = length.checked_add(8).ok_or_else(cut)?;
        let data = rest.get(8..whole).ok_or_else(cut)?;
        if KEPT.iter().any(|kept| kept.as_slice() == name) {
            let from = out.len();
            out.extend(&rest[..whole]);
            if name == b"VP8X"
                && let Some(flags) = out.get_mut(from + 8)
            {
                *flags &= !METADATA;
            }
            if data.len() % 2 == 1 {
                out.push(0);
            }
        }
        rest = rest.get(whole + length % 2..).unwrap_or_default();
    }
    let length = u32::try_from(out.len() - 8).map_err(|_| cut())?;
    out[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}
