//! Slow statements: counted, and logged with their text and the reason. The text is a literal of ours with places for values, so no value
//! gets into a log.

use std::time::Duration;

/// From here on a statement or a wait is slow: a hundred times what the slowest one of a sound installation takes.
const SLOW: Duration = Duration::from_millis(500);
/// Characters of a statement that a log line shows.
const SHOWN: usize = 160;

/// What took long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Every connection of the pool was taken.
    Connection,
    /// The transaction could not begin: on SQLite, another one was writing.
    Begin,
    /// The database worked on it, or it waited for a row that another transaction held.
    Statement,
    /// The transaction stayed open, whatever its statements took.
    Transaction,
}

impl Reason {
    fn word(self) -> &'static str {
        match self {
            Reason::Connection => "connection",
            Reason::Begin => "begin",
            Reason::Statement => "statement",
            Reason::Transaction => "transaction",
        }
    }
}

/// Notes what took long, if it did; `what` is a statement's text or a transaction's name.
pub(super) fn note(reason: Reason, what: &'static str, took: Duration) {
    if took < SLOW {
        return;
    }
    let (word, text, ms) = (reason.word(), short(what), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    metrics::counter!("platen_slow_statements_total", "reason" => word).increment(1);
    tracing::warn!(reason = word, statement = text, ms, "slow ({word}): {ms} ms for {text}");
}

/// On one line, and not all of it.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_shown_on_one_line_and_cut() {
        assert_eq!(short("SELECT a\n      FROM b"), "SELECT a FROM b");
        assert_eq!(short(&"x".repeat(500)).chars().count(), SHOWN + 1);
    }
}
