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
    Redis(String),
}

/// Every place of this run.
pub(crate) async fn places() -> Vec<Place> {
    let mut all: Vec<Place> = databases().await.into_iter().map(Place::Sql).collect();
    all.extend(redis_url().map(Place::Redis));
    all
}

impl Place {
    /// A replica's own way there. With a clock, the place goes by it; without, by its own.
    pub(crate) async fn board(&self, clock: Arc<dyn Clock>, own_time: bool) -> Box<dyn Board> {
        match self {
            Place::Sql(test) => Box::new(SqlBoard::new(Db::open(&test.url, 4).await.unwrap(), clock)),
            Place::Redis(url) if own_time => Box::new(RedisBoard::new(url)),
            Place::Redis(url) => Box::new(RedisBoard::on_clock(url, clock)),
        }
    }

    /// Notes that the suite ran here.
    pub(crate) async fn leave(self) {
        match self {
            Place::Sql(test) => {
                suite_ran("gates", test.engine());
                test.drop_it().await;
            }
            Place::Redis(_) => suite_ran("gates", "redis"),
        }
    }
}

/// An account that no other test uses.
pub(crate) fn account() -> AccountKey {
    AccountKey { provider: "gelato", tenant: TenantId::new() }
}
