//! Calls to addresses that tenants gave us: strangers, whom we send what they want to know, and from whom we take a status.

use std::time::Duration;

use async_trait::async_trait;

use super::PortResult;

/// A POST with JSON in it.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where.
    pub url: String,
    /// Beside the content's type.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes that were signed.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Of HTTP. Redirects are not followed: they are answers like others.
    pub status: u16,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

/// Who sends them.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Sends one.
    ///
    /// # Errors
    /// `Invalid` when the address is none that may be called (not public, not https), `Transient` when nobody took the call,
    /// `Ambiguous` when it was made and no answer came.
    async fn post(&self, post: &Post) -> PortResult<Answered>;
}
