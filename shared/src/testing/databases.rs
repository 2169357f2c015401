//! A fresh, migrated database per test: a temporary file on SQLite, a clone of a template on Postgres.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tokio::sync::OnceCell;

use crate::db::{Db, Sql};

/// A database of one test's own; gone with [`TestDb::drop_it`] (a file goes by itself).
#[derive(Debug)]
pub struct TestDb {
    /// Open and migrated.
    pub db: Db,
    /// For processes that open it themselves.
    pub url: String,
    variant: &'static str,
    folder: Option<Arc<tempfile::TempDir>>,
    name: Option<String>,
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// The server of `TEST_DATABASE_URL`, if the run has one. `cargo xtask test` always sets it.
#[must_use]
pub fn postgres_url() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// PgBouncer before that server, if the run has one. `cargo xtask test` always sets it.
fn pooler_url() -> Option<String> {
    std::env::var("TEST_POOLER_URL").ok().filter(|url| !url.is_empty())
}

/// The same, and Postgres through PgBouncer when `TEST_POOLER_URL` names one: for suites that run every query.
///
/// # Panics
/// When one cannot be made.
pub async fn databases_and_pooler() -> Vec<TestDb> {
    let mut all = databases().await;
    if let (Some(_), Some(pooler)) = (postgres_url(), pooler_url()) {
        all.push(TestDb::clone_of_template(&pooler, "pgbouncer").await);
    }
    all
}

/// One database per engine of this run: SQLite always, Postgres when `TEST_DATABASE_URL` names a server.
///
/// # Panics
/// When one cannot be made.
pub async fn databases() -> Vec<TestDb> {
    let mut all = vec![TestDb::sqlite().await];
    if postgres_url().is_some() {
        all.push(TestDb::postgres().await);
    }
    all
}

impl TestDb {
    /// A temporary file.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn sqlite() -> TestDb {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/platen.db", folder.path().display());
        let db = Db::open(&url, 4).await.expect("open SQLite");
        db.migrate().await.expect("migrate SQLite");
        TestDb { db, url, variant: "sqlite", folder: Some(Arc::new(folder)), name: None }
    }

    /// A clone of the process's template database.
    ///
    /// # Panics
    /// When the server of `TEST_DATABASE_URL` cannot be used.
    pub async fn postgres() -> TestDb {
        TestDb::clone_of_template(&postgres_url().expect("TEST_DATABASE_URL"), "postgres").await
    }

    async fn clone_of_template(reached_by: &str, variant: &'static str) -> TestDb {
        let server = postgres_url().expect("TEST_DATABASE_URL");
        let template = TEMPLATE.get_or_init(|| make_template(server.clone())).await;
        let name = format!("t_{}", uuid::Uuid::now_v7().simple());
        admin(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let url = with_database(reached_by, &name);
        let db = Db::open(&url, 10).await.expect("open Postgres");
        TestDb { db, url, variant, folder: None, name: Some(name) }
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        self.db.engine()
    }

    /// The engine and how it is reached, as the list of suites names it: `sqlite`, `postgres` or `pgbouncer`.
    #[must_use]
    pub fn variant(&self) -> &'static str {
        self.variant
    }

    /// A statement that no function of the stores would make: what a clumsy hand or a broken disk might do.
    ///
    /// # Errors
    /// What the database says.
    pub async fn tamper(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        match &self.db {
            Db::Sqlite { write, .. } => sqlx::query(statement).execute(write).await.map(drop),
            Db::Postgres(server) => sqlx::query(statement).execute(&server.pool).await.map(drop),
        }
    }

    /// What the database means to do for a query of any arguments, of these types in Postgres' words, in its own.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn plan(&self, sql: Sql, types: &[&str]) -> Result<String, sqlx::Error> {
        let lines: Vec<String> = match &self.db {
            Db::Sqlite { read, .. } => {
                let asked = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.lite));
                sqlx::raw_sql(asked).fetch_all(read).await?.iter().map(|row| row.get("detail")).collect()
            }
            Db::Postgres(server) => {
                // The plan that a prepared statement ends up with; small tables would be read whole, which says nothing about large ones.
                let asked = format!(
                    "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; PREPARE asked ({}) AS {};
                     EXPLAIN EXECUTE asked({}); DEALLOCATE asked; ROLLBACK",
                    types.join(", "),
                    sql.pg,
                    vec!["NULL"; types.len()].join(", ")
                );
                sqlx::raw_sql(AssertSqlSafe(asked))
                    .fetch_all(&server.pool)
                    .await?
                    .iter()
                    .map(|row| row.get(0))
                    .collect()
            }
        };
        Ok(lines.join("\n"))
    }

    /// The folder of a SQLite file.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref().map(tempfile::TempDir::path)
    }

    /// Closes the connections and drops a Postgres database.
    pub async fn drop_it(self) {
        self.db.close().await;
        if let (Some(name), Some(server)) = (self.name, postgres_url()) {
            admin(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}

async fn make_template(server: String) -> String {
    let name = format!("platen_template_{}", std::process::id());
    admin(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    admin(&server, &format!("CREATE DATABASE {name}")).await;
    let db = Db::open(&with_database(&server, &name), 1).await.expect("open the template");
    db.migrate().await.expect("migrate the template");
    db.close().await;
    name
}

async fn admin(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.expect("connect to TEST_DATABASE_URL");
    connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    let _ = connection.close().await;
}

fn with_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, None), |(b, q)| (b, Some(q)));
    let cut =
        base.rfind('/').filter(|at| base[..*at].contains("//") && !base[..*at].ends_with('/')).unwrap_or(base.len());
    let url = format!("{}/{name}", &base[..cut]);
    query.map_or(url.clone(), |q| format!("{url}?{q}"))
}
