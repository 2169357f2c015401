//! The stores of a run, each fresh, with a way past the rules of [`Blobs`] to look and to do damage.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use platen_shared::ports::blobs::{BlobError, Blobs, Keys, Place};
use platen_shared::testing::{s3, suite_ran};
use secrecy::ExposeSecret;

/// One store.
pub(crate) struct Store {
    /// `folder`, `memory` or `s3`.
    pub(crate) name: &'static str,
    pub(crate) blobs: Blobs,
    /// The same files without our rules.
    pub(crate) raw: Arc<dyn ObjectStore>,
    _folder: Option<tempfile::TempDir>,
}

/// Runs a test on every store of this run.
pub(crate) async fn each(test: impl AsyncFn(Store)) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&format!("file://{}", folder.path().display())).unwrap();
    let raw = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    test(Store { name: "folder", blobs, raw, _folder: Some(folder) }).await;
    suite_ran("blobs", "folder");
    let raw: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    test(Store { name: "memory", blobs: Blobs::over(raw.clone()), raw, _folder: None }).await;
    suite_ran("blobs", "memory");
    if let Some((url, keys)) = s3() {
        let raw = client(&url.parse().unwrap(), &keys);
        test(Store { name: "s3", blobs: Blobs::connect(&url, Some(&keys)).unwrap(), raw, _folder: None }).await;
        suite_ran("blobs", "s3");
    }
}

impl Store {
    /// What is visible there.
    pub(crate) async fn names(&self) -> Vec<Path> {
        self.raw.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap()
    }
}

/// All bytes of a stream.
pub(crate) async fn whole(bytes: impl Stream<Item = Result<Bytes, BlobError>>) -> Vec<u8> {
    bytes.map_ok(Vec::from).try_concat().await.unwrap()
}

fn client(place: &Place, keys: &Keys) -> Arc<dyn ObjectStore> {
    let Place::Bucket { bucket, prefix, endpoint: Some(endpoint), .. } = place else {
        panic!("{place:?} is no test server")
    };
    let store = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_access_key_id(&keys.access_key_id)
        .with_secret_access_key(keys.secret_access_key.expose_secret())
        .build()
        .unwrap();
    Arc::new(PrefixStore::new(store, prefix.as_str()))
}
