//! One text, two databases. Every query is one literal in the portable subset; the rare dialect word stands inside a `/*pg … */`
//! comment, which is live on Postgres only. Native types on both sides.

mod answer;
mod at;
mod bell;
mod courtesy;
#[cfg(feature = "testing")]
pub mod cover;
pub mod dump;
mod open;
mod query;
mod rows;
mod server;
mod slow;
mod text;
mod watch;

pub use answer::Answer;
pub use at::At;
pub use bell::Bell;
pub use courtesy::Courtesy;
pub use open::{MIGRATIONS, ROWS_BUFFERED, Schema};
pub use query::{Bind, Query, Record};
pub use rows::{Rows, rows};
pub use server::Server;
pub use sqlx::types::Json;
pub use text::{Sql, uncomment};
pub use watch::Watch;

use std::path::PathBuf;
use std::time::Instant;

use courtesy::Turn;
use slow::Reason;
use sqlx::{Postgres, Sqlite, SqlitePool};

/// A database error.
pub type Error = sqlx::Error;
/// The answer of a query.
pub type Result<T> = sqlx::Result<T>;

/// Not made by `sql!`: only Postgres is ever asked.
const CLOCK: Sql = Sql { lite: "SELECT 0", pg: "SELECT clock_timestamp()" };

/// An open database: SQLite (one writer, four readers) or Postgres.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file of this machine.
    Sqlite {
        /// `query_only` connections.
        read: SqlitePool,
        /// The one writer of this process.
        write: SqlitePool,
        /// The file.
        file: PathBuf,
        /// Whose turn it is to write, among transactions of this process and among processes.
        courtesy: Courtesy,
        /// Rings for work.
        bell: Bell,
    },
    /// A server.
    Postgres(Server),
}

/// A write transaction with a name (for measurements and logs). Dropped without [`Tx::commit`], it rolls back.
#[derive(Debug)]
pub struct Tx {
    inner: Inner,
    name: &'static str,
    began: Instant,
    bell: Bell,
    rings: bool,
    tells: bool,
    /// Passed on after the transaction's end.
    turn: Option<Turn>,
}

#[derive(Debug)]
enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres { tx: sqlx::Transaction<'static, Postgres>, pooled: bool },
}

impl Db {
    /// A write transaction. SQLite takes its write lock here, where the busy timeout applies.
    ///
    /// # Errors
    /// When no connection is free in time.
    pub async fn begin(&self, name: &'static str) -> Result<Tx> {
        self.begin_as(name, Durability::Full).await
    }

    /// The same for what may be lost in a power cut, because it is found and done again: its commit does not wait for the disk, so the last
    /// ones before the machine (or the Postgres server) stops may not hold. Whatever is committed with [`Db::begin`] afterwards holds these too.
    ///
    /// # Errors
    /// When no connection is free in time.
    pub async fn begin_relaxed(&self, name: &'static str) -> Result<Tx> {
        self.begin_as(name, Durability::Relaxed).await
    }

    async fn begin_as(&self, name: &'static str, durability: Durability) -> Result<Tx> {
        let asked = Instant::now();
        let (inner, turn) = match self {
            Db::Sqlite { write, courtesy, .. } => {
                let turn = courtesy.wait().await?;
                (Inner::Sqlite(write.begin_with(open::begin_sqlite(durability)).await?), Some(turn))
            }
            Db::Postgres(server) => {
                (Inner::Postgres { tx: server.begin(durability).await?, pooled: server.is_pooled() }, None)
            }
        };
        slow::note(Reason::Begin, name, asked.elapsed());
        Ok(Tx { inner, name, began: Instant::now(), bell: self.bell().clone(), rings: false, tells: false, turn })
    }

    /// A read outside any transaction.
    pub fn query(&self, sql: Sql) -> Query<'_> {
        match self {
            Db::Sqlite { read, .. } => Query::new(sql, query::Target::LitePool(read)),
            Db::Postgres(server) => Query::new(sql, query::Target::PgPool(server)),
        }
    }

    /// Rings for work: for who waits in this process and in others.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        match self {
            Db::Sqlite { bell, .. } => bell,
            Db::Postgres(server) => &server.bell,
        }
    }

    /// `sqlite` or `postgres`, for logs and reports.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Db::Sqlite { .. } => "sqlite",
            Db::Postgres(_) => "postgres",
        }
    }

    /// The database's time; on SQLite the machine's, since both are one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn now(&self) -> Result<At> {
        match self {
            Db::Sqlite { .. } => Ok(crate::clock::SystemClock::wall()),
            Db::Postgres(_) => self.query(CLOCK).one().await.map(|(now,)| now),
        }
    }

    /// What Postgres does by itself within a minute of many inserts: it learns how its tables look, and which pages need no second look.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn after_bulk(&self) -> Result<()> {
        match self {
            Db::Sqlite { .. } => Ok(()),
            Db::Postgres(server) => sqlx::query("VACUUM (ANALYZE)").execute(&server.pool).await.map(drop),
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(server) => server.close().await,
        }
    }
}

