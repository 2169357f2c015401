//! Calls to addresses that tenants gave us: strangers, whom we send what they want to know, and from whom we take a status.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use async_trait::async_trait;
pub use ipnet::IpNet;
use reqwest::Url;

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

/// Which addresses may be called: those that anybody could call anyway, and ranges that the operator allowed.
#[derive(Clone, Debug, Default)]
pub struct Doors(Vec<IpNet>);

impl Doors {
    /// With these ranges let through although they are not public.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Doors {
        Doors(allowed)
    }

    /// Whether this address may be called.
    #[must_use]
    pub fn lets(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|range| range.contains(&address))
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
        let allowed = literal.is_some_and(|ip| self.0.iter().any(|range| range.contains(&ip)));
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
