//! Signatures by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body` with the bytes behind `whsec_`, in base64, one `v1,…` per secret.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRngCore;
use sha2::Sha256;

/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// Random bytes of a new one.
const BYTES: usize = 32;
/// Shorter keys are guessable, longer ones gain nothing; what others made may have as few as 16.
const BYTES_MIN: usize = 16;
/// A delivery that is older, or comes from further ahead, is none.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// A new secret.
///
/// # Errors
/// When the machine has no randomness.
pub fn new_secret() -> Result<String, rand::rand_core::OsError> {
    let mut bytes = [0u8; BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
    Ok(format!("{PREFIX}{}", B64.encode(bytes)))
}

fn key(secret: &str) -> Option<Vec<u8>> {
    B64.decode(secret.strip_prefix(PREFIX)?).ok().filter(|key| key.len() >= BYTES_MIN)
}

fn mac(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(mac)
}

/// What `webhook-signature` says: one entry per secret, the newest first. Secrets that are none sign nothing.
#[must_use]
pub fn sign(secrets: &[&str], id: &str, timestamp: i64, body: &[u8]) -> String {
    let entries = secrets.iter().filter_map(|secret| mac(secret, id, timestamp, body));
    let entries: Vec<String> = entries.map(|mac| format!("v1,{}", B64.encode(mac.finalize().into_bytes()))).collect();
    entries.join(" ")
}

/// Whether one of the entries is one of the secrets' and the moment (unix seconds) is near enough: what a receiver has to do. Compared in
/// constant time, on decoded bytes.
#[must_use]
pub fn verify(secrets: &[&str], id: &str, timestamp: &str, body: &[u8], entries: &str, now: i64) -> bool {
    let Ok(at) = timestamp.parse::<i64>() else { return false };
    if id.is_empty() || now.abs_diff(at) > TOLERANCE.as_secs() {
        return false;
    }
    let given: Vec<Vec<u8>> =
        entries.split(' ').filter_map(|entry| B64.decode(entry.strip_prefix("v1,")?).ok()).collect();
    secrets.iter().any(|secret| {
        let fits = |given: &Vec<u8>| mac(secret, id, at, body).is_some_and(|mac| mac.verify_slice(given).is_ok());
        given.iter().any(fits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the official libraries: what a receiver must say to each.
    #[test]
    fn the_verdicts_are_those_of_the_official_libraries() {
        let text = include_str!("../../fixtures/webhooks/signatures.json");
        let file: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let mut seen = 0;
        for case in file["cases"].as_array().expect("cases") {
            if case["provider"] != "standardwebhooks" {
                continue;
            }
            let header = |name: &str| {
                let headers = case["headers"].as_object().expect("headers");
                let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
            };
            let secret = case["secret"].as_str().expect("a secret");
            let body = B64.decode(case["body_b64"].as_str().expect("a body")).expect("base64");
            let now = case["now"].as_i64().expect("a moment");
            let said = verify(
                &[secret],
                &header("webhook-id"),
                &header("webhook-timestamp"),
                &body,
                &header("webhook-signature"),
                now,
            );
            assert_eq!(said, case["expect"] == "valid", "{}: {}", case["id"], case["why"]);
            seen += 1;
        }
        assert_eq!(seen, 6, "of the official libraries' own");
    }

    #[test]
    fn both_secrets_of_a_rotation_verify_and_a_third_does_not() {
        let [old, new, other] = [(); 3].map(|()| new_secret().expect("randomness"));
        let signed = sign(&[&new, &old], "ntc_1", 1_795_000_000, b"{}");
        for secret in [&old, &new] {
            assert!(verify(&[secret], "ntc_1", "1795000000", b"{}", &signed, 1_795_000_300));
        }
        assert!(!verify(&[&other], "ntc_1", "1795000000", b"{}", &signed, 1_795_000_000));
        assert!(!verify(&[&new], "ntc_1", "1795000000", b"{ }", &signed, 1_795_000_000));
        assert!(!verify(&[&new], "ntc_1", "1795000000", b"{}", &signed, 1_795_000_301), "too late");
        assert!(!verify(&[&new], "ntc_1", "1795000000", b"{}", &signed, 1_794_999_699), "too early");
        assert_eq!(sign(&["whsec_short", "plain"], "ntc_1", 1, b""), "");
    }
}
