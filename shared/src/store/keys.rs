//! API keys: 256 random bits behind a visible prefix. Only a hash is stored, and it is compared in constant time.

use rand::TryRngCore;
use subtle::ConstantTimeEq;

use crate::canon::{hex, sha256_hex};
use crate::db::{At, Error, Result, Source, Tx};
use crate::id::{KeyId, TenantId};
use crate::sql;

/// Every scope there is. A key can do what its scopes say and nothing else.
pub const SCOPES: &[&str] = &["read", "write", "approve", "operate", "admin"];

/// The one scope of a publishable key, which stands in web pages for everybody to read: it personalises and previews, and nothing else.
pub const WIDGET: &str = "widget";

/// What tokens begin with: of secret keys, and of publishable ones.
const SECRET: &str = "plk_";
const PUBLISHABLE: &str = "plp_";

/// A key's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ApiKey {
    /// Its id, which is also the actor in the audit.
    pub id: KeyId,
    /// Whose.
    pub tenant: TenantId,
    /// For people.
    pub name: String,
    /// The visible part: how the row is found.
    pub prefix: String,
    /// SHA-256 of the whole token.
    pub hash: String,
    /// Words of [`SCOPES`], separated by spaces, or [`WIDGET`] alone.
    pub scopes: String,
    /// How many requests a second it may make in the long run, where the installation's number is not its own.
    pub per_second: Option<i64>,
    /// Since when.
    pub created_at: At,
    /// When it was last used, to the minute.
    pub last_used_at: Option<At>,
    /// Since when it is refused.
    pub revoked_at: Option<At>,
}

impl ApiKey {
    /// Makes a key and its token, `plk_<prefix>_<secret>` or, of a publishable key, `plp_…`; it is shown once and stored nowhere.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn mint(tenant: TenantId, name: &str, scopes: &[&str], now: At) -> Result<(ApiKey, String)> {
        let mut bytes = [0u8; 38];
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|e| Error::Encode(Box::new(e)))?;
        let (prefix, secret) = bytes.split_at(6);
        let prefix = hex(prefix);
        let word = if scopes == [WIDGET] { PUBLISHABLE } else { SECRET };
        let token = format!("{word}{prefix}_{}", hex(secret));
        let key = ApiKey {
            id: KeyId::new(),
            tenant,
            name: name.to_owned(),
            prefix,
            hash: sha256_hex(&token),
            scopes: scopes.join(" "),
            per_second: None,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        Ok((key, token))
    }

    /// The prefix of a token, if it has the form of one.
    #[must_use]
    pub fn prefix_of(token: &str) -> Option<&str> {
        let bare = token.strip_prefix(SECRET).or_else(|| token.strip_prefix(PUBLISHABLE))?;
        let (prefix, secret) = bare.split_once('_')?;
        (prefix.len() == 12 && secret.len() == 64).then_some(prefix)
    }

    /// Whether it may stand in a web page.
    #[must_use]
    pub fn publishable(&self) -> bool {
        self.scopes == WIDGET
    }

    /// Whether a token is this key's.
    #[must_use]
    pub fn opens(&self, token: &str) -> bool {
        self.revoked_at.is_none() && bool::from(sha256_hex(token).as_bytes().ct_eq(self.hash.as_bytes()))
    }
}

/// Writes a new key.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(tx: &mut Tx, key: &ApiKey) -> Result<()> {
    tx.query(sql!(
        "INSERT INTO api_keys (tenant, id, name, prefix, hash, scopes, per_second, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    ))
    .bind(key.tenant)
    .bind(key.id)
    .bind(&key.name)
    .bind(&key.prefix)
    .bind(&key.hash)
    .bind(&key.scopes)
    .bind(key.per_second)
    .bind(key.created_at)
    .exec()
    .await
    .map(drop)
}

/// The key of a visible prefix. The one look-up without a tenant: it is how the tenant of a request becomes known.
///
/// # Errors
/// Whatever the database says.
pub async fn by_prefix(source: &mut impl Source, prefix: &str) -> Result<Option<ApiKey>> {
    source
        .query(sql!(
            "SELECT id, tenant, name, prefix, hash, scopes, per_second, created_at, last_used_at, revoked_at FROM api_keys WHERE prefix = $1"
        ))
        .bind(prefix)
        .opt()
        .await
}

/// A tenant's keys, revoked ones too, oldest first.
///
/// # Errors
/// Whatever the database says.
pub async fn list(source: &mut impl Source, tenant: TenantId, after: Option<KeyId>, limit: i64) -> Result<Vec<ApiKey>> {
    source
        .query(sql!(
            "SELECT id, tenant, name, prefix, hash, scopes, per_second, created_at, last_used_at, revoked_at FROM api_keys
             WHERE tenant = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3"
        ))
        .bind(tenant)
        .bind(after)
        .bind(limit)
        .all()
        .await
}

/// Refuses a key from now on; one that is revoked already keeps its first moment. `false` when there is no such key.
///
/// # Errors
/// Whatever the database says.
pub async fn revoke(tx: &mut Tx, now: At, tenant: TenantId, id: KeyId) -> Result<bool> {
    let n = tx
        .query(sql!("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3) WHERE tenant = $1 AND id = $2"))
        .bind(tenant)
        .bind(id)
        .bind(now)
        .exec()
        .await?;
    Ok(n == 1)
}

/// Notes that a key was used, unless that is noted since `stale` already.
///
/// # Errors
/// Whatever the database says.
pub async fn touch(tx: &mut Tx, now: At, stale: At, tenant: TenantId, id: KeyId) -> Result<()> {
    tx.query(sql!(
        "UPDATE api_keys SET last_used_at = $3 WHERE tenant = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)"
    ))
    .bind(tenant)
    .bind(id)
    .bind(now)
    .bind(stale)
    .exec()
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_key_until_it_is_revoked() {
        let tenant = TenantId::new();
        let (mut key, token) = ApiKey::mint(tenant, "shop", &["read"], At(1)).expect("randomness");
        let (other, _) = ApiKey::mint(tenant, "shop", &["read"], At(1)).expect("randomness");
        assert_eq!(ApiKey::prefix_of(&token), Some(key.prefix.as_str()));
        assert!(key.opens(&token) && !other.opens(&token));
        assert!(!format!("{key:?}").contains(&token[17..]), "the row does not hold the secret");
        key.revoked_at = Some(At(2));
        assert!(!key.opens(&token));
        assert_eq!(ApiKey::prefix_of("plk_short_1"), None);
        let (shown, token) = ApiKey::mint(tenant, "page", &[WIDGET], At(1)).expect("randomness");
        assert!(shown.publishable() && !other.publishable() && token.starts_with("plp_") && shown.opens(&token));
    }
}
