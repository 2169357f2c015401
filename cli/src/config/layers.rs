//! Where settings come from, one layer over the other, and which layer each value is from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::DEFAULTS;
use super::schedules::is_name;

/// The section whose keys are cron lines.
const LINES: &str = "schedules";

/// Names that platforms give by themselves.
const USUAL: [(&str, &str); 8] = [
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "redis.url"),
    ("BLOB_URL", "blobs.url"),
    ("AWS_ACCESS_KEY_ID", "blobs.access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "blobs.secret_access_key"),
    ("AWS_SESSION_TOKEN", "blobs.session_token"),
    ("PUBLIC_URL", "http.public_url"),
    ("PORT", "http.port"),
];
/// What nobody may see printed.
const SECRETS: [&str; 5] =
    ["secrets.key", "secrets.other_key", "api.root_key", "blobs.secret_access_key", "blobs.session_token"];
/// Addresses that may hold a password.
const WITH_PASSWORD: [&str; 2] = ["database.url", "redis.url"];

/// What settings are read from beside the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// A TOML file.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) env: Vec<(String, String)>,
    /// (setting, value): the command line's.
    pub(crate) flags: Vec<(&'static str, String)>,
}

impl Sources {
    /// The process's own environment, and a file if one was named.
    pub(crate) fn of_process(file: Option<PathBuf>) -> Sources {
        let env =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Sources { file, env: env.collect(), flags: Vec::new() }
    }

    /// The same with one more flag, if it was given.
    pub(crate) fn flag(mut self, setting: &'static str, value: Option<impl ToString>) -> Sources {
        self.flags.extend(value.map(|value| (setting, value.to_string())));
        self
    }
}

/// One setting as it is in force.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// `section.key`.
    pub(crate) name: String,
    /// As it is; see [`Setting::shown`] for printing.
    pub(crate) value: Value,
    /// `default`, a file's path, a variable's name, or `flag`.
    pub(crate) origin: String,
}

impl Setting {
    /// The value with whatever is secret hidden.
    pub(crate) fn shown(&self) -> String {
        let text = match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if SECRETS.contains(&self.name.as_str()) {
            return if text.is_empty() { "(not set)" } else { "(set, hidden)" }.to_owned();
        }
        if WITH_PASSWORD.contains(&self.name.as_str()) { without_password(&text) } else { text }
    }
}

/// `scheme://user:password@host` with the password hidden.
fn without_password(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        let (account, host) = rest.rsplit_once('@')?;
        let (user, _) = account.split_once(':')?;
        Some(format!("{scheme}://{user}:(hidden)@{host}"))
    };
    hidden().unwrap_or_else(|| url.to_owned())
}

/// Reads every layer.
pub(super) fn read(sources: &Sources) -> Result<Vec<Setting>> {
    let mut settings = BTreeMap::new();
    for (name, value) in flat(&DEFAULTS.parse::<Table>().context("the compiled-in defaults are not TOML")?) {
        make_room(&mut settings, &name);
        settings.insert(name.clone(), Setting { name, value, origin: "default".to_owned() });
    }
    if let Some(path) = &sources.file {
        for (name, value) in flat(&file(path)?) {
            put(&mut settings, &name, value, &path.display().to_string())?;
        }
    }
    for (variable, text) in &sources.env {
        if let Some((name, text)) = of_variable(variable, text)? {
            put_text(&mut settings, &name, &text, variable)?;
        }
    }
    for (name, text) in &sources.flags {
        put_text(&mut settings, name, text, "flag")?;
    }
    Ok(settings.into_values().collect())
}

/// Sections of keys again, for serde.
pub(super) fn nested(settings: &[Setting]) -> Table {
    let mut root = Table::new();
    for setting in settings {
        let mut names: Vec<&str> = setting.name.split('.').collect();
        let key = names.pop().unwrap_or_default();
        let mut table = Some(&mut root);
        for name in names {
            let inner = table.map(|table| table.entry(name).or_insert_with(|| Value::Table(Table::new())));
            table = inner.and_then(Value::as_table_mut);
        }
        if let Some(table) = table {
            table.insert(key.to_owned(), setting.value.clone());
        }
    }
    root
}

