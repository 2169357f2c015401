//! Apis and workers as processes of their own, which are killed, stopped, and always come back, as under any supervisor.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex as Shelf, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use platen_shared::clock::SystemClock;
use platen_shared::db::At;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::sync::Mutex;

use super::home::Room;
use crate::skew;
use crate::stack::without_foreign;

/// Between two looks at who has ended by itself.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One place in the fleet, and the process that fills it.
pub(super) struct Replica {
    name: String,
    room: Room,
    words: Vec<String>,
    env: Vec<(&'static str, String)>,
    running: Mutex<Option<Child>>,
}

/// All of them.
pub(super) struct Fleet {
    pub(super) workers: Vec<Replica>,
    pub(super) apis: Vec<Replica>,
    falls: Shelf<Vec<Fall>>,
    ended: Shelf<u64>,
}

/// A worker that was killed or stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fall {
    /// Its process id, with which a worker's name begins.
    pub(super) pid: u32,
    /// The moment before the signal.
    pub(super) at: At,
}

impl Replica {
    /// An api that listens here.
    pub(super) fn api(room: &Room, config: &Path, n: usize, address: SocketAddr) -> Replica {
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        Replica::new(room, config, format!("api-{n}"), &["api", "--host", &host, "--port", &port], Vec::new())
    }

    /// A worker with its own ways to the servers.
    pub(super) fn worker(room: &Room, config: &Path, n: usize, ways: Vec<(&'static str, String)>) -> Replica {
        Replica::new(room, config, format!("worker-{n}"), &["worker"], ways)
    }

    fn new(room: &Room, config: &Path, name: String, words: &[&str], env: Vec<(&'static str, String)>) -> Replica {
        let config = config.display().to_string();
        let words = words.iter().copied().chain(["--config", &config]).map(str::to_owned).collect();
        Replica { name, room: room.clone(), words, env, running: Mutex::new(None) }
    }

    /// Starts it, on a machine whose clock is wrong by so many milliseconds.
    fn spawn(&self, skew_ms: i64) -> Result<Child> {
        let program: PathBuf = std::env::current_exe().context("this program's own path is unknown")?;
        let sign = self.room.path("").display().to_string();
        let mut command = self.room.command(&self.name, &sign, &program)?;
        without_foreign(command.as_std_mut());
        command.args(&self.words).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env(skew::VARIABLE, skew_ms.to_string());
        command.spawn().with_context(|| format!("{} could not be started", self.name))
    }

    /// SIGKILL, and another one in its place; answers whom it hit and when.
    pub(super) async fn kill(&self, skew_ms: i64) -> Result<Option<Fall>> {
        let mut running = self.running.lock().await;
        let fall = running.as_ref().and_then(Child::id).map(|pid| Fall { pid, at: SystemClock::wall() });
        if let Some(mut child) = running.take() {
            child.kill().await.with_context(|| format!("{} cannot be killed", self.name))?;
        }
        *running = Some(self.spawn(skew_ms)?);
        Ok(fall)
    }

    /// SIGSTOP; answers whom it hit and when.
    pub(super) async fn stop(&self) -> Option<Fall> {
        let running = self.running.lock().await;
        let fall = Fall { pid: running.as_ref().and_then(Child::id)?, at: SystemClock::wall() };
        signal(fall.pid, Signal::STOP).then_some(fall)
    }

    /// SIGCONT, whoever it is.
    pub(super) async fn wake(&self) {
        if let Some(pid) = self.running.lock().await.as_ref().and_then(Child::id) {
            signal(pid, Signal::CONT);
        }
    }

    /// SIGCONT, if the same process is still there.
    pub(super) async fn go_on(&self, fall: Fall) {
        let running = self.running.lock().await;
        if running.as_ref().and_then(Child::id) == Some(fall.pid) {
            signal(fall.pid, Signal::CONT);
        }
    }

    /// Starts another one if it has ended by itself.
    async fn look(&self) -> Result<bool> {
        // Whoever holds it is replacing it just now.
        let Ok(mut running) = self.running.try_lock() else { return Ok(false) };
        let ended = match running.as_mut() {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        };
        if ended {
            *running = Some(self.spawn(0)?);
        }
        Ok(ended)
    }

    async fn end(&self) {
        if let Some(mut child) = self.running.lock().await.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill().await;
        }
    }
}

impl Fleet {
    /// Nobody runs yet; [`Fleet::supervise`] starts them.
    pub(super) fn new(workers: Vec<Replica>, apis: Vec<Replica>) -> Fleet {
        Fleet { workers, apis, falls: Shelf::default(), ended: Shelf::default() }
    }

    /// Starts whoever does not run, for ever.
    pub(super) async fn supervise(&self) -> Result<()> {
        for replica in self.all() {
            replica.look().await?;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for replica in self.all() {
                if replica.look().await? {
                    *self.ended.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
            }
        }
    }

    /// Remembers that a worker fell.
    pub(super) fn note(&self, fall: Option<Fall>) {
        self.falls.lock().unwrap_or_else(PoisonError::into_inner).extend(fall);
    }

    /// Every fall so far.
    pub(super) fn falls(&self) -> Vec<Fall> {
        self.falls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many processes ended by themselves.
    pub(super) fn ended(&self) -> u64 {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills everybody.
    pub(super) async fn end(&self) {
        for replica in self.all() {
            replica.end().await;
        }
    }

    fn all(&self) -> impl Iterator<Item = &Replica> {
        self.workers.iter().chain(&self.apis)
    }
}

fn signal(pid: u32, signal: Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Addresses for so many apis, which they keep over every restart.
pub(super) fn addresses(host: IpAddr, n: usize) -> Result<Vec<SocketAddr>> {
    (0..n).map(|_| Ok(SocketAddr::new(host, super::servers::free_port(host)?))).collect()
}
