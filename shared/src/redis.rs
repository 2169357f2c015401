//! How Redis is reached: one connection per process, shared by clones, that mends itself. Redis only ever holds what can be lost.

pub mod inspect;

use std::time::Duration;

pub use redis::RedisError;
pub use redis::aio::ConnectionManager;
use redis::aio::ConnectionManagerConfig;

/// Opens `redis://` or `rediss://` (TLS), with the password and database of the URL.
///
/// # Errors
/// When the URL cannot be read, or nothing answers there within a few seconds.
pub async fn connect(url: &str) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        // The library's 500 ms ends workers whenever the machine is busy.
        .set_response_timeout(Some(Duration::from_secs(5)))
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_number_of_retries(3)
        .set_max_delay(Duration::from_millis(500));
    ConnectionManager::new_with_config(redis::Client::open(url)?, config).await
}
