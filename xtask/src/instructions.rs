//! `cargo xtask instructions`: what small pieces of hot work cost, in instructions, which no busy machine can falsify.
//!
//! Each piece runs twice under valgrind with different counts of repeats; the difference is what one repeat costs, whatever starting up,
//! migrating and filling did. `bench/instructions.toml` holds what was accepted.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::install::target_folder;
use crate::servers::find_or_install;
use crate::step::{Outcome, cargo, must};

const FILE: &str = "bench/instructions.toml";
/// A piece of `platen bench micro`, and its fewer and more repeats.
const PIECES: [(&str, u64, u64); 4] = [("canon", 5, 25), ("claim", 5, 25), ("finish", 5, 25), ("group-commit", 2, 8)];
/// Timers and threads make counts differ by less than this from run to run.
const TOLERANCE_PERCENT: f64 = 10.0;

/// The command: compares, or with the word `accept` writes down what is now.
pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    match words {
        [] => match check()? {
            Outcome::Failed(why) => bail!(why),
            Outcome::Passed(remark) | Outcome::Skipped(remark) => println!("{remark}"),
        },
        [word] if word == "accept" => {
            let counts = count_all()?;
            fs::write(FILE, text(&counts)).with_context(|| format!("{FILE} cannot be written"))?;
            println!("\nAccepted. Look at `git diff {FILE}`, and say in the commit why a number rose.");
        }
        _ => bail!("`cargo xtask instructions` compares, `cargo xtask instructions accept` writes down what is now"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Ok(Outcome::Passed("counted on x86_64 Linux only".into()));
    }
    let accepted = read(&fs::read_to_string(FILE).with_context(|| format!("{FILE} cannot be read"))?)?;
    compare(&accepted, &count_all()?)
}

fn count_all() -> Result<Vec<(&'static str, u64)>> {
    // The tests' own build of it: one without what only tests need would be the same crates once more.
    must(&mut cargo(&["test", "--workspace", "--no-run"]))?;
    let valgrind = find_or_install("valgrind", "valgrind", "the instruction counter valgrind")?;
    let platen = target_folder().join("debug/platen");
    let mut counts = Vec::new();
    for (piece, few, many) in PIECES {
        let (low, high) = (count(&valgrind, &platen, piece, few)?, count(&valgrind, &platen, piece, many)?);
        let each = high.saturating_sub(low) / (many - few);
        println!("{piece}: {each} instructions");
        counts.push((piece, each));
    }
    Ok(counts)
}

fn count(valgrind: &Path, platen: &Path, piece: &str, times: u64) -> Result<u64> {
    let mut command = Command::new(valgrind);
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(platen);
    command.args(["bench", "micro", piece, "--times", &times.to_string()]).stdin(Stdio::null());
    let done = command.output().context("valgrind could not be started")?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        bail!("`platen bench micro {piece}` failed under valgrind: {}", said.trim());
    }
    refs(&said).with_context(|| format!("valgrind did not say how many instructions {piece} took: {}", said.trim()))
}

/// The number in valgrind's line `==1== I   refs:      1,234,567`.
fn refs(said: &str) -> Option<u64> {
    let (_, number) = said.lines().find(|line| line.contains(" I ") && line.contains("refs:"))?.split_once("refs:")?;
    number.trim().replace(',', "").parse().ok()
}

/// `piece = count` lines.
fn read(text: &str) -> Result<Vec<(String, u64)>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| {
        let (name, number) = line.split_once('=')?;
        Some((name.trim().to_owned(), number.trim().replace('_', "").parse().ok()?))
    });
    pairs.collect::<Option<_>>().with_context(|| format!("a line of {FILE} is not `piece = count`"))
}

fn text(counts: &[(&str, u64)]) -> String {
    let mut text = String::from(
        "# Instructions of one repeat of each piece (`platen bench micro`), dev profile, x86_64 Linux.\n\
         # Compared by `cargo xtask instructions`; `cargo xtask instructions accept` writes what is now.\n",
    );
    counts.iter().for_each(|(piece, count)| text.push_str(&format!("{piece} = {count}\n")));
    text
}

fn compare(accepted: &[(String, u64)], counts: &[(&str, u64)]) -> Result<Outcome> {
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    for (piece, now) in counts {
        let Some((_, before)) = accepted.iter().find(|(name, _)| name == piece) else {
            bail!("{FILE} lacks `{piece}`: run `cargo xtask instructions accept`");
        };
        let percent = 100.0 * (*now as f64 / (*before).max(1) as f64 - 1.0);
        let line = format!("{piece} {percent:+.1} % ({before} → {now})");
        match percent {
            p if p > TOLERANCE_PERCENT => worse.push(line),
            p if p < -TOLERANCE_PERCENT => better.push(line),
            _ => {}
        }
    }
    if !worse.is_empty() {
        bail!(
            "these pieces take more instructions than {FILE} allows (+{TOLERANCE_PERCENT} %): {}; make them cheaper, or, if it has to \
             be, run `cargo xtask instructions accept` and commit the file with the reason",
            worse.join(", ")
        );
    }
    if better.is_empty() {
        return Ok(Outcome::Passed(format!("{} pieces as cheap as accepted", counts.len())));
    }
    Ok(Outcome::Passed(format!("cheaper now, keep it with `cargo xtask instructions accept`: {}", better.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let counts = [("canon", 1_234), ("group-commit", 5)];
        let read = read(&text(&counts)).unwrap();
        assert_eq!(read, [("canon".to_owned(), 1_234), ("group-commit".to_owned(), 5)]);
        assert!(super::read("canon: 5").is_err());
    }

    #[test]
    fn valgrinds_line_is_understood() {
        assert_eq!(refs("==7== Command: platen\n==7== I   refs:      1,234,567\n"), Some(1_234_567));
        assert_eq!(refs("==7== nothing"), None);
    }

    #[test]
    fn more_fails_with_what_to_do_and_less_is_told() {
        let accepted = [("canon".to_owned(), 1000)];
        let failure = |now| compare(&accepted, &[("canon", now)]).map(|_| ()).unwrap_err().to_string();
        assert!(failure(1110).contains("canon +11.0 % (1000 → 1110)") && failure(1110).contains("instructions accept"));
        let remark = |now| match compare(&accepted, &[("canon", now)]).unwrap() {
            Outcome::Passed(remark) => remark,
            _ => unreachable!("neither skipped nor failed"),
        };
        assert!(remark(1050).contains("as cheap as accepted"));
        assert!(remark(880).contains("cheaper now"));
        assert!(compare(&accepted, &[("claim", 1)]).is_err());
    }
}
