//! Hearing that something was written, from any process: an accelerator over polling, never a promise. On Postgres a trigger notifies
//! when jobs are inserted; on SQLite `PRAGMA data_version` changes when another connection commits.

use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};

use super::{Db, Result};

/// The channel that the trigger on `jobs` notifies (migration 1).
const CHANNEL: &str = "platen_jobs";

/// Between two looks at a SQLite file: microseconds of work each.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An ear at the database.
#[derive(Debug)]
pub struct Watch(Ear);

#[derive(Debug)]
enum Ear {
    Sqlite {
        connection: SqliteConnection,
        version: i64,
    },
    Postgres(Box<PgListener>),
    /// Behind a pooler, which hands no notification on.
    Deaf,
}

impl Db {
    /// Begins to listen, on a connection of its own.
    ///
    /// # Errors
    /// When the connection cannot be made.
    pub async fn watch(&self) -> Result<Watch> {
        match self {
            Db::Sqlite { read, .. } => {
                let mut connection = read.connect_options().connect().await?;
                let version = data_version(&mut connection).await?;
                Ok(Watch(Ear::Sqlite { connection, version }))
            }
            Db::Postgres(server) => {
                let Some(pool) = server.sessions() else {
                    tracing::warn!(
                        "the database's URL leads through a pooler and names no direct=HOST:PORT: new work is found by polling alone"
                    );
                    return Ok(Watch(Ear::Deaf));
                };
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen(CHANNEL).await?;
                Ok(Watch(Ear::Postgres(Box::new(listener))))
            }
        }
    }
}

impl Watch {
    /// Waits until something was written. It may wake for writes that do not matter, and may miss one when the connection is lost.
    ///
    /// # Errors
    /// When the connection is lost: listen anew.
    pub async fn changed(&mut self) -> Result<()> {
        match &mut self.0 {
            Ear::Sqlite { connection, version } => loop {
                let now = data_version(connection).await?;
                if std::mem::replace(version, now) != now {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            },
            Ear::Postgres(listener) => listener.recv().await.map(drop),
            Ear::Deaf => std::future::pending().await,
        }
    }

    /// Stops listening.
    ///
    /// # Errors
    /// When the connection does not close well, which harms nothing.
    pub async fn close(self) -> Result<()> {
        match self.0 {
            Ear::Sqlite { connection, .. } => connection.close().await,
            Ear::Postgres(_) | Ear::Deaf => Ok(()),
        }
    }
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await
}
