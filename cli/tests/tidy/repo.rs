//! The repository as the rules see it.

use std::fs;
use std::path::{Path, PathBuf};

/// One Rust file; `path` is relative to the root, with `/`.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Numbered lines without those that are only a comment.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.text).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Numbered lines of its tests: all of a file below `tests/`, else the test module at the end.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let from = if self.path.contains("/tests/") { Some(0) } else { self.text.find("#[cfg(test)]\nmod ") };
        let skip = from.map_or(usize::MAX, |from| self.text[..from].lines().count());
        self.code().filter(move |(number, _)| *number > skip)
    }

    /// True below one of these folders (or for one of these files).
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// `path:line`, as editors open it.
    pub(crate) fn at(&self, number: usize) -> String {
        format!("{}:{number}", self.path)
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file that must be there.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

/// A TOML file that must be there.
pub(crate) fn toml(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path} is not TOML: {error}"))
}

/// The folders of the workspace's packages.
pub(crate) fn members() -> Vec<String> {
    let manifest = toml("Cargo.toml");
    let members = manifest["workspace"]["members"].as_array().expect("members is a list");
    members.iter().filter_map(|member| member.as_str().map(str::to_owned)).collect()
}

/// The names inside a folder, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder} cannot be read: {error}"));
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every Rust file of every package, except the rules themselves, which must spell out what they forbid.
pub(crate) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for member in members() {
        collect(&member, &mut found);
    }
    assert!(found.len() > 50, "only {} Rust files found: the rules look in the wrong place", found.len());
    found.retain(|source| !source.is_in(&["cli/tests/tidy"]));
    found
}

fn collect(folder: &str, found: &mut Vec<Source>) {
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(Source { text: read(&path), path });
        }
    }
}

/// True when `word` stands in `line` by itself, not as part of a longer name.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(joins) && !line[at + word.len()..].starts_with(joins))
}

/// Fails with every place where a rule is broken.
pub(crate) fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}
