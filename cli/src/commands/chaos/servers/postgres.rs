//! A Postgres with a cluster of its own, durable as in production.

use std::fs::{self, Permissions};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::super::home::{POSTGRES, Room};
use super::{Killable, LOOK_EVERY, START_MAX, found, free_port, path};

/// Where Debian keeps one folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Before a server that did not start is started again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Every glibc and musl knows the first; macOS has the second.
const LOCALE: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// A server on a port of its own; killed when dropped.
pub(in super::super) struct Postgres {
    room: Room,
    programs: PathBuf,
    lend: Vec<String>,
    /// Where it listens.
    pub(in super::super) address: SocketAddr,
    server: Killable,
}

impl Postgres {
    /// Makes a cluster and starts the server.
    pub(in super::super) async fn start(room: &Room, host: IpAddr) -> Result<Postgres> {
        let programs = programs().context(
            "--database postgres needs the programs initdb and postgres; install PostgreSQL 14 or newer, or use SQLite",
        )?;
        let account = Account::choose().await?;
        let home = room.path(POSTGRES);
        fs::create_dir(&home)?;
        account.own(&home)?;
        let address = SocketAddr::new(host, free_port(host)?);
        let postgres =
            Postgres { room: room.clone(), programs, lend: account.lend, address, server: Killable::default() };
        postgres.create_cluster().await?;
        postgres.up().await?;
        Ok(postgres)
    }

    /// SIGKILL, and the same cluster again on the same port.
    pub(in super::super) async fn restart(&self) -> Result<()> {
        self.server.restart(self.run()).await
    }

    /// Starts it again if it does not run.
    pub(in super::super) async fn up(&self) -> Result<()> {
        self.server.up(self.run()).await
    }

    /// The database, by this way to the server.
    pub(in super::super) fn url(&self, by: SocketAddr) -> String {
        format!("postgres://platen@{by}/postgres")
    }

    fn words(&self, program: &str) -> (PathBuf, Vec<String>) {
        let program = self.programs.join(program).display().to_string();
        let mut words = self.lend.iter().cloned().chain([program]);
        (words.next().unwrap_or_default().into(), words.collect())
    }

    fn data(&self) -> PathBuf {
        self.room.path(POSTGRES).join("data")
    }

    async fn create_cluster(&self) -> Result<()> {
        let (program, words) = self.words("initdb");
        let mut command = Command::new(program);
        command.args(words).args(["--username", "platen", "--auth=trust", "--encoding=UTF8", "--locale", LOCALE]);
        command.args(["--no-sync", "--pgdata"]).arg(self.data()).current_dir("/").stdin(Stdio::null());
        let made = command.output().await.context("initdb could not be started")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim());
        }
        Ok(())
    }

    /// Starts until it takes connections: the processes of one that was killed may still hold its memory for a moment.
    async fn run(&self) -> Result<Child> {
        let started = timeout(START_MAX, async {
            loop {
                let mut started = self.spawn()?;
                if self.accepts(&mut started).await? {
                    return anyhow::Ok(started);
                }
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        });
        let log = self.room.path("log").join(POSTGRES);
        started.await.with_context(|| format!("Postgres does not start; see {}", log.display()))?
    }

    /// Not through the guard's list of processes: it is asked to quit by its own pid file.
    fn spawn(&self) -> Result<Child> {
        let (program, words) = self.words("postgres");
        let mut command = Command::new(program);
        let log = fs::File::options().create(true).append(true).open(self.room.path("log").join(POSTGRES))?;
        let listen = format!("listen_addresses={}", self.address.ip());
        command.args(words).arg("-D").arg(self.data()).args(["-p", &self.address.port().to_string()]);
        command.args(["-c", &listen, "-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=300"]);
        command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.process_group(0).kill_on_drop(true).spawn().context("postgres could not be started")
    }

    /// Waits until it takes connections; `false` when it ended instead. The pid file's eighth line is the server's own word for its state.
    async fn accepts(&self, started: &mut Child) -> Result<bool> {
        let pid = started.id().unwrap_or_default().to_string();
        loop {
            let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            let lines: Vec<&str> = file.lines().map(str::trim).collect();
            if lines.first() == Some(&pid.as_str()) && lines.get(7) == Some(&"ready") {
                return Ok(true);
            }
            if started.try_wait()?.is_some() {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// The folder of both programs: a `postgres` of one version refuses the cluster of another's `initdb`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let folders = path().into_iter().chain(versions).filter(|folder| folder.join("initdb").is_file());
    found("postgres", folders.collect::<Vec<_>>())
}

/// As whom it runs: Postgres refuses to run as root, so root lends it an account without rights.
struct Account {
    /// A command line that ends where the program's name begins; empty when we are not root.
    lend: Vec<String>,
    ids: Option<(u32, u32)>,
}

impl Account {
    async fn choose() -> Result<Account> {
        if !rustix::process::getuid().is_root() {
            return Ok(Account { lend: Vec::new(), ids: None });
        }
        for user in ["postgres", "nobody"] {
            let (Some(uid), Some(gid)) = (id("-u", user).await, id("-g", user).await) else { continue };
            found("setpriv", path()).context("Postgres refuses to run as root, and setpriv is not here to lend it an account: install util-linux, or run this as another user")?;
            let lend = ["setpriv", &format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups", "--"];
            return Ok(Account { lend: lend.map(str::to_owned).to_vec(), ids: Some((uid, gid)) });
        }
        bail!(
            "Postgres refuses to run as root, and there is neither a user postgres nor nobody: run this as another user"
        )
    }

    fn own(&self, folder: &Path) -> Result<()> {
        if let Some((uid, gid)) = self.ids {
            chown(folder, Some(uid), Some(gid))
                .with_context(|| format!("{} could not be given to the server's user", folder.display()))?;
        }
        Ok(fs::set_permissions(folder, Permissions::from_mode(0o700))?)
    }
}

async fn id(which: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([which, user]).stderr(Stdio::null()).output().await.ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
