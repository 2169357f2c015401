//! A half-built query: a literal, where it will run, and its arguments.

use std::time::Instant;

use futures::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Encode, FromRow, Postgres, Sqlite, SqlitePool, Type};

use super::slow::{self, Reason};
use super::{Answer, Durability, Result, Server, Sql};

/// What both drivers can bind.
pub trait Bind<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> {}
impl<'q, T> Bind<'q> for T where T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> {}

/// What both drivers can read a row into (`#[derive(sqlx::FromRow)]`, or a tuple).
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}
impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

pub(super) enum Target<'c> {
    LitePool(&'c SqlitePool),
    Lite(&'c mut SqliteConnection),
    PgPool(&'c Server),
    Pg { tx: &'c mut PgConnection, pooled: bool },
}

enum Args {
    Lite(SqliteArguments),
    Pg(PgArguments),
}

/// A query that has not run yet.
#[must_use]
pub struct Query<'c> {
    sql: Sql,
    target: Target<'c>,
    args: Args,
    error: Option<sqlx::Error>,
    anew: bool,
}

macro_rules! run {
    ($query:expr, $make:expr, $method:ident, $map:expr) => {{
        let q = $query;
        if let Some(error) = q.error {
            return Err(error);
        }
        let text = q.sql.lite;
        match (q.target, q.args) {
            (Target::LitePool(pool), Args::Lite(a)) => {
                let mut c = timed(Reason::Connection, text, pool.acquire()).await?;
                timed(Reason::Statement, text, $make(q.sql.lite, a).$method(&mut *c)).await.map($map)
            }
            (Target::Lite(c), Args::Lite(a)) => {
                timed(Reason::Statement, text, $make(q.sql.lite, a).$method(&mut *c)).await.map($map)
            }
            (Target::PgPool(server), Args::Pg(a)) if server.is_pooled() => {
                let mut tx = timed(Reason::Connection, text, server.begin(Durability::Full)).await?;
                let reading = $make(q.sql.pg, a).persistent(false);
                let answer = timed(Reason::Statement, text, reading.$method(&mut *tx)).await.map($map)?;
                tx.commit().await?;
                Ok(answer)
            }
            (Target::PgPool(server), Args::Pg(a)) => {
                let mut c = timed(Reason::Connection, text, server.pool.acquire()).await?;
                timed(Reason::Statement, text, $make(q.sql.pg, a).$method(&mut *c)).await.map($map)
            }
            (Target::Pg { tx, pooled }, Args::Pg(a)) => {
                let asking = $make(q.sql.pg, a).persistent(!pooled && !q.anew);
                timed(Reason::Statement, text, asking.$method(&mut *tx)).await.map($map)
            }
            _ => unreachable!("arguments are made for their target"),
        }
    }};
}

/// Awaits it, and notes it when it took long.
async fn timed<T>(reason: Reason, text: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let began = Instant::now();
    let done = work.await;
    slow::note(reason, text, began.elapsed());
    done
}

/// What runs it is boxed here: a handler or a job is a future of futures down to the driver, and the compiler would else go through all of
/// them again for every question about the outermost one.
impl<'c> Query<'c> {
    pub(super) fn new(sql: Sql, target: Target<'c>) -> Self {
        let lite = matches!(target, Target::LitePool(_) | Target::Lite(_));
        #[cfg(feature = "testing")]
        super::cover::ran(&sql, !lite);
        let args = if lite { Args::Lite(SqliteArguments::default()) } else { Args::Pg(PgArguments::default()) };
        Query { sql, target, args, error: None, anew: false }
    }

    /// The next `$n`.
    pub fn bind<'q>(mut self, value: impl Bind<'q>) -> Self {
        let added = match &mut self.args {
            Args::Lite(args) => args.add(value),
            Args::Pg(args) => args.add(value),
        };
        if let Err(error) = added {
            self.error.get_or_insert(sqlx::Error::Encode(error));
        }
        self
    }

    /// Planned for these very arguments, every time: for statements over many rows, whose plan must not be one that was made when the table
    /// was small. It costs a round trip on Postgres.
    pub fn planned_anew(mut self) -> Self {
        self.anew = true;
        self
    }

    /// Runs it; answers how many rows it touched.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn exec(self) -> BoxFuture<'c, Result<u64>> {
        Box::pin(async move { run!(self, sqlx::query_with, execute, |r| r.rows_affected()) })
    }

    /// All rows.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn all<T: Record>(self) -> BoxFuture<'c, Result<Vec<T>>> {
        Box::pin(async move { run!(self, sqlx::query_as_with::<_, T, _>, fetch_all, |r| r) })
    }

    /// All rows, to be read later.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn answer(self) -> BoxFuture<'c, Result<Answer>> {
        Box::pin(async move { run!(self, sqlx::query_with, fetch_all, Answer::from) })
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn opt<T: Record>(self) -> BoxFuture<'c, Result<Option<T>>> {
        Box::pin(async move { run!(self, sqlx::query_as_with::<_, T, _>, fetch_optional, |r| r) })
    }

    /// The first row.
    ///
    /// # Errors
    /// [`sqlx::Error::RowNotFound`] when there is none, else whatever the database says.
    pub fn one<T: Record>(self) -> BoxFuture<'c, Result<T>> {
        Box::pin(async move { run!(self, sqlx::query_as_with::<_, T, _>, fetch_one, |r| r) })
    }
}
