//! What an operator must know about the Redis of the settings before trusting it with anything.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisError, RedisResult};

const CONNECT_MAX: Duration = Duration::from_secs(2);
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The best of so many round trips counts, since any one may meet a busy moment.
const PINGS: usize = 3;

/// What it said about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its version, as written: `7.0.15`.
    pub version: String,
    /// The most memory it may take, in bytes; 0 is no limit.
    pub memory_max: u64,
    /// What it does at that limit: `noeviction`, or a policy that drops keys.
    pub policy: String,
    /// The best round trip.
    pub round_trip: Duration,
}

impl Facts {
    /// Whether its version is at least this one. A version that cannot be read is not held against it.
    #[must_use]
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map_while(|part| part.parse::<u32>().ok());
        parts.next().is_none_or(|first| (first, parts.next().unwrap_or(0)) >= (major, minor))
    }

    /// Whether it drops keys when it is full.
    #[must_use]
    pub fn evicts(&self) -> bool {
        !self.policy.is_empty() && self.policy != "noeviction"
    }
}

/// Connects anew and asks.
///
/// # Errors
/// A sentence: what is wrong with the URL, the account, the certificate or the way there.
pub async fn inspect(url: &str) -> Result<Facts, String> {
    let client = redis::Client::open(url).map_err(|error| format!("its URL cannot be read ({error})"))?;
    ask(&client).await.map_err(|error| sentence(url, &error))
}

async fn ask(client: &redis::Client) -> RedisResult<Facts> {
    let limits =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_MAX)).set_response_timeout(Some(ANSWER_MAX));
    let mut connection = client.get_multiplexed_async_connection_with_config(&limits).await?;
    let server: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let memory: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let mut round_trip = Duration::MAX;
    for _ in 0..PINGS {
        round_trip = round_trip.min(ping(&mut connection).await?);
    }
    Ok(Facts {
        version: field(&server, "redis_version"),
        memory_max: field(&memory, "maxmemory").parse().unwrap_or(0),
        policy: field(&memory, "maxmemory_policy"),
        round_trip,
    })
}

async fn ping(connection: &mut MultiplexedConnection) -> RedisResult<Duration> {
    let asked = Instant::now();
    redis::cmd("PING").exec_async(connection).await?;
    Ok(asked.elapsed())
}

/// The value of `name:value` in an answer to INFO.
fn field(info: &str, name: &str) -> String {
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

fn sentence(url: &str, error: &RedisError) -> String {
    let said = error.to_string();
    let encrypted = url.starts_with("rediss://");
    if said.contains("NOAUTH") || said.contains("WRONGPASS") || said.contains("uthentication") {
        return "it refuses the password of its URL: write redis://USER:PASSWORD@HOST:PORT (USER may be empty)".into();
    }
    if encrypted && said.contains("certificate") {
        return format!(
            "its certificate is not trusted here ({said}): name the authority that signed it in SSL_CERT_FILE, and the host as the \
             certificate does"
        );
    }
    if encrypted {
        return format!(
            "it does not answer ({said}): check that it runs, and that it speaks TLS, which rediss:// asks for"
        );
    }
    if error.is_timeout() {
        return format!(
            "it did not answer within {} s: check that it runs and is not overloaded",
            ANSWER_MAX.as_secs()
        );
    }
    format!("it does not answer ({said}): check that it runs; one that wants TLS needs rediss:// in its URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(version: &str, policy: &str) -> Facts {
        Facts { version: version.into(), memory_max: 0, policy: policy.into(), round_trip: Duration::ZERO }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(facts("6.2.0", "").is_at_least(6, 2) && facts("10.0.1", "").is_at_least(6, 2));
        assert!(!facts("6.0.16", "").is_at_least(6, 2));
        assert!(facts("unstable", "").is_at_least(6, 2));
    }

    #[test]
    fn only_a_policy_that_drops_keys_evicts() {
        assert!(facts("7", "allkeys-lru").evicts() && facts("7", "volatile-ttl").evicts());
        assert!(!facts("7", "noeviction").evicts() && !facts("7", "").evicts());
    }
}
