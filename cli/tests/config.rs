//! Settings on the real binary: where values come from, what is hidden, what is refused.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/shell.rs"]
mod shell;

use serde_json::Value;

use cli::{platen, said};

const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";

fn check(env: &[(&str, &str)], words: &[&str]) -> (i32, String, String) {
    let mut command = platen(words);
    command.envs(env.iter().copied());
    said(&command.output().expect("platen starts"))
}

/// (value, from) of a setting.
fn setting(document: &Value, name: &str) -> (String, String) {
    let rows = document["settings"].as_array().expect("settings");
    let row = rows.iter().find(|row| row["setting"] == name).unwrap_or_else(|| panic!("no setting {name}"));
    (row["value"].as_str().expect("text").to_owned(), row["from"].as_str().expect("text").to_owned())
}

#[test]
fn secrets_and_passwords_are_never_shown() {
    let env = [
        ("PLATEN_SECRETS__KEY", SECRET),
        ("PLATEN_API__ROOT_KEY", SECRET),
        ("DATABASE_URL", "postgres://platen:geheim@db.example/platen"),
        ("REDIS_URL", "redis://:geheim@redis.example"),
    ];
    for words in [&["config", "check"][..], &["config", "check", "--json"]] {
        let (code, out, err) = check(&env, words);
        assert_eq!(code, 0, "{err}");
        assert!(!out.contains(SECRET) && !out.contains("geheim"), "{out}");
        assert!(out.contains("(set, hidden)") && out.contains("platen:(hidden)@db.example"), "{out}");
    }
}

#[test]
fn each_value_names_where_it_came_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, key) = (folder.path().join("platen.toml"), folder.path().join("key"));
    std::fs::write(&file, "[worker]\nconcurrency = 3\ndrain_s = 9\n[http]\nport = 1234\n").expect("written");
    std::fs::write(&key, format!("{SECRET}\n")).expect("written");
    let env = [
        ("PLATEN_WORKER__CONCURRENCY", "4"),
        ("PORT", "4321"),
        ("PLATEN_WORKER__QUEUES", "orders, money"),
        ("PLATEN_SECRETS__KEY_FILE", key.to_str().expect("UTF-8")),
    ];
    let file = file.to_str().expect("UTF-8");
    let (code, out, err) =
        check(&env, &["--config", file, "--database-url", "sqlite://x.db", "config", "check", "--json"]);
    assert_eq!(code, 0, "{err}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    let is = |name: &str, value: &str, from: &str| {
        assert_eq!(setting(&document, name), (value.to_owned(), from.to_owned()), "{name}")
    };
    is("worker.concurrency", "4", "PLATEN_WORKER__CONCURRENCY");
    is("worker.drain_s", "9", file);
    is("http.port", "4321", "PORT");
    is("database.url", "sqlite://x.db", "flag");
    is("log.format", "json", "default");
    is("secrets.key", "(set, hidden)", "PLATEN_SECRETS__KEY_FILE");
    assert!(setting(&document, "worker.queues").0.contains("money"));
}

#[test]
fn what_is_wrong_is_refused_with_a_sentence() {
    for (name, value, sentence) in [
        ("PORT", "eighty", "http.port must be a whole number"),
        ("DATABASE_URL", "mysql://x", "database.url must begin with sqlite:// or postgres://"),
        ("BLOB_URL", "ftp://x", "blobs.url must be a folder"),
        ("BLOB_URL", "s3://prints?endpoint=http://s3.example", "files would travel in the clear"),
        ("AWS_ACCESS_KEY_ID", "alone", "blobs.access_key_id and blobs.secret_access_key go together"),
        ("PUBLIC_URL", "print.example", "http.public_url must begin with http"),
        ("PLATEN_SECRETS__KEY", "short", "secrets.key must have at least 32 characters"),
        ("PLATEN_WORKER__QUEUES", "ordres", "there is no queue of this name; the queues are previews"),
        ("PLATEN_WORKER__CONCURRENCY", "0", "worker.concurrency must be between 1 and 10000"),
        ("PLATEN_CLOCK__SPEED", "60", "clock.anchor must be set"),
        ("PLATEN_CLOCK__ANCHOR", "yesterday", "clock.anchor must be a moment"),
        ("PLATEN_LOG__FORMAT", "xml", "log.format must be json or text"),
        ("PLATEN_GELATO__PRICE_COUNTRY", "France", "gelato.price_country must be two capital letters"),
        ("PLATEN_WORKER__CONCURENCY", "4", "worker.concurency, which does not exist"),
        ("PLATEN_SECRETS__KEY_FILE", "/nonexistent/key", "the file that PLATEN_SECRETS__KEY_FILE names cannot be read"),
    ] {
        let (code, out, err) = check(&[(name, value)], &["config", "check"]);
        assert_eq!(code, 1, "{name}={value}: {out}");
        assert!(err.starts_with("error: ") && err.contains(sentence), "{name}={value}: {err}");
    }
}

