//! Times, spans and states as HTML. What these types write needs no escaping: digits, and words from closed lists.

use std::fmt;
use std::time::Duration;

use askama::filters::HtmlSafe;
use platen_shared::db::{At, Json};
use platen_shared::ledger::Progress;
use serde_json::Value;

/// A moment: how long ago or ahead, with the moment itself for who points at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    at: At,
    now: Option<At>,
}

impl When {
    /// Seen from now.
    pub(super) fn seen(at: At, now: At) -> When {
        When { at, now: Some(now) }
    }

    /// The moment as it is.
    pub(super) fn plain(at: At) -> When {
        When { at, now: None }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("{:.0}", self.at.timestamp());
        let said = match self.now {
            None => at.replace('T', " ").replace('Z', " UTC"),
            Some(now) if self.at > now => format!("in {}", span(self.at.since(now))),
            Some(now) => format!("{} ago", span(now.since(self.at))),
        };
        write!(f, "<time datetime=\"{at}\" title=\"{at}\">{said}</time>")
    }
}

impl HtmlSafe for When {}

/// `75` seconds as `1 min 15 s`.
pub(super) fn span(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0 if span.as_millis() > 0 => format!("{} ms", span.as_millis()),
        0..60 => format!("{s} s"),
        60..3600 if s.is_multiple_of(60) => format!("{} min", s / 60),
        60..600 => format!("{} min {} s", s / 60, s % 60),
        600..3600 => format!("{} min", s / 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A state as a coloured word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Badge(&'static str, &'static str);

impl Badge {
    /// Of a job's state, of an attempt's outcome, or of a worker.
    pub(super) fn of(word: &str) -> Badge {
        match word {
            "ready" => Badge("ready", "ready"),
            "running" => Badge("running", "running"),
            "scheduled" => Badge("waiting", "waiting"),
            "succeeded" => Badge("good", "succeeded"),
            "dead" => Badge("bad", "dead"),
            "failed" => Badge("warn", "failed"),
            "lost" => Badge("warn", "lost"),
            "postponed" => Badge("waiting", "postponed"),
            "cancelled" => Badge("off", "cancelled"),
            "alive" => Badge("good", "alive"),
            "late" => Badge("warn", "late"),
            "draining" => Badge("waiting", "draining"),
            "paused" => Badge("warn", "paused"),
            "answered" => Badge("good", "answered"),
            "open" => Badge("bad", "open"),
            "probing" => Badge("warn", "probing"),
            "closed" => Badge("good", "closed"),
            _ => Badge("off", "unknown"),
        }
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<span class=\"badge {}\">{}</span>", self.0, self.1)
    }
}

impl HtmlSafe for Badge {}

/// How far a job is, as its row tells it; what cannot be read is not shown.
pub(super) fn progress(column: Option<&Json<Value>>) -> Option<Progress> {
    serde_json::from_value(column?.0.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        let said = |ms: u64| span(Duration::from_millis(ms));
        assert_eq!([said(0), said(40), said(5_000), said(75_000)], ["0 s", "40 ms", "5 s", "1 min 15 s"]);
        assert_eq!([said(120_000), said(3_700_000), said(90_000_000)], ["2 min", "1 h 1 min", "1 d 1 h"]);
    }

    #[test]
    fn a_moment_is_told_from_now_and_named_whole() {
        let now = At(1_700_000_000_000_000);
        let past = When::seen(now.minus(Duration::from_secs(12)), now).to_string();
        assert!(past.contains("datetime=\"2023-11-14T22:13:08Z\"") && past.contains(">12 s ago<"), "{past}");
        assert!(When::seen(now.plus(Duration::from_secs(60)), now).to_string().contains(">in 1 min<"));
        assert!(When::plain(now).to_string().contains(">2023-11-14 22:13:20 UTC<"));
    }

    #[test]
    fn an_unknown_word_never_reaches_the_page() {
        assert_eq!(Badge::of("<script>").to_string(), "<span class=\"badge off\">unknown</span>");
    }
}
