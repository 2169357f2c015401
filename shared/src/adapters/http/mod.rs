//! The one way out: every call to an outside system goes through [`Account::call`].
//!
//! It gives each call a time limit, a size limit and no redirects: a redirect would carry our key, which is a custom header that
//! HTTP clients do not strip, to a host we never chose. Proxies of the environment are ignored for the same reason. Each account
//! has a [`Gate`]: its request budget and its circuit breaker, shared by the fleet through a [`Board`]. What comes back is a [`PortError`] that says what the caller may do
//! next; a write whose fate is unknown is [`PortError::Ambiguous`], never a plain failure.

mod answer;
mod board;
mod call;
mod gate;
mod gates;
mod machine;
mod permit;
mod stock;
mod tally;

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use board::{AccountKey, Board, MemoryBoard, RedisBoard, SqlBoard, Stepped, Unreachable};
pub use call::{Answer, Call, Effect};
pub use gate::{Class, Gate, Outcome, Rate};
pub use gates::Gates;
pub use machine::{Budget, State, Step, Verdict};
pub use permit::Permit;
pub use reqwest::header::{HeaderName, HeaderValue};
pub use reqwest::{Method, Url};

use crate::id::TenantId;
use crate::ports::{PortError, PortResult};

tokio::task_local! {
    static CORRELATION: String;
}

/// Runs `work` so that every outside call in it carries this id (as `traceparent` if it has that form, else as `x-correlation-id`) and
/// is counted for this kind of job.
pub async fn correlated<F: Future>(id: String, kind: &'static str, work: F) -> F::Output {
    CORRELATION.scope(id, tally::counted(kind, work)).await
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
    client: Arc<OnceLock<reqwest::Client>>,
    gates: Arc<Gates>,
    limits: Limits,
}

impl Http {
    /// The client with the usual limits.
    #[must_use]
    pub fn new(gates: Arc<Gates>) -> Http {
        Http::with_limits(gates, Limits::default())
    }

    /// The client with other limits.
    #[must_use]
    pub fn with_limits(gates: Arc<Gates>, limits: Limits) -> Http {
        Http { client: Arc::default(), gates, limits }
    }

    /// Whether calls can be made at all on this machine; the first call finds out otherwise.
    ///
    /// # Errors
    /// [`PortError::Transient`] when the machine's certificates or resolver cannot be read.
    pub fn check(&self) -> PortResult<()> {
        self.client().map(drop)
    }

    /// Made by who needs it first: a process that waits for work keeps neither certificates nor TLS in memory.
    fn client(&self) -> PortResult<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .user_agent(concat!("platen/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Below the usual keep-alive of servers: writing into a connection that is just being closed looks like a lost reply.
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(|error| PortError::Transient(format!("the HTTP client cannot be built: {error}")))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// A tenant's account at a provider: its budget and breaker are shared by everyone who opens it.
    #[must_use]
    pub fn account(&self, provider: &'static str, tenant: TenantId, rate: Rate) -> Account {
        let hash = Sha256::digest(tenant.to_string()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Account { http: self.clone(), gate: self.gates.gate(AccountKey { provider, tenant }, rate), provider, hash }
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
