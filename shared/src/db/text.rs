//! The two texts of one literal, made at compile time.

/// One literal, two texts.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// For SQLite: the literal as written.
    pub lite: &'static str,
    /// For Postgres: `/*pg … */` opened, `/*lite*/ … /*end*/` gone.
    pub pg: &'static str,
}

/// What Postgres is given: the marks `/*pg` and `*/` blanked, `/*lite*/ … /*end*/` blanked with what is between them; the length stays.
///
/// # Panics
/// At compile time, when a block is not closed.
#[must_use]
pub const fn uncomment<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [b' '; N];
    let (mut i, mut live, mut hidden) = (0, false, false);
    while i < N {
        if hidden {
            hidden = !is_at(from, i, b"/*end*/");
            i += if hidden { 1 } else { 7 };
        } else if is_at(from, i, b"/*lite*/") {
            hidden = true;
            i += 8;
        } else if is_at(from, i, b"/*pg") {
            live = true;
            i += 4;
        } else if live && is_at(from, i, b"*/") {
            live = false;
            i += 2;
        } else {
            to[i] = from[i];
            i += 1;
        }
    }
    assert!(!live, "a /*pg block is not closed");
    assert!(!hidden, "a /*lite*/ block has no /*end*/");
    to
}

const fn is_at(text: &[u8], at: usize, mark: &[u8]) -> bool {
    let mut k = 0;
    while k < mark.len() {
        if at + k >= text.len() || text[at + k] != mark[k] {
            return false;
        }
        k += 1;
    }
    true
}

/// A query, as [`Sql`]: `sql!("SELECT … /*pg FOR UPDATE SKIP LOCKED */")`.
#[macro_export]
macro_rules! sql {
    ($text:expr) => {{
        const LITE: &str = $text;
        const BYTES: [u8; LITE.len()] = $crate::db::uncomment(LITE);
        const PG: &str = match ::core::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("not UTF-8"),
        };
        const SQL: $crate::db::Sql = $crate::db::Sql { lite: LITE, pg: PG };
        #[cfg(feature = "testing")]
        const _: () = {
            #[linkme::distributed_slice($crate::db::cover::ALL)]
            static ENTRY: $crate::db::Sql = SQL;
        };
        SQL
    }};
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_dialect_block_is_live_on_postgres_only() {
        let bytes = super::uncomment::<29>("SELECT 1 /*pg FOR UPDATE */ ;");
        assert_eq!(std::str::from_utf8(&bytes), Ok("SELECT 1      FOR UPDATE    ;"));
    }

    #[test]
    fn and_the_other_on_sqlite_only() {
        let bytes = super::uncomment::<33>("SELECT /*lite*/ 1 /*end*//*pg2*/;");
        assert_eq!(std::str::from_utf8(&bytes), Ok("SELECT                       2  ;"));
    }
}
