//! The S3-speaking server of a run, if it has one.

use super::{Keys, env};

/// A place on the server of `TEST_S3_URL` that nobody else uses: a `blobs.url` and the keys to it. `cargo xtask test` always sets it,
/// with `TEST_S3_ACCESS_KEY_ID` and `TEST_S3_SECRET_ACCESS_KEY`.
///
/// # Panics
/// When the address comes without keys.
#[must_use]
pub fn s3() -> Option<(String, Keys)> {
    let url = env("TEST_S3_URL")?;
    let (bucket, query) = url.split_once('?').unwrap_or((&url, ""));
    let keys = Keys {
        access_key_id: env("TEST_S3_ACCESS_KEY_ID").expect("TEST_S3_ACCESS_KEY_ID"),
        secret_access_key: env("TEST_S3_SECRET_ACCESS_KEY").expect("TEST_S3_SECRET_ACCESS_KEY").into(),
        session_token: None,
    };
    // The server keeps a key as a file's name, so ours must be short.
    let own = uuid::Uuid::now_v7().simple().to_string();
    Some((format!("{bucket}/{}?{query}", &own[22..]), keys))
}
