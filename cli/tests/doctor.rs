//! Bad input and faults, as an operator meets them: every one is a sentence that says what to do, from `platen doctor` and from a
//! role at its start.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/redis.rs"]
mod redis;
#[path = "support/shell.rs"]
mod shell;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use platen_shared::testing::{DEADLINE, TestDb, databases};
use tokio::io::{AsyncBufReadExt, BufReader};

use cli::{platen, said};
use redis::{Redis, is_here, silent_port, slow_way_to};

const SECRET: &str = "secret-key-of-the-tests-0123456789abcdef";

/// A doctor's word on a sound installation but for these settings: (exit code, standard output, standard error).
async fn doctor(folder: &Path, env: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = platen(&["doctor", "--offline"]);
    command
        .env("DATABASE_URL", format!("sqlite://{}", folder.join("platen.db").display()))
        .env("BLOB_URL", format!("file://{}", folder.join("blobs").display()))
        .env("PLATEN_SECRETS__KEY", SECRET)
        .env("PUBLIC_URL", "https://print.example")
        .envs(env.iter().copied());
    // The test's own runtime may be serving what the doctor asks.
    let ran = tokio::task::spawn_blocking(move || command.output().expect("platen starts")).await.expect("it ran");
    said(&ran)
}

fn migrated() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("platen.db").display());
    let ran = platen(&["migrate"]).env("DATABASE_URL", url).output().expect("platen starts");
    assert!(ran.status.success(), "{ran:?}");
    folder
}

