//! Files that must match each other, and how long one may be.

use std::collections::BTreeSet;

use crate::repo::{names, none, read, sources};

const LINES_MAX: usize = 800;

#[test]
fn no_file_is_too_long() {
    let long = sources().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines", source.path))
    });
    none("Split these by what a reader looks for:", &long.collect::<Vec<_>>());
}

#[test]
fn both_databases_have_the_same_migrations() {
    let sqlite = names("migrations/sqlite");
    assert_eq!(sqlite, names("migrations/postgres"), "migrations/sqlite and migrations/postgres differ");
    for (index, name) in sqlite.iter().enumerate() {
        let number = format!("{:04}_", index + 1);
        assert!(name.starts_with(&number) && name.ends_with(".sql"), "`{name}` should be `{number}<what it does>.sql`");
    }
}

#[test]
fn every_kind_is_in_the_list() {
    let files: BTreeSet<String> = sources()
        .iter()
        .filter(|source| source.is_in(&["jobs/src/"]))
        .filter(|source| source.code().any(|(_, line)| line.contains("const KIND") && line.contains('=')))
        .filter_map(|source| {
            source.path.trim_end_matches("/mod.rs").trim_end_matches(".rs").rsplit('/').next().map(str::to_owned)
        })
        .collect();
    let lib = read("jobs/src/lib.rs");
    let listed = listed(&lib);
    assert_eq!(files, listed, "left: files of jobs/src with a `const KIND`; right: the list in jobs/src/lib.rs");
    for file in &files {
        assert!(lib.contains(&format!("pub mod {file};")), "jobs/src/lib.rs lacks `pub mod {file};`");
    }
}

/// The module names in `kinds![…]`.
fn listed(lib: &str) -> BTreeSet<String> {
    let (_, after) = lib.split_once("\nkinds![").expect("jobs/src/lib.rs holds the list `kinds![…]`");
    let (list, _) = after.split_once(']').expect("the list of kinds ends with `]`");
    let entries = list.lines().map(|line| line.split("//").next().unwrap_or_default()).flat_map(|line| line.split(','));
    entries.filter_map(|entry| entry.trim().rsplit("::").nth(1).map(str::to_owned)).collect()
}

#[test]
fn the_list_is_read_as_written() {
    let lib = "\nkinds![\n    a::A, // first\n    crate::b_c::BC,\n];\n";
    assert_eq!(listed(lib).into_iter().collect::<Vec<_>>(), ["a", "b_c"]);
}

/// A `release` or `scheduler` line ends or doubles things under common runners.
#[test]
fn the_procfile_has_a_web_and_a_worker() {
    assert_eq!(read("Procfile"), "web: platen api\nworker: platen worker\n");
}

#[test]
fn the_readme_shows_the_two_commands() {
    let readme = read("README.md");
    for command in ["cargo run -- demo", "cargo xtask test"] {
        assert!(readme.contains(command), "README.md lacks `{command}`");
    }
}
