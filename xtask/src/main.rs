//! The project's own commands: `cargo xtask test` runs everything a change must pass, on a laptop and in CI alike.

mod chromium;
mod cover;
mod deny;
mod folder;
mod foreman;
mod fuzz;
mod golden;
mod install;
mod instructions;
mod judges;
mod languages;
mod launch;
mod layout;
mod models;
mod mutants;
mod pgbouncer;
mod postgres;
mod redis;
mod s3;
mod servers;
mod smtp;
mod step;
mod suites;
mod test;

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result};

const HELP: &str = "\
The commands of this repository.

  cargo xtask test [STEP...]   Run every check: fmt, clippy, tests (on SQLite and on private servers), suites, cover,
                               instructions, fuzz, docs, deny. Name steps to run only those.
  cargo xtask servers [NAME..] Start the private servers of the tests, print the variables that tests find them by, stay
                               until Ctrl-C. Name servers (postgres, redis, …) to start only those.
  cargo xtask golden           Run the tests that compare with checked-in files, and accept what they produce now.
  cargo xtask instructions     Compare what small pieces of hot work cost with bench/instructions.toml, in instructions; with the
                               word `accept`, write down what they cost now.
  cargo xtask layout           Watch which functions starting and waiting call, and write them to cli/layout.txt, which the linker lays
                               side by side (about ten minutes and a release build; after a change of dependencies or compiler).
  cargo xtask fuzz [TARGET S]  Feed readers and writers of files with what libFuzzer thinks of: each target for about five seconds, or
                               one (canon, spec, image, svg, zip, dxf, preflight, manifest) for S seconds, going on from what it found
                               before.
  cargo xtask mutants          Break the arithmetic of money and the state machines in every way, and tell which breaks no test notices
                               (about five minutes).
  cargo xtask help             Print this.

Servers are taken from the machine or installed through apt-get; their data lives in a temporary folder that is removed
at the end, whatever the end is.
";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    // Every path below is relative to the root, wherever the command was typed.
    env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).context("the repository's root folder is gone")?;
    let (verb, rest) = args.split_first().map_or(("help", args), |(verb, rest)| (verb.as_str(), rest));
    if rest.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    match verb {
        "test" => test::run(rest),
        "servers" => servers::stay(rest),
        "fuzz" => fuzz::run(rest),
        "instructions" => instructions::run(rest),
        "layout" if rest.is_empty() => layout::run(),
        "mutants" if rest.is_empty() => mutants::run(),
        "golden" if rest.is_empty() => golden::run(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprintln!("error: `cargo xtask {}` is not a command; here is what there is.\n\n{HELP}", args.join(" "));
            Ok(ExitCode::from(2))
        }
    }
}
