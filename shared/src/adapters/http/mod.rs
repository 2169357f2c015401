//! The one way out: every call to an outside system goes through [`Account::call`].
//!
//! It gives each call a time limit, a size limit and no redirects: a redirect would carry our key, which is a custom header that
//! HTTP clients do not strip, to a host we never chose. Proxies of the environment are ignored for the same reason. Each account
//! has a [`Gate`]: its request budget and its circuit breaker. What comes back is a [`PortError`] that says what the caller may do
//! next; a write whose fate is unknown is [`PortError::Ambiguous`], never a plain failure.

mod answer;
mod breaker;
mod budget;
mod call;
mod gate;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use call::{Answer, Call, Effect};
pub use gate::{Class, Gate, Gates, Outcome, Permit, Rate};
pub use reqwest::header::{HeaderName, HeaderValue};
pub use reqwest::{Method, Url};

use crate::ports::{PortError, PortResult};

tokio::task_local! {
    static CORRELATION: String;
}

/// Runs `work` so that every outside call in it carries this id: as `traceparent` if it has that form, else as `x-correlation-id`.
pub async fn correlated<F: Future>(id: String, work: F) -> F::Output {
    CORRELATION.scope(id, work).await
}

/// What no call may exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// A whole read, its body included.
    pub read: Duration,
    /// A whole write (or a slow read), its body included.
    pub write: Duration,
    /// Bytes of an answer.
    pub body_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(10),
            write: Duration::from_secs(30),
            body_bytes_max: 8 * 1024 * 1024,
        }
    }
}

/// The client that all adapters of a process share, with the gates of all accounts.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    gates: Arc<Gates>,
    limits: Limits,
}

impl Http {
    /// The client with the usual limits.
    ///
    /// # Errors
    /// [`PortError::Transient`] when the machine's certificates or resolver cannot be read.
    pub fn new(gates: Arc<Gates>) -> PortResult<Http> {
        Http::with_limits(gates, Limits::default())
    }

    /// The client with other limits.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_limits(gates: Arc<Gates>, limits: Limits) -> PortResult<Http> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("platen/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Below the usual keep-alive of servers: writing into a connection that is just being closed looks like a lost reply.
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(|error| PortError::Transient(format!("the HTTP client cannot be built: {error}")))?;
        Ok(Http { client, gates, limits })
    }

    /// An account at a provider: its budget and breaker are shared by everyone in this process who opens it under the same name.
    #[must_use]
    pub fn account(&self, provider: &'static str, account: &str, rate: Rate) -> Account {
        Account {
            http: self.clone(),
            gate: self.gates.gate(provider, account, rate),
            provider,
            hash: Sha256::digest(account).iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// One account at one provider, ready to be called.
#[derive(Clone, Debug)]
pub struct Account {
    http: Http,
    gate: Arc<Gate>,
    provider: &'static str,
    /// What logs show in the place of the account's name.
    hash: String,
}

impl Account {
    /// Its budget and breaker.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }
}
