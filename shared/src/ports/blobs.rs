//! Content-addressed files over `object_store`: a folder, memory, or an S3-speaking store, chosen by URL.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::canon::{is_sha256, sha256_hex};
use crate::id::TenantId;

/// Files named by the SHA-256 of their bytes, per tenant. Writing the same bytes twice is one file.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No such file.
    #[error("the file {0} is not in the blob store")]
    Missing(String),
    /// The bytes under that name are not those that were written.
    #[error("the file {0} in the blob store does not match its hash")]
    Corrupt(String),
    /// The store failed.
    #[error("the blob store failed: {0}")]
    Store(#[from] object_store::Error),
    /// The URL names no store.
    #[error("BLOB_URL must be a folder (file:///path) or memory://; {0}")]
    Url(String),
}

impl Blobs {
    /// Opens `file:///path` (made when missing) or `memory://`.
    ///
    /// # Errors
    /// [`BlobError::Url`] or the store's.
    pub fn open(url: &str) -> Result<Blobs, BlobError> {
        let store: Arc<dyn ObjectStore> = if url == "memory://" {
            Arc::new(object_store::memory::InMemory::new())
        } else if let Some(folder) = url.strip_prefix("file://") {
            std::fs::create_dir_all(folder)
                .map_err(|e| BlobError::Url(format!("the folder {folder} cannot be made: {e}")))?;
            Arc::new(object_store::local::LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
        } else {
            return Err(BlobError::Url("this URL is neither".to_owned()));
        };
        Ok(Blobs { store })
    }

    /// Stores bytes; answers their SHA-256. Harmless to repeat.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn put(&self, tenant: TenantId, bytes: Bytes) -> Result<String, BlobError> {
        let sha256 = sha256_hex(&bytes);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&path(tenant, &sha256), bytes.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(sha256),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of a hash, checked against it.
    ///
    /// # Errors
    /// Any [`BlobError`] but `Url`.
    pub async fn get(&self, tenant: TenantId, sha256: &str) -> Result<Bytes, BlobError> {
        if !is_sha256(sha256) {
            return Err(BlobError::Missing(sha256.to_owned()));
        }
        match self.store.get(&path(tenant, sha256)).await {
            Ok(found) => {
                let bytes = found.bytes().await?;
                if sha256_hex(&bytes) == sha256 { Ok(bytes) } else { Err(BlobError::Corrupt(sha256.to_owned())) }
            }
            Err(object_store::Error::NotFound { .. }) => Err(BlobError::Missing(sha256.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes, reads and deletes a probe file.
    ///
    /// # Errors
    /// When any of that fails: what `doctor` and `/readyz` tell.
    pub async fn probe(&self) -> Result<(), BlobError> {
        let path = Path::from("probe");
        self.store.put(&path, Bytes::from_static(b"probe").into()).await?;
        self.store.get(&path).await?.bytes().await?;
        Ok(())
    }
}

fn path(tenant: TenantId, sha256: &str) -> Path {
    Path::from(format!("{tenant}/{}/{sha256}", &sha256[..2]))
}
