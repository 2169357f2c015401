//! Which addresses a stranger may have us call: those that anybody could call anyway. Checked at the moment of connecting, on the very
//! addresses that are connected to, so that a name that answers otherwise the second time gains nothing.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::ports::webhooks::Doors;

/// An address that may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not a public one, so it is not called")
    }
}

impl Error for NotPublic {}

/// Who asks for a name's addresses.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All of them.
    ///
    /// # Errors
    /// When there are none, or nobody answers.
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug)]
pub struct System;

#[async_trait]
impl Lookup for System {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Lets through public addresses, and the ranges that the operator allowed.
#[derive(Clone)]
pub struct Guard {
    doors: Doors,
    lookup: Arc<dyn Lookup>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({:?})", self.doors)
    }
}

impl Guard {
    /// A guard of these doors.
    #[must_use]
    pub fn new(doors: Doors, lookup: Arc<dyn Lookup>) -> Guard {
        Guard { doors, lookup }
    }

    /// What it guards.
    #[must_use]
    pub fn doors(&self) -> &Doors {
        &self.doors
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.lookup.addresses(name.as_str()).await?;
            // One that is not public among others is enough: nobody honest has such a name.
            if found.is_empty() || !found.iter().all(|address| guard.doors.lets(*address)) {
                return Err(Box::new(NotPublic) as Box<dyn Error + Send + Sync>);
            }
            let addresses: Vec<SocketAddr> = found.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
