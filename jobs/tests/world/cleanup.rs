//! Nothing that is referenced is ever deleted, whatever is written and cleaned in whatever order; what nothing names goes in the end.

use std::collections::BTreeSet;

use crate::world::World;
use bytes::Bytes;
use futures::TryStreamExt;
use platen_jobs::find;
use platen_shared::id::{JobId, UploadId};
use platen_shared::store::artefacts::{self, StoredFile};
use platen_shared::store::uploads::{self, Upload};
use platen_shared::store::{orders, references};
use platen_shared::testing::databases;
use serde_json::json;

/// A run without grace: the hardest one.
async fn clean(world: &World, run: usize) -> serde_json::Value {
    // Time stands still in tests: a run is a second after the one before.
    world.clock.advance(std::time::Duration::from_secs(1));
    let payload = json!({ "run": format!("r{run}"), "graceDays": 0 });
    let id = world.enqueue(find("cleanup").unwrap(), &payload, None).await;
    world.run(id).await;
    let job = world.job(id).await;
    assert_eq!(job.state, "succeeded", "{:?}", job.error);
    job.output.map(|output| output.0).unwrap_or_default()
}

/// Names a file in a row, as an upload or as an artefact.
async fn name(world: &World, n: usize, sha256: &str) {
    let mut tx = world.test.db.begin("test").await.unwrap();
    let at = world.ledger.now();
    if n.is_multiple_of(2) {
        let upload = Upload {
            id: UploadId::new(),
            tenant: world.tenant,
            profile: "buyer".to_owned(),
            sha256: sha256.to_owned(),
            source_sha256: None,
            media_type: "image/png".to_owned(),
            bytes: 1,
            width: 1,
            height: 1,
            created_at: at,
        };
        uploads::insert(&mut tx, &upload).await.unwrap();
    } else {
        let file = StoredFile {
            name: "f".to_owned(),
            sha256: sha256.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 1,
        };
        artefacts::put(&mut tx, at, world.tenant, "build_bundle", &format!("k{n}"), JobId::new(), &[file])
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// What must be true after a kind of this sort was done, however often it was begun.
pub(crate) async fn done_once(world: &World, kind: &str) {
    let (read, tenant) = (&mut world.test.db.reader(), world.tenant);
    let order = orders::get(read, tenant, world.order).await.unwrap().unwrap();
    match kind {
        "asset_convert" => {
            let jobs = world.jobs(kind).await;
            let made = artefacts::get(read, tenant, kind, &jobs[jobs.len() - 1].key).await.unwrap();
            let names: Vec<String> = made.into_iter().flat_map(|made| made.files.0).map(|file| file.name).collect();
            assert_eq!(names, ["picture.webp", "thumbnail.png"]);
        }
        "bundle_item" | "bundle_work_order" => {
            let jobs = world.jobs(kind).await;
            let files = artefacts::get(read, tenant, kind, &jobs[jobs.len() - 1].key).await.unwrap().unwrap().files.0;
            assert_eq!(files.len(), 1 + 2 * 3, "the ZIP, and three files of two zones");
            assert_eq!((files[0].name.as_str(), order.state.as_str()), ("bundle.zip", "received"), "the order stays");
        }
        _ => {
            let there: Vec<_> = world.ports.blobs.list(tenant).try_collect().await.unwrap();
            let gone = platen_shared::canon::sha256_hex(b"nobody names this");
            assert!(there.iter().all(|file| file.sha256 != gone), "what nothing names is gone");
            for sha256 in references::of_tenant(read, tenant).await.unwrap() {
                // A design's hash looks like a file's.
                let known = world.ports.blobs.get(tenant, &sha256).await.is_ok();
                assert!(known || there.iter().all(|file| file.sha256 != sha256));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_referenced_is_ever_deleted() {
    for (seed, test) in (1_u64..).zip(databases().await) {
        let world = World::new(test).await;
        world.clock.advance(std::time::Duration::from_secs(100 * 365 * 24 * 3600));
        let blobs = &world.ports.blobs;
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = |most: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 16).unwrap_or(0) % most
        };
        // Files that were written and not named yet, with the runs since; and those that rows name.
        let (mut loose, mut named) = (Vec::<(String, u32)>::new(), BTreeSet::<String>::new());
        for step in 0..150 {
            match next(4) {
                0 | 1 => {
                    let sha256 = blobs.put(world.tenant, Bytes::from(format!("file {}", next(40)))).await.unwrap();
                    loose.retain(|(known, _)| *known != sha256);
                    loose.push((sha256, 0));
                }
                2 if !loose.is_empty() => {
                    let (sha256, _) = loose.swap_remove(next(loose.len()));
                    name(&world, step, &sha256).await;
                    named.insert(sha256);
                }
                _ => {
                    clean(&world, step).await;
                    // One run may find a file on its way; by the second its grace is over.
                    loose.iter_mut().for_each(|(_, runs)| *runs += 1);
                    loose.retain(|(_, runs)| *runs < 2);
                }
            }
            // Some are asked for while they lie in the trash, and some are not.
            for sha256 in named.iter().filter(|sha256| sha256.as_bytes()[0].is_multiple_of(2)) {
                assert!(blobs.get(world.tenant, sha256).await.is_ok(), "step {step}: {sha256} is named and gone");
            }
        }
        clean(&world, 1_000).await;
        let last = clean(&world, 1_001).await;
        assert!(named.len() > 5, "the walk named some: {}", named.len());
        for sha256 in &named {
            assert!(blobs.get(world.tenant, sha256).await.is_ok(), "{sha256} is named and gone");
        }
        clean(&world, 1_002).await;
        let loose = world.ports.blobs.put(world.tenant, Bytes::from_static(b"nobody names this")).await.unwrap();
        for run in 2_000..2_002 {
            clean(&world, run).await;
        }
        assert!(blobs.get(world.tenant, &loose).await.is_err(), "what nothing names goes in the end: {last}");
        world.end().await;
    }
}
