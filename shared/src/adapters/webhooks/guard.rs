//! Which addresses a stranger may have us call: those that anybody could call anyway. Checked at the moment of connecting, on the very
//! addresses that are connected to, so that a name that answers otherwise the second time gains nothing.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An address that may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not a public one, so it is not called")
    }
}

impl Error for NotPublic {}

/// Whether anybody on the internet could call this address. Of IPv6 only what is handed out to the public, without the forms that carry
/// an IPv4 address inside: a gateway would unwrap it behind our back.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => public_v4(v4),
        IpAddr::V6(v6) => public_v6(v6),
    }
}

fn public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special && a < 224
}

fn public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let global = a & 0xe000 == 0x2000;
    // 2001::/23: Teredo and others; documentation; 6to4; documentation again.
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    global && !special
}

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
    allowed: Arc<[IpNet]>,
    lookup: Arc<dyn Lookup>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard({:?})", self.allowed)
    }
}

impl Guard {
    /// A guard with the ranges that are let through although they are not public.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>, lookup: Arc<dyn Lookup>) -> Guard {
        Guard { allowed: allowed.into(), lookup }
    }

    /// Whether this address may be called.
    #[must_use]
    pub fn lets(&self, address: IpAddr) -> bool {
        is_public(address) || self.allowed.iter().any(|range| range.contains(&address))
    }

    /// The address of a URL, if it may be called so far as can be said without asking for its name: https, no login in it, and no address
    /// that is not public in whatever way it is written. Plain http is for allowed ranges alone.
    ///
    /// # Errors
    /// A sentence for whoever gave the URL.
    pub fn url(&self, text: &str) -> Result<Url, String> {
        let url =
            Url::parse(text).map_err(|_| "This is not an address such as https://shop.example/hooks.".to_owned())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("The address must not hold a login.".to_owned());
        }
        let host = url.host_str().unwrap_or_default();
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let allowed = literal.is_some_and(|ip| self.allowed.iter().any(|range| range.contains(&ip)));
        if literal.is_some_and(|ip| !self.lets(ip)) {
            return Err("The address is not a public one.".to_owned());
        }
        let local = host.trim_end_matches('.').eq_ignore_ascii_case("localhost")
            || host.trim_end_matches('.').ends_with(".localhost");
        if host.is_empty() || local || url.port() == Some(0) {
            return Err("The address is not a public one.".to_owned());
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if allowed => Ok(url),
            _ => Err("The address must begin with https://.".to_owned()),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.lookup.addresses(name.as_str()).await?;
            // One that is not public among others is enough: nobody honest has such a name.
            if found.is_empty() || !found.iter().all(|address| guard.lets(*address)) {
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
