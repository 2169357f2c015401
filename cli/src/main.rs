//! The one executable of Platen. `commands` is what can be typed, `config` what can be set, `wire` every choice of backend.

mod checks;
mod commands;
mod config;
mod crash;
mod demo;
mod design;
mod limits;
mod logs;
mod lone;
mod skew;
mod stack;
mod stop;
mod wire;

fn main() -> std::process::ExitCode {
    commands::main()
}
