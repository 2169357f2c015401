//! Reading: whole and checked, as a stream that is checked on its way, or a slice of one.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetResult, ObjectStoreExt, PutMode, PutOptions};
use sha2::{Digest, Sha256};

use super::error::no_bucket;
use super::{BlobError, Blobs, path};
use crate::canon::{hex, sha256_hex};
use crate::id::TenantId;

/// What the probe writes; no file is ever called so.
const PROBE: &str = "probe/probe";

/// A file on its way.
pub struct Streamed {
    /// Of the whole file.
    pub length: u64,
    /// The bytes. When they are not those that the name promises, the last of them is withheld and an error comes in its place:
    /// nobody takes a damaged file for a whole one.
    pub bytes: BoxStream<'static, Result<Bytes, BlobError>>,
}

impl Blobs {
    /// The bytes of a hash, checked against it. For files that fit into memory.
    ///
    /// # Errors
    /// Any [`BlobError`] but `Url`.
    pub async fn get(&self, tenant: TenantId, sha256: &str) -> Result<Bytes, BlobError> {
        let found = self.opened(tenant, sha256, GetOptions::default()).await?;
        let bytes = found.bytes().await.map_err(|e| self.failed(&e))?;
        if sha256_hex(&bytes) == sha256 { Ok(bytes) } else { Err(BlobError::Corrupt(sha256.to_owned())) }
    }

    /// A file of any size in constant memory, checked on its way.
    ///
    /// # Errors
    /// Any [`BlobError`] but `Url` and `Corrupt`, which the stream itself tells.
    pub async fn stream(&self, tenant: TenantId, sha256: &str) -> Result<Streamed, BlobError> {
        let found = self.opened(tenant, sha256, GetOptions::default()).await?;
        let (length, blobs) = (found.meta.size, self.clone());
        let bytes = found.into_stream().map_err(move |e| blobs.failed(&e)).boxed();
        Ok(Streamed { length, bytes: checked(bytes, sha256.to_owned()) })
    }

    /// Some bytes of a file, which cannot be checked by themselves: who asks for parts checks the whole.
    ///
    /// # Errors
    /// Any [`BlobError`] but `Url` and `Corrupt`.
    pub async fn slice(
        &self,
        tenant: TenantId,
        sha256: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        let found = self.opened(tenant, sha256, options).await?;
        let blobs = self.clone();
        Ok(found.into_stream().map_err(move |e| blobs.failed(&e)).boxed())
    }

    /// How long a file is.
    ///
    /// # Errors
    /// Any [`BlobError`] but `Url` and `Corrupt`.
    pub async fn length(&self, tenant: TenantId, sha256: &str) -> Result<u64, BlobError> {
        let path = path(tenant, sha256)?;
        let mut meta = self.store.head(&path).await;
        if matches!(meta, Err(Error::NotFound { .. })) && self.restore(tenant, sha256).await? {
            meta = self.store.head(&path).await;
        }
        meta.map(|meta| meta.size).map_err(|e| self.absent(e, sha256))
    }

    /// Opens a file. One that is on its way out, in the trash, is wanted after all and comes back.
    async fn opened(&self, tenant: TenantId, sha256: &str, options: GetOptions) -> Result<GetResult, BlobError> {
        let path = path(tenant, sha256)?;
        let mut found = self.store.get_opts(&path, options.clone()).await;
        if matches!(found, Err(Error::NotFound { .. })) && self.restore(tenant, sha256).await? {
            found = self.store.get_opts(&path, options).await;
        }
        found.map_err(|e| self.absent(e, sha256))
    }

    /// Lists, writes and reads back a probe file. Without the right to list, S3 would call a missing file forbidden.
    ///
    /// # Errors
    /// When any of that fails: what `doctor` and `/readyz` tell.
    pub async fn probe(&self) -> Result<(), BlobError> {
        let tried = async {
            self.store.list_with_delimiter(Some(&Path::from("probe"))).await?;
            self.store.put(&Path::from(PROBE), Bytes::from_static(b"probe").into()).await?;
            self.store.get(&Path::from(PROBE)).await?.bytes().await
        };
        tried.await.map(drop).map_err(|e| self.failed(&e))
    }

    /// Whether the store refuses to write over a file when it is asked to (`If-None-Match`); to be called after [`Blobs::probe`].
    ///
    /// # Errors
    /// When it fails in another way.
    pub async fn refuses_to_overwrite(&self) -> Result<bool, BlobError> {
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&Path::from(PROBE), Bytes::from_static(b"probe").into(), create).await {
            Ok(_) => Ok(false),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(true),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn absent(&self, error: Error, sha256: &str) -> BlobError {
        match error {
            Error::NotFound { .. } if !no_bucket(&error) => BlobError::Missing(sha256.to_owned()),
            error => self.failed(&error),
        }
    }
}

/// Passes bytes on one chunk late, so that the last is only given once the hash is known to be right.
fn checked(
    bytes: BoxStream<'static, Result<Bytes, BlobError>>,
    sha256: String,
) -> BoxStream<'static, Result<Bytes, BlobError>> {
    let start = Some((bytes, Sha256::new(), Bytes::new(), sha256));
    let late = stream::try_unfold(start, |state| async {
        let Some((mut bytes, mut hash, held, sha256)) = state else { return Ok(None) };
        match bytes.try_next().await? {
            Some(chunk) => {
                hash.update(&chunk);
                Ok(Some((held, Some((bytes, hash, chunk, sha256)))))
            }
            None if hex(&hash.finalize()) == sha256 => Ok(Some((held, None))),
            None => Err(BlobError::Corrupt(sha256)),
        }
    });
    late.try_filter(|chunk| std::future::ready(!chunk.is_empty())).boxed()
}
