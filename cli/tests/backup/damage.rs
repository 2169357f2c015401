//! What is refused: a damaged, incomplete, newer or foreign backup, a place that is taken. And nothing is left half done.

use std::path::{Path, PathBuf};

use platen_shared::db::{Db, Schema};
use platen_shared::id::{TenantId, UploadId};
use platen_shared::ports::blobs::Blobs;
use platen_shared::store::tenants::{self, Tenant};
use platen_shared::store::uploads::{self, Upload};
use platen_shared::testing::databases;
use serde_json::Value;

use crate::cli::said;
use crate::shop::Shop;

/// A shop with a tenant and one picture; answers whose and which.
async fn with_a_picture(engine: &str) -> (Shop, TenantId, String) {
    let shop = Shop::new(engine, false).await;
    let tenant = TenantId::new();
    let blobs = Blobs::open(&format!("file://{}", shop.files().display())).expect("a folder");
    let sha256 = blobs.put(tenant, (&b"a picture"[..]).into()).await.expect("stored");
    let at = platen_shared::clock::SystemClock::wall();
    let mut tx = shop.test.db.begin("picture").await.expect("begun");
    tenants::create(&mut tx, &owner(tenant)).await.expect("written");
    let upload = Upload {
        id: UploadId::new(),
        tenant,
        profile: "buyer".to_owned(),
        source_sha256: None,
        sha256: sha256.clone(),
        media_type: "image/png".to_owned(),
        bytes: 9,
        width: 1,
        height: 1,
        created_at: at,
    };
    uploads::insert(&mut tx, &upload).await.expect("written");
    tx.commit().await.expect("committed");
    (shop, tenant, sha256)
}

fn owner(tenant: TenantId) -> Tenant {
    Tenant {
        id: tenant,
        name: "Shop".to_owned(),
        currency: "EUR".parse().expect("a currency"),
        platform_fee_bps: 0,
        test_mode: false,
        frozen: false,
        auto_submit: false,
        spending_cap_minor: None,
        weight: 1,
        created_at: platen_shared::clock::SystemClock::wall(),
    }
}

async fn backup(shop: &Shop, more: &[&str]) -> (PathBuf, (i32, String, String)) {
    let folder = shop.folder().join("backup");
    let words = [&["backup", folder.to_str().expect("UTF-8")], more].concat();
    let done = said(&shop.run(&words).await);
    (folder, done)
}

async fn restore(shop: &Shop, folder: &Path) -> (i32, String) {
    let (code, _, err) = said(&shop.run(&["restore", folder.to_str().expect("UTF-8")]).await);
    (code, err)
}

fn only_file(folder: &Path) -> PathBuf {
    let entry = std::fs::read_dir(folder).expect("a folder").next().expect("one entry").expect("readable").path();
    if entry.is_dir() { only_file(&entry) } else { entry }
}

/// Changes one byte in the middle.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_named_and_nothing_is_restored() {
    for test in databases().await {
        let engine = test.engine();
        test.drop_it().await;
        let (here, _, sha256) = with_a_picture(engine).await;
        let (folder, (code, _, err)) = backup(&here, &[]).await;
        assert_eq!(code, 0, "{err}");
        let there = Shop::new(engine, false).await;
        let part = folder.join("database").join(if engine == "sqlite" { "platen.db" } else { "tenants.copy" });
        let (file, manifest) = (only_file(&folder.join("files")), folder.join("manifest.json"));
        let part_name = part.strip_prefix(&folder).expect("inside").display().to_string();
        type Harm<'a> = (&'a Path, &'a dyn Fn(&Path), String);
        let remove = |file: &Path| std::fs::remove_file(file).expect("gone");
        let newer = |file: &Path| {
            let text = std::fs::read_to_string(file).expect("readable");
            let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
            manifest["schema"] = 999.into();
            std::fs::write(file, manifest.to_string()).expect("written");
        };
        let harms: [Harm; 6] = [
            (&part, &damage, format!("{part_name} is damaged")),
            (&part, &remove, format!("{part_name} is missing")),
            (&file, &damage, format!("the file {sha256} is damaged")),
            (&file, &remove, format!("the file {sha256} is missing")),
            (&manifest, &newer, "was made by a newer release".to_owned()),
            (&manifest, &remove, "is no whole backup".to_owned()),
        ];
        for (victim, harm, sentence) in harms {
            let sound = std::fs::read(victim).expect("readable");
            harm(victim);
            let (code, err) = restore(&there, &folder).await;
            assert!(code == 1 && err.contains(&sentence), "{sentence}: {err}");
            assert!(!there.test.db.has_rows().await.expect("asked"), "{sentence}: rows were restored");
            assert!(!there.files().exists(), "{sentence}: files were restored");
            std::fs::write(victim, sound).expect("mended");
        }
        assert_eq!(restore(&there, &folder).await.0, 0, "mended, it goes through");
        assert!(there.test.db.has_rows().await.expect("asked"));
        here.test.drop_it().await;
        there.test.drop_it().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_stops_a_backup_unless_it_may_be_lost() {
    let (here, tenant, sha256) = with_a_picture("sqlite").await;
    std::fs::remove_file(only_file(&here.files())).expect("gone");
    let (folder, (code, _, err)) = backup(&here, &[]).await;
    assert!(code == 1 && err.contains(&sha256) && err.contains("--allow-lost"), "{err}");
    assert!(!folder.exists() && !folder.with_file_name("backup.partial").exists(), "nothing is left");
    let (folder, (code, out, err)) = backup(&here, &["--allow-lost"]).await;
    assert!(code == 0 && out.contains("1 more were lost before"), "{out}{err}");
    let there = Shop::new("sqlite", false).await;
    let (code, err) = restore(&there, &folder).await;
    assert!(code == 0 && err.contains(&tenant.to_string()), "{err}");
    let (_, (code, _, err)) = backup(&here, &[]).await;
    assert!(code == 1 && err.contains("exists already"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_makes_its_database_and_refuses_another_engine() {
    let (here, ..) = with_a_picture("sqlite").await;
    let (folder, _) = backup(&here, &[]).await;
    let words = ["restore", folder.to_str().expect("UTF-8")];
    let url = format!("sqlite://{}/new/platen.db", here.folder().display());
    let (code, _, err) = said(&here.command(&words).env("DATABASE_URL", &url).output().expect("it starts"));
    assert_eq!(code, 0, "{err}");
    let db = Db::open(&url, 1).await.expect("made");
    assert!(matches!(db.schema().await.expect("asked"), Schema::Fits(_)) && db.has_rows().await.expect("asked"));
    if let Some(server) = platen_shared::testing::postgres_url() {
        let (code, _, err) = said(&here.command(&words).env("DATABASE_URL", server).output().expect("it starts"));
        assert!(code == 1 && err.contains("of a sqlite database and DATABASE_URL names a postgres one"), "{err}");
    }
}