fn file(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the settings file {} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("the settings file {} is not TOML", path.display()))
}

/// The settings of a table by their full names. Cron lines have names of their own between the section and the key.
fn flat(root: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (section, value) in root {
        match value {
            Value::Table(lines) if section == LINES => {
                found.extend(lines.iter().flat_map(|(line, value)| keys(&format!("{section}.{line}"), value)))
            }
            other => found.extend(keys(section, other)),
        }
    }
    found
}

fn keys(section: &str, value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Table(keys) => keys.iter().map(|(key, value)| (format!("{section}.{key}"), value.clone())).collect(),
        other => vec![(section.to_owned(), other.clone())],
    }
}

/// Makes room for the cron line that a setting names, if it is a new one: every key with its usual value.
fn make_room(settings: &mut BTreeMap<String, Setting>, name: &str) {
    let mut names = name.split('.');
    let (Some(LINES), Some(line), Some(_)) = (names.next(), names.next(), names.next()) else { return };
    if !is_name(line) || settings.contains_key(&format!("{LINES}.{line}.cron")) {
        return;
    }
    let usual = [
        ("cron", Value::from("")),
        ("zone", Value::from("UTC")),
        ("kind", Value::from("")),
        ("each", Value::from("tenant")),
        ("payload", Value::Table(Table::new())),
        ("enabled", Value::from(true)),
    ];
    for (key, value) in usual {
        let name = format!("{LINES}.{line}.{key}");
        settings.insert(name.clone(), Setting { name, value, origin: "default".to_owned() });
    }
}

/// The setting that a variable names, with its text; `None` for a variable that is not ours.
fn of_variable(variable: &str, text: &str) -> Result<Option<(String, String)>> {
    let (plain, from_file) = variable.strip_suffix("_FILE").map_or((variable, false), |plain| (plain, true));
    let usual = USUAL.iter().find(|(name, _)| *name == plain).map(|(_, setting)| (*setting).to_owned());
    let own = || Some(plain.strip_prefix("PLATEN_")?.split_once("__")).flatten();
    let Some(name) =
        usual.or_else(|| own().map(|(section, key)| format!("{section}.{}", key.replace("__", ".")).to_lowercase()))
    else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(None);
    }
    if !from_file {
        return Ok(Some((name, text.to_owned())));
    }
    let held =
        std::fs::read_to_string(text).with_context(|| format!("the file that {variable} names cannot be read"))?;
    Ok(Some((name, held.trim_end().to_owned())))
}

fn put_text(settings: &mut BTreeMap<String, Setting>, name: &str, text: &str, origin: &str) -> Result<()> {
    make_room(settings, name);
    let Some(known) = settings.get(name) else {
        bail!("{origin} names the setting {name}, which does not exist; see `platen config check`")
    };
    let wrong = |wanted: &str| format!("{origin}: {name} must be {wanted}");
    let value = match &known.value {
        Value::Integer(_) => Value::Integer(text.trim().parse().with_context(|| wrong("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.trim().parse().with_context(|| wrong("true or false"))?),
        Value::Array(_) => {
            Value::Array(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Value::from).collect())
        }
        Value::Table(_) => Value::Table(text.parse().with_context(|| wrong("a table such as run = \"{fire}\""))?),
        _ => Value::from(text),
    };
    put(settings, name, value, origin)
}

fn put(settings: &mut BTreeMap<String, Setting>, name: &str, value: Value, origin: &str) -> Result<()> {
    make_room(settings, name);
    let Some(known) = settings.get_mut(name) else {
        bail!("{origin} has the setting {name}, which does not exist; see `platen config check`")
    };
    if known.value.type_str() != value.type_str() {
        bail!("{origin}: {name} must be of type {}, not {}", known.value.type_str(), value.type_str());
    }
    (known.value, known.origin) = (value, origin.to_owned());
    Ok(())
}
