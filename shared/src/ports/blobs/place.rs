//! Which store a URL names, and how that is reached.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use reqwest::Url;
use secrecy::ExposeSecret;

use super::{BlobError, Keys};

/// A store that does not take a connection by then is down.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Silence in the middle of an answer. There is no limit on the whole: a large file may take its time.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The ledger tries again later, so a call gives up soon.
const RETRIES_MAX: usize = 3;
const RETRY_WITHIN: Duration = Duration::from_secs(15);

/// A store, as `blobs.url` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `file:///path`.
    Folder(PathBuf),
    /// `memory://`: gone with the process.
    Memory,
    /// `s3://bucket/prefix?endpoint=…&region=…`.
    Bucket {
        /// The bucket's name.
        bucket: String,
        /// All names begin with it; may be empty.
        prefix: String,
        /// Where the store listens; `None` for AWS itself.
        endpoint: Option<String>,
        /// As the store calls it.
        region: String,
        /// Plain HTTP is fine: loopback, or `allow_http=true` said so.
        http: bool,
    },
}

impl FromStr for Place {
    type Err = String;

    fn from_str(url: &str) -> Result<Place, String> {
        if url == "memory://" {
            return Ok(Place::Memory);
        }
        if let Some(folder) = url.strip_prefix("file://").filter(|folder| !folder.is_empty()) {
            return Ok(Place::Folder(folder.into()));
        }
        if url.starts_with("s3://") {
            return bucket(url);
        }
        Err("blobs.url must be a folder (file://PATH), a bucket (s3://BUCKET/PREFIX) or memory://".to_owned())
    }
}

fn bucket(url: &str) -> Result<Place, String> {
    let read = Url::parse(url).map_err(|e| format!("blobs.url cannot be read: {e}"))?;
    if !read.username().is_empty() || read.password().is_some() {
        return Err(
            "blobs.url must not hold keys: they go into blobs.access_key_id and blobs.secret_access_key".to_owned()
        );
    }
    let bucket =
        read.host_str().filter(|name| !name.is_empty()).ok_or("blobs.url names no bucket: s3://BUCKET/PREFIX")?;
    let (mut endpoint, mut region, mut allowed) = (None, "us-east-1".to_owned(), false);
    for (name, value) in read.query_pairs() {
        match &*name {
            "endpoint" => endpoint = Some(value.trim_end_matches('/').to_owned()),
            "region" => region = value.into_owned(),
            "allow_http" => allowed = value == "true",
            other => return Err(format!("blobs.url: `{other}` is none of endpoint, region, allow_http")),
        }
    }
    let at = endpoint
        .as_deref()
        .map(Url::parse)
        .transpose()
        .map_err(|e| format!("blobs.url: its endpoint cannot be read: {e}"))?;
    let http = match &at {
        Some(at) if at.scheme() == "http" => {
            let local = at.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
            if !local && !allowed {
                return Err(
                    "blobs.url: files would travel in the clear; use an https:// endpoint, or add allow_http=true"
                        .to_owned(),
                );
            }
            true
        }
        Some(at) if at.scheme() != "https" => {
            return Err("blobs.url: its endpoint must begin with https:// or http://".to_owned());
        }
        _ => false,
    };
    let prefix = read.path().trim_matches('/').to_owned();
    Ok(Place::Bucket { bucket: bucket.to_owned(), prefix, endpoint, region, http })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(f, "the folder {}", folder.display()),
            Place::Memory => f.write_str("memory"),
            Place::Bucket { bucket, endpoint: Some(endpoint), .. } => write!(f, "the bucket {bucket} at {endpoint}"),
            Place::Bucket { bucket, region, .. } => write!(f, "the bucket {bucket} in {region}"),
        }
    }
}

impl Place {
    /// A client for it; a folder is made when it is missing.
    pub(super) fn open(&self, keys: Option<&Keys>) -> Result<Arc<dyn ObjectStore>, BlobError> {
        let wrong = |e: &dyn fmt::Display| BlobError::Url(format!("{self} cannot be opened: {e}"));
        match self {
            Place::Memory => Ok(Arc::new(InMemory::new())),
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(|e| BlobError::Url(format!("{self} cannot be made: {e}")))?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| wrong(&e))?;
                Ok(Arc::new(store.with_fsync(true)))
            }
            Place::Bucket { bucket, prefix, endpoint, region, http } => {
                let mut builder = signed(keys)
                    .with_bucket_name(bucket)
                    .with_region(region)
                    .with_virtual_hosted_style_request(endpoint.is_none())
                    .with_client_options(
                        ClientOptions::new()
                            .with_allow_http(*http)
                            .with_connect_timeout(CONNECT_WITHIN)
                            .with_timeout_disabled()
                            .with_read_timeout(SILENCE_MAX),
                    )
                    .with_retry(RetryConfig {
                        max_retries: RETRIES_MAX,
                        retry_timeout: RETRY_WITHIN,
                        ..RetryConfig::default()
                    });
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                Ok(Arc::new(PrefixStore::new(builder.build().map_err(|e| wrong(&e))?, prefix.as_str())))
            }
        }
    }
}

/// Given keys sign; without them the machine's own role does, found as AWS tools find it.
fn signed(keys: Option<&Keys>) -> AmazonS3Builder {
    let Some(keys) = keys else { return AmazonS3Builder::from_env() };
    let builder = AmazonS3Builder::new()
        .with_access_key_id(&keys.access_key_id)
        .with_secret_access_key(keys.secret_access_key.expose_secret());
    match &keys.session_token {
        Some(token) => builder.with_token(token.expose_secret()),
        None => builder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(url: &str) -> String {
        url.parse::<Place>().map_or_else(|sentence| sentence, |place| format!("{place:?}"))
    }

    #[test]
    fn urls_name_stores() {
        assert_eq!("memory://".parse(), Ok(Place::Memory));
        assert_eq!("file:///data/blobs".parse(), Ok(Place::Folder("/data/blobs".into())));
        let bucket = |endpoint: Option<&str>, http| Place::Bucket {
            bucket: "prints".to_owned(),
            prefix: "shop/files".to_owned(),
            endpoint: endpoint.map(str::to_owned),
            region: "eu-west-3".to_owned(),
            http,
        };
        assert_eq!("s3://prints/shop/files/?region=eu-west-3".parse(), Ok(bucket(None, false)));
        let loopback = "s3://prints/shop/files?region=eu-west-3&endpoint=http://127.0.0.1:9000/";
        assert_eq!(loopback.parse(), Ok(bucket(Some("http://127.0.0.1:9000"), true)));
        let inside = "s3://prints/shop/files?region=eu-west-3&endpoint=http%3A%2F%2Fs3%3A9000&allow_http=true";
        assert_eq!(inside.parse(), Ok(bucket(Some("http://s3:9000"), true)));
    }

    #[test]
    fn what_names_none_is_told_why() {
        for (url, sentence) in [
            ("ftp://x", "must be a folder (file://PATH), a bucket"),
            ("file://", "must be a folder"),
            ("s3://", "names no bucket"),
            ("s3://prints?endpoint=http://s3.example", "in the clear"),
            ("s3://prints?endpoint=ftp://s3.example", "https:// or http://"),
            ("s3://prints?endpoint=nowhere", "its endpoint cannot be read"),
            ("s3://prints?zone=x", "`zone` is none of"),
            ("s3://key:secret@prints", "must not hold keys"),
        ] {
            assert!(said(url).contains(sentence), "{url}: {}", said(url));
            assert!(!said(url).contains("secret@"), "{url}: {}", said(url));
        }
    }
}
