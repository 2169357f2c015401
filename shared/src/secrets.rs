//! Envelope encryption at rest: a fresh data key per record, wrapped by the installation's key; both bound to what they belong to.
//!
//! A keyring may hold another key beside its own: it opens what that one sealed and believes what it signed, and seals and signs with its
//! own. So keys are changed while everything runs (`docs/gelato.md`): only the small wrapped key of each record is written anew.

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
    other: Option<(XChaCha20Poly1305, [u8; 32])>,
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
        let (wrap, sign) = derive(secret);
        Keyring { wrap, sign, other: None }
    }

    /// With another secret beside it, the former or the next one: what that sealed or signed is taken too.
    #[must_use]
    pub fn beside(self, other: &SecretString) -> Self {
        Keyring { other: Some(derive(other)), ..self }
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

    /// Opens what [`Keyring::seal`] wrote for the same owner, with this key or the other.
    ///
    /// # Errors
    /// [`Sealed`].
    pub fn open(&self, sealed: &str, bound: &str) -> Result<String, Sealed> {
        let (wrapped, body) = halves(sealed)?;
        let (key, _) = self.unwrap(&read(wrapped)?, bound)?;
        let text = decrypt(&XChaCha20Poly1305::new(&key.into()), &read(body)?, bound)?;
        String::from_utf8(text).map_err(|_| Sealed)
    }

    /// The same text sealed by this key, for what the other key sealed; `None` for what this key sealed already. The text itself is
    /// neither opened nor written anew.
    ///
    /// # Errors
    /// [`Sealed`] when neither key opens it.
    pub fn rewrap(&self, sealed: &str, bound: &str) -> Result<Option<String>, Sealed> {
        let (wrapped, body) = halves(sealed)?;
        let (key, own) = self.unwrap(&read(wrapped)?, bound)?;
        if own {
            return Ok(None);
        }
        Ok(Some(format!("v1.{}.{body}", B64.encode(encrypt(&self.wrap, &key, bound)?))))
    }

    /// A record's key, and whether it was wrapped by this keyring's own.
    fn unwrap(&self, wrapped: &[u8], bound: &str) -> Result<([u8; 32], bool), Sealed> {
        let own = decrypt(&self.wrap, wrapped, bound);
        let (key, is_own) = match (own, &self.other) {
            (Ok(key), _) => (key, true),
            (Err(_), Some((other, _))) => (decrypt(other, wrapped, bound)?, false),
            (Err(sealed), None) => return Err(sealed),
        };
        Ok((key.try_into().map_err(|_| Sealed)?, is_own))
    }

    /// A keyed hash of a text, the same for the same owner (`bound`) and key: who has it alone learns nothing. 32 hex digits.
    #[must_use]
    pub fn pseudonym(&self, text: &str, bound: &str) -> String {
        use hmac::Mac;
        let Ok(mut mac) = hmac::Hmac::<sha2::Sha256>::new_from_slice(&self.sign) else { return String::new() };
        for part in ["platen pseudonym v1", bound, text] {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key that signs download links.
    #[must_use]
    pub fn link_key(&self) -> &[u8; 32] {
        &self.sign
    }

    /// The keys whose signatures are believed: this one, then the other.
    pub fn link_keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.sign).chain(self.other.iter().map(|(_, sign)| sign))
    }
}

fn derive(secret: &SecretString) -> (XChaCha20Poly1305, [u8; 32]) {
    let derive = |purpose: &str| {
        use hmac::Mac;
        let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.expose_secret().as_bytes());
        mac.map(|mut mac| {
            mac.update(purpose.as_bytes());
            mac.finalize().into_bytes().into()
        })
        .unwrap_or([0u8; 32])
    };
    (XChaCha20Poly1305::new(&derive("platen wrap v1").into()), derive("platen link v1"))
}

/// The wrapped key and the body of a sealed text.
fn halves(sealed: &str) -> Result<(&str, &str), Sealed> {
    let mut parts = sealed.strip_prefix("v1.").ok_or(Sealed)?.split('.');
    let (Some(wrapped), Some(body), None) = (parts.next(), parts.next(), parts.next()) else { return Err(Sealed) };
    Ok((wrapped, body))
}

fn read(part: &str) -> Result<Vec<u8>, Sealed> {
    B64.decode(part).map_err(|_| Sealed)
}

/// A secret that nobody can guess, as text.
///
/// # Errors
/// When the machine has no randomness.
pub fn random() -> Result<String, Sealed> {
    let mut bytes = [0u8; 24];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|_| Sealed)?;
    Ok(B64.encode(bytes))
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

    #[test]
    fn a_key_is_changed_while_both_are_in_use() {
        let (old, new) = ("the secret so far, long enough.....", "the next secret, long enough too...");
        let secret = |text: &str| SecretString::from(text.to_owned());
        let before = Keyring::new(&secret(old)).beside(&secret(new));
        let after = Keyring::new(&secret(new)).beside(&secret(old));
        let sealed = before.seal("key-of-the-shop", "ten_a:gelato").expect("sealed");
        assert_eq!(after.open(&sealed, "ten_a:gelato").expect("opens"), "key-of-the-shop");
        let of_after = after.seal("another", "ten_a:gelato").expect("sealed");
        assert_eq!(before.open(&of_after, "ten_a:gelato").expect("opens"), "another", "in both directions");
        let rewrapped = after.rewrap(&sealed, "ten_a:gelato").expect("rewrapped").expect("by the new key");
        assert_eq!(after.rewrap(&rewrapped, "ten_a:gelato").expect("read"), None, "once");
        assert!(after.rewrap(&sealed, "ten_b:gelato").is_err(), "only for its owner");
        let alone = Keyring::new(&secret(new));
        assert_eq!(alone.open(&rewrapped, "ten_a:gelato").expect("opens"), "key-of-the-shop");
        assert!(alone.open(&sealed, "ten_a:gelato").is_err(), "the former key is not needed any more, and is not held");
    }
}
