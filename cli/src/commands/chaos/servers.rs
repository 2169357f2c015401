//! The private servers of a scene, which chaos starts because it must be able to kill them. It touches no other.

pub(super) mod postgres;
pub(super) mod redis;

use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Child;
use tokio::sync::{Mutex, MutexGuard};

/// A server that does not answer after so long does not run.
const START_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a server that is starting.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A server that can be killed and started again; whatever is done to it is done alone.
#[derive(Default)]
struct Killable(Mutex<Option<Child>>);

impl Killable {
    /// SIGKILL if it runs, and what `run` starts in its place.
    async fn restart(&self, run: impl Future<Output = Result<Child>>) -> Result<()> {
        let mut child = self.alone().await;
        if let Some(mut child) = child.take() {
            child.kill().await.context("a private server cannot be killed")?;
        }
        *child = Some(run.await?);
        Ok(())
    }

    /// What `run` starts, unless it runs already.
    async fn up(&self, run: impl Future<Output = Result<Child>>) -> Result<()> {
        let mut child = self.alone().await;
        if !matches!(child.as_mut().map(Child::try_wait), Some(Ok(None))) {
            *child = Some(run.await?);
        }
        Ok(())
    }

    /// Nobody starts or kills it as long as this is held.
    async fn alone(&self) -> MutexGuard<'_, Option<Child>> {
        self.0.lock().await
    }
}

/// A port that was free a moment ago.
pub(super) fn free_port(host: IpAddr) -> Result<u16> {
    let listener = TcpListener::bind((host, 0)).with_context(|| format!("no port of {host} is free"))?;
    Ok(listener.local_addr().context("the port has no address")?.port())
}

/// The first of these folders that holds a program.
fn found(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().find(|folder| folder.join(name).is_file())
}

/// The folders of PATH.
fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
