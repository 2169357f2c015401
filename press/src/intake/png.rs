//! A PNG without what is not its picture: chunk by chunk, up to its end and no further.

use super::cut;
use crate::PressError;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What decides how the picture looks; everything else goes: texts, times, places, other pictures.
const KEPT: [&[u8; 4]; 10] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"];

pub(super) fn stripped(bytes: &[u8]) -> Result<Vec<u8>, PressError> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or_else(cut)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend(SIGNATURE);
    loop {
        let (length, name) = (rest.get(..4).ok_or_else(cut)?, rest.get(4..8).ok_or_else(cut)?);
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let whole = rest.get(..length.checked_add(12).ok_or_else(cut)?).ok_or_else(cut)?;
        if KEPT.iter().any(|kept| kept.as_slice() == name) {
            out.extend(whole);
        }
        if name == b"IEND" {
            return Ok(out);
        }
        rest = &rest[whole.len()..];
    }
}
