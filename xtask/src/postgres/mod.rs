//! A private Postgres server on a free port of the loopback, for one run.

mod account;
mod binaries;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

pub(crate) use self::account::{Account, is_root, on_path};

use self::binaries::Binaries;
use crate::folder::POSTGRES_DATA;
use crate::launch::Launch;
use crate::servers::{Server, Servers};

/// The server's superuser, who needs no password.
pub(crate) const SUPERUSER: &str = "platen";
/// Every glibc and musl knows the first; macOS has the second.
const LOCALE: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// Finds or installs the server's programs, creates a cluster inside the run's folder and starts it.
pub(crate) fn start(servers: &Servers) -> Result<Server> {
    let binaries = Binaries::find_or_install()?;
    let account = Account::choose()?;
    let folder = servers.folder().path();
    let home = folder.join("postgres");
    fs::create_dir(&home)?;
    account.own(&home)?;
    create_cluster(&binaries, &account, &home)?;
    println!("postgres: {}", binaries.folder().display());
    let launch = Launch { name: "postgres", log: &home.join("log"), port_taken: "could not bind" };
    let pid_file = folder.join(POSTGRES_DATA).join("postmaster.pid");
    let (port, process) =
        launch.on_free_port(|port| Ok(server(&binaries, &account, &home, port)), |_| accepts(&pid_file))?;
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres");
    Ok(Server { exports: vec![("TEST_DATABASE_URL", url)], process: Some(process) })
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

fn server(binaries: &Binaries, account: &Account, home: &Path, port: u16) -> Command {
    let mut command = account.command(&binaries.program("postgres"));
    command.args(["-D", "data", "-p", &port.to_string()]);
    command.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
    // Durability stays on: the tests are about what survives a kill. Every test process brings a pool of its own, and
    // PgBouncer another for each database that a test makes.
    command.args(["-c", "fsync=on", "-c", "max_connections=300"]).current_dir(home);
    command
}

/// The eighth line of the pid file is the server's own word for its state.
fn accepts(pid_file: &Path) -> bool {
    fs::read_to_string(pid_file).is_ok_and(|text| text.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}
