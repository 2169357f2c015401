//! Taking files away so that nothing is lost: first into the trash, where whoever asks for one still finds it, and out of there later.
//!
//! A writer that finds its file there already writes nothing, and a row that names the file may follow at any time. So a file that is
//! taken away while that happens must come back by itself: reading it takes it out of the trash again.

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStoreExt};

use super::{BlobError, Blobs, path};
use crate::canon::is_sha256;
use crate::db::At;
use crate::id::TenantId;

/// A file that is there, or in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub sha256: String,
    /// Since when: by the store's clock where it lies, and in the trash by the clock of whoever put it there.
    pub since: At,
}

/// The trash says since when in a name: a store may keep a file's date when it moves it.
fn trash(tenant: TenantId, sha256: &str, since: At) -> Path {
    Path::from(format!("trash/{tenant}/{sha256}/{}", since.0))
}

fn trashed(location: &Path) -> Option<Found> {
    let parts: Vec<String> = location.parts().map(|part| part.as_ref().to_owned()).collect();
    let [_, _, sha256, since] = parts.as_slice() else { return None };
    Some(Found { sha256: sha256.clone(), since: At(since.parse().ok()?) })
}

impl Blobs {
    /// Every file of a tenant, as the store lists them.
    pub fn list(&self, tenant: TenantId) -> BoxStream<'static, Result<Found, BlobError>> {
        self.under(&Path::from(tenant.to_string()), |meta| {
            let sha256 = meta.location.filename().unwrap_or_default().to_owned();
            is_sha256(&sha256).then_some(Found { sha256, since: At(meta.last_modified.timestamp_micros()) })
        })
    }

    /// Every file of a tenant in the trash.
    pub fn trash(&self, tenant: TenantId) -> BoxStream<'static, Result<Found, BlobError>> {
        self.under(&Path::from(format!("trash/{tenant}")), |meta| trashed(&meta.location))
    }

    fn under(
        &self,
        prefix: &Path,
        found: fn(ObjectMeta) -> Option<Found>,
    ) -> BoxStream<'static, Result<Found, BlobError>> {
        let blobs = self.clone();
        let listed = self.store.list(Some(prefix)).map_err(move |e| blobs.failed(&e));
        listed.try_filter_map(move |meta| std::future::ready(Ok(found(meta)))).boxed()
    }

    /// Moves a file into the trash. Harmless to repeat.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn discard(&self, tenant: TenantId, sha256: &str, now: At) -> Result<(), BlobError> {
        let from = path(tenant, sha256)?;
        match self.store.copy(&from, &trash(tenant, sha256, now)).await {
            Ok(()) => self.gone(&from).await,
            Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Takes a file out of the trash again; `false` when it is not there.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn restore(&self, tenant: TenantId, sha256: &str) -> Result<bool, BlobError> {
        let back = path(tenant, sha256)?;
        let mut kept = self.store.list(Some(&Path::from(format!("trash/{tenant}/{sha256}"))));
        let Some(meta) = kept.try_next().await.map_err(|e| self.failed(&e))? else { return Ok(false) };
        match self.store.copy(&meta.location, &back).await {
            Ok(()) => self.gone(&meta.location).await.map(|()| true),
            // Somebody else was here first; whether it is back, the reader sees.
            Err(Error::NotFound { .. }) => Ok(true),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Deletes a file from the trash, for good. Harmless to repeat.
    ///
    /// # Errors
    /// [`BlobError::Store`].
    pub async fn purge(&self, tenant: TenantId, file: &Found) -> Result<(), BlobError> {
        self.gone(&trash(tenant, &file.sha256, file.since)).await
    }

    async fn gone(&self, path: &Path) -> Result<(), BlobError> {
        match self.store.delete(path).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }
}
