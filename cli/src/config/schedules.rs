//! Cron lines: what each says, and what no process starts with.

use platen_shared::clock::SystemClock;
use platen_shared::ledger::fires::{Each, Line};
use platen_shared::ledger::schedules::{BadSchedule, next_after};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Config;

/// Longer names would not fit into the columns of a terminal.
const NAME_CHARS_MAX: usize = 32;

/// A cron line of the settings; `config.default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) cron: String,
    pub(crate) zone: String,
    pub(crate) kind: String,
    pub(crate) each: Each,
    pub(crate) payload: toml::Table,
    pub(crate) enabled: bool,
}

impl Config {
    /// The cron lines that are in force.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.schedules.iter().filter(|(_, s)| s.enabled).map(|(name, s)| s.line(name, self)).collect()
    }
}

impl Schedule {
    fn line(&self, name: &str, config: &Config) -> Line {
        let mut payload = json!(self.payload);
        if let (Value::Object(fields), "housekeeping") = (&mut payload, self.kind.as_str()) {
            fields.entry("keepHistoryDays").or_insert_with(|| config.worker.keep_history_days.into());
        }
        Line {
            name: name.to_owned(),
            cron: self.cron.clone(),
            zone: self.zone.clone(),
            kind: self.kind.clone(),
            each: self.each,
            payload,
        }
    }

    /// What is wrong with it, each sentence beginning with the setting's name. A line that is switched off may be anything.
    pub(super) fn problems(&self, name: &str, config: &Config) -> Vec<String> {
        if !self.enabled {
            return Vec::new();
        }
        let setting = |key: &str, sentence: &str| format!("schedules.{name}.{key} {sentence}");
        let mut found = Vec::new();
        let five = self.cron.len() <= 100 && self.cron.split_whitespace().count() == 5;
        let next = if five { next_after(&self.cron, &self.zone, SystemClock::wall()) } else { Err(five_fields()) };
        match next {
            Ok(_) => {}
            Err(BadSchedule::Cron(_)) => {
                found.push(setting("cron", "must be five fields: minute, hour, day of month, month, day of week"));
            }
            Err(BadSchedule::Never) => found.push(setting("cron", "names a time that never comes")),
            Err(BadSchedule::Zone) => {
                found.push(setting("zone", "must be one of the IANA time zones, such as Europe/Paris"));
            }
        }
        let Some(entry) = platen_jobs::find(&self.kind) else {
            let kinds: Vec<&str> = platen_jobs::KINDS.iter().map(|entry| entry.kind).collect();
            found.push(setting("kind", &format!("must be one of {}", kinds.join(", "))));
            return found;
        };
        match (entry.installation, self.each) {
            (true, Each::Tenant | Each::Connection) => {
                found.push(setting("each", "must be installation: this kind is the installation's own work"));
            }
            (false, Each::Installation) => {
                found.push(setting("each", "must be tenant or connection: this kind works for a tenant"));
            }
            _ => {}
        }
        let mut payload = self.line(name, config).payload;
        if let (Value::Object(fields), Each::Connection) = (&mut payload, self.each) {
            fields.insert("provider".to_owned(), "gelato".into());
        }
        if let Err(error) = (entry.check)(&payload) {
            found.push(setting("payload", &format!("is none of {}: {error}", self.kind)));
        }
        found
    }
}

fn five_fields() -> BadSchedule {
    BadSchedule::Cron(String::new())
}

/// Whether a text can be the name of a cron line.
pub(super) fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
