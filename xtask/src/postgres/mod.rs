//! A private Postgres server on a free port of the loopback, for one run.

mod account;
mod binaries;

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use anyhow::{Context, Result, bail};

pub(crate) use self::account::{is_root, on_path};

use self::account::Account;
use self::binaries::Binaries;
use crate::folder::{Folder, POSTGRES_DATA};

const START_S_MAX: u64 = 60;
const PORT_TRIES_MAX: usize = 5;
const SUPERUSER: &str = "platen";
/// Every glibc and musl knows the first; macOS has the second.
const LOCALE: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// A running server; the folder's guard stops it.
pub(crate) struct Server {
    port: u16,
    process: Child,
}

impl Server {
    /// Finds or installs the server's programs, creates a cluster inside `folder` and starts it.
    pub(crate) fn start(folder: &Folder) -> Result<Server> {
        let binaries = Binaries::find_or_install()?;
        let account = Account::choose()?;
        let home = folder.path().join("postgres");
        fs::create_dir(&home)?;
        account.own(&home)?;
        create_cluster(&binaries, &account, &home)?;
        for _ in 0..PORT_TRIES_MAX {
            if let Some(server) = try_port(&binaries, &account, &home, free_port()?)? {
                println!("postgres: {} on port {}", binaries.folder().display(), server.port);
                return Ok(server);
            }
        }
        bail!("Postgres found no free port in {PORT_TRIES_MAX} tries; try again when fewer programs are starting")
    }

    /// Where the tests find it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/postgres", self.port)
    }

    /// True while the server lives; false means it crashed under the tests.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

/// `cargo xtask postgres`: the same server for a developer, until Ctrl-C.
pub(crate) fn stay() -> Result<ExitCode> {
    let folder = Folder::create()?;
    let mut server = Server::start(&folder)?;
    println!("\n  export TEST_DATABASE_URL={}\n", server.url());
    println!("Ctrl-C stops it and removes its data.");
    let status = server.process.wait().context("the server could not be waited for")?;
    bail!("the server ended by itself ({status})")
}

fn create_cluster(binaries: &Binaries, account: &Account, home: &Path) -> Result<()> {
    let made = account
        .command(&binaries.program("initdb"))
        .args(["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale", LOCALE])
        .args(["--no-sync", "--pgdata", "data"])
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .context("`initdb` could not be started")?;
    if !made.status.success() {
        bail!("`initdb` failed: {}", String::from_utf8_lossy(&made.stderr).trim());
    }
    Ok(())
}

/// One start on `port`; `None` when another program took the port in between.
fn try_port(binaries: &Binaries, account: &Account, home: &Path, port: u16) -> Result<Option<Server>> {
    let log = home.join("log");
    let out = File::create(&log)?;
    let process = account
        .command(&binaries.program("postgres"))
        .args(["-D", "data", "-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
        // Durability stays on: the tests are about what survives a kill. Every test process brings a pool of its own.
        .args(["-c", "fsync=on", "-c", "max_connections=200"])
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        // Not our process group: a Ctrl-C at the terminal must leave stopping it to the guard.
        .process_group(0)
        .spawn()
        .context("`postgres` could not be started")?;
    let mut server = Server { port, process };
    let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
    let pid_file = home.parent().map_or_else(PathBuf::new, |run| run.join(POSTGRES_DATA).join("postmaster.pid"));
    while !accepts(&pid_file) {
        if !server.is_running() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.contains("could not bind") {
                return Ok(None);
            }
            bail!("Postgres did not start; it said:\n{said}");
        }
        if Instant::now() > deadline {
            bail!(
                "Postgres did not accept connections within {START_S_MAX} s; it said:\n{}",
                fs::read_to_string(&log)?
            );
        }
        pause();
    }
    Ok(Some(server))
}

/// The eighth line of the pid file is the server's own word for its state.
fn accepts(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[expect(clippy::disallowed_methods, reason = "a file written by another program gives no signal to wait for")]
fn pause() {
    thread::sleep(Duration::from_millis(20));
}
