//! Content-addressed files over `object_store`: a folder, memory, or an S3-speaking store, chosen by URL.
//!
//! A name is the SHA-256 of the bytes, so a write never changes what is there, and whoever reads can tell whether the bytes are
//! the right ones. Files of any size pass in constant memory: [`Blobs::put_stream`] and [`Blobs::stream`].

mod error;
mod place;
mod read;
mod sweep;
mod write;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use secrecy::SecretString;

use crate::canon::is_sha256;
use crate::id::TenantId;

pub use error::BlobError;
pub use place::Place;
pub use read::Streamed;
pub use sweep::Found;
pub use write::PART_BYTES;

/// Files named by the SHA-256 of their bytes, per tenant. Writing the same bytes twice is one file.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// What sentences call the store: `the folder /data`, `the bucket prints at https://…`.
    name: Arc<str>,
}

/// Who we are to an S3-speaking store.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Says which account.
    pub access_key_id: String,
    /// Proves it.
    pub secret_access_key: SecretString,
    /// Comes with keys that are good for a while only.
    pub session_token: Option<SecretString>,
}

impl Blobs {
    /// Opens a store that needs no keys: `file:///path` (made when missing) or `memory://`.
    ///
    /// # Errors
    /// [`BlobError::Url`] when the URL names no store.
    pub fn open(url: &str) -> Result<Blobs, BlobError> {
        Blobs::connect(url, None)
    }

    /// Opens any store, also `s3://bucket/prefix`. A bucket without `keys` is asked in the name of the machine: what `AWS_*` and the
    /// instance's role say. Nothing goes out yet: [`Blobs::probe`] asks.
    ///
    /// # Errors
    /// [`BlobError::Url`] when the URL names no store.
    pub fn connect(url: &str, keys: Option<&Keys>) -> Result<Blobs, BlobError> {
        let place: Place = url.parse().map_err(BlobError::Url)?;
        let name = place.to_string();
        Ok(Blobs { store: place.open(keys)?, name: name.into() })
    }

    /// Over a store of the test's own: a slow one, or one that is looked into.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>) -> Blobs {
        Blobs { store, name: "the store of the test".into() }
    }
}

/// Where a file is; nothing but a hash names one.
fn path(tenant: TenantId, sha256: &str) -> Result<Path, BlobError> {
    if !is_sha256(sha256) {
        return Err(BlobError::Missing(sha256.to_owned()));
    }
    Ok(Path::from(format!("{tenant}/{}/{sha256}", &sha256[..2])))
}
