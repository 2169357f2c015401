//! Starting a server on a free port of the loopback, and waiting until it answers.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use anyhow::{Context, Result, bail};

const START_S_MAX: u64 = 60;
const PORT_TRIES_MAX: usize = 5;

/// What is known about a server before it runs.
pub(crate) struct Launch<'a> {
    /// For messages.
    pub(crate) name: &'a str,
    /// Where its output goes.
    pub(crate) log: &'a Path,
    /// What it says when another program has the port.
    pub(crate) port_taken: &'a str,
}

impl Launch<'_> {
    /// Starts `command(port)` with ports that are free, until one stays so, and returns when `answers(port)`.
    pub(crate) fn on_free_port(
        &self,
        command: impl Fn(u16) -> Result<Command>,
        answers: impl Fn(u16) -> bool,
    ) -> Result<(u16, Child)> {
        for _ in 0..PORT_TRIES_MAX {
            let port = free_port()?;
            if let Some(process) = self.start(command(port)?, || answers(port))? {
                println!("{}: port {port}", self.name);
                return Ok((port, process));
            }
        }
        bail!("{} found no free port in {PORT_TRIES_MAX} tries; try again when fewer programs are starting", self.name)
    }

    /// One start; `None` when another program took the port in between.
    fn start(&self, mut command: Command, answers: impl Fn() -> bool) -> Result<Option<Child>> {
        let name = self.name;
        let out = File::create(self.log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        // Not our process group: a Ctrl-C at the terminal must leave stopping it to the guard.
        command.process_group(0);
        let mut process = command.spawn().with_context(|| format!("{name} could not be started"))?;
        let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
        while !answers() {
            let said = || fs::read_to_string(self.log).unwrap_or_default();
            if process.try_wait()?.is_some() {
                if said().contains(self.port_taken) {
                    return Ok(None);
                }
                bail!("{name} did not start; it said:\n{}", said());
            }
            if Instant::now() > deadline {
                bail!("{name} did not answer within {START_S_MAX} s; it said:\n{}", said());
            }
            pause(20);
        }
        Ok(Some(process))
    }
}

/// Waits a moment, where another program gives no signal to wait for.
#[expect(clippy::disallowed_methods, reason = "another program's start or end gives no signal to wait for")]
pub(crate) fn pause(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
