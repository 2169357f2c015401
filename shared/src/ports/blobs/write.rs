//! Writing: a small file in one request, a large one in parts; either way it appears under its name whole or not at all.

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode, PutOptions, WriteMultipart};
use sha2::{Digest, Sha256};

use super::{BlobError, Blobs, path};
use crate::canon::{hex, sha256_hex};
use crate::id::TenantId;

/// Larger files travel in parts of this size.
pub const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at a time, beside the one being filled.
const PARTS_IN_FLIGHT: usize = 2;
/// How bytes that are in memory already are handed to a part.
const SLICE_BYTES: usize = 1024 * 1024;

impl Blobs {
    /// Stores bytes; answers their SHA-256. Harmless to repeat.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn put(&self, tenant: TenantId, bytes: Bytes) -> Result<String, BlobError> {
        let sha256 = sha256_hex(&bytes);
        if bytes.len() <= PART_BYTES {
            self.create(&path(tenant, &sha256)?, bytes).await?;
            return Ok(sha256);
        }
        let length = bytes.len() as u64;
        let slices = (0..bytes.len())
            .step_by(SLICE_BYTES)
            .map(move |from| Ok(bytes.slice(from..bytes.len().min(from + SLICE_BYTES))));
        self.put_stream(tenant, &sha256, length, stream::iter(slices)).await?;
        Ok(sha256)
    }

    /// Stores a file whose hash and length are known, as it comes, in constant memory. Harmless to repeat, and nothing is stored
    /// when the bytes turn out to be others.
    ///
    /// # Errors
    /// [`BlobError::Corrupt`] for other bytes, [`BlobError::Store`], or whatever the stream says.
    pub async fn put_stream(
        &self,
        tenant: TenantId,
        sha256: &str,
        length: u64,
        bytes: impl Stream<Item = Result<Bytes, BlobError>> + Send,
    ) -> Result<(), BlobError> {
        let path = path(tenant, sha256)?;
        if length <= PART_BYTES as u64 {
            let whole = bytes.try_fold(Vec::new(), |mut whole, chunk| async move {
                whole.extend_from_slice(&chunk);
                Ok(whole)
            });
            let whole = whole.await?;
            if sha256_hex(&whole) != sha256 {
                return Err(BlobError::Corrupt(sha256.to_owned()));
            }
            return self.create(&path, whole.into()).await;
        }
        // S3 offers no condition that object_store would set on the end of a multipart upload; the same name is the same bytes,
        // so a writer that comes second at that very moment changes nothing.
        match self.store.head(&path).await {
            Ok(there) if there.size == length => return Ok(()),
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(self.failed(&error)),
        }
        self.in_parts(&path, sha256, bytes).await
    }

    /// Writes, unless the name is there already.
    async fn create(&self, path: &Path, bytes: Bytes) -> Result<(), BlobError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(path, bytes.into(), options).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn in_parts(
        &self,
        path: &Path,
        sha256: &str,
        bytes: impl Stream<Item = Result<Bytes, BlobError>> + Send,
    ) -> Result<(), BlobError> {
        let upload = self.store.put_multipart(path).await.map_err(|e| self.failed(&e))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut hash = Sha256::new();
        let mut bytes = std::pin::pin!(bytes);
        let mut sent = Ok(());
        while let Some(chunk) = bytes.next().await {
            sent = match chunk {
                Ok(chunk) => {
                    hash.update(&chunk);
                    let room = upload.wait_for_capacity(PARTS_IN_FLIGHT).await;
                    upload.put(chunk);
                    room.map_err(|e| self.failed(&e))
                }
                Err(error) => Err(error),
            };
            if sent.is_err() {
                break;
            }
        }
        if sent.is_ok() && hex(&hash.finalize()) != sha256 {
            sent = Err(BlobError::Corrupt(sha256.to_owned()));
        }
        if let Err(error) = sent {
            // What was sent is no file yet; taking it back only saves the store's room, so a failure of that is not told.
            let _ = upload.abort().await;
            return Err(error);
        }
        upload.finish().await.map(drop).map_err(|e| self.failed(&e))
    }
}
