//! Boards of every kind that this run has, each as several replicas see it: with connections of its own.

use std::sync::Arc;

use platen_shared::adapters::http::{AccountKey, Board, RedisBoard, SqlBoard};
use platen_shared::clock::Clock;
use platen_shared::db::Db;
use platen_shared::id::TenantId;
use platen_shared::testing::{TestDb, databases, redis_url, suite_ran};

/// Where replicas meet.
pub(crate) enum Place {
    Sql(TestDb),
    /// A server, and the beginning of every key.
    Redis(String, String),
}

/// Every place of this run.
pub(crate) async fn places() -> Vec<Place> {
    let mut all: Vec<Place> = databases().await.into_iter().map(Place::Sql).collect();
    all.extend(redis());
    all
}

/// Redis, if this run has one, under keys that nobody else uses.
pub(crate) fn redis() -> Option<Place> {
    redis_url().map(|url| Place::Redis(url, format!("test:{}", TenantId::new())))
}

impl Place {
    /// A replica's own way there. With a clock, the place goes by it; without, by its own.
    pub(crate) async fn board(&self, clock: Arc<dyn Clock>, own_time: bool) -> Box<dyn Board> {
        match self {
            Place::Sql(test) => Box::new(SqlBoard::new(Db::open(&test.url, 4).await.unwrap(), clock)),
            Place::Redis(url, prefix) => Box::new(RedisBoard::under(url, prefix, (!own_time).then_some(clock))),
        }
    }

    /// Notes that the suite ran here.
    pub(crate) async fn leave(self) {
        match self {
            Place::Sql(test) => {
                suite_ran("gates", test.engine());
                test.drop_it().await;
            }
            Place::Redis(..) => suite_ran("gates", "redis"),
        }
    }
}

/// An account that no other test uses.
pub(crate) fn account() -> AccountKey {
    AccountKey { provider: "gelato", tenant: TenantId::new() }
}
