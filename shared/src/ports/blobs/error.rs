//! Why a file could not be read or written, in a sentence that says what to do about it.

use std::error::Error;

use super::Blobs;

/// Why a file could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlobError {
    /// No such file.
    #[error("the file {0} is not in the blob store")]
    Missing(String),
    /// The bytes under that name are not those that were written.
    #[error("the file {0} in the blob store does not match its hash")]
    Corrupt(String),
    /// The store failed, or refuses us; a repeat may help, after a person did what the sentence says.
    #[error("{0}")]
    Store(String),
    /// The URL names no store.
    #[error("{0}")]
    Url(String),
}

impl Blobs {
    /// The store's error as ours: what is wrong and where, instead of the HTTP answer that told us.
    pub(super) fn failed(&self, error: &object_store::Error) -> BlobError {
        use object_store::Error as E;
        let (name, root) = (&self.name, root_cause(error));
        let refused = matches!(error, E::PermissionDenied { .. } | E::Unauthenticated { .. })
            || says(error, &["403 Forbidden", "401 Unauthorized"]);
        BlobError::Store(if no_bucket(error) {
            format!("{name} does not exist: make the bucket, or correct blobs.url (BLOB_URL)")
        } else if refused {
            format!(
                "{name} refuses us: check blobs.access_key_id and blobs.secret_access_key, and that they may list, read and write there ({root})"
            )
        } else if says(error, &["error sending request"]) {
            format!("{name} does not answer: check blobs.url (BLOB_URL) and that the store runs ({root})")
        } else {
            format!("{name} failed: {root}")
        })
    }
}

/// A missing bucket is told like a missing file, and only the answer's text says which.
pub(super) fn no_bucket(error: &object_store::Error) -> bool {
    says(error, &["NoSuchBucket"])
}

/// object_store gives some answers no variant of their own, lists above all; their status is in the text.
fn says(error: &object_store::Error, words: &[&str]) -> bool {
    chain(error).any(|cause| {
        let text = cause.to_string();
        words.iter().any(|word| text.contains(word))
    })
}

/// The innermost cause, on one line; object_store wraps it in the whole exchange.
fn root_cause(error: &object_store::Error) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // An S3 answer is XML, of which one element is meant for people, and may be missing.
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside.to_owned())
    };
    element("Message").or_else(|| element("Code")).unwrap_or(text)
}

fn chain<'a>(error: &'a object_store::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let first: &'a (dyn Error + 'static) = error;
    std::iter::successors(Some(first), |cause: &&'a (dyn Error + 'static)| (*cause).source())
}