#[test]
fn a_cron_line_that_cannot_be_is_refused_by_its_setting() {
    for (key, value, sentence) in [
        ("CRON", "61 * * * *", "schedules.tracking.cron must be five fields"),
        ("CRON", "* * * * * *", "schedules.tracking.cron must be five fields"),
        ("CRON", "0 0 30 2 *", "schedules.tracking.cron names a time that never comes"),
        ("ZONE", "Europe/Atlantis", "schedules.tracking.zone must be one of the IANA time zones"),
        ("KIND", "sweep_streets", "schedules.tracking.kind must be one of asset_convert"),
        ("KIND", "housekeeping", "schedules.tracking.each must be installation"),
        ("EACH", "installation", "schedules.tracking.each must be tenant or connection"),
        ("EACH", "planet", "unknown variant `planet`"),
        ("PAYLOAD", "round = 1", "schedules.tracking.payload is none of sweep_tracking"),
        ("PAYLOAD", "round", "schedules.tracking.payload must be a table"),
        ("ENABLED", "perhaps", "schedules.tracking.enabled must be true or false"),
    ] {
        let (code, out, err) = check(&[(&format!("PLATEN_SCHEDULES__TRACKING__{key}"), value)], &["config", "check"]);
        assert_eq!(code, 1, "{key}={value}: {out}");
        assert!(err.starts_with("error: ") && err.contains(sentence), "{key}={value}: {err}");
    }
    let off = [("PLATEN_SCHEDULES__TRACKING__CRON", "never"), ("PLATEN_SCHEDULES__TRACKING__ENABLED", "false")];
    assert_eq!(check(&off, &["config", "check"]).0, 0, "a line that is switched off may be anything");
}

#[test]
fn a_file_may_add_cron_lines_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("platen.toml");
    let own = "[schedules.weekly]\ncron = \"0 4 * * 1\"\nzone = \"America/New_York\"\nkind = \"sync_catalog\"\neach = \"connection\"\n";
    for (text, answer) in [
        (format!("{own}payload = {{ generation = \"weekly {{fire}}\" }}\n"), Ok("America/New_York")),
        (own.to_owned(), Err("schedules.weekly.payload is none of sync_catalog: missing field `generation`")),
        (format!("{own}when = 1\n"), Err("schedules.weekly.when, which does not exist")),
        ("[schedules.weekly]\nzone = \"UTC\"\n".to_owned(), Err("schedules.weekly.cron must be five fields")),
        ("[schedules.\"Tea time\"]\ncron = \"* * * * *\"\n".to_owned(), Err("which does not exist")),
    ] {
        std::fs::write(&file, &text).expect("written");
        let (code, out, err) = check(&[], &["--config", file.to_str().expect("UTF-8"), "config", "check", "--json"]);
        match answer {
            Ok(zone) => {
                assert_eq!(code, 0, "{err}");
                let document: Value = serde_json::from_str(&out).expect("JSON");
                assert_eq!(setting(&document, "schedules.weekly.zone").0, zone);
                assert_eq!(setting(&document, "schedules.weekly.enabled").0, "true");
            }
            Err(sentence) => assert!(code == 1 && err.contains(sentence), "{text}: {err}"),
        }
    }
}

#[test]
fn a_secret_that_is_refused_is_not_echoed() {
    let (_, out, err) = check(&[("PLATEN_SECRETS__KEY", "geheim")], &["config", "check"]);
    assert!(!out.contains("geheim") && !err.contains("geheim"), "{err}");
}

#[test]
fn a_file_with_an_unknown_setting_or_a_wrong_type_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("platen.toml");
    for (text, sentence) in [
        ("[worker]\nspeed = 1\n", "worker.speed, which does not exist"),
        ("[worker]\nconcurrency = \"4\"\n", "worker.concurrency must be of type integer"),
        ("[worker\n", "is not TOML"),
    ] {
        std::fs::write(&file, text).expect("written");
        let (code, _, err) = check(&[], &["--config", file.to_str().expect("UTF-8"), "config", "check"]);
        assert_eq!(code, 1);
        assert!(err.contains(sentence), "{err}");
    }
}

#[test]
fn the_defaults_are_a_settings_file_and_each_has_its_sentence() {
    let (code, out, err) = check(&[], &["config", "defaults"]);
    assert_eq!(code, 0, "{err}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("platen.toml");
    std::fs::write(&file, &out).expect("written");
    let (code, _, err) = check(&[], &["--config", file.to_str().expect("UTF-8"), "config", "check"]);
    assert_eq!(code, 0, "{err}");
    let mut before = "";
    for line in out.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(before.starts_with("# "), "{line} has no sentence");
        }
        before = line;
    }
}