/// Asserts that the doctor fails (`FIX`) or notes, with these words.
async fn expects(mark: &str, env: &[(&str, &str)], words: &[&str]) {
    let folder = migrated();
    let (code, out, err) = doctor(folder.path(), env).await;
    assert_eq!(code, i32::from(mark != "note"), "{env:?}: {out}{err}");
    for word in words {
        let met = out.lines().any(|line| line.starts_with(mark) && line.contains(word)) || err.contains(word);
        assert!(met, "{env:?}: no line `{mark} … {word}` in\n{out}{err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_of_the_wrong_kind_are_refused_before_anything_is_opened() {
    for (variable, value, sentence) in [
        ("DATABASE_URL", "mysql://db/platen", "database.url must begin with sqlite:// or postgres://"),
        ("DATABASE_URL", "postgres://db/platen?pooler=yes", "pooler must be true or false"),
        ("REDIS_URL", "http://cache:6379", "redis.url must begin with redis:// or rediss://"),
        ("BLOB_URL", "ftp://files", "blobs.url"),
        ("PUBLIC_URL", "print.example", "http.public_url must begin with http:// or https://"),
    ] {
        expects("FIX", &[(variable, value)], &[sentence]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_or_refuses_us_is_named() {
    expects("FIX", &[("DATABASE_URL", "postgres://platen@127.0.0.1:1/platen")], &["check database.url (DATABASE_URL)"])
        .await;
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else { return };
    let stranger = server.replace("//platen@", "//stranger@");
    expects("FIX", &[("DATABASE_URL", &stranger)], &["role \"stranger\" does not exist"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_fit_says_which_way() {
    const LATER: [&str; 2] =
        ["UPDATE _sqlx_migrations SET version = 999 WHERE version = 1", "UPDATE schema_floor SET release = 999"];
    for test in databases().await {
        let env: &[(&str, &str)] = &[("DATABASE_URL", &test.url)];
        test.tamper(LATER[0]).await.expect("changed");
        let folder = tempfile::tempdir().expect("a folder");
        let (code, out, err) = doctor(folder.path(), env).await;
        assert_eq!(code, 0, "a newer schema that still carries this release is no fault: {out}{err}");
        test.tamper(LATER[1]).await.expect("changed");
        expects("FIX", env, &["its schema is at 999, made by a newer release that dropped what this one needs"]).await;
        test.tamper("DELETE FROM _sqlx_migrations WHERE version > 1").await.expect("changed");
        expects("FIX", env, &["it has no tables yet: run `platen migrate`"]).await;
        test.drop_it().await;
    }
    let old = TestDb::sqlite().await;
    old.tamper("DELETE FROM _sqlx_migrations WHERE version > 1").await.expect("changed");
    expects("FIX", &[("DATABASE_URL", &old.url)], &["its schema is at 1, older than this release needs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_store_that_cannot_be_written_is_named() {
    // Root may write anywhere, so a read-only folder would not stop it; nobody may make a folder where a file is.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("probe"), "in the way").expect("written");
    let (taken, missing) = (folder.path().display(), folder.path().join("probe/blobs"));
    expects("FIX", &[("BLOB_URL", &format!("file://{taken}"))], &["make it writable for this user"]).await;
    expects("FIX", &[("BLOB_URL", &format!("file://{}", missing.display()))], &["cannot be made"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_not_there_or_silent_is_named() {
    expects("FIX", &[("REDIS_URL", "redis://127.0.0.1:1/0")], &["it does not answer", "through the database"]).await;
    let (_held, port) = silent_port();
    let url = format!("redis://127.0.0.1:{port}/0");
    expects("FIX", &[("REDIS_URL", &url)], &["redis.url (REDIS_URL): it did"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_a_password_asks_for_it_and_takes_it() {
    if !is_here() {
        return;
    }
    let redis = Redis::with(&["--requirepass", "only-of-this-test"]);
    expects("FIX", &[("REDIS_URL", &redis.url())], &["it refuses the password of its URL"]).await;
    let wrong = redis.url().replace("//", "//:not-this@");
    expects("FIX", &[("REDIS_URL", &wrong)], &["it refuses the password of its URL"]).await;
    let right = redis.url().replace("//", "//:only-of-this-test@");
    let folder = migrated();
    let (code, out, err) = doctor(folder.path(), &[("REDIS_URL", &right)]).await;
    assert!(code == 0 && !format!("{out}{err}").contains("only-of-this-test"), "{out}{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_tls_needs_a_certificate_that_is_known() {
    if !is_here() {
        return;
    }
    let redis = Redis::with_tls();
    let url = format!("rediss://localhost:{}/0", redis.port);
    expects("FIX", &[("REDIS_URL", &url)], &["its certificate is not trusted here", "SSL_CERT_FILE"]).await;
    let certificate = redis.certificate().display().to_string();
    let folder = migrated();
    let (code, out, err) = doctor(folder.path(), &[("REDIS_URL", &url), ("SSL_CERT_FILE", &certificate)]).await;
    assert_eq!(code, 0, "{out}{err}");
    expects("FIX", &[("REDIS_URL", &redis.url())], &["one that wants TLS needs rediss://"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_drops_keys_is_to_be_mended() {
    if !is_here() {
        return;
    }
    let redis = Redis::with(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    expects("FIX", &[("REDIS_URL", &redis.url())], &["its maxmemory-policy is allkeys-lru", "noeviction"]).await;
    assert!(redis::tell(redis.port, "CONFIG SET maxmemory-policy noeviction").starts_with("+OK"));
    let folder = migrated();
    let (code, out, err) = doctor(folder.path(), &[("REDIS_URL", &redis.url())]).await;
    assert_eq!(code, 0, "the command of the sentence mends it: {out}{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_answers_slowly_is_noted() {
    if !is_here() {
        return;
    }
    let redis = Redis::with(&[]);
    let port = slow_way_to(redis.port, Duration::from_millis(150)).await;
    let url = format!("redis://127.0.0.1:{port}/0");
    expects("note", &[("REDIS_URL", &url)], &["it answers slowly", "slowlog"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_says_at_its_start_what_the_doctor_would() {
    let folder = migrated();
    std::fs::create_dir_all(folder.path().join("blobs")).expect("made");
    std::fs::write(folder.path().join("blobs/probe"), "in the way").expect("written");
    for words in [&["worker"][..], &["api", "--port", "0"]] {
        let mut command = platen(words);
        command
            .env("DATABASE_URL", format!("sqlite://{}", folder.path().join("platen.db").display()))
            .env("BLOB_URL", format!("file://{}", folder.path().join("blobs").display()))
            .env("REDIS_URL", "redis://127.0.0.1:1/0")
            .env("PLATEN_SECRETS__KEY", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut role = tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("it starts");
        let mut lines = BufReader::new(role.stderr.take().expect("a pipe")).lines();
        let mut missing =
            vec!["files: the file store cannot be used", "redis: redis.url (REDIS_URL): it does not answer"];
        let reading = async {
            while let Some(line) = lines.next_line().await.expect("readable") {
                missing.retain(|said| !(line.contains(said) && line.contains("ERROR")));
                if missing.is_empty() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(DEADLINE, reading).await;
        assert!(missing.is_empty(), "{words:?} never said {missing:?}");
        role.kill().await.expect("it can be killed");
    }
}
