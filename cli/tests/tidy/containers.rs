//! The Dockerfile and compose.yaml name only what exists, checked without an engine that could run them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::repo::{none, read, root, toml};

/// Variables with a name of their own, beside PLATEN_SECTION__KEY.
const USUAL: [&str; 8] = [
    "DATABASE_URL",
    "REDIS_URL",
    "BLOB_URL",
    "PUBLIC_URL",
    "PORT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// (instruction, the rest), with continued lines joined and comments left out.
fn instructions() -> Vec<(String, String)> {
    let text = read("Dockerfile");
    let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let split = |line: &str| line.trim().split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    joined.lines().filter_map(split).collect()
}

fn compose() -> Value {
    serde_saphyr::from_str(&read("compose.yaml")).unwrap_or_else(|error| panic!("compose.yaml is not YAML: {error}"))
}

/// The names in a mapping.
fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
}

/// Every setting as the environment spells it.
fn variables() -> BTreeSet<String> {
    let mut known: BTreeSet<String> = USUAL.iter().map(|name| (*name).to_owned()).collect();
    for (section, keys) in toml("cli/src/config.default.toml") {
        let keys = keys.as_table().expect("sections of keys").keys();
        known.extend(keys.map(|key| format!("PLATEN_{section}__{key}").to_uppercase()));
    }
    known
}

/// Those of these variables that name no setting.
fn unknown<'a>(place: &str, given: impl Iterator<Item = &'a str>) -> Vec<String> {
    let known = variables();
    let strange = given.filter(|name| !known.contains(name.strip_suffix("_FILE").unwrap_or(name)));
    strange.map(|name| format!("{place}: {name}")).collect()
}

#[test]
fn the_images_stages_and_sources_exist() {
    let mut stages = BTreeSet::new();
    for (word, rest) in instructions() {
        let words: Vec<_> = rest.split_whitespace().collect();
        match word.as_str() {
            "FROM" => {
                assert!(words[0].contains(':') && !words[0].ends_with(":latest"), "pin the version: FROM {rest}");
                assert_eq!(words[1], "AS", "name the stage: FROM {rest}");
                stages.insert(words[2].to_owned());
            }
            "COPY" => match words[0].strip_prefix("--from=") {
                Some(stage) => assert!(stages.contains(stage), "no stage `{stage}` before: COPY {rest}"),
                None => assert!(root().join(words[0]).exists(), "no such source: COPY {rest}"),
            },
            _ => {}
        }
    }
    assert_eq!(stages.len(), 2, "one stage builds, one runs");
}

#[test]
fn the_image_runs_as_nobody_under_both_names() {
    let all = instructions();
    let last = |wanted: &str| all.iter().rfind(|(word, _)| word == wanted).map(|(_, rest)| rest.as_str());
    let user = last("USER").expect("the image names its user");
    let id: u32 =
        user.split(':').next().expect("a user").parse().expect("a number, so that `runAsNonRoot` can judge it");
    assert!(id > 0, "the image runs as root");
    for role in ["platen-api", "platen-worker"] {
        let link = format!("ln -s platen /usr/local/bin/{role}");
        assert!(all.iter().any(|(word, rest)| word == "RUN" && rest.contains(&link)), "no `{link}`");
    }
    assert_eq!(last("ENTRYPOINT"), Some("[\"platen\"]"));
    let given = all.iter().filter(|(word, _)| word == "ENV").flat_map(|(_, rest)| rest.split_whitespace());
    none("ENV names no setting:", &unknown("Dockerfile", given.filter_map(|pair| Some(pair.split_once('=')?.0))));
}

#[test]
fn the_image_is_built_with_a_compiler_that_is_new_enough() {
    let manifest = toml("Cargo.toml");
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().expect("a version");
    let from = instructions().into_iter().find(|(word, _)| word == "FROM").expect("a first stage").1;
    let given = from.strip_prefix("rust:").and_then(|rest| rest.split('-').next()).expect("FROM rust:VERSION-…");
    let number =
        |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().expect("a number")).collect() };
    assert!(number(given) >= number(wanted), "the image has Rust {given}, the workspace needs {wanted}");
}

#[test]
fn what_must_not_be_in_an_image_is_ignored() {
    let ignored: BTreeSet<String> = read(".dockerignore").lines().map(str::to_owned).collect();
    for name in [".env", ".git", "target"] {
        assert!(ignored.contains(name), ".dockerignore lacks {name}");
    }
    assert!(read(".gitignore").lines().any(|line| line == ".env"), ".gitignore lacks .env");
}

#[test]
fn compose_has_the_fleet() {
    let compose = compose();
    let services = names(&compose["services"]);
    for service in ["postgres", "redis", "s3", "migrate", "api", "worker"] {
        assert!(services.contains(service), "no service `{service}`");
    }
    assert_eq!(compose["services"]["worker"]["deploy"]["replicas"], 2);
    assert_eq!(compose["services"]["migrate"]["restart"], "no", "a migration runs once");
    for probed in ["postgres", "redis", "api"] {
        assert!(compose["services"][probed]["healthcheck"]["test"].is_array(), "`{probed}` has no health check");
    }
}

#[test]
fn compose_names_only_what_it_declares() {
    let compose = compose();
    let (services, secrets, volumes) =
        (names(&compose["services"]), names(&compose["secrets"]), names(&compose["volumes"]));
    let mut wrong = Vec::new();
    for (name, service) in compose["services"].as_object().expect("services") {
        let image = service["image"].as_str().unwrap_or_default();
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        if !tag.chars().any(|c| c.is_ascii_digit()) {
            wrong.push(format!("{name}: pin the version of image `{image}`"));
        }
        let mut must = |kind: &str, wanted: &str, declared: &BTreeSet<String>| {
            if !declared.contains(wanted) {
                wrong.push(format!("{name}: no {kind} `{wanted}`"));
            }
        };
        names(&service["depends_on"]).iter().for_each(|other| must("service", other, &services));
        let list = |key: &str| service[key].as_array().cloned().unwrap_or_default();
        list("secrets").iter().filter_map(Value::as_str).for_each(|secret| must("secret", secret, &secrets));
        let mounts = list("volumes");
        let mounts = mounts.iter().filter_map(|mount| mount.as_str()?.split(':').next());
        mounts.for_each(|volume| must("volume", volume, &volumes));
        for (_, value) in service["environment"].as_object().into_iter().flatten() {
            if let Some(secret) = value.as_str().and_then(|value| value.strip_prefix("/run/secrets/")) {
                must("secret", secret, &secrets);
            }
        }
    }
    none("compose.yaml:", &wrong);
}

#[test]
fn our_roles_in_compose_are_told_settings_that_exist() {
    let compose = compose();
    let services = compose["services"].as_object().expect("services");
    let ours: Vec<_> = services.iter().filter(|(_, service)| service.get("build").is_some()).collect();
    assert_eq!(ours.len(), 3, "migrate, api and worker are built here");
    let drain = toml("cli/src/config.default.toml")["worker"]["drain_s"].as_integer().expect("a number");
    for (name, service) in ours {
        let given = names(&service["environment"]);
        none("No such setting:", &unknown(name, given.iter().map(String::as_str)));
        let command = service["command"][0].as_str().unwrap_or_default();
        assert!(["api", "worker", "migrate"].contains(&command), "{name}: `platen {command}` is no role");
        let grace = service["stop_grace_period"].as_str().and_then(|period| period.strip_suffix('s'));
        let grace: i64 = grace.and_then(|seconds| seconds.parse().ok()).expect("a number of seconds");
        assert!(grace > drain, "{name}: killed after {grace} s, while draining takes up to {drain} s");
    }
}
