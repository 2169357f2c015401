//! `platen config check`: what is in force, and where it came from.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::config::{Config, DEFAULTS, Sources};

/// What can be asked of the settings.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Print each setting, its value with secrets hidden, and where it came from; fail when one is wrong
    Check {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the file of defaults, each with its sentence: a settings file to begin with
    Defaults,
}

pub(super) fn run(args: &Args, sources: &Sources) -> Result<ExitCode> {
    let Args::Check { json } = args else {
        super::print(DEFAULTS);
        return Ok(ExitCode::SUCCESS);
    };
    let (config, settings) = Config::with_settings(sources)?;
    let notes = notes(&config);
    if *json {
        let rows: Vec<Value> =
            settings.iter().map(|s| json!({ "setting": s.name, "value": s.shown(), "from": s.origin })).collect();
        super::print_json(&json!({ "settings": rows, "notes": notes }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = |text: fn(&crate::config::Setting) -> usize| settings.iter().map(text).max().unwrap_or(0);
    let (name, value) = (width(|s| s.name.len()), width(|s| s.shown().chars().count()).min(48));
    let mut text = String::new();
    for s in &settings {
        text.push_str(&format!("{:name$}  {:value$}  {}\n", s.name, s.shown(), s.origin));
    }
    for note in notes {
        text.push_str(&format!("\nnote: {note}\n"));
    }
    super::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// What is set and does nothing, or is missing and may be meant to be.
fn notes(config: &Config) -> Vec<&'static str> {
    use secrecy::ExposeSecret;
    let mut found = Vec::new();
    if config.secrets.key.expose_secret().is_empty() {
        found.push("secrets.key is not set: the api and the worker will not start without it.");
    }
    if config.api.root_key.expose_secret().is_empty() {
        found.push("api.root_key is not set: nobody can create tenants over HTTP; `platen keys create --create-tenant` still can.");
    }
    found
}
