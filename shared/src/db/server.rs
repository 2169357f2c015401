//! A Postgres server, reached directly or through a pooler in transaction mode (PgBouncer).
//!
//! Behind such a pooler only what stands inside one transaction meets one session. So `?pooler=true` in the URL puts every
//! read into a transaction too (the driver parses and executes in two steps), names no prepared statement, and sets time
//! limits within each transaction. What needs a session of its own, listening and migrating, goes to `&direct=HOST:PORT`.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use super::{Bell, Durability, Error, Result};

/// Limits that keep one bad statement from holding others up. A statement takes no second process of the server's and compiles nothing:
/// ours are short, and starting either takes longer than they do.
const LIMITS: [(&str, &str); 5] = [
    ("statement_timeout", "30s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
];
/// The same within a transaction: one message with its begin, so that they cost no round trip.
macro_rules! limits {
    () => {
        "SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '60s'; \
         SET LOCAL max_parallel_workers_per_gather = '0'; SET LOCAL jit = 'off'"
    };
}
/// A commit that does not wait for the disk.
macro_rules! relaxed {
    () => {
        "SET LOCAL synchronous_commit = off"
    };
}

/// An open pool of connections to a Postgres server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The connections.
    pub pool: PgPool,
    /// Rings for work.
    pub(super) bell: Bell,
    pooler: Option<Pooler>,
}

#[derive(Clone, Debug)]
struct Pooler {
    /// Straight to the server, where the URL says how; opened by its first use.
    direct: Option<PgPool>,
}

impl Server {
    pub(super) async fn open(url: &str, connections: u32) -> Result<Server> {
        let Address { url, pooled, direct } = Address::parse(url)?;
        let options = url.parse::<PgConnectOptions>()?.application_name("platen");
        let limited = options.clone().options(LIMITS);
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5));
        if !pooled {
            let pool = pool.connect_with(limited).await?;
            return Ok(Server { bell: Bell::through(&pool), pool, pooler: None });
        }
        let direct = direct.map(|(host, port)| {
            let few = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5));
            few.connect_lazy_with(limited.host(&host).port(port))
        });
        // PgBouncer refuses parameters that it cannot keep apart between its clients.
        let plain = options.statement_cache_capacity(0).extra_float_digits(None);
        let pool = pool.connect_with(plain).await?;
        Ok(Server { bell: Bell::through(&pool), pool, pooler: Some(Pooler { direct }) })
    }

    /// Whether statements may be kept on the connection, and reads stand outside a transaction.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooler.is_some()
    }

    pub(super) async fn begin(&self, durability: Durability) -> Result<Transaction<'static, Postgres>> {
        match (self.is_pooled(), durability) {
            (false, Durability::Full) => self.pool.begin().await,
            (false, Durability::Relaxed) => self.pool.begin_with(concat!("BEGIN; ", relaxed!())).await,
            (true, Durability::Full) => self.pool.begin_with(concat!("BEGIN; ", limits!())).await,
            (true, Durability::Relaxed) => self.pool.begin_with(concat!("BEGIN; ", limits!(), "; ", relaxed!())).await,
        }
    }

    /// Connections whose session stays: `None` behind a pooler whose URL names no way around it.
    pub(super) fn sessions(&self) -> Option<&PgPool> {
        self.pooler.as_ref().map_or(Some(&self.pool), |pooler| pooler.direct.as_ref())
    }

    pub(super) async fn close(&self) {
        if let Some(direct) = self.pooler.as_ref().and_then(|pooler| pooler.direct.as_ref()) {
            direct.close().await;
        }
        self.pool.close().await;
    }
}

/// A URL without what is ours in it.
#[derive(Debug, PartialEq)]
struct Address {
    url: String,
    pooled: bool,
    direct: Option<(String, u16)>,
}

impl Address {
    fn parse(url: &str) -> Result<Address> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut pooled, mut direct, mut rest) = (false, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("pooler", word)) => {
                    pooled = word.parse().map_err(|_| wrong("pooler must be true or false"))?;
                }
                Some(("direct", place)) => direct = Some(host_and_port(place)?),
                _ => rest.push(pair),
            }
        }
        if direct.is_some() && !pooled {
            return Err(wrong("direct=HOST:PORT is the way around a pooler: it needs pooler=true beside it"));
        }
        let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
        Ok(Address { url: format!("{base}{query}"), pooled, direct })
    }
}

fn host_and_port(place: &str) -> Result<(String, u16)> {
    let place = place.replace("%3A", ":").replace("%3a", ":");
    let parts = place.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let read = parts.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    read.ok_or_else(|| wrong("direct must be HOST:PORT of the Postgres server behind the pooler"))
}

fn wrong(sentence: &str) -> Error {
    Error::Configuration(format!("the database's URL: {sentence}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_taken_out_of_the_url() {
        let plain = "postgres://u:p@h:5432/n?sslmode=require";
        assert_eq!(Address::parse(plain).unwrap(), Address { url: plain.into(), pooled: false, direct: None });
        let through = "postgres://u:p@h:6432/n?pooler=true&sslmode=require&direct=db%3A5432";
        let expected = Address {
            url: "postgres://u:p@h:6432/n?sslmode=require".into(),
            pooled: true,
            direct: Some(("db".into(), 5432)),
        };
        assert_eq!(Address::parse(through).unwrap(), expected);
        assert!(!Address::parse("postgres://h/n?pooler=false").unwrap().pooled);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_a_sentence() {
        for (query, said) in [
            ("pooler=yes", "pooler must be true or false"),
            ("direct=db:5432", "needs pooler=true beside it"),
            ("pooler=true&direct=db", "direct must be HOST:PORT"),
            ("pooler=true&direct=:5432", "direct must be HOST:PORT"),
        ] {
            let error = Address::parse(&format!("postgres://h/n?{query}")).unwrap_err().to_string();
            assert!(error.contains(said), "{query}: {error}");
        }
    }

    #[test]
    fn both_ways_have_the_same_limits() {
        for (name, value) in LIMITS {
            assert!(limits!().contains(&format!("SET LOCAL {name} = '{value}'")), "{name}");
        }
    }
}
