//! Large files: in parts, in bounded memory, and never half there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use platen_shared::canon::{hex, sha256_hex};
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::{BlobError, PART_BYTES};
use platen_shared::testing::until;
use sha2::{Digest, Sha256};

use crate::kit::{Store, each, whole};

const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 160;
const LENGTH: u64 = (CHUNK * CHUNKS) as u64;

/// How many bytes of a stream are held somewhere, now and at most.
#[derive(Default)]
struct Meter {
    held: AtomicUsize,
    most: AtomicUsize,
}

struct Metered(Vec<u8>, Arc<Meter>);

impl AsRef<[u8]> for Metered {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.1.held.fetch_sub(self.0.len(), SeqCst);
    }
}

fn chunk(number: usize) -> Vec<u8> {
    (0..CHUNK).map(|i| (i.wrapping_mul(31) ^ number) as u8).collect()
}

fn hash() -> String {
    hex(&(0..CHUNKS).fold(Sha256::new(), |hash, number| hash.chain_update(chunk(number))).finalize())
}

/// 40 MiB, a chunk at a time, each counted until the last holder lets go of it.
fn bytes(meter: &Arc<Meter>) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
    let meter = meter.clone();
    stream::iter((0..CHUNKS).map(move |number| {
        let held = meter.held.fetch_add(CHUNK, SeqCst) + CHUNK;
        meter.most.fetch_max(held, SeqCst);
        Ok(Bytes::from_owner(Metered(chunk(number), meter.clone())))
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_mebibytes_pass_in_bounded_memory() {
    let sha256 = hash();
    each(async |store: Store| {
        let (tenant, meter) = (TenantId::new(), Arc::new(Meter::default()));
        store.blobs.put_stream(tenant, &sha256, LENGTH, bytes(&meter)).await.unwrap();
        if store.name != "memory" {
            let most = meter.most.load(SeqCst);
            assert!(most <= 4 * PART_BYTES, "{}: {most} bytes were held at once", store.name);
        }
        let file = store.blobs.stream(tenant, &sha256).await.unwrap();
        assert_eq!(file.length, LENGTH);
        let (mut got, mut largest) = (Sha256::new(), 0);
        let mut bytes = file.bytes;
        while let Some(chunk) = bytes.try_next().await.unwrap() {
            largest = largest.max(chunk.len());
            got.update(&chunk);
        }
        assert_eq!(hex(&got.finalize()), sha256);
        assert!(store.name == "memory" || largest <= PART_BYTES, "{}: {largest} bytes in one piece", store.name);
        let second = store.blobs.slice(tenant, &sha256, CHUNK as u64..2 * CHUNK as u64).await.unwrap();
        assert_eq!(whole(second).await, chunk(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_at_once_are_one() {
    let whole: Bytes = (0..48).flat_map(chunk).collect::<Vec<u8>>().into();
    each(async |store: Store| {
        let tenant = TenantId::new();
        let puts = (0..3).map(|_| store.blobs.put(tenant, whole.clone()));
        for name in futures::future::join_all(puts).await {
            assert_eq!(name.unwrap(), sha256_hex(&whole), "{}", store.name);
        }
        assert_eq!(store.names().await.len(), 1, "{}", store.name);
        assert_eq!(store.blobs.get(tenant, &sha256_hex(&whole)).await.unwrap(), whole);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_ends_early_leaves_no_file() {
    let sha256 = hash();
    each(async |store: Store| {
        let (tenant, meter) = (TenantId::new(), Arc::new(Meter::default()));
        let gone = || BlobError::Store("the other side went away".to_owned());
        let broken = bytes(&meter).take(CHUNKS / 2).chain(stream::once(async move { Err(gone()) }));
        let said = store.blobs.put_stream(tenant, &sha256, LENGTH, broken).await;
        assert!(matches!(said, Err(BlobError::Store(_))), "{}: {said:?}", store.name);
        let short = store.blobs.put_stream(tenant, &sha256, LENGTH, bytes(&meter).take(CHUNKS - 1)).await;
        assert!(matches!(short, Err(BlobError::Corrupt(_))), "{}: {short:?}", store.name);
        let other = store.blobs.put_stream(tenant, &sha256, 4, stream::iter([Ok(Bytes::from_static(b"else"))])).await;
        assert!(matches!(other, Err(BlobError::Corrupt(_))), "{}: {other:?}", store.name);
        let taken = Arc::new(Meter::default());
        let endless = bytes(&taken).take(CHUNKS / 2).chain(stream::pending());
        let (blobs, name) = (store.blobs.clone(), sha256.clone());
        let upload = tokio::spawn(async move { blobs.put_stream(tenant, &name, LENGTH, endless).await });
        until("half of it is on its way", async || taken.most.load(SeqCst) > 0).await;
        upload.abort();
        assert!(upload.await.unwrap_err().is_cancelled());
        assert!(matches!(store.blobs.length(tenant, &sha256).await, Err(BlobError::Missing(_))), "{}", store.name);
        assert!(store.names().await.is_empty(), "{}", store.name);
    })
    .await;
}
