//! Opening and migrating. Opening never migrates.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::{Db, Result};

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// The newest migration this binary knows, and the oldest schema it can work on.
pub const MIGRATIONS: std::ops::RangeInclusive<i64> = 2..=2;

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
    ///
    /// # Errors
    /// When the URL cannot be read or the database cannot be reached.
    pub async fn open(url: &str, connections: u32) -> Result<Db> {
        if url.starts_with("postgres") {
            let options: PgConnectOptions = url.parse()?;
            let options = options.application_name("platen").options([
                ("statement_timeout", "30s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "60s"),
            ]);
            let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5));
            return Ok(Db::Postgres(pool.connect_with(options).await?));
        }
        let options: SqliteConnectOptions = url.parse()?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL, not NORMAL: an acknowledged order survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.pragma("query_only", "on")).await?;
        Ok(Db::Sqlite { read, write })
    }

    /// Brings the schema up to this binary's version, under the migrator's lock.
    ///
    /// # Errors
    /// When a migration fails; what came before it stays applied.
    pub async fn migrate(&self) -> std::result::Result<(), sqlx::migrate::MigrateError> {
        match self {
            Db::Sqlite { write, .. } => SQLITE.run(write).await,
            Db::Postgres(pool) => POSTGRES.run(pool).await,
        }
    }

    /// Compares the schema's version with [`MIGRATIONS`].
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn schema(&self) -> Result<Schema> {
        let asked: Result<Option<i64>> = match self {
            Db::Sqlite { read, .. } => {
                sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(read).await
            }
            Db::Postgres(pool) => {
                sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(pool).await
            }
        };
        let version = match asked {
            Ok(version) => version,
            Err(error) if error.as_database_error().is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(match version {
            Some(v) if MIGRATIONS.contains(&v) => Schema::Fits(v),
            Some(v) if v > *MIGRATIONS.end() => Schema::TooNew(v),
            older => Schema::TooOld(older),
        })
    }
}
