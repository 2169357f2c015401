//! What was approved stays as it was: the database itself refuses, whoever asks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use platen_shared::db::{At, Db};
use platen_shared::id::{EventId, JobId, SnapshotId, TenantId, UploadId};
use platen_shared::store::fetches::{self, Fetch};
use platen_shared::store::snapshots::{self, Approval, Asset, Lock, Snapshot};
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::store::uploads::{self, Upload};
use platen_shared::testing::databases_and_pooler;

const NOW: At = At(1_750_000_000_000_000);

fn snapshot(tenant: TenantId) -> Snapshot {
    let (spec_hash, source) = ("ab".repeat(32), "shop".to_owned());
    Snapshot { id: SnapshotId::new(), tenant, spec_hash, source, created_by: "key".into(), created_at: NOW }
}

fn approval() -> Approval {
    let seen = Some("cd".repeat(32));
    Approval { id: EventId::new(), actor: "lena".into(), note: "fine".into(), how: "proof".into(), seen, at: NOW }
}

fn asset(name: &str, sha256: &str) -> Asset {
    let (name, sha256) = (name.to_owned(), sha256.to_owned());
    Asset { name, sha256, media_type: "image/png".into(), bytes: 7, render: JobId::new(), at: NOW }
}

/// Tries a change in a transaction of its own; answers whether the database let it pass.
async fn passes(
    db: &Db,
    change: impl AsyncFnOnce(&mut platen_shared::db::Tx) -> platen_shared::db::Result<()>,
) -> bool {
    let mut tx = db.begin("change").await.unwrap();
    match change(&mut tx).await {
        Ok(()) => tx.commit().await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_locked_snapshot_refuses_every_change_at_the_database() {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        let snapshot = snapshot(tenant);
        let id = snapshot.id;
        let lock = Lock { actor: "lena".into(), at: NOW };
        let mut tx = db.begin("make").await.unwrap();
        assert!(snapshots::insert(&mut tx, &snapshot).await.unwrap());
        tx.commit().await.unwrap();
        let early = passes(&db, async |tx| snapshots::lock(tx, tenant, id, &lock).await.map(drop)).await;
        assert!(!early, "nothing is locked that nobody approved");
        let mut tx = db.begin("approve").await.unwrap();
        assert!(snapshots::add_asset(&mut tx, tenant, id, &asset("proof/proof.pdf", &"cd".repeat(32))).await.unwrap());
        let replaced = snapshots::add_asset(&mut tx, tenant, id, &asset("proof/proof.pdf", &"ef".repeat(32))).await;
        assert!(!replaced.unwrap(), "a name is given once");
        snapshots::approve(&mut tx, tenant, id, &approval()).await.unwrap();
        snapshots::keep_origin(&mut tx, tenant, id, "sealed", NOW).await.unwrap();
        assert!(snapshots::lock(&mut tx, tenant, id, &lock).await.unwrap());
        tx.commit().await.unwrap();
        assert!(!passes(&db, async |tx| snapshots::approve(tx, tenant, id, &approval()).await).await);
        let late = asset("proof/late.png", &"ef".repeat(32));
        assert!(!passes(&db, async |tx| snapshots::add_asset(tx, tenant, id, &late).await.map(drop)).await);
        for statement in [
            "UPDATE snapshots SET source = 'elsewhere'",
            "DELETE FROM snapshots",
            "UPDATE snapshot_assets SET sha256 = 'other'",
            "DELETE FROM snapshot_assets",
            "UPDATE snapshot_approvals SET actor = 'mallory'",
            "DELETE FROM snapshot_approvals",
            "UPDATE snapshot_locks SET actor = 'mallory'",
            "DELETE FROM snapshot_locks",
        ] {
            assert!(test.tamper(statement).await.is_err(), "{}: {statement}", test.engine());
        }
        let read = &mut db.reader();
        let kept = snapshots::assets(read, tenant, id).await.unwrap();
        assert_eq!(kept.iter().map(|a| a.sha256.clone()).collect::<Vec<_>>(), ["cd".repeat(32)]);
        assert_eq!(
            snapshots::approvals(read, tenant, id).await.unwrap(),
            [Approval { id: snapshots::approvals(read, tenant, id).await.unwrap()[0].id, ..approval() }]
        );
        assert!(snapshots::sold(read, tenant, id).await.unwrap().is_empty());
        test.drop_it().await;
    }
}

#[tokio::test]
async fn where_a_snapshot_came_from_is_forgotten_and_the_snapshot_stays() {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        let snapshot = snapshot(tenant);
        let mut tx = db.begin("make").await.unwrap();
        snapshots::insert(&mut tx, &snapshot).await.unwrap();
        snapshots::keep_origin(&mut tx, tenant, snapshot.id, "sealed", NOW).await.unwrap();
        assert_eq!(snapshots::forget_origins(&mut tx, NOW).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(snapshots::origin(&mut db.reader(), tenant, snapshot.id).await.unwrap().as_deref(), Some("sealed"));
        let mut tx = db.begin("forget").await.unwrap();
        assert_eq!(snapshots::forget_origins(&mut tx, At(NOW.0 + 1)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(snapshots::origin(&mut db.reader(), tenant, snapshot.id).await.unwrap(), None);
        assert!(snapshots::get(&mut db.reader(), tenant, snapshot.id).await.unwrap().is_some());
        test.drop_it().await;
    }
}

#[tokio::test]
async fn fetches_are_written_once_and_listed_in_their_order() {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        let fetch = |bytes: i64, whole: bool| Fetch {
            id: EventId::new(),
            sha256: "ab".repeat(32),
            audience: "gelato:ord_1".into(),
            bytes,
            whole,
            at: NOW,
        };
        let all = [fetch(3, false), fetch(7, true)];
        let mut tx = db.begin("note").await.unwrap();
        for one in &all {
            fetches::insert(&mut tx, tenant, one).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(fetches::of_file(&mut db.reader(), tenant, &"ab".repeat(32)).await.unwrap(), all);
        assert!(fetches::of_file(&mut db.reader(), TenantId::new(), &"ab".repeat(32)).await.unwrap().is_empty());
        assert!(test.tamper("UPDATE file_fetches SET bytes = 0").await.is_err());
        let mut tx = db.begin("forget").await.unwrap();
        assert_eq!(fetches::forget(&mut tx, At(NOW.0 + 1)).await.unwrap(), 2);
        tx.commit().await.unwrap();
        test.drop_it().await;
    }
}

#[tokio::test]
async fn an_upload_is_found_by_what_was_sent_and_its_limit_is_the_tenants() {
    for test in databases_and_pooler().await {
        let (db, tenant) = (test.db.clone(), TenantId::new());
        let upload = Upload {
            id: UploadId::new(),
            tenant,
            profile: "artwork".into(),
            sha256: "ab".repeat(32),
            source_sha256: Some("cd".repeat(32)),
            media_type: "image/png".into(),
            bytes: 1,
            width: 1,
            height: 1,
            created_at: NOW,
        };
        let owner = Tenant {
            id: tenant,
            name: "Shop".into(),
            currency: "EUR".parse().unwrap(),
            platform_fee_bps: 0,
            test_mode: false,
            frozen: false,
            auto_submit: true,
            spending_cap_minor: None,
            weight: 1,
            created_at: NOW,
        };
        let mut tx = db.begin("make").await.unwrap();
        tenants::create(&mut tx, &owner).await.unwrap();
        uploads::insert(&mut tx, &upload).await.unwrap();
        assert_eq!(uploads::artwork_limit(&mut tx, tenant).await.unwrap(), None);
        for bytes in [5, 6] {
            uploads::limit_artwork(&mut tx, tenant, bytes).await.unwrap();
        }
        assert_eq!(uploads::artwork_limit(&mut tx, tenant).await.unwrap(), Some(6));
        tx.commit().await.unwrap();
        let read = &mut db.reader();
        assert_eq!(uploads::of_source(read, tenant, "artwork", &"cd".repeat(32)).await.unwrap(), Some(upload));
        assert_eq!(uploads::of_source(read, tenant, "buyer", &"cd".repeat(32)).await.unwrap(), None);
        test.drop_it().await;
    }
}
