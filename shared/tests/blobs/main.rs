//! The file store's behaviour, on a folder, in memory, and on an S3-speaking server where the run has one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod kit;
mod large;
mod refusals;

use bytes::Bytes;
use futures::StreamExt;
use object_store::ObjectStoreExt;
use platen_shared::canon::sha256_hex;
use platen_shared::id::TenantId;
use platen_shared::ports::blobs::BlobError;

use kit::{Store, each, whole};

#[tokio::test]
async fn the_same_bytes_are_one_file_however_often_and_at_once() {
    each(async |store: Store| {
        let (tenant, bytes) = (TenantId::new(), Bytes::from_static(b"a picture of a cat"));
        let puts = (0..16).map(|_| store.blobs.put(tenant, bytes.clone()));
        for name in futures::future::join_all(puts).await {
            assert_eq!(name.unwrap(), sha256_hex(&bytes));
        }
        store.blobs.put(tenant, bytes.clone()).await.unwrap();
        assert_eq!(store.names().await.len(), 1, "{}", store.name);
        assert_eq!(store.blobs.get(tenant, &sha256_hex(&bytes)).await.unwrap(), bytes);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_its_tenants_alone() {
    each(async |store: Store| {
        let (one, other) = (TenantId::new(), TenantId::new());
        let sha256 = store.blobs.put(one, Bytes::from_static(b"mine")).await.unwrap();
        assert!(matches!(store.blobs.get(other, &sha256).await, Err(BlobError::Missing(_))));
        assert!(matches!(store.blobs.stream(other, &sha256).await.map(drop), Err(BlobError::Missing(_))));
        store.blobs.put(other, Bytes::from_static(b"mine")).await.unwrap();
        assert_eq!(store.names().await.len(), 2, "the same bytes of another tenant are another file");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_missing_and_only_hashes_are_names() {
    each(async |store: Store| {
        let tenant = TenantId::new();
        store.blobs.put(tenant, Bytes::from_static(b"there")).await.unwrap();
        for name in [sha256_hex(b"elsewhere").as_str(), "../../etc/passwd", "", "AB"] {
            assert!(matches!(store.blobs.get(tenant, name).await, Err(BlobError::Missing(_))), "{name}");
            assert!(matches!(store.blobs.stream(tenant, name).await.map(drop), Err(BlobError::Missing(_))), "{name}");
            assert!(
                matches!(store.blobs.slice(tenant, name, 0..1).await.map(drop), Err(BlobError::Missing(_))),
                "{name}"
            );
            assert!(matches!(store.blobs.length(tenant, name).await, Err(BlobError::Missing(_))), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn damaged_bytes_are_never_given_whole() {
    each(async |store: Store| {
        let (tenant, bytes) = (TenantId::new(), vec![7_u8; 100_000]);
        let sha256 = store.blobs.put(tenant, bytes.clone().into()).await.unwrap();
        let path = store.names().await.pop().unwrap();
        let mut damaged = bytes;
        damaged[99] ^= 1;
        store.raw.put(&path, damaged.into()).await.unwrap();
        assert!(matches!(store.blobs.get(tenant, &sha256).await, Err(BlobError::Corrupt(_))), "{}", store.name);
        let mut file = store.blobs.stream(tenant, &sha256).await.unwrap();
        let mut given = 0;
        let end = loop {
            match file.bytes.next().await {
                Some(Ok(chunk)) => given += chunk.len() as u64,
                end => break end,
            }
        };
        assert!(matches!(end, Some(Err(BlobError::Corrupt(_)))), "{}: {end:?}", store.name);
        assert!(given < file.length, "{}: all {given} bytes went out before the end was known", store.name);
    })
    .await;
}

#[tokio::test]
async fn streams_and_slices_give_what_was_put() {
    each(async |store: Store| {
        let tenant = TenantId::new();
        for length in [0, 1, 70_000] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let sha256 = store.blobs.put(tenant, bytes.clone().into()).await.unwrap();
            assert_eq!(store.blobs.length(tenant, &sha256).await.unwrap(), bytes.len() as u64);
            let file = store.blobs.stream(tenant, &sha256).await.unwrap();
            assert_eq!(file.length, bytes.len() as u64);
            assert_eq!(whole(file.bytes).await, bytes, "{} of {length}", store.name);
            if length > 10 {
                let slice = store.blobs.slice(tenant, &sha256, 3..9).await.unwrap();
                assert_eq!(whole(slice).await, bytes[3..9], "{}", store.name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_sound_store_passes_its_probe() {
    each(async |store: Store| {
        store.blobs.probe().await.unwrap();
        store.blobs.probe().await.unwrap();
    })
    .await;
}
