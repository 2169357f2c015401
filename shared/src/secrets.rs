//! Envelope encryption at rest: a fresh data key per record, wrapped by the installation's key; both bound to what they belong to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::TryRngCore;
use secrecy::{ExposeSecret, SecretString};

/// The installation's key: 32 bytes that never reach the database.
#[derive(Clone)]
pub struct Keyring {
    wrap: XChaCha20Poly1305,
    sign: [u8; 32],
}

/// A sealed record that does not open: another key, another owner, or changed bytes.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open: wrong installation key (`PLATEN_SECRETS__KEY`), or the row was changed")]
pub struct Sealed;

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    /// From the installation's secret: at least 32 characters of real randomness.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let derive = |purpose: &str| {
            use hmac::Mac;
            let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.expose_secret().as_bytes());
            mac.map(|mut mac| {
                mac.update(purpose.as_bytes());
                mac.finalize().into_bytes().into()
            })
            .unwrap_or([0u8; 32])
        };
        Keyring { wrap: XChaCha20Poly1305::new(&derive("platen wrap v1").into()), sign: derive("platen link v1") }
    }

    /// Seals a text for one owner (`bound`: tenant, record, purpose); only the same owner opens it.
    ///
    /// # Errors
    /// Never in practice: the cipher refuses only texts beyond its limit of 256 GB.
    pub fn seal(&self, text: &str, bound: &str) -> Result<String, Sealed> {
        let mut key = [0u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(|_| Sealed)?;
        let wrapped = encrypt(&self.wrap, &key, bound)?;
        let body = encrypt(&XChaCha20Poly1305::new(&key.into()), text.as_bytes(), bound)?;
        Ok(format!("v1.{}.{}", B64.encode(wrapped), B64.encode(body)))
    }

    /// Opens what [`Keyring::seal`] wrote for the same owner.
    ///
    /// # Errors
    /// [`Sealed`].
    pub fn open(&self, sealed: &str, bound: &str) -> Result<String, Sealed> {
        let mut parts = sealed.strip_prefix("v1.").ok_or(Sealed)?.split('.');
        let (Some(wrapped), Some(body), None) = (parts.next(), parts.next(), parts.next()) else { return Err(Sealed) };
        let read = |part: &str| B64.decode(part).map_err(|_| Sealed);
        let key: [u8; 32] = decrypt(&self.wrap, &read(wrapped)?, bound)?.try_into().map_err(|_| Sealed)?;
        let text = decrypt(&XChaCha20Poly1305::new(&key.into()), &read(body)?, bound)?;
        String::from_utf8(text).map_err(|_| Sealed)
    }

    /// The key that signs download links.
    #[must_use]
    pub fn link_key(&self) -> &[u8; 32] {
        &self.sign
    }
}

/// Counts and logs that something signed or secret was refused: `what` it was (`link`, `key`, `session`) and the reason, from closed lists
/// and never the thing itself.
pub fn refused(what: &'static str, reason: &'static str) {
    metrics::counter!("platen_signature_failures_total", "what" => what, "reason" => reason).increment(1);
    tracing::warn!(what, reason, "refused a {what}: {reason}");
}

fn encrypt(cipher: &XChaCha20Poly1305, text: &[u8], bound: &str) -> Result<Vec<u8>, Sealed> {
    let mut nonce = [0u8; 24];
    rand::rngs::OsRng.try_fill_bytes(&mut nonce).map_err(|_| Sealed)?;
    let body =
        cipher.encrypt(&XNonce::from(nonce), Payload { msg: text, aad: bound.as_bytes() }).map_err(|_| Sealed)?;
    Ok([&nonce[..], &body].concat())
}

fn decrypt(cipher: &XChaCha20Poly1305, sealed: &[u8], bound: &str) -> Result<Vec<u8>, Sealed> {
    let (nonce, body) = sealed.split_at_checked(24).ok_or(Sealed)?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| Sealed)?;
    cipher.decrypt(&XNonce::from(nonce), Payload { msg: body, aad: bound.as_bytes() }).map_err(|_| Sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_for_its_owner_only() {
        let ring = Keyring::new(&SecretString::from("one installation's long secret ...".to_owned()));
        let other = Keyring::new(&SecretString::from("another installation's secret .....".to_owned()));
        let sealed = ring.seal("key-of-the-shop", "ten_a:gelato").expect("sealed");
        assert_eq!(ring.open(&sealed, "ten_a:gelato").expect("opens"), "key-of-the-shop");
        assert!(ring.open(&sealed, "ten_b:gelato").is_err() && other.open(&sealed, "ten_a:gelato").is_err());
        assert!(!sealed.contains("key-of-the-shop"));
        assert_ne!(sealed, ring.seal("key-of-the-shop", "ten_a:gelato").expect("sealed"), "fresh keys each time");
    }
}
