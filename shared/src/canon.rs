//! Canonical JSON (RFC 8785) and SHA-256: what keys and digests are made of.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The RFC 8785 text of a value: sorted keys, no spaces, one form for every number.
///
/// # Errors
/// When the value cannot be JSON at all (a map with keys that are no strings, a number that is not finite).
pub fn canonical(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json_canonicalizer::to_string(value)
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes.as_ref()))
}

/// The SHA-256 of the canonical JSON of a value.
///
/// # Errors
/// As [`canonical`].
pub fn digest(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(sha256_hex(canonical(value)?))
}

/// Reads to the end; answers the SHA-256 of what came, and how many bytes it was.
///
/// # Errors
/// The reader's.
pub fn sha256_of(mut from: impl std::io::Read) -> std::io::Result<(String, u64)> {
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok((hex(&hash.finalize()), bytes)),
            n => {
                hash.update(&chunk[..n]);
                bytes += n as u64;
            }
        }
    }
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is a SHA-256 in lower-case hexadecimal, as hashes are written everywhere here.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