impl Tx {
    /// A query inside the transaction.
    pub fn query(&mut self, sql: Sql) -> Query<'_> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Query::new(sql, query::Target::Lite(tx)),
            Inner::Postgres { tx, pooled } => Query::new(sql, query::Target::Pg { tx, pooled: *pooled }),
        }
    }

    /// `sqlite` or `postgres`, where one of them needs another order of statements.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match &self.inner {
            Inner::Sqlite(_) => "sqlite",
            Inner::Postgres { .. } => "postgres",
        }
    }

    /// It brings work: once it is durable, the [`Bell`] rings.
    pub fn ring(&mut self) {
        self.rings = true;
    }

    /// It tells somebody something: whoever commits it enqueues the messages first.
    pub fn tell(&mut self) {
        self.tells = true;
    }

    /// Whether it does.
    #[must_use]
    pub fn tells(&self) -> bool {
        self.tells
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// When the database refuses or the connection is lost; then it is unknown whether it holds, and a repeat must be harmless.
    pub async fn commit(self) -> Result<()> {
        let done = match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            Inner::Postgres { tx, .. } => tx.commit().await,
        };
        let next = self.turn.map(drop);
        metrics::counter!("platen_transactions_total", "name" => self.name, "outcome" => if done.is_ok() { "committed" } else { "failed" })
            .increment(1);
        slow::note(Reason::Transaction, self.name, self.began.elapsed());
        if self.rings && done.is_ok() {
            self.bell.ring();
        }
        if next.is_some() {
            // Whoever has the turn now was woken on this thread, which would else go on with what the caller does next.
            tokio::task::yield_now().await;
        }
        done
    }

    /// Undoes everything at once, where dropping would do it a moment later.
    ///
    /// # Errors
    /// When the connection is lost, which undoes it too.
    pub async fn rollback(self) -> Result<()> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await,
            Inner::Postgres { tx, .. } => tx.rollback().await,
        }
    }
}

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// It does.
    Full,
    /// It does not: what a power cut takes back is found and done again.
    Relaxed,
}

/// Reads only: what a job's `run` and a GET route get. It cannot begin a transaction.
#[derive(Clone, Debug)]
pub struct Read(Db);

impl Db {
    /// A handle that reads and cannot write.
    #[must_use]
    pub fn reader(&self) -> Read {
        Read(self.clone())
    }
}

/// Where a read may come from: outside any transaction, or inside one.
pub trait Source: Send {
    /// A query there.
    fn query(&mut self, sql: Sql) -> Query<'_>;
}

impl Source for Read {
    fn query(&mut self, sql: Sql) -> Query<'_> {
        self.0.query(sql)
    }
}

impl Source for Tx {
    fn query(&mut self, sql: Sql) -> Query<'_> {
        Tx::query(self, sql)
    }
}

/// Whether an error is a broken unique or primary key.
#[must_use]
pub fn is_conflict(error: &Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation())
}

/// Whether the whole transaction may be tried again: the database was busy, restarted, or chose us as a deadlock's victim.
#[must_use]
pub fn is_passing(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        // A connection that is closed before the server's first byte: the driver takes the missing byte for a wrong one.
        Error::Protocol(_) => true,
        Error::Database(e) => e.code().is_some_and(|code| {
            ["40001", "40P01", "57P01", "57P02", "57P03", "55P03", "5", "517", "261", "6"].contains(&&*code)
                || code.starts_with("08")
        }),
        _ => false,
    }
}

/// SQL types of an id: `uuid` on Postgres, 36 characters on SQLite, so that it reads the same inside JSON.
#[macro_export]
#[doc(hidden)]
macro_rules! __text_uuid {
    ($name:ident) => {
        const _: () = {
            use sqlx::encode::IsNull;
            use sqlx::error::BoxDynError;
            use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};

            impl Type<Sqlite> for $name {
                fn type_info() -> <Sqlite as Database>::TypeInfo {
                    <String as Type<Sqlite>>::type_info()
                }
            }
            impl Type<Postgres> for $name {
                fn type_info() -> <Postgres as Database>::TypeInfo {
                    <uuid::Uuid as Type<Postgres>>::type_info()
                }
            }
            impl Encode<'_, Sqlite> for $name {
                fn encode_by_ref(
                    &self,
                    buffer: &mut <Sqlite as Database>::ArgumentBuffer,
                ) -> Result<IsNull, BoxDynError> {
                    Encode::<Sqlite>::encode(self.0.hyphenated().to_string(), buffer)
                }
            }
            impl Encode<'_, Postgres> for $name {
                fn encode_by_ref(
                    &self,
                    buffer: &mut <Postgres as Database>::ArgumentBuffer,
                ) -> Result<IsNull, BoxDynError> {
                    Encode::<Postgres>::encode_by_ref(&self.0, buffer)
                }
            }
            impl<'r> Decode<'r, Sqlite> for $name {
                fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                    Ok($name(<&str as Decode<Sqlite>>::decode(value)?.parse()?))
                }
            }
            impl<'r> Decode<'r, Postgres> for $name {
                fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                    Ok($name(<uuid::Uuid as Decode<Postgres>>::decode(value)?))
                }
            }
        };
    };
}
pub(crate) use __text_uuid as text_uuid;
