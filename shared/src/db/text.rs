//! The two texts of one literal, made at compile time.

/// One literal, two texts.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// For SQLite: the literal as written.
    pub lite: &'static str,
    /// For Postgres: `/*pg … */` opened.
    pub pg: &'static str,
}

/// Blanks the `/*pg` and `*/` marks, keeping the length.
///
/// # Panics
/// At compile time, when a block is not closed.
#[must_use]
pub const fn uncomment<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [b' '; N];
    let (mut i, mut live) = (0, false);
    while i < N {
        if i + 3 < N && from[i] == b'/' && from[i + 1] == b'*' && from[i + 2] == b'p' && from[i + 3] == b'g' {
            live = true;
            i += 4;
        } else if live && i + 1 < N && from[i] == b'*' && from[i + 1] == b'/' {
            live = false;
            i += 2;
        } else {
            to[i] = from[i];
            i += 1;
        }
    }
    assert!(!live, "a /*pg block is not closed");
    to
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
}
