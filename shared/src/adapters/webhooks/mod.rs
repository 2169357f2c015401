//! Webhooks to tenants' endpoints: one POST, fifteen seconds, no redirect, no proxy, no address that is not public. What the endpoint
//! writes back is not read: only its status counts.

mod guard;

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;

pub use guard::{Guard, Lookup, NotPublic, System};

use crate::ports::webhooks::{Answered, Post, Webhooks};
use crate::ports::{PortError, PortResult};

/// Until the answer's head is there.
const ANSWER: Duration = Duration::from_secs(15);
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends webhooks to whom a [`Guard`] lets through.
#[derive(Debug)]
pub struct Hooks {
    guard: Guard,
    client: OnceLock<reqwest::Client>,
}

impl Hooks {
    /// With this guard at the door.
    #[must_use]
    pub fn new(guard: Guard) -> Hooks {
        Hooks { guard, client: OnceLock::new() }
    }

    fn client(&self) -> PortResult<&reqwest::Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none()).referer(false);
        let builder = builder.connect_timeout(CONNECT).timeout(ANSWER).pool_max_idle_per_host(1);
        let client = builder.dns_resolver(self.guard.clone()).user_agent("platen-webhooks/1").build();
        let client = client.map_err(|e| PortError::Transient(format!("the HTTP client cannot be built: {e}")))?;
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait]
impl Webhooks for Hooks {
    async fn post(&self, post: &Post) -> PortResult<Answered> {
        // Numbers never come to the resolver.
        let url = self.guard.doors().url(&post.url).map_err(PortError::Invalid)?;
        let mut request = self.client()?.post(url).header("content-type", "application/json");
        for (name, value) in &post.headers {
            request = request.header(*name, value);
        }
        let began = tokio::time::Instant::now();
        match request.body(post.body.clone()).send().await {
            Ok(response) => {
                let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let retry_after = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
                Ok(Answered { status: response.status().as_u16(), retry_after, took: began.elapsed() })
            }
            Err(error) if is_refusal(&error) => Err(PortError::Invalid(NotPublic.to_string())),
            Err(error) if error.is_connect() || error.is_builder() => {
                Err(PortError::Transient("no connection to the endpoint came about".to_owned()))
            }
            Err(error) if error.is_timeout() => {
                Err(PortError::Ambiguous("the endpoint did not answer in 15 s".to_owned()))
            }
            Err(_) => Err(PortError::Ambiguous("the endpoint closed the connection without an answer".to_owned())),
        }
    }
}

fn is_refusal(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
}
