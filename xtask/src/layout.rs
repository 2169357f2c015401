//! `cargo xtask layout`: which functions starting and waiting call, so that the linker lays them side by side.
//!
//! The system maps program code in pieces of 64 kB around each function that was called once. Spread over the program, those pieces were most
//! of the memory of a worker that waits; side by side they are a quarter of that. `cli/layout.txt` has the names that this compiler gives them
//! with these dependencies. The linker passes over names it does not meet: an outdated file costs memory and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::install::target_folder;
use crate::servers::{Servers, find_or_install};
use crate::step::{cargo, must};

const FILE: &str = "cli/layout.txt";
/// Seconds, of which starting under valgrind takes about twenty; the rest holds the turn of a minute, when cron lines fire.
const WATCHED_S: &str = "85";
/// Any key of the right length: nothing is kept.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Before a process that waits, and before one that has work.
const EMPTY: &[&[&str]] = &[&["migrate"]];
const FILLED: &[&[&str]] =
    &[&["bench-adapter", "setup"], &["bench-adapter", "enqueue", "--n", "100", "--mode", "bulk"]];

/// A process to watch.
struct Run<'a> {
    before: &'a [&'a [&'a str]],
    words: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
}

/// The release build, and where it runs.
struct Watch<'a> {
    valgrind: PathBuf,
    platen: PathBuf,
    folder: &'a Path,
}

/// The command.
pub(crate) fn run() -> Result<ExitCode> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        bail!("the functions are watched on x86_64 Linux only");
    }
    must(&mut cargo(&["build", "--release"]))?;
    let servers = Servers::start(&["postgres".into(), "redis".into()])?;
    let watch = Watch {
        valgrind: find_or_install("valgrind", "valgrind", "the call tracer valgrind")?,
        platen: fs::canonicalize(target_folder().join("release/platen"))?,
        folder: servers.folder().path(),
    };
    let url = |name: &str| servers.exports().find(|(known, _)| *known == name).map(|(_, url)| url.as_str());
    let postgres = url("TEST_DATABASE_URL").context("Postgres did not say where it is")?;
    let redis = url("TEST_REDIS_URL").context("Redis did not say where it is")?;
    let (sqlite, postgres_url) = (("DATABASE_URL", "sqlite://layout.db"), ("DATABASE_URL", postgres));
    let with_redis = [postgres_url, ("PLATEN_REDIS__URL", redis)];
    let work: &[&str] = &["bench-adapter", "worker", "--concurrency", "10"];
    let callers = watch.all(&[
        Run { before: FILLED, words: work, variables: &[] },
        Run { before: FILLED, words: work, variables: &[("BENCH_PG_URL", postgres)] },
        Run { before: EMPTY, words: &["worker"], variables: &[sqlite] },
        Run { before: EMPTY, words: &["worker"], variables: &[postgres_url] },
        Run { before: EMPTY, words: &["worker"], variables: &with_redis },
        Run { before: EMPTY, words: &["api"], variables: &[sqlite] },
        Run { before: EMPTY, words: &["api"], variables: &with_redis },
    ])?;
    let before = fs::read_to_string(FILE).unwrap_or_default();
    let known = before.lines().filter(|name| callers.contains_key(*name)).count();
    let (now, before) = (callers.len(), before.lines().count());
    fs::write(FILE, in_groups(callers))?;
    println!("\n{FILE}: {now} functions, {known} of the {before} before. Build again, and commit it.");
    Ok(ExitCode::SUCCESS)
}

/// A line for each function: first those that every run calls, and together those that the same runs call.
fn in_groups(callers: BTreeMap<String, Vec<usize>>) -> String {
    let mut groups: Vec<(String, Vec<usize>)> = callers.into_iter().collect();
    groups.sort_by(|(a, by_a), (b, by_b)| (by_b.len(), by_a, a).cmp(&(by_a.len(), by_b, b)));
    groups.into_iter().map(|(name, _)| name + "\n").collect()
}

impl Watch<'_> {
    /// Each function with the numbers of the runs that call it.
    fn all(&self, runs: &[Run]) -> Result<BTreeMap<String, Vec<usize>>> {
        let mut callers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, run) in runs.iter().enumerate() {
            for name in self.functions(run)? {
                callers.entry(name).or_default().push(number);
            }
            println!("`platen {}`: {} functions so far", run.words.join(" "), callers.len());
        }
        Ok(callers)
    }

    /// What a process calls until it is asked to end.
    fn functions(&self, run: &Run) -> Result<BTreeSet<String>> {
        for words in run.before {
            must(self.here(&mut Command::new(&self.platen), run).args(*words))?;
        }
        let calls = self.folder.join("calls");
        let mut command = Command::new("timeout");
        command.args(["--signal=TERM", WATCHED_S]).arg(&self.valgrind);
        command.args(["--tool=callgrind", "--demangle=no", "--compress-strings=no", "--compress-pos=no"]);
        command.arg(format!("--callgrind-out-file={}", calls.display())).arg(&self.platen).args(run.words);
        let done = self.here(&mut command, run).output().context("`timeout` could not be started")?;
        let said = || format!("it said:\n{}", String::from_utf8_lossy(&done.stderr).trim());
        let text = fs::read(&calls).with_context(|| format!("`platen {}` left no calls; {}", run.words[0], said()))?;
        fs::remove_file(&calls)?;
        let names = named(&String::from_utf8_lossy(&text), &self.platen.display().to_string());
        ensure!(names.len() > 1000, "`platen {}` called {} functions only; {}", run.words[0], names.len(), said());
        Ok(names)
    }

    fn here<'c>(&self, command: &'c mut Command, run: &Run) -> &'c mut Command {
        command.env("PLATEN_SECRETS__KEY", KEY).env("PORT", "0");
        command.env("BENCH_WORK", self.folder).env("BENCH_LOG", self.folder.join("bench.log"));
        command.envs(run.variables.iter().copied()).current_dir(self.folder).stdin(Stdio::null())
    }
}

/// The functions of a program among callgrind's lines: `ob=` says whose the following `fn=` are; a recursion ends in `'2`.
fn named(calls: &str, program: &str) -> BTreeSet<String> {
    let mut ours = false;
    let mut names = BTreeSet::new();
    for line in calls.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            ours = object == program;
        } else if let Some(name) = line.strip_prefix("fn=").filter(|_| ours) {
            let name = name.split('\'').next().unwrap_or(name);
            let is_symbol = |c: char| c.is_ascii_alphanumeric() || "_.$".contains(c);
            if name.chars().all(is_symbol) && !name.starts_with("0x") {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_call_comes_first_and_what_the_same_call_together() {
        let calls = [("a", vec![1]), ("b", vec![0]), ("c", vec![0, 1]), ("d", vec![1]), ("e", vec![0, 1])];
        let callers = calls.into_iter().map(|(name, runs)| (name.to_owned(), runs)).collect();
        assert_eq!(in_groups(callers), "c\ne\nb\na\nd\n");
    }

    #[test]
    fn only_functions_of_the_program_are_named() {
        let calls = "ob=/lib/libc.so.6\nfn=malloc\n0 1\nob=/bin/platen\nfl=a.rs\nfn=_ZN6platen4main17h00E\ncob=/lib/libc.so.6\ncfn=free\n\
                     fn=_ZN6platen4main17h00E'2\nfn=0x00000000011fbbb0\nfn=(below main)\nfn=sqlite3_step\n";
        let names: Vec<String> = named(calls, "/bin/platen").into_iter().collect();
        assert_eq!(names, ["_ZN6platen4main17h00E", "sqlite3_step"]);
    }
}
