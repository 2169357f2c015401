//! Who may use whom, and which crate is named where.

use std::collections::BTreeSet;

use crate::repo::{Source, members, none, sources, toml};

/// Package folder → the ones of ours it may depend on.
const ARROWS: [(&str, &[&str]); 8] = [
    ("api", &["jobs", "press", "shared"]),
    ("cli", &["api", "jobs", "press", "shared", "sim", "worker"]),
    ("jobs", &["shared"]),
    ("press", &[]),
    ("shared", &[]),
    ("sim", &[]),
    ("worker", &["jobs", "press", "shared"]),
    ("xtask", &[]),
];

/// Those of ours that tables called `table` of one manifest name, also below `[target.…]`.
fn ours(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let per_target = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = manifest.get(table).into_iter().chain(per_target.filter_map(|target| target.get(table)));
    let names = tables.filter_map(toml::Value::as_table).flat_map(toml::Table::keys);
    names.filter_map(|name| name.strip_prefix("platen-").map(str::to_owned)).collect()
}

#[test]
fn packages_depend_along_the_arrows() {
    let mut wrong = Vec::new();
    for member in members() {
        let allowed = ARROWS.iter().find(|(name, _)| *name == member).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("`{member}` is new: decide what it may use, then list it here"));
        let manifest = toml(&format!("{member}/Cargo.toml"));
        for table in ["dependencies", "build-dependencies"] {
            let names = ours(&manifest, table);
            wrong.extend(names.iter().filter(|n| !allowed.contains(&n.as_str())).map(|n| format!("{member} -> {n}")));
        }
    }
    none("A new arrow between packages is a decision; move the code instead:", &wrong);
}

/// Tests may reach for anything but each other's side: api and worker meet in ledger rows only.
#[test]
fn api_and_worker_never_meet() {
    for (one, other) in [("api", "worker"), ("worker", "api")] {
        let manifest = toml(&format!("{one}/Cargo.toml"));
        assert!(
            !ours(&manifest, "dev-dependencies").contains(other),
            "{one}'s tests use {other}; put them in cli/tests"
        );
    }
}

fn outside(places: &[&str], names: &[&str], looked_at: impl Fn(&Source) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_in(places) && looked_at(source)) {
        let lines = source.code().filter(|(_, line)| names.iter().any(|name| line.contains(name)));
        found.extend(lines.map(|(number, line)| format!("{}: {}", source.at(number), line.trim())));
    }
    found
}

fn manifests_naming(name: &str) -> Vec<String> {
    let mut found = members();
    found.retain(|member| {
        let manifest = toml(&format!("{member}/Cargo.toml"));
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
        tables
            .iter()
            .filter_map(|table| manifest.get(*table)?.as_table())
            .any(|t| t.keys().any(|k| k.starts_with(name)))
    });
    found.sort();
    found
}

#[test]
fn apalis_is_named_in_dispatch_only() {
    let found = outside(&["worker/src/dispatch/"], &["apalis"], |_| true);
    none("The dispatcher can be replaced as long as only worker/src/dispatch/ knows it:", &found);
    assert_eq!(manifests_naming("apalis"), ["worker"]);
}

#[test]
fn axum_is_named_in_api_and_sim_only() {
    none("HTTP serving belongs in api/ (or sim/, the stand-ins):", &outside(&["api/", "sim/"], &["axum"], |_| true));
    assert_eq!(manifests_naming("axum"), ["api", "sim"]);
}

/// Tests may look into a database by themselves; the product may not, and neither may its test kit beyond making one.
#[test]
fn sql_lives_in_three_folders() {
    let homes = ["shared/src/db/", "shared/src/ledger/", "shared/src/store/", "shared/src/testing/"];
    let found = outside(&homes, &["sql!(", "sqlx::query"], |source| source.path.contains("/src/"));
    none("SQL belongs in shared/src/{db,ledger,store}, beside the function that runs it:", &found);
}
