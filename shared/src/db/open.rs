//! Opening and migrating. Opening never migrates.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Bell, Courtesy, Db, Durability, Result, Server, Sql};
use crate::sql;

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// The schemas this binary works on: from the oldest whose tables it can use to the newest migration it knows. Beyond that it
/// works on what `schema_floor` says still carries it.
pub const MIGRATIONS: std::ops::RangeInclusive<i64> = 12..=12;

/// So many rows of an answer come in one go from SQLite's thread; each full buffer is a change of threads.
pub const ROWS_BUFFERED: usize = 2048;

/// How a transaction begins. The connection keeps the setting, so each one says it.
pub(super) fn begin_sqlite(durability: Durability) -> &'static str {
    match durability {
        // FULL, not NORMAL: an acknowledged order survives a power cut.
        Durability::Full => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
        Durability::Relaxed => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
    }
}

/// How the schema found compares with what this binary needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Fits.
    Fits(i64),
    /// Migrate first. `None`: nothing is there at all.
    TooOld(Option<i64>),
    /// A newer release migrated it beyond what this one understands.
    TooNew(i64),
}

impl Db {
    /// Opens `sqlite://FILE` (made when missing) or `postgres://…` with at most so many connections; touches no schema.
    /// A Postgres URL may say `?pooler=true&direct=HOST:PORT` (see [`Server`]).
    ///
    /// # Errors
    /// When the URL cannot be read or the database cannot be reached.
    pub async fn open(url: &str, connections: u32) -> Result<Db> {
        if url.starts_with("postgres") {
            return Ok(Db::Postgres(Server::open(url, connections).await?));
        }
        let options: SqliteConnectOptions = url.parse()?;
        let file = options.get_filename().to_path_buf();
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Kibibytes, used as they are needed: what a large group changes is not written and read in between.
            .pragma("cache_size", "-16000")
            // Pages, 16 MiB of them: a page that many transactions change is written to the file once.
            .pragma("wal_autocheckpoint", "4000")
            .row_buffer_size(ROWS_BUFFERED)
            .busy_timeout(Duration::from_secs(5));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.pragma("query_only", "on")).await?;
        let (bell, courtesy) = (Bell::beside(&file), Courtesy::beside(&file));
        Ok(Db::Sqlite { read, write, file, bell, courtesy })
    }

    /// Brings the schema up to this binary's version, under the migrator's lock. A newer schema that still carries this
    /// release is left as it is.
    ///
    /// # Errors
    /// When a migration fails; what came before it stays applied. Behind a pooler whose URL names no way around it.
    pub async fn migrate(&self) -> std::result::Result<(), MigrateError> {
        if matches!(self.schema().await?, Schema::Fits(found) if found > *MIGRATIONS.end()) {
            return Ok(());
        }
        match self {
            Db::Sqlite { write, .. } => SQLITE.run(write).await,
            Db::Postgres(server) => POSTGRES.run(locked(server)?).await,
        }
    }

    /// The same up to an older version: where a dump of that version fits.
    pub(super) async fn migrate_to(&self, version: i64) -> std::result::Result<(), MigrateError> {
        match self {
            Db::Sqlite { write, .. } => SQLITE.run_to(version, write).await,
            Db::Postgres(server) => POSTGRES.run_to(version, locked(server)?).await,
        }
    }

    /// Compares the schema's version with [`MIGRATIONS`]. A newer schema fits while `schema_floor` says that it carries
    /// this release.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn schema(&self) -> Result<Schema> {
        let version = self.number(sql!("SELECT max(version) FROM _sqlx_migrations WHERE success")).await?;
        let (oldest, newest) = (*MIGRATIONS.start(), *MIGRATIONS.end());
        Ok(match version {
            Some(v) if v > newest => {
                let floor = self.number(sql!("SELECT max(release) FROM schema_floor")).await?;
                if floor.is_some_and(|floor| floor <= newest) { Schema::Fits(v) } else { Schema::TooNew(v) }
            }
            Some(v) if v >= oldest => Schema::Fits(v),
            older => Schema::TooOld(older),
        })
    }

    /// One number; `None` when it, or its table, is not there.
    async fn number(&self, query: Sql) -> Result<Option<i64>> {
        match self.query(query).one().await {
            Ok((number,)) => Ok(number),
            Err(error) if error.as_database_error().is_some_and(is_missing_table) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Connections that keep a lock between statements.
fn locked(server: &Server) -> std::result::Result<&PgPool, MigrateError> {
    let sentence = "migrating takes a lock that a pooler in transaction mode does not keep: add &direct=HOST:PORT, the \
                    Postgres server itself, to the database's URL";
    server.sessions().ok_or_else(|| MigrateError::Source(sentence.into()))
}

fn is_missing_table(error: &(dyn DatabaseError + 'static)) -> bool {
    error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
}
