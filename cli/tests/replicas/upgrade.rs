//! A rolling upgrade, seen from the older release: the newer one has migrated, and replicas of this one start and work beside it until
//! a later release takes away what they need. Payloads of both directions: `jobs/tests/every_kind.rs`.

use platen_shared::testing::{databases, suite_ran};

use crate::shop::{Shop, platen};

/// What the next release's migration would leave: its number, and a column with a default.
const EXPAND: [&str; 3] = [
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
     SELECT version + 1, 'later', TRUE, checksum, 0 FROM _sqlx_migrations ORDER BY version DESC LIMIT 1",
    "ALTER TABLE jobs ADD COLUMN later TEXT NOT NULL DEFAULT 'unknown to this release'",
    "ALTER TABLE job_history ADD COLUMN later TEXT NOT NULL DEFAULT 'unknown to this release'",
];
/// What a release after that says when it drops something.
const CONTRACT: &str = "UPDATE schema_floor SET release = (SELECT max(version) FROM _sqlx_migrations)";

#[tokio::test(flavor = "multi_thread")]
async fn this_release_works_on_beside_the_next_until_that_contracts() {
    for test in databases().await {
        let engine = test.engine();
        let shop = Shop::open(test).await;
        let before = shop.sync("g-1").await;
        let mut old = shop.worker(&[], &[]).await;
        for statement in EXPAND {
            shop.test.tamper(statement).await.expect("the next release migrates while this one runs");
        }
        assert_eq!(shop.done(&before).await["failures"], 0);
        old.asked_to_stop().await;
        assert_eq!(old.ended().await, Some(0));
        // A replica that is started anew, also one that was told to migrate first.
        let mut new = shop.worker(&["--migrate"], &[]).await;
        let after = shop.sync("g-2").await;
        assert_eq!(shop.done(&after).await["failures"], 0);
        new.asked_to_stop().await;
        assert_eq!(new.ended().await, Some(0));
        shop.test.tamper(CONTRACT).await.expect("a later release contracts");
        for role in ["api", "worker"] {
            let refused = platen().arg(role).envs(shop.settings()).output().await.expect("it ends");
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(refused.status.code() == Some(1) && said.contains("dropped what this one needs"), "{role}: {said}");
        }
        suite_ran("upgrade", engine);
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_migrating_would_do_and_does_nothing() {
    let test = platen_shared::testing::TestDb::sqlite().await;
    let check = async || {
        let ran = platen().args(["migrate", "--check"]).env("DATABASE_URL", &test.url).output().await.expect("it ends");
        (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
    };
    let (code, said) = check().await;
    assert!(code == Some(0) && said.contains("is already at"), "{said}");
    test.tamper("DELETE FROM _sqlx_migrations WHERE version > 1").await.expect("as if one release older");
    for _ in 0..2 {
        let (code, said) = check().await;
        assert!(code == Some(1) && said.contains("is at 1; `platen migrate` brings it to"), "{said}");
    }
}
