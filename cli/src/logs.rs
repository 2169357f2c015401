//! Where log lines go: standard error, as JSON for machines or text for people.

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Begins to write logs as the settings say.
pub(crate) fn start(config: &Config) {
    let level = format!("{},{}", platen_worker::TOLD_IN_OUR_WORDS, config.log.level);
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process is harmless: the first one stays.
    let _ = match config.log.format.as_str() {
        "json" => lines.json().flatten_event(true).try_init(),
        _ => lines.with_ansi(false).compact().try_init(),
    };
}
