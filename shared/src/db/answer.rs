//! Rows as the driver brought them, to be read when there is time for it.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::{Record, Result};

/// The rows of an answer, not yet looked at.
pub struct Answer(Rows);

enum Rows {
    Lite(Vec<SqliteRow>),
    Pg(Vec<PgRow>),
}

impl Answer {
    /// How many there are.
    #[must_use]
    pub fn rows(&self) -> i64 {
        let rows = match &self.0 {
            Rows::Lite(rows) => rows.len(),
            Rows::Pg(rows) => rows.len(),
        };
        i64::try_from(rows).unwrap_or(i64::MAX)
    }

    /// Reads them all.
    ///
    /// # Errors
    /// When a row is not what `T` reads.
    pub fn read<T: Record>(&self) -> Result<Vec<T>> {
        match &self.0 {
            Rows::Lite(rows) => rows.iter().map(T::from_row).collect(),
            Rows::Pg(rows) => rows.iter().map(T::from_row).collect(),
        }
    }
}

impl From<Vec<SqliteRow>> for Answer {
    fn from(rows: Vec<SqliteRow>) -> Answer {
        Answer(Rows::Lite(rows))
    }
}

impl From<Vec<PgRow>> for Answer {
    fn from(rows: Vec<PgRow>) -> Answer {
        Answer(Rows::Pg(rows))
    }
}
