//! Signed links: `PUBLIC_URL/f/<token>`. A token names one file and its end, cannot be forged, and needs no row.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::db::At;
use crate::id::TenantId;
use crate::secrets::Keyring;

/// How long a provider may fetch a print file.
pub const PROVIDER_TTL: Duration = Duration::from_secs(45 * 24 * 3600);
/// How long after a release a provider may come for the files at the latest: while it checks them, and while the order waits there for a
/// person before it goes on. A draft whose links end sooner is not released.
pub const FETCHED_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);

/// Makes and reads links.
#[derive(Clone)]
pub struct Links {
    public_url: String,
    keyring: Keyring,
}

/// What a token names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// Whose file.
    #[serde(rename = "t")]
    pub tenant: TenantId,
    /// Which.
    #[serde(rename = "h")]
    pub sha256: String,
    /// Served as.
    #[serde(rename = "m")]
    pub media_type: String,
    /// Until (wall time, seconds).
    #[serde(rename = "e")]
    pub expires_s: i64,
    /// Whom the link was made for, in the proof of what was fetched.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
}

impl Links {
    /// Links below this address (no slash at its end), signed with the installation's key.
    #[must_use]
    pub fn new(public_url: &str, keyring: Keyring) -> Links {
        Links { public_url: public_url.trim_end_matches('/').to_owned(), keyring }
    }

    /// Where the links lead.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The installation's keys, for what is sealed beside what is signed.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A link to one file. The end is rounded up to a day, so that the same file has the same link all day.
    #[must_use]
    pub fn link(&self, wall: At, tenant: TenantId, sha256: &str, media_type: &str, ttl: Duration) -> String {
        self.make(
            wall,
            FileRef {
                tenant,
                sha256: sha256.to_owned(),
                media_type: media_type.to_owned(),
                expires_s: 0,
                audience: None,
            },
            ttl,
        )
    }

    /// The same for somebody, who is named beside what they fetch.
    #[must_use]
    pub fn link_for(
        &self,
        wall: At,
        tenant: TenantId,
        (sha256, media_type): (&str, &str),
        ttl: Duration,
        audience: &str,
    ) -> String {
        let audience = Some(audience.to_owned());
        let (sha256, media_type) = (sha256.to_owned(), media_type.to_owned());
        self.make(wall, FileRef { tenant, sha256, media_type, expires_s: 0, audience }, ttl)
    }

    fn make(&self, wall: At, mut file: FileRef, ttl: Duration) -> String {
        let day = 86_400;
        file.expires_s = (wall.plus(ttl).0 / 1_000_000 / day + 1) * day;
        let body = B64.encode(serde_json::to_vec(&file).unwrap_or_default());
        format!("{}/f/{body}.{}", self.public_url, B64.encode(sign(self.keyring.link_key(), body.as_bytes())))
    }

    /// Reads a token; `None` when it is forged, changed, or over, which is counted and logged.
    #[must_use]
    pub fn open(&self, wall: At, token: &str) -> Option<FileRef> {
        self.read(wall, token).map_err(|reason| crate::secrets::refused("link", reason)).ok()
    }

    fn read(&self, wall: At, token: &str) -> Result<FileRef, &'static str> {
        let (body, signature) = token.split_once('.').ok_or("malformed")?;
        let signature = B64.decode(signature).map_err(|_| "malformed")?;
        let believed = |key| bool::from(sign(key, body.as_bytes()).ct_eq(&signature));
        if !self.keyring.link_keys().any(believed) {
            return Err("forged");
        }
        let body = B64.decode(body).map_err(|_| "malformed")?;
        let file: FileRef = serde_json::from_slice(&body).map_err(|_| "malformed")?;
        if file.expires_s > wall.0 / 1_000_000 { Ok(file) } else { Err("over") }
    }
}

fn sign(key: &[u8; 32], body: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_until_its_end_and_cannot_be_changed() {
        let links =
            Links::new("https://print.example/", Keyring::new(&"a secret of thirty-two characters".to_owned().into()));
        let (now, day) = (At(1_700_000_000_000_000), Duration::from_secs(86_400));
        let tenant = TenantId::new();
        let url = links.link(now, tenant, &"ab".repeat(32), "application/pdf", day * 30);
        let token = url.strip_prefix("https://print.example/f/").expect("below the public address");
        assert_eq!(links.open(now.plus(day * 30), token).expect("valid for 30 days").tenant, tenant);
        assert_eq!(links.open(now.plus(day * 32), token), None, "over");
        let mut forged = token.to_owned();
        forged.replace_range(5..6, if &token[5..6] == "A" { "B" } else { "A" });
        assert_eq!(links.open(now, &forged), None);
        assert_eq!(links.open(now, "no-token"), None);
    }
}
